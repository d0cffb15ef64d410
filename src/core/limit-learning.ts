/**
 * What an answer's limit headers teach the token bucket: the quota, the window, whether there is a
 * limit at all, and whether another client uses the same key.
 */
import type { LimitObservation } from './limit-headers.js';
import type { OwnStarts, TokenBucket } from './token-bucket.js';

/** Answers without any limit header, none having come before, until "no limit" is believed. */
const SILENT_ANSWERS = 3;
/** Answers in a row that show foreign use before it is believed: heads may come out of order. */
const FOREIGN_ANSWERS = 2;

/** A start that a killed process had planned may have happened this much before its record. */
const RECORDED_LATE_MS = 300;

export class LimitLearning {
  readonly #bucket: TokenBucket;
  #silent = 0;
  #hasSeenHeaders: boolean;
  #foreignInARow = 0;
  /** Seen whole, now or in an earlier process; until then it is assumed, or bounded. */
  #isWindowKnown: boolean;

  constructor(bucket: TokenBucket) {
    this.#bucket = bucket;
    this.#isWindowKnown = bucket.isLearned;
    this.#hasSeenHeaders = bucket.isLearned && bucket.policy !== null;
  }

  /**
   * @param observed null when the answer carries no limit header: absence is not zero
   * @param sentAtMs when the request left
   * @param own our starts in the window when the request left, itself included
   * @param inFlight requests sent and not yet answered, this one excluded
   */
  observe(
    observed: LimitObservation | null,
    sentAtMs: number,
    own: OwnStarts,
    inFlight: number,
  ): void {
    if (observed === null || (observed.quota === null && observed.remaining === null)) {
      this.#silent++;
      if (!this.#hasSeenHeaders && this.#silent >= SILENT_ANSWERS) this.#bucket.learnUnlimited();
      return;
    }
    this.#hasSeenHeaders = true;
    this.#learnPolicy(observed, sentAtMs, own);
    this.#noticeForeign(observed, own, inFlight);
  }

  #learnPolicy(observed: LimitObservation, sentAtMs: number, own: OwnStarts): void {
    const { resetMs, remaining } = observed;
    const known = this.#bucket.policy;
    const quota = observed.quota ?? known?.quota;
    if (quota === undefined || quota < 1) return;
    if (observed.windowMs !== null) return this.#learn(quota, observed.windowMs);
    if (resetMs === null || resetMs <= 0) {
      if (known !== null) this.#bucket.learn({ quota, windowMs: known.windowMs });
      return;
    }
    // The only request in the server's log: its reset is the whole window.
    if (remaining === quota - 1) return this.#learn(quota, resetMs);
    const used = remaining === null ? Number.POSITIVE_INFINITY : quota - remaining;
    let windowMs = known?.windowMs ?? resetMs;
    if (!this.#isWindowKnown && used <= own.count) {
      // All that the server counts is ours, so that the oldest of it, which leaves its log at the
      // reset, is no older than our oldest: the window is at most that long.
      windowMs = Math.min(windowMs, resetMs + sentAtMs - own.oldestMs + RECORDED_LATE_MS);
    }
    // A reset is a part of a window, which is at least that long.
    this.#bucket.learn({ quota, windowMs: Math.max(windowMs, resetMs) });
  }

  #learn(quota: number, windowMs: number): void {
    this.#isWindowKnown = true;
    this.#bucket.learn({ quota, windowMs });
  }

  #noticeForeign(observed: LimitObservation, own: OwnStarts, inFlight: number): void {
    const policy = this.#bucket.policy;
    if (policy === null || observed.remaining === null) return;
    const foreign = policy.quota - observed.remaining - own.count;
    // Requests that left later may have arrived earlier: give them the doubt.
    this.#foreignInARow = foreign > inFlight ? this.#foreignInARow + 1 : 0;
    this.#bucket.noticeForeign(this.#foreignInARow >= FOREIGN_ANSWERS ? foreign : 0);
  }
}
