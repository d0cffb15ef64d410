/** What a page's fault means for the page and for the run. */
import {
  type BackoffDecision,
  type BackoffPolicy,
  decideRetry,
  longestPause,
  type Retry,
} from './backoff.js';
import type { Fault } from './fault.js';
import type { PageJob } from './page-job.js';

/** Deaths of a worker with one page in hand until the page is reported. */
const WORKER_DEATHS_MAX = 3;
/** Whole answers that are no page until it is taken that they come from another API. */
const OTHER_ANSWERS_MAX = 2;
/** Cursors of one page that the API may refuse: each was new, so that another one is in vain. */
const CURSOR_REFUSALS_MAX = 3;
/** How long an API that has never answered is asked: nearly always the address is wrong. */
const SILENCE_MS_MAX = 60_000;
/** The longer pauses meanwhile begin with this. */
const SILENCE_PAUSE_MS = 5_000;

export type FaultDecision =
  /** The limiter waits; the page is not at fault. */
  | { readonly type: 'silence' }
  /** Asked for again with another cursor. */
  | { readonly type: 'newCursor' }
  | { readonly type: 'retry'; readonly delayMs: number; readonly isPause: boolean }
  /** The API is sick, or was never heard of: the run ends and can be resumed. */
  | { readonly type: 'pauseRun'; readonly reason: string }
  | { readonly type: 'failRun'; readonly fault: Fault };

/** What deciding needs beside the fault. */
interface How {
  readonly backoff: BackoffPolicy;
  /** In [0, 1). */
  readonly random: number;
}

/** What the API has said so far, in this process. */
export interface Heard {
  readonly hasAnswer: boolean;
  readonly hasPage: boolean;
  /** Since the first request left. */
  readonly silentMs: number;
  /** What this attempt took. */
  readonly attemptMs: number;
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
  how: How & { readonly commits: number; readonly heard: Heard },
): FaultDecision {
  if (fault.code === 'RATE_LIMITED') return { type: 'silence' };
  if (fault.code === 'CURSOR_EXPIRED' || fault.code === 'CURSOR_INVALID') {
    if (job.cursor === null || job.isFirst) {
      const message = `${fault.message}, though none was sent`;
      const remedy = 'Check the address of the API';
      return { type: 'failRun', fault: { remedy, ...fault, message } };
    }
    const isHopeless = job.count('cursorRefusals') > CURSOR_REFUSALS_MAX;
    return isHopeless ? { type: 'failRun', fault } : { type: 'newCursor' };
  }
  job.count('failures');
  if (fault.code === 'WORKER_DIED' && job.count('workerDeaths') >= WORKER_DEATHS_MAX) {
    const message = `the page has killed a worker ${WORKER_DEATHS_MAX} times: ${fault.message}`;
    return { type: 'failRun', fault: { ...fault, message } };
  }
  if (!fault.retryable) return { type: 'failRun', fault };
  if (
    fault.code === 'NOT_A_PAGE' &&
    !how.heard.hasPage &&
    job.count('otherAnswers') >= OTHER_ANSWERS_MAX
  ) {
    return { type: 'failRun', fault };
  }
  const pausesMax = pausesUntilFinal(fault, how.heard);
  if (pausesMax !== null)
    return pausesMax < 0 ? { type: 'failRun', fault } : bounded(job, fault, how, pausesMax);
  if (!how.heard.hasAnswer) return decideInSilence(job, how);
  const haveOthersCome = how.commits > job.commitsAtPause;
  const retry = decideRetry(how.backoff, job.troubles.failures, how.random);
  if (retry.type === 'giveUp' && !haveOthersCome) {
    return { type: 'pauseRun', reason: 'the API is not well' };
  }
  const rest = retry.type === 'giveUp' ? longestPause(how.backoff, how.random) : retry;
  if (rest.isPause) job.restAt(how.commits);
  return notBefore(rest, fault);
}

/** Longer pauses of a page until its fault ends the run; below 0: it does at once; null: never. */
function pausesUntilFinal(fault: Fault, heard: Heard): number | null {
  switch (fault.code) {
    case 'MACHINE':
      return 1;
    case 'LIMIT_REFUSED':
      return -1;
    case 'UNEXPECTED_STATUS':
      return heard.hasPage ? 1 : -1;
    case 'ADDRESS':
      return heard.hasAnswer ? null : 0;
    default:
      return null;
  }
}

function bounded(job: PageJob, fault: Fault, how: How, maxPauses: number): FaultDecision {
  const retry = decideRetry({ ...how.backoff, maxPauses }, job.troubles.failures, how.random);
  return retry.type === 'giveUp' ? { type: 'failRun', fault } : notBefore(retry, fault);
}

function decideInSilence(job: PageJob, how: How & { readonly heard: Heard }): FaultDecision {
  const { silentMs, attemptMs } = how.heard;
  const pauseMs = Math.min(how.backoff.pauseMs, SILENCE_PAUSE_MS);
  const retry = decideRetry({ ...how.backoff, pauseMs }, job.troubles.failures, how.random);
  // The next attempt may well take as long as this one did, and it too is to end in time.
  if (retry.type === 'retry' && silentMs + retry.delayMs + attemptMs <= SILENCE_MS_MAX)
    return retry;
  const reason = `nothing has answered in ${Math.round(silentMs / 1000)} s`;
  return { type: 'pauseRun', reason };
}

function notBefore(retry: Retry, fault: Fault): Retry {
  return { ...retry, delayMs: Math.max(retry.delayMs, fault.retryAfterMs ?? 0) };
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
  const retry = decideRetry(how.backoff, job.count('refreshFailures'), how.random);
  if (retry.type === 'giveUp') return { type: 'leave' };
  return { type: 'retry', delayMs: Math.max(retry.delayMs, fault.retryAfterMs ?? 0) };
}

/**
 * An answer that contradicts the order (a loop, a missing cursor, an old page) is worth more looks,
 * for a bad cache may have served it; one longer pause lets that expire, then it is final.
 */
export function decideOnContradiction(job: PageJob, how: How): BackoffDecision {
  return decideRetry({ ...how.backoff, maxPauses: 1 }, job.count('contradictions'), how.random);
}

/** Announced ends that are doubted get as many looks, and are then believed. @param doubts so far, this one included */
export function decideOnDoubtedEnd(doubts: number, how: How): BackoffDecision {
  return decideRetry({ ...how.backoff, maxPauses: 1 }, doubts, how.random);
}
