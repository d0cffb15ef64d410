/**
 * Start plan: a request's start is reserved before the request leaves.
 *
 * A process that dies between a request and its record would let the next one overshoot, and so would
 * two that share a key and do not know of one another. So starts are planned ahead and reserved with the
 * instant until which the plan holds; a start that was reserved but never used costs a moment, never
 * a refusal. Where the rate is high, one reservation covers a block of starts.
 */

import { leastWithout } from './limit-log.js';
import type { Limiter } from './limiter.js';
import { type StartAnswer, type StartRequest, withoutPlan } from './start-reservation.js';

/** One reservation covers what the rate permits in this span. */
const BLOCK_MS = 250;
/** More than a machine starts in that span: a quota that stands for "no limit" permits billions. */
const BLOCK_STARTS_MAX = 1_000;
/** One that takes longer than its plan holds would never permit a start: the plan then grows. */
const HOLD_MAX_MS = 10_000;
/** It is asked for this long before the token comes back, so that it costs the start no time. */
const AHEAD_MS = 150;
/** Who waits for a limit that is only assumed looks so often whether others have learned better. */
const LOOK_MS = 500;

export interface StartDecision {
  readonly isPermitted: boolean;
  /** When to ask again, if not permitted; Infinity: when the reservation is answered. */
  readonly wakeAtMs: number;
  /** To be reserved now; null when nothing is. */
  readonly request: StartRequest | null;
}

interface Pending {
  readonly count: number;
  readonly askedAtMs: number;
  /** The first start. */
  readonly atMs: number;
  readonly untilMs: number;
}

export class StartPlan {
  readonly #limiter: Limiter;
  #planned = 0;
  #validUntilMs = 0;
  /** Whether the last plan expired, or may yet, without a start. */
  #isUnused = false;
  /** How long the next plan holds. */
  #holdMs = BLOCK_MS;
  #pending: Pending | null = null;
  /** Others had taken all that was asked for; null: not so. */
  #denied: Pending | null = null;
  /** Whether the saved log holds limits that answers describe. */
  #isTold: boolean;
  /** Whether the saved log holds starts of ours. */
  #isLogged = false;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(limiter: Limiter) {
    this.#limiter = limiter;
    this.#isTold = limiter.isAnnounced;
  }

  /**
   * Asks for one start. The caller calls `started` if it uses the permission. What is reserved is so in all
   * limits, and serves any start.
   *
   * @param without names of limits that do not hold for it
   */
  next(nowMs: number, without?: ReadonlySet<string>): StartDecision {
    const startMs = this.#limiter.nextStartMs(nowMs, without);
    const policy = leastWithout(this.#limiter.limits(), without);
    if (policy === null) {
      return { isPermitted: startMs <= nowMs, wakeAtMs: startMs, request: this.#withdrawal(nowMs) };
    }
    // A start of the plan before would not be in the log that was asked with.
    if (this.#pending !== null) return { isPermitted: false, wakeAtMs: Infinity, request: null };
    const atMs = Math.max(nowMs, startMs);
    if (this.#planned > 0 && atMs <= this.#validUntilMs)
      return { isPermitted: startMs <= nowMs, wakeAtMs: startMs, request: null };
    const askAtMs = Math.max(startMs - AHEAD_MS, this.#againAtMs(atMs));
    if (askAtMs > nowMs) {
      // It waits anyway: whoever begins meanwhile should not have to find the limits out by himself.
      const isNews = this.#limiter.isAnnounced && !this.#isTold;
      const lookAtMs = this.#limiter.mayLearn ? this.#askedAtMs + LOOK_MS : Infinity;
      const request = isNews || lookAtMs <= nowMs ? this.#withoutPlan(nowMs) : null;
      const wakeAtMs = request === null ? Math.min(askAtMs, lookAtMs) : Infinity;
      return { isPermitted: false, wakeAtMs, request };
    }
    this.#holdMs = this.#isUnused
      ? Math.min(HOLD_MAX_MS, this.#holdMs * 2)
      : Math.max(BLOCK_MS, this.#holdMs * 0.9);
    const untilMs = atMs + this.#holdMs;
    const permitted = Math.ceil((policy.quota * BLOCK_MS) / policy.windowMs);
    const count = Math.min(BLOCK_STARTS_MAX, Math.max(1, permitted));
    this.#pending = { count, askedAtMs: nowMs, atMs, untilMs };
    this.#askedAtMs = nowMs;
    this.#isLogged = true;
    this.#isTold = this.#limiter.isAnnounced;
    const log = this.#limiter.log(nowMs);
    const shares = this.#limiter.sharesAt(untilMs);
    return { isPermitted: false, wakeAtMs: Infinity, request: { log, count, untilMs, shares } };
  }

  /** The reservation last asked for is answered. */
  reserved({ granted, others, learned = null }: StartAnswer): void {
    const pending = this.#pending;
    if (learned !== null) this.#limiter.learn(learned, pending?.askedAtMs ?? 0);
    this.#limiter.others = others;
    this.#planned = Math.min(pending?.count ?? 0, granted);
    this.#validUntilMs = pending?.untilMs ?? 0;
    this.#pending = null;
    this.#denied = this.#planned === 0 && (pending?.count ?? 0) > 0 ? pending : null;
    // What others took is no plan that expired.
    this.#isUnused = this.#planned > 0;
  }

  /** Nothing is wanted any more. @returns what to save; `reserved` is called with the answer */
  giveBack(nowMs: number): StartRequest {
    return this.#withoutPlan(nowMs);
  }

  started(): void {
    this.#isUnused = false;
    if (this.#planned > 0) this.#planned--;
  }

  /** Where others have all, but the log does not show when that ends, it is asked for now and then. */
  #againAtMs(atMs: number): number {
    if (this.#denied === null || atMs > this.#denied.untilMs) return 0;
    return this.#denied.askedAtMs + BLOCK_MS;
  }

  /** There is no limit after all: starts left in the saved log would make the next process wait. */
  #withdrawal(nowMs: number): StartRequest | null {
    if (!this.#isLogged || this.#pending !== null) return null;
    this.#isLogged = false;
    return this.#withoutPlan(nowMs);
  }

  #withoutPlan(nowMs: number): StartRequest {
    this.#isTold = this.#limiter.isAnnounced;
    this.#pending = { count: 0, askedAtMs: nowMs, atMs: nowMs, untilMs: 0 };
    this.#askedAtMs = nowMs;
    return withoutPlan(this.#limiter.log(nowMs), nowMs);
  }
}
