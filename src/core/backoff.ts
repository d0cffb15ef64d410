/**
 * Back-off: how long a failed page waits, and when a sick API ends the run.
 *
 * Each page has `maxRetries` quick retries with full jitter. Then it rests for a longer pause, which
 * doubles, and starts over. When it has rested `maxPauses` times and no page came through during the
 * last, the API is sick and the run ends, to be resumed later.
 */

export interface BackoffPolicy {
  /** Quick retries of a page before it is given a longer pause. */
  readonly maxRetries: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  readonly pauseMs: number;
  /** Pauses of one page before the run ends, unless others come through meanwhile. */
  readonly maxPauses: number;
}

export const DEFAULT_BACKOFF: BackoffPolicy = {
  maxRetries: 3,
  baseDelayMs: 500,
  maxDelayMs: 30_000,
  pauseMs: 30_000,
  maxPauses: 5,
};

/** What to do with a page that failed `failures` times in a row (≥ 1). */
export type BackoffDecision = Retry | { readonly type: 'giveUp' };

export interface Retry {
  readonly type: 'retry';
  readonly delayMs: number;
  readonly isPause: boolean;
}

/**
 * @param failures failures of this page in a row, this one included
 * @param random uniform in [0, 1)
 */
export function decideRetry(
  policy: BackoffPolicy,
  failures: number,
  random: number,
): BackoffDecision {
  const perPause = policy.maxRetries + 1;
  if (failures % perPause !== 0) {
    const ceilingMs = policy.baseDelayMs * 2 ** ((failures % perPause) - 1);
    // Full jitter: uniform from zero, so that many clients do not come back together.
    return {
      type: 'retry',
      delayMs: Math.min(policy.maxDelayMs, ceilingMs) * random,
      isPause: false,
    };
  }
  const pauses = failures / perPause;
  return pauses > policy.maxPauses ? { type: 'giveUp' } : pause(policy, pauses, random);
}

/** The rest of a page that had all its pauses while others come through. @param random as above */
export function longestPause(policy: BackoffPolicy, random: number): Retry {
  return pause(policy, policy.maxPauses, random);
}

function pause(policy: BackoffPolicy, nth: number, random: number): Retry {
  const delayMs = policy.pauseMs * 2 ** (nth - 1) * (0.5 + random / 2);
  return { type: 'retry', delayMs, isPause: true };
}
