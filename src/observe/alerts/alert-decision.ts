/**
 * Alert decision: takes what happens in a run and the time, returns what to tell.
 *
 *   running ──stall clock──▶ stalled ──commit──▶ running          trigger, resolve
 *   running, stalled ──end──▶ ended                               resolve of a stall, then the end
 *   running, stalled ──records differ──▶ the same                 trigger of its own, before the end
 *
 * `stalled` is told once a stall, an end once a process. Told as an end: `complete`, `paused` and
 * `failed`. Not told: `interrupted`, for whoever sent the signal knows; and a run that another
 * instance is doing, for that one tells of it.
 *
 * Owns no clock, no timer and no text.
 */
import type { RunOutcome } from '../../core/scheduler-types.js';
import type { AlertChange, AlertKind } from './alert.js';
import { StallClock } from './stall-clock.js';

const NOTHING: readonly AlertChange[] = [];

export interface AlertDecisionOptions {
  readonly stallMs: number;
  /**
   * What earlier processes may have raised and not resolved: resolved with the first page that is
   * committed. Empty where the receiver keeps nothing open.
   */
  readonly leftOpen?: readonly Pick<AlertChange, 'kind' | 'isOfStart'>[];
}

export class AlertDecision {
  readonly #clock: StallClock;
  #phase: 'running' | 'stalled' | 'ended' = 'running';
  #leftOpen: readonly AlertChange[];

  constructor({ stallMs, leftOpen = [] }: AlertDecisionOptions) {
    this.#clock = new StallClock(stallMs);
    this.#leftOpen = leftOpen.map((each) => ({ ...each, action: 'resolve' as const }));
  }

  /** Called about once a second. @param isLimited see `StallClock.tick` */
  tick(nowMs: number, isLimited: boolean): readonly AlertChange[] {
    if (this.#phase !== 'running' || !this.#clock.tick(nowMs, isLimited)) return NOTHING;
    this.#phase = 'stalled';
    return [change('trigger', 'stalled')];
  }

  committed(): readonly AlertChange[] {
    this.#clock.committed();
    if (this.#phase === 'ended') return NOTHING;
    if (this.#phase === 'running' && this.#leftOpen.length === 0) return NOTHING;
    return this.#resolved();
  }

  /** The records are not as in earlier runs. */
  recordsChanged(): readonly AlertChange[] {
    return this.#phase === 'ended' ? NOTHING : [change('trigger', 'schema_changed')];
  }

  /**
   * The process is done with the run.
   *
   * @param options.isElsewhere another instance is doing the run
   * @param options.isOfStart there is no run yet
   */
  ended(
    status: RunOutcome['status'],
    { isElsewhere = false, isOfStart = false } = {},
  ): readonly AlertChange[] {
    if (this.#phase === 'ended') return NOTHING;
    const resolved = status === 'complete' ? this.#resolved() : this.#resolvedStall();
    this.#phase = 'ended';
    if (status === 'interrupted' || isElsewhere) return resolved;
    const kind = status === 'complete' ? 'finished' : status;
    return [...resolved, change('trigger', kind, isOfStart)];
  }

  #resolvedStall(): readonly AlertChange[] {
    if (this.#phase !== 'stalled') return NOTHING;
    this.#phase = 'running';
    return [change('resolve', 'stalled')];
  }

  /** The stall, and what earlier processes left open; their stall is the same as ours. */
  #resolved(): readonly AlertChange[] {
    const stall = this.#resolvedStall();
    const left = this.#leftOpen.filter(({ kind }) => kind !== 'stalled' || stall.length === 0);
    this.#leftOpen = NOTHING;
    return [...stall, ...left];
  }
}

function change(action: AlertChange['action'], kind: AlertKind, isOfStart = false): AlertChange {
  return { action, kind, isOfStart };
}
