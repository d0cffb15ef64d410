/**
 * What an answer's limit headers teach the token bucket: the quota, the window, whether there is a
 * limit at all, and whether another client uses the same key.
 */
import type { LimitObservation } from './limit-headers.js';
import type { TokenBucket } from './token-bucket.js';

/** Answers without any limit header, none having come before, until "no limit" is believed. */
const SILENT_ANSWERS = 3;
/** Answers in a row that show foreign use before it is believed: heads may come out of order. */
const FOREIGN_ANSWERS = 2;

export class LimitLearning {
  readonly #bucket: TokenBucket;
  #silent = 0;
  #hasSeenHeaders: boolean;
  #foreignInARow = 0;

  constructor(bucket: TokenBucket) {
    this.#bucket = bucket;
    this.#hasSeenHeaders = bucket.isLearned && bucket.policy !== null;
  }

  /**
   * @param observed null when the answer carries no limit header: absence is not zero
   * @param ownStarts our starts in the window when the request left, itself included
   * @param inFlight requests sent and not yet answered, this one excluded
   */
  observe(observed: LimitObservation | null, ownStarts: number, inFlight: number): void {
    if (observed === null || (observed.quota === null && observed.remaining === null)) {
      this.#silent++;
      if (!this.#hasSeenHeaders && this.#silent >= SILENT_ANSWERS) this.#bucket.learnUnlimited();
      return;
    }
    this.#hasSeenHeaders = true;
    this.#learnPolicy(observed);
    this.#noticeForeign(observed, ownStarts, inFlight);
  }

  #learnPolicy(observed: LimitObservation): void {
    const quota = observed.quota ?? this.#bucket.policy?.quota;
    if (quota === undefined || quota < 1) return;
    let windowMs = observed.windowMs ?? this.#bucket.policy?.windowMs ?? null;
    if (observed.windowMs === null && observed.resetMs !== null && observed.resetMs > 0) {
      // The only request in the server's log: its reset is the whole window. Any other reset is a
      // part of one, so the window is at least that long.
      const isOnlyOne = observed.remaining === quota - 1;
      windowMs = isOnlyOne ? observed.resetMs : Math.max(windowMs ?? 0, observed.resetMs);
    }
    if (windowMs !== null && windowMs > 0) this.#bucket.learn({ quota, windowMs });
  }

  #noticeForeign(observed: LimitObservation, ownStarts: number, inFlight: number): void {
    const policy = this.#bucket.policy;
    if (policy === null || observed.remaining === null) return;
    const foreign = policy.quota - observed.remaining - ownStarts;
    // Requests that left later may have arrived earlier: give them the doubt.
    this.#foreignInARow = foreign > inFlight ? this.#foreignInARow + 1 : 0;
    this.#bucket.noticeForeign(this.#foreignInARow >= FOREIGN_ANSWERS ? foreign : 0);
  }
}
