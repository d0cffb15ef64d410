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
import { countUntil, nthLatest } from './sorted-instants.js';

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

/** Whoever has shared the limit may start again, and is known of only with our next reservation. */
const ALONE_AFTER_MS = 60_000;

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
  /** Of other processes on the same key, epoch ms, ascending; planned ones lie ahead. */
  #others: readonly number[] = [];
  #lastOtherMs = Number.NEGATIVE_INFINITY;
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

  /** They replace those that were known before. */
  set others(startsMs: readonly number[]) {
    this.#others = startsMs;
    this.#lastOtherMs = Math.max(this.#lastOtherMs, startsMs.at(-1) ?? this.#lastOtherMs);
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
    const own = this.#starts;
    const others = this.#others;
    if (own.length + others.length < quota) return 0;
    const blockingMs = nthLatest(
      quota,
      { length: own.length, at: (index) => countsFromMs(own[index]) },
      { length: others.length, at: (index) => others[index] ?? -Infinity },
    );
    return blockingMs + this.#heldMs;
  }

  /** How many starts are permitted at this instant. */
  tokensAt(nowMs: number): number {
    this.#forget(nowMs);
    return Math.max(0, this.quota - this.#starts.length - this.othersIn(nowMs));
  }

  /** Starts whose token has not come back, ours and those of others. */
  startsIn(nowMs: number): number {
    this.#forget(nowMs);
    return this.#starts.length + this.othersIn(nowMs);
  }

  /** Starts of others whose token has not come back. */
  othersIn(nowMs: number): number {
    return this.othersSince(nowMs - this.#heldMs);
  }

  /** The first of them; null: for a while nobody else has started. */
  oldestOtherMs(nowMs: number): number | null {
    if (nowMs - this.#lastOtherMs > this.#heldMs + ALONE_AFTER_MS) return null;
    return this.#others[this.#others.length - this.othersIn(nowMs)] ?? this.#lastOtherMs;
  }

  /** Starts of others that lie behind an instant. */
  othersSince(sinceMs: number): number {
    const { length } = this.#others;
    return length - countUntil(length, (at) => (this.#others[at] ?? 0) <= sinceMs);
  }

  /** How many starts are permitted at an instant to come, were nobody else there. */
  freeAt(atMs: number): number {
    const gone = countUntil(
      this.#starts.length,
      (at) => countsFromMs(this.#starts[at]) + this.#heldMs <= atMs,
    );
    return Math.max(0, this.quota - this.#starts.length + gone);
  }

  /** When the oldest of them would have come back from a shorter window; null: there is none. */
  oldestReturnsMs(nowMs: number, windowMs: number): number | null {
    this.#forget(nowMs);
    const oldest = this.#starts[0];
    if (oldest === undefined) return null;
    return countsFromMs(oldest) + windowMs + this.#marginMs;
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
      const refilledShare = this.#allowanceShare + share * this.#caution;
      this.#allowanceShare = Math.min(fullShare * quota * this.#caution, refilledShare);
      start.startMs = Math.max(takenMs, sentMs);
      start.headLatencyMs = headMs === null ? null : headMs - sentMs;
    }
    // A new quickest answer shows that all others came later than was thought, the first above all.
    for (const each of latest) this.#raiseUncertainty(each, windowMs);
    latest.sort((a, b) => countsFromMs(a) - countsFromMs(b));
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
    const othersMs = this.#others.slice(this.#others.length - this.othersIn(nowMs));
    const all = [...this.#starts.map(countsFromMs), ...othersMs].sort((a, b) => a - b);
    const free = Math.min(countMax, Math.max(0, this.quota - all.length));
    const coming = Array.from({ length: free }, () => nowMs);
    // Where the quota has shrunk, the first tokens to come back permit nothing yet.
    const surplus = Math.max(0, all.length - this.quota);
    const holding = all.slice(surplus, surplus + countMax - free);
    return [...coming, ...holding.map((startMs) => startMs + this.#heldMs)];
  }

  /** Our starts, which must survive this process; epoch ms, ascending. */
  startsMs(nowMs: number): number[] {
    this.#forget(nowMs);
    const startsMs = this.#starts.map(countsFromMs);
    if (startsMs.length <= EXACT_STARTS_MAX) return startsMs;
    const stepMs = Math.ceil(this.#policy.windowMs * STEP_SHARE);
    return startsMs.map((startMs) => Math.min(nowMs, Math.ceil(startMs / stepMs) * stepMs));
  }

  #forget(nowMs: number): void {
    let gone = 0;
    for (const start of this.#starts) {
      if (countsFromMs(start) + this.#heldMs > nowMs) break;
      gone++;
    }
    if (gone > 0) this.#starts.splice(0, gone);
  }

  /** From a start until its token comes back. */
  get #heldMs(): number {
    return this.#policy.windowMs + this.#marginMs;
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

/** When the server has counted it, at the latest. */
function countsFromMs(start: Start | undefined): number {
  return start === undefined ? Number.NEGATIVE_INFINITY : start.startMs + start.uncertaintyMs;
}

/** Whether it was there for certain by then. */
function hadArrived({ isRecorded, startMs, headLatencyMs }: Start, byMs: number): boolean {
  return isRecorded || (headLatencyMs !== null && startMs + headLatencyMs <= byMs);
}
