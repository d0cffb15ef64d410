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
 * Owns no clock and no I/O. `null` policy: no limit is known, every request may start.
 */
import { assert } from './fault.js';

/** At most `quota` starts in any window of `windowMs`. */
export interface LimitPolicy {
  readonly quota: number;
  readonly windowMs: number;
}

/** What outlives a process: the policy as learned, and the starts of the last window. */
export interface LimitLog {
  /** Null when the policy was never learned from an answer. */
  readonly policy: LimitPolicy | null;
  /** Epoch ms, ascending; one entry a start. */
  readonly startsMs: readonly number[];
}

/** Shares of a window that are given up for safety; both together stay under 1 %. */
const MARGIN_SHARE = 0.002;
const MARGIN_MIN_MS = 4;
const MARGIN_MAX_MS = 50;
const ALLOWANCE_SHARE = 0.006;
/**
 * For each request of the quota. A burst that a server counts late comes back late as a whole, once;
 * a refusal costs a window. With 0.04 half of all cold starts beside a server on the same two cores
 * had one, with 0.15 none, at the same duration.
 */
const ALLOWANCE_MAX_SHARE = 0.15;
/** A busy machine stalls for as long in a short window as in a long one. */
const ALLOWANCE_MAX_LEAST_MS = 60;

interface Start {
  /** When it left, corrected by the worker once the answer is there. */
  startMs: number;
  uncertaintyMs: number;
  /** From its start to the head of its answer; null while none has come. */
  headLatencyMs: number | null;
}

/** What our own log says at an instant: how many starts, and when the first of them was. */
export interface OwnStarts {
  readonly count: number;
  readonly oldestMs: number;
}

export class TokenBucket {
  #policy: LimitPolicy | null;
  #isLearned: boolean;
  /** Requests kept back from the quota, and requests that another client was seen to use. */
  readonly #reserve: number;
  #foreign = 0;
  /** Ascending by startMs. Only starts whose token has not come back. */
  #starts: Start[] = [];
  #silentUntilMs = 0;
  #quickestHeadMs = Number.POSITIVE_INFINITY;
  /** Shares of a window by which starts may still be granted to be late, all added; it starts full. */
  #allowanceShare = Number.POSITIVE_INFINITY;
  /** Doubles with each refusal: the safety that was given was too little. */
  #caution = 1;

  constructor(options: { policy: LimitPolicy | null; reserve?: number; log?: LimitLog }) {
    this.#policy = options.log?.policy ?? options.policy;
    this.#isLearned = options.log?.policy != null;
    this.#reserve = options.reserve ?? 0;
    for (const startMs of options.log?.startsMs ?? []) {
      this.#starts.push({ startMs, uncertaintyMs: 0, headLatencyMs: null });
    }
  }

  get policy(): LimitPolicy | null {
    return this.#policy;
  }

  /** Whether an answer, now or in an earlier process, has said what the policy is. */
  get isLearned(): boolean {
    return this.#isLearned;
  }

  /** When the next start is permitted; at most `nowMs` means now. */
  nextStartMs(nowMs: number): number {
    if (this.#policy === null) return this.#silentUntilMs;
    this.#forget(nowMs);
    const quota = this.#effectiveQuota(this.#policy);
    const blocking = this.#starts[this.#starts.length - quota];
    const freeMs = blocking === undefined ? 0 : this.#returnsAtMs(blocking, this.#policy);
    return Math.max(freeMs, this.#silentUntilMs);
  }

  /** How many starts are permitted at this instant. Infinity without a policy. */
  tokensAt(nowMs: number): number {
    if (nowMs < this.#silentUntilMs) return 0;
    if (this.#policy === null) return Number.POSITIVE_INFINITY;
    this.#forget(nowMs);
    return Math.max(0, this.#effectiveQuota(this.#policy) - this.#starts.length);
  }

  /** Records a start. It must be permitted. */
  take(nowMs: number): void {
    assert(this.nextStartMs(nowMs) <= nowMs, 'a request starts only with a token');
    if (this.#policy !== null)
      this.#starts.push({ startMs: nowMs, uncertaintyMs: 0, headLatencyMs: null });
  }

  /**
   * An answer's head came (or the request failed): corrects when its request really left.
   *
   * @param takenMs the instant given to `take`
   * @param sentMs when it left by the worker's clock
   * @param headMs when the head came; null when none came
   */
  settle(takenMs: number, sentMs: number, headMs: number | null): void {
    const start = this.#starts.find((candidate) => candidate.startMs === takenMs);
    if (headMs !== null) this.#quickestHeadMs = Math.min(this.#quickestHeadMs, headMs - sentMs);
    if (this.#policy === null) return;
    if (start !== undefined) {
      const { quota, windowMs } = this.#policy;
      const fullShare = Math.max(ALLOWANCE_MAX_SHARE, ALLOWANCE_MAX_LEAST_MS / windowMs);
      this.#allowanceShare = Math.min(
        // A burst that a busy server counts late comes back late as a whole: that costs it once.
        fullShare * quota * this.#caution,
        this.#allowanceShare + ALLOWANCE_SHARE * this.#caution,
      );
      start.startMs = Math.max(takenMs, sentMs);
      start.headLatencyMs = headMs === null ? null : headMs - sentMs;
    }
    // A new quickest answer shows that all others came later than was thought, the first above all.
    for (const each of this.#starts) this.#raiseUncertainty(each, this.#policy.windowMs);
    this.#starts.sort((a, b) => a.startMs + a.uncertaintyMs - b.startMs - b.uncertaintyMs);
  }

  /** The server refused a request: silence until every start has left its log. */
  refuse(nowMs: number, retryAfterMs: number | null): void {
    const windowMs = this.#policy?.windowMs ?? retryAfterMs ?? 1000;
    this.#caution = Math.min(8, this.#caution * 2);
    // Refused requests are very likely logged too, so that Retry-After alone would lock us out.
    const marginMs = this.#policy === null ? 0 : this.#marginMs(this.#policy);
    const lastStartMs = this.#starts.at(-1)?.startMs ?? nowMs;
    const drainedMs = Math.max(lastStartMs, nowMs) + windowMs + marginMs;
    this.#silentUntilMs = Math.max(this.#silentUntilMs, drainedMs, nowMs + (retryAfterMs ?? 0));
  }

  /** The policy as an answer announced it. */
  learn(policy: LimitPolicy): void {
    this.#policy = policy;
    this.#isLearned = true;
  }

  /** Answers carry no limit at all: nothing but our own machine paces us. */
  learnUnlimited(): void {
    this.#policy = null;
    this.#isLearned = true;
    this.#starts = [];
  }

  /** How many requests of the window another client on the key is seen to use. */
  noticeForeign(count: number): void {
    this.#foreign = Math.max(0, count);
  }

  /** Our starts whose token has not come back. */
  ownStarts(nowMs: number): OwnStarts {
    this.#forget(nowMs);
    return { count: this.#starts.length, oldestMs: this.#starts[0]?.startMs ?? nowMs };
  }

  /**
   * When the next starts will be permitted, ascending, for the reader; an instant that has passed
   * means now. Empty without a policy.
   *
   * @param countMax at most so many instants
   */
  comingStartsMs(nowMs: number, countMax: number): number[] {
    const policy = this.#policy;
    if (policy === null) return [];
    this.#forget(nowMs);
    const quota = this.#effectiveQuota(policy);
    const free = Math.min(countMax, Math.max(0, quota - this.#starts.length));
    const coming = Array.from({ length: free }, () => Math.max(nowMs, this.#silentUntilMs));
    // Where the quota has shrunk, the first tokens to come back permit nothing yet.
    const surplus = Math.max(0, this.#starts.length - quota);
    for (const start of this.#starts.slice(surplus, surplus + countMax - free)) {
      coming.push(Math.max(this.#silentUntilMs, this.#returnsAtMs(start, policy)));
    }
    return coming;
  }

  /** What must survive this process. */
  log(nowMs: number): LimitLog {
    this.#forget(nowMs);
    return {
      policy: this.#isLearned ? this.#policy : null,
      startsMs: this.#starts.map((start) => start.startMs + start.uncertaintyMs),
    };
  }

  #forget(nowMs: number): void {
    const policy = this.#policy;
    if (policy === null) return;
    let gone = 0;
    for (const start of this.#starts) {
      if (this.#returnsAtMs(start, policy) > nowMs) break;
      gone++;
    }
    if (gone > 0) this.#starts.splice(0, gone);
  }

  #returnsAtMs(start: Start, policy: LimitPolicy): number {
    return start.startMs + start.uncertaintyMs + policy.windowMs + this.#marginMs(policy);
  }

  #marginMs(policy: LimitPolicy): number {
    const shareMs = policy.windowMs * MARGIN_SHARE;
    return Math.min(MARGIN_MAX_MS, Math.max(MARGIN_MIN_MS, shareMs)) * this.#caution;
  }

  /** Grants a start the span by which it may have arrived late, as far as the allowance goes. */
  #raiseUncertainty(start: Start, windowMs: number): void {
    if (start.headLatencyMs === null) return;
    const wantedMs = start.headLatencyMs - this.#quickestHeadMs - start.uncertaintyMs;
    const grantedMs = Math.min(Math.max(0, wantedMs), this.#allowanceShare * windowMs);
    start.uncertaintyMs += grantedMs;
    this.#allowanceShare -= grantedMs / windowMs;
  }

  /** Never below one, else the run would stand still; another client leaves us at least half. */
  #effectiveQuota(policy: LimitPolicy): number {
    const shared = Math.max(Math.ceil(policy.quota / 2), policy.quota - this.#foreign);
    return Math.max(1, shared - this.#reserve);
  }
}
