/** Tells log, HTTP front and alerts how a schedule goes. */
import type { ScheduleConfig } from '../../config/schedule-settings.js';
import type { AttemptEnd, NextAttempt } from '../../core/schedule.js';
import { lateWords } from '../../observe/alerts/alert-words.js';
import { makeAlert, NO_FIGURES } from '../../observe/alerts/make-alert.js';
import type { ScheduledOutcome } from '../../observe/schedule-view.js';
import { nowMs } from '../../runtime/clock.js';
import type { SessionContext } from '../context.js';
import { alertOriginOf } from '../onlookers/alert-facts.js';
import type { Lasting } from '../onlookers/lasting.js';
import type { ScheduleWatcher } from './run-schedule.js';
import { scheduleText } from './schedule-text.js';

const WHY = {
  tick: 'as the schedule says',
  retry: 'another try after a failure',
  resume: 'the pause is over then',
} as const;

export interface ScheduleWatchParts {
  readonly lasting: Omit<Lasting, 'attemptStartedAtMs'>;
  readonly schedule: ScheduleConfig;
  /** Why the last attempt ended as it did; null: nothing is wrong. */
  readonly lastReason: () => string | null;
}

export class ScheduleWatch implements ScheduleWatcher {
  readonly #context: SessionContext;
  readonly #lasting: ScheduleWatchParts['lasting'];
  readonly #text: string;
  readonly #lastReason: ScheduleWatchParts['lastReason'];
  #isAtWork = false;
  #outcome: ScheduledOutcome | null = null;
  #hasCompleted = false;

  constructor(context: SessionContext, { lasting, schedule, lastReason }: ScheduleWatchParts) {
    this.#context = context;
    this.#lasting = lasting;
    this.#text = scheduleText(schedule);
    this.#lastReason = lastReason;
    context.log.info(
      { event: 'schedule_started', schedule: this.#text },
      `runs on a schedule: ${this.#text}; SIGTERM ends it`,
    );
  }

  waits({ atMs, why }: NextAttempt, skipped: number): void {
    const { log } = this.#context;
    if (skipped > 0) {
      log.warn(
        { event: 'schedule_skipped', skipped },
        `${skipped === 1 ? 'a run was' : `${skipped} runs were`} due while one was at work, and skipped`,
      );
    }
    const nextRunAt = new Date(atMs).toISOString();
    log.info(
      { event: 'schedule_waiting', nextRunAt, why },
      `next run at ${nextRunAt}: ${WHY[why]}`,
    );
    this.#lasting.front?.runWaits({ text: this.#text, nextRunAtMs: atMs });
  }

  begins(): void {
    this.#isAtWork = true;
    this.#lasting.front?.runBegins({ text: this.#text });
  }

  ended({ type }: AttemptEnd): void {
    this.#isAtWork = false;
    this.#outcome = type === 'refused' ? 'failed' : type;
    const { front, channel } = this.#lasting;
    front?.runEnded(this.#outcome);
    if (type !== 'complete' || this.#hasCompleted) return;
    this.#hasCompleted = true;
    // An earlier process may have left it open; PagerDuty ignores a resolve of nothing.
    if (channel?.settings.format === 'pagerduty') this.inTime();
  }

  late(dueAtMs: number): void {
    const dueAt = new Date(dueAtMs).toISOString();
    this.#context.log.warn(
      { event: 'schedule_late', dueAt },
      `a run was due at ${dueAt} and is not complete`,
    );
    const state = this.#isAtWork ? 'running' : (this.#outcome ?? 'failed');
    this.#tell('trigger', lateWords(dueAtMs, state, this.#lastReason()));
  }

  inTime(): void {
    this.#tell('resolve', { state: 'complete', reason: null, resumeAtMs: null, next: 'Nothing' });
  }

  #tell(action: 'trigger' | 'resolve', words: ReturnType<typeof lateWords>): void {
    const { channel } = this.#lasting;
    if (channel === null) return;
    const change = { action, kind: 'late', isOfStart: false } as const;
    const known = { from: alertOriginOf(this.#context), figures: NO_FIGURES, words, atMs: nowMs() };
    channel.send(makeAlert(change, known));
  }
}
