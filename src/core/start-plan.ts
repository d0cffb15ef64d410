/**
 * Start plan: a request's start is in the saved log before the request leaves.
 *
 * A process that dies between a request and its record would let the next one overshoot. So starts
 * are planned ahead and saved with the instant until which the plan holds; a start that was saved but
 * never used costs a moment after a crash, never a refusal. Where the rate is high, one save covers
 * a block of starts.
 */

import type { LimitLog } from './limit-log.js';
import type { Limiter } from './limiter.js';

/** One save covers what the rate permits in this span. */
const BLOCK_MS = 250;
/** More than a machine starts in that span: a quota that stands for "no limit" permits billions. */
const BLOCK_STARTS_MAX = 1_000;
/** A save that takes longer than its plan holds would never permit a start: the plan then grows. */
const HOLD_MAX_MS = 10_000;
/** A save is asked for this long before the token comes back, so that it costs the start no time. */
const AHEAD_MS = 150;

export interface StartDecision {
  readonly isPermitted: boolean;
  /** When to ask again, if not permitted; Infinity: when the save is acknowledged. */
  readonly wakeAtMs: number;
  /** To be saved now; null when nothing is. */
  readonly log: LimitLog | null;
}

export class StartPlan {
  readonly #limiter: Limiter;
  #planned = 0;
  #validUntilMs = 0;
  /** Whether the last plan expired, or may yet, without a start. */
  #isUnused = false;
  /** How long the next plan holds. */
  #holdMs = BLOCK_MS;
  #pending: { count: number; validUntilMs: number } | null = null;
  /** Whether the saved log holds starts of ours. */
  #isLogged = false;

  constructor(limiter: Limiter) {
    this.#limiter = limiter;
  }

  /** Asks for one start. The caller calls `started` if it uses the permission. */
  next(nowMs: number): StartDecision {
    const startMs = this.#limiter.nextStartMs(nowMs);
    const { policy } = this.#limiter;
    if (policy === null) {
      return { isPermitted: startMs <= nowMs, wakeAtMs: startMs, log: this.#withdrawal(nowMs) };
    }
    const atMs = Math.max(nowMs, startMs);
    if (this.#planned > 0 && atMs <= this.#validUntilMs)
      return { isPermitted: startMs <= nowMs, wakeAtMs: startMs, log: null };
    if (this.#pending !== null) return { isPermitted: false, wakeAtMs: Infinity, log: null };
    if (startMs - nowMs > AHEAD_MS) {
      return { isPermitted: false, wakeAtMs: startMs - AHEAD_MS, log: null };
    }
    this.#holdMs = this.#isUnused
      ? Math.min(HOLD_MAX_MS, this.#holdMs * 2)
      : Math.max(BLOCK_MS, this.#holdMs * 0.9);
    const validUntilMs = atMs + this.#holdMs;
    const permitted = Math.ceil((policy.quota * BLOCK_MS) / policy.windowMs);
    const count = Math.min(BLOCK_STARTS_MAX, Math.max(1, permitted));
    this.#pending = { count, validUntilMs };
    this.#isLogged = true;
    const log = this.#limiter.log(nowMs);
    return {
      isPermitted: false,
      wakeAtMs: Infinity,
      log: withPlanned(log, count, validUntilMs),
    };
  }

  /** There is no limit after all: starts left in the saved log would make the next process wait. */
  #withdrawal(nowMs: number): LimitLog | null {
    if (!this.#isLogged || this.#pending !== null) return null;
    this.#isLogged = false;
    this.#pending = { count: 0, validUntilMs: 0 };
    return this.#limiter.log(nowMs);
  }

  /** The log last asked for is saved. */
  saved(): void {
    this.#planned = this.#pending?.count ?? 0;
    this.#validUntilMs = this.#pending?.validUntilMs ?? 0;
    this.#pending = null;
    this.#isUnused = true;
  }

  started(): void {
    this.#isUnused = false;
    if (this.#planned > 0) this.#planned--;
  }
}

/** Every limit counts every start. */
function withPlanned(log: LimitLog, count: number, atMs: number): LimitLog {
  const planned = Array.from({ length: count }, () => atMs);
  const limits = log.limits.map((one) => ({ ...one, startsMs: [...one.startsMs, ...planned] }));
  return { ...log, limits };
}
