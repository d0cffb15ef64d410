/** `datasync ingest --every` and `--cron`: one run after another in one process, until a signal. */
import type { ScheduleConfig } from '../config/schedule-settings.js';
import type { AttemptEnd } from '../core/schedule.js';
import { onSchedule } from '../session/schedule/open-schedule.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { failureOf } from './failure.js';
import { failureResult } from './result-line.js';
import { isForAPerson } from './streams-result.js';

/** How `ingest` ended once. */
export interface IngestEnd {
  readonly exitCode: number;
  /** Why, where something is wrong. */
  readonly message: string | null;
  /** When another try is worth it, epoch ms; null: not known, or nothing to wait for. */
  readonly resumeAtMs: number | null;
  /** Another try would end the same way. */
  readonly isForAPerson: boolean;
}

type IngestOnce = (context: CommandContext) => Promise<IngestEnd>;

/** @returns the exit code: 0 where the signal came between two runs, else that of the last run */
export async function ingestOnSchedule(
  context: CommandContext,
  schedule: ScheduleConfig,
  ingestOnce: IngestOnce,
): Promise<number> {
  const { config, log } = context;
  const ended: { last: IngestEnd | null } = { last: null };
  const stoppedIn = await onSchedule(context, {
    schedule,
    lastReason: () => ended.last?.message ?? null,
    attempt: async (shared, isFirst) => {
      const own = { ...context, ...shared };
      const again = { ...config, runsAgain: true, restart: isFirst && config.restart };
      const end = await attempt(
        // What is said of the settings is said once.
        isFirst
          ? { ...own, config: again }
          : { ...own, config: { ...again, sourceWarnings: [] }, slips: [] },
        ingestOnce,
      );
      ended.last = end;
      return endOf(end, config.eventsMax !== null);
    },
  });
  if (stoppedIn === 'attempt') return ended.last?.exitCode ?? EXIT.interrupted;
  const message = 'stopped between two runs';
  log.info({ event: 'schedule_stopped' }, message);
  context.json({ status: 'stopped', exitCode: EXIT.complete, message, fault: null });
  return EXIT.complete;
}

/** A failure ends the attempt, and not the schedule; a bug ends both. */
async function attempt(context: CommandContext, ingestOnce: IngestOnce): Promise<IngestEnd> {
  try {
    return await ingestOnce(context);
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    const { exitCode, message, fault } = failure;
    process.stderr.write(`${message}\n`);
    context.json(failureResult(exitCode, message, fault));
    return { exitCode, message, resumeAtMs: null, isForAPerson: isForAPerson([{ exitCode }]) };
  }
}

/** @param isPortion each attempt takes a part of the run only, and is done with that */
function endOf({ exitCode, resumeAtMs, isForAPerson }: IngestEnd, isPortion: boolean): AttemptEnd {
  if (isForAPerson) return { type: 'refused' };
  switch (exitCode) {
    case EXIT.complete:
      return { type: 'complete' };
    case EXIT.paused:
      return resumeAtMs !== null || isPortion ? { type: 'paused', resumeAtMs } : { type: 'failed' };
    default:
      return { type: 'failed' };
  }
}
