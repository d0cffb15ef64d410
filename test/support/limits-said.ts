/** What an answer says of limits, in the few words that tests need. */

import { bindingLimit, type LimitObservation } from '../../src/core/limit-headers.js';
import { limitStatement } from '../../src/core/limit-statement.js';

export interface LimitWords {
  readonly quota: number | null;
  readonly remaining: number | null;
  readonly resetMs: number | null;
  readonly windowMs: number | null;
  readonly retryAfterMs: number | null;
}

/** An answer of one limit; its reset is told in whole seconds, rounded up. */
export function limitsSaid(words: Partial<LimitWords>): LimitObservation {
  const { quota = null, remaining = null, resetMs = null, windowMs = null } = words;
  const { retryAfterMs = null } = words;
  const time = (spanMs: number | null) =>
    spanMs === null ? null : { spanMs, atMs: null, unitMs: 1000, isBare: true, isCut: false };
  return {
    limits: [
      limitStatement({ name: 'x-ratelimit', quota, remaining, reset: time(resetMs), windowMs }),
    ],
    retryAfter: time(retryAfterMs),
  };
}

/** What an answer says of the limit that binds first. */
export function wordsOf(observed: LimitObservation): LimitWords {
  const binding = bindingLimit(observed);
  return {
    quota: binding?.quota ?? null,
    remaining: binding?.remaining ?? null,
    resetMs: binding?.reset?.spanMs ?? null,
    windowMs: binding?.windowMs ?? null,
    retryAfterMs: observed.retryAfter?.spanMs ?? null,
  };
}
