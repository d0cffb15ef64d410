/** What a page's fault means for the page and for the run. */
import { type BackoffPolicy, decideRetry, longestPause } from './backoff.js';
import type { Fault } from './fault.js';
import type { PageJob } from './page-job.js';

/** Deaths of a worker with one page in hand until the page is reported. */
const WORKER_DEATHS_MAX = 3;
/** Whole answers that are no page until it is taken that they come from another API. */
const OTHER_ANSWERS_MAX = 2;
/** Cursors of one page that the API may refuse: each was new, so that another one is in vain. */
const CURSOR_REFUSALS_MAX = 3;

export type FaultDecision =
  /** The limiter waits; the page is not at fault. */
  | { readonly type: 'silence' }
  /** Asked for again with another cursor. */
  | { readonly type: 'newCursor' }
  | { readonly type: 'retry'; readonly delayMs: number; readonly isPause: boolean }
  /** The API is sick: the run ends and can be resumed. */
  | { readonly type: 'pauseRun' }
  | { readonly type: 'failRun'; readonly fault: Fault };

/** What deciding needs beside the fault. */
interface How {
  readonly backoff: BackoffPolicy;
  /** In [0, 1). */
  readonly random: number;
}

/**
 * Counts the fault against the page. A refusal costs no attempt.
 *
 * @param how.commits pages that the run has committed: while others come through, the API is not
 *   sick, and a page that fails for good rests until they all are through
 * @param how.hasPage a page of the run was good: what answers is the API that is configured
 */
export function decideOnFault(
  job: PageJob,
  fault: Fault,
  how: How & { readonly commits: number; readonly hasPage: boolean },
): FaultDecision {
  if (fault.code === 'RATE_LIMITED') return { type: 'silence' };
  if (fault.code === 'CURSOR_EXPIRED' || fault.code === 'CURSOR_INVALID') {
    const isHopeless = ++job.cursorRefusals > CURSOR_REFUSALS_MAX;
    return isHopeless ? { type: 'failRun', fault } : { type: 'newCursor' };
  }
  job.failures++;
  if (fault.code === 'WORKER_DIED' && ++job.workerDeaths >= WORKER_DEATHS_MAX) {
    const message = `the page has killed a worker ${WORKER_DEATHS_MAX} times: ${fault.message}`;
    return { type: 'failRun', fault: { ...fault, message } };
  }
  if (!fault.retryable) return { type: 'failRun', fault };
  if (fault.code === 'NOT_A_PAGE' && !how.hasPage && ++job.otherAnswers >= OTHER_ANSWERS_MAX) {
    return { type: 'failRun', fault };
  }
  const haveOthersCome = how.commits > job.commitsAtPause;
  const retry = decideRetry(how.backoff, job.failures, how.random);
  if (retry.type === 'giveUp' && !haveOthersCome) return { type: 'pauseRun' };
  const rest = retry.type === 'giveUp' ? longestPause(how.backoff, how.random) : retry;
  if (rest.isPause) job.commitsAtPause = how.commits;
  return { ...rest, delayMs: Math.max(rest.delayMs, fault.retryAfterMs ?? 0) };
}

export type RefreshDecision =
  | { readonly type: 'silence' }
  | { readonly type: 'retry'; readonly delayMs: number }
  /** The cursor is not renewed any more; the page is asked for with it, dead or alive. */
  | { readonly type: 'leave' }
  | { readonly type: 'failRun' };

/** What it means that a cursor could not be renewed while its page waits. */
export function decideOnRefreshFault(job: PageJob, fault: Fault, how: How): RefreshDecision {
  if (fault.code === 'RATE_LIMITED') return { type: 'silence' };
  // The page before has lost its own cursor: there is nothing to ask again for.
  if (fault.code === 'CURSOR_EXPIRED' || fault.code === 'CURSOR_INVALID') return { type: 'leave' };
  if (!fault.retryable) return { type: 'failRun' };
  const retry = decideRetry(how.backoff, ++job.refreshFailures, how.random);
  if (retry.type === 'giveUp') return { type: 'leave' };
  return { type: 'retry', delayMs: Math.max(retry.delayMs, fault.retryAfterMs ?? 0) };
}

/**
 * An answer that contradicts the order (a loop, a missing cursor, an old page) is worth more looks,
 * for a bad cache may have served it; one longer pause lets that expire, then it is final.
 */
export function decideOnContradiction(
  job: PageJob,
  how: How,
): { readonly type: 'retry'; readonly delayMs: number } | { readonly type: 'failRun' } {
  job.contradictions++;
  const retry = decideRetry({ ...how.backoff, maxPauses: 1 }, job.contradictions, how.random);
  return retry.type === 'giveUp' ? { type: 'failRun' } : retry;
}
