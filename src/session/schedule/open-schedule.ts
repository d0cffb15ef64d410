/** Opens a schedule: its ticks, and who looks on at all of its runs. */
import { randomInt } from 'node:crypto';
import type { ScheduleConfig } from '../../config/schedule-settings.js';
import { type AttemptEnd, everyTicks, Schedule } from '../../core/schedule.js';
import { ScheduledEnds } from '../../observe/alerts/scheduled-ends.js';
import { nowMs } from '../../runtime/clock.js';
import { hasSignalled, listenForSignals } from '../../runtime/shutdown.js';
import type { SessionContext } from '../context.js';
import { openChannel, openFront } from '../onlookers/open-onlookers.js';
import { systemAlarms } from './alarm.js';
import { cronTicks } from './cron-ticks.js';
import { runSchedule } from './run-schedule.js';
import { ScheduleWatch, type ScheduleWatchParts } from './schedule-watch.js';

const SEED_MAX = 2 ** 32;

export interface ScheduledWork extends Pick<ScheduleWatchParts, 'schedule' | 'lastReason'> {
  /** @param context of the attempt @param isFirst of this process */
  readonly attempt: (context: SessionContext, isFirst: boolean) => Promise<AttemptEnd>;
}

/**
 * One attempt after the other, until a signal.
 *
 * @returns `waiting` where the signal came between two of them
 * @throws UserError when the port is taken; what `attempt` throws
 */
export async function onSchedule(
  context: SessionContext,
  { schedule, attempt, lastReason }: ScheduledWork,
): Promise<'waiting' | 'attempt'> {
  const front = await openFront(context);
  const channel = await openChannel(context);
  const lasting = { front, channel, ends: new ScheduledEnds(), lastRuns: new Map() };
  let isFirst = true;
  try {
    return await runSchedule({
      schedule: scheduleOf(schedule, context),
      alarms: systemAlarms,
      onSignal: (stop) => listenForSignals({ onDrain: stop, onExit: () => {} }),
      watcher: new ScheduleWatch(context, { lasting, schedule, lastReason }),
      attempt: async () => {
        // The log of an attempt names its run; the one of the schedule names none.
        const ofAttempt = { ...lasting, attemptStartedAtMs: nowMs() };
        const own = { ...context, lasting: ofAttempt, log: context.log.child({}) };
        const end = await attempt(own, isFirst);
        isFirst = false;
        return hasSignalled() ? null : end;
      },
    });
  } finally {
    void channel?.finish();
    await front?.close();
  }
}

function scheduleOf(schedule: ScheduleConfig, { config }: SessionContext): Schedule {
  const fromMs = systemAlarms.nowMs();
  return new Schedule({
    ticks: schedule.kind === 'every' ? everyTicks(schedule.everyMs, fromMs) : cronTicks(schedule),
    startsAtOnce: schedule.kind === 'every',
    jitterShare: schedule.jitterShare,
    seed: randomInt(SEED_MAX),
    lateAfterMs: config.alerts?.lateAfterMs ?? null,
    nowMs: fromMs,
  });
}
