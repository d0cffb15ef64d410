/**
 * Token bucket: when the next request may start.
 *
 * The servers that we know keep a sliding log of request times, so the bucket is one too: a token
 * comes back one window after the start that took it. A steady refill would let twice the limit
 * through a sliding window.
 *
 *   starts   │x  x x      x│             returnsAtMs = start + window + margin + uncertainty
 *            └── window ───┘▶ time
 *
 * The server counts a request when it arrives, which is later than it left by an unknown span. The
 * answer bounds that span: a head that came e ms later than the quickest head ever seen arrived at
 * most e ms late. That much is added to the token's return, so that a slow first connection cannot
 * make a later, quicker request arrive one token early. On average it may cost 0.6 % of a window: an
 * allowance fills up with each start and is spent by those that came late. A full one covers one burst
 * that a busy server counted late.
 *
 * Owns no clock and no I/O.
 */

import { Lateness } from './lateness.js';

/** At most `quota` starts in any window of `windowMs`. */
export interface LimitPolicy {
  readonly quota: number;
  readonly windowMs: number;
}

/** Shares of a window that are given up for safety; both together stay under 1 %. */
const MARGIN_SHARE = 0.002;
const MARGIN_MIN_MS = 4;
const MARGIN_MAX_MS = 50;
/** The quickest answer was not the quickest on its way there: answers that vary say by how much. */
const JITTER_SHARE_MAX = 0.01;
const ALLOWANCE_SHARE = 0.006;
/** A busy machine is late by as much in a short window as in a long one. */
const ALLOWANCE_LEAST_MS = 40;
/**
 * For each request of the quota. A burst that a server counts late comes back late as a whole, once;
 * a refusal costs a window. With 0.04 half of all cold starts beside a server on the same two cores
 * had one, with 0.15 none, at the same duration.
 */
const ALLOWANCE_MAX_SHARE = 0.15;
const ALLOWANCE_MAX_LEAST_MS = 60;
/** As many of the latest starts are corrected by an answer; a quota of a day has many more. */
const CORRECTED_MAX = 256;
/** A longer log is saved in steps of a share of its window, each start at the end of its step. */
const EXACT_STARTS_MAX = 1_000;
const STEP_SHARE = 0.001;

interface Start {
  /** When it left, corrected by the worker once the answer is there. */
  startMs: number;
  uncertaintyMs: number;
  /** From its start to the head of its answer; null while none has come. */
  headLatencyMs: number | null;
  /** From the log of an earlier process. */
  readonly isRecorded: boolean;
}

export class TokenBucket {
  #policy: LimitPolicy;
  /** Requests kept back from the quota. */
  readonly #reserve: number;
  /** Ascending by startMs. Only starts whose token has not come back. */
  #starts: Start[] = [];
  readonly #lateness = new Lateness();
  /** Shares of a window by which starts may still be granted to be late, all added; it starts full. */
  #allowanceShare = Number.POSITIVE_INFINITY;
  /** Doubles with each refusal: the safety that was given was too little. */
  #caution = 1;

  /** @param options.startsMs starts of earlier processes, ascending */
  constructor(options: {
    policy: LimitPolicy;
    reserve?: number;
    startsMs?: readonly number[];
  }) {
    this.#policy = options.policy;
    this.#reserve = options.reserve ?? 0;
    for (const startMs of options.startsMs ?? []) {
      this.#starts.push({ startMs, uncertaintyMs: 0, headLatencyMs: null, isRecorded: true });
    }
  }

  get policy(): LimitPolicy {
    return this.#policy;
  }

  set policy(policy: LimitPolicy) {
    this.#policy = policy;
  }

  /** Never below one, else the run would stand still. */
  get quota(): number {
    return Math.max(1, this.#policy.quota - this.#reserve);
  }

  /**
   * When the next start is permitted; at most `nowMs` means now.
   *
   * @param keptBack tokens that are not to be used
   */
  nextStartMs(nowMs: number, keptBack = 0): number {
    this.#forget(nowMs);
    const quota = Math.max(1, this.quota - keptBack);
    const blocking = this.#starts[this.#starts.length - quota];
    return blocking === undefined ? 0 : this.#returnsAtMs(blocking);
  }

  /** How many starts are permitted at this instant. */
  tokensAt(nowMs: number): number {
    this.#forget(nowMs);
    return Math.max(0, this.quota - this.#starts.length);
  }

  /** Our starts whose token has not come back. */
  startsIn(nowMs: number): number {
    this.#forget(nowMs);
    return this.#starts.length;
  }

  /** When the oldest of them would have come back from a shorter window; null: there is none. */
  oldestReturnsMs(nowMs: number, windowMs: number): number | null {
    this.#forget(nowMs);
    const oldest = this.#starts[0];
    if (oldest === undefined) return null;
    return oldest.startMs + oldest.uncertaintyMs + windowMs + this.#marginMs;
  }

  /** Records a start, permitted or not. */
  take(nowMs: number): void {
    this.#starts.push({
      ...{ startMs: nowMs, uncertaintyMs: 0, headLatencyMs: null, isRecorded: false },
    });
  }

  /**
   * An answer tells that the server counts none that left before `sentMs`. What was on its way together
   * with the request that was answered may arrive later, and is counted then.
   *
   * @param answeredMs when that request left
   */
  forgetBefore(sentMs: number, answeredMs: number): void {
    const oldest = this.#starts[0];
    if (oldest === undefined || oldest.startMs >= sentMs) return;
    this.#starts = this.#starts.filter(
      (start) => start.startMs >= sentMs || !hadArrived(start, answeredMs),
    );
  }

  /** A refusal: the safety that is kept was too little. */
  refused(): void {
    this.#caution = Math.min(8, this.#caution * 2);
  }

  /**
   * An answer's head came (or the request failed): corrects when its request really left.
   *
   * @param takenMs the instant given to `take`
   * @param sentMs when it left by the worker's clock
   * @param headMs when the head came; null when none came
   */
  settle(takenMs: number, sentMs: number, headMs: number | null): void {
    const latest = this.#starts.splice(-CORRECTED_MAX);
    const start = latest.find((candidate) => candidate.startMs === takenMs);
    if (headMs !== null) this.#lateness.add(headMs - sentMs);
    const { quota, windowMs } = this.#policy;
    if (start !== undefined) {
      const fullShare = Math.max(ALLOWANCE_MAX_SHARE, ALLOWANCE_MAX_LEAST_MS / windowMs);
      const share = Math.max(ALLOWANCE_SHARE, ALLOWANCE_LEAST_MS / windowMs);
      this.#allowanceShare = Math.min(
        // A burst that a busy server counts late comes back late as a whole: that costs it once.
        fullShare * quota * this.#caution,
        this.#allowanceShare + share * this.#caution,
      );
      start.startMs = Math.max(takenMs, sentMs);
      start.headLatencyMs = headMs === null ? null : headMs - sentMs;
    }
    // A new quickest answer shows that all others came later than was thought, the first above all.
    for (const each of latest) this.#raiseUncertainty(each, windowMs);
    latest.sort((a, b) => a.startMs + a.uncertaintyMs - b.startMs - b.uncertaintyMs);
    this.#starts.push(...latest);
  }

  /**
   * When the next starts will be permitted, ascending, for observers; an instant that has passed
   * means now.
   *
   * @param countMax at most so many instants
   */
  comingStartsMs(nowMs: number, countMax: number): number[] {
    this.#forget(nowMs);
    const free = Math.min(countMax, Math.max(0, this.quota - this.#starts.length));
    const coming = Array.from({ length: free }, () => nowMs);
    // Where the quota has shrunk, the first tokens to come back permit nothing yet.
    const surplus = Math.max(0, this.#starts.length - this.quota);
    for (const start of this.#starts.slice(surplus, surplus + countMax - free)) {
      coming.push(this.#returnsAtMs(start));
    }
    return coming;
  }

  /** The starts that must survive this process, epoch ms, ascending. */
  startsMs(nowMs: number): number[] {
    this.#forget(nowMs);
    const startsMs = this.#starts.map((start) => start.startMs + start.uncertaintyMs);
    if (startsMs.length <= EXACT_STARTS_MAX) return startsMs;
    const stepMs = Math.ceil(this.#policy.windowMs * STEP_SHARE);
    return startsMs.map((startMs) => Math.min(nowMs, Math.ceil(startMs / stepMs) * stepMs));
  }

  #forget(nowMs: number): void {
    let gone = 0;
    for (const start of this.#starts) {
      if (this.#returnsAtMs(start) > nowMs) break;
      gone++;
    }
    if (gone > 0) this.#starts.splice(0, gone);
  }

  #returnsAtMs(start: Start): number {
    return start.startMs + start.uncertaintyMs + this.#policy.windowMs + this.#marginMs;
  }

  /** Kept between a token's return and the next start. */
  get #marginMs(): number {
    const shareMs = this.#policy.windowMs * MARGIN_SHARE;
    const leastMs = Math.min(MARGIN_MAX_MS, Math.max(MARGIN_MIN_MS, shareMs));
    const jitterMs = Math.min(
      MARGIN_MAX_MS,
      this.#policy.windowMs * JITTER_SHARE_MAX,
      this.#lateness.jitterMs,
    );
    return leastMs * this.#caution + jitterMs;
  }

  /** Grants a start the span by which it may have arrived late, as far as the allowance goes. */
  #raiseUncertainty(start: Start, windowMs: number): void {
    if (start.headLatencyMs === null) return;
    const wantedMs = this.#lateness.of(start.headLatencyMs) - start.uncertaintyMs;
    const grantedMs = Math.min(Math.max(0, wantedMs), this.#allowanceShare * windowMs);
    start.uncertaintyMs += grantedMs;
    this.#allowanceShare -= grantedMs / windowMs;
  }
}

/** Whether it was there for certain by then. */
function hadArrived({ isRecorded, startMs, headLatencyMs }: Start, byMs: number): boolean {
  return isRecorded || (headLatencyMs !== null && startMs + headLatencyMs <= byMs);
}
