/**
 * What became of a submission whose answer was lost. Pure: two lists of the API in, a verdict out.
 */
import type { Submission, SubmissionList } from '../../source/submission-form.js';

/** An answer is waited for so long: the API may look at every id before it gives one. */
export const ANSWER_TIMEOUT_MS = 180_000;

/** A server that has the whole body may count it for as long as an answer would be waited for. */
const CHECKS_AFTER_WHOLE_BODY_MS: readonly number[] = [
  ...[0, 1_000, 2_000, 4_000, 8_000, 15_000],
  ...Array.from({ length: 5 }, () => ANSWER_TIMEOUT_MS / 6),
];
/** Ids that did not all arrive are not counted later either. */
const CHECKS_AFTER_PART_MS: readonly number[] = [0, 1_000];

export type Verdict =
  /** The API has counted it. */
  | { readonly type: 'counted'; readonly submission: Submission }
  | { readonly type: 'notCounted' }
  /** Something was counted, and which it is cannot be told. */
  | { readonly type: 'unclear'; readonly reason: string };

export interface Sent {
  readonly githubRepoUrl: string;
  readonly idCount: number;
}

/** @param before what was submitted before the first attempt @param after what is now */
export function whatBecame(before: SubmissionList, after: SubmissionList, sent: Sent): Verdict {
  const known = new Set(before.submissions.map(nameOf));
  const added = after.submissions.filter((submission) => !known.has(nameOf(submission)));
  if (added.length === 0) return fromRemaining(before, after);
  const own = added.filter(({ githubRepoUrl }) => isSameUrl(githubRepoUrl, sent.githubRepoUrl));
  const whole = own.filter((each) => isLike(each, sent));
  const submission = whole.at(-1) ?? (own.length === 1 ? own[0] : undefined);
  if (submission !== undefined) return { type: 'counted', submission };
  return {
    type: 'unclear',
    reason: `the API has counted ${added.length} since, and none of them can be told to be this one`,
  };
}

/** A list that names nothing still counts. */
function fromRemaining(before: SubmissionList, after: SubmissionList): Verdict {
  if (after.remaining >= before.remaining) return { type: 'notCounted' };
  return {
    type: 'unclear',
    reason: `${before.remaining} were left and ${after.remaining} are, and the list does not say why`,
  };
}

function nameOf({ submissionId, submissionNumber, submittedAt }: Submission): string {
  return submissionId ?? `${submissionNumber ?? ''} ${submittedAt ?? ''}`;
}

function isSameUrl(said: string | null, sent: string): boolean {
  return said === null || said.replace(/\/$/, '') === sent.replace(/\/$/, '');
}

/** The pauses before each look at what the API has counted, once an answer was lost, in ms. */
export function checkDelaysMs(isBodySent: boolean): readonly number[] {
  return isBodySent ? CHECKS_AFTER_WHOLE_BODY_MS : CHECKS_AFTER_PART_MS;
}

/**
 * A submission in the list that may be these very ids: a program that was broken off has no record of
 * what it sent. @returns null: there is none
 */
export function findTwin({ submissions }: SubmissionList, sent: Sent): Submission | null {
  return submissions.findLast((each) => isLike(each, sent)) ?? null;
}

function isLike({ githubRepoUrl, eventCount }: Submission, sent: Sent): boolean {
  const isOurs = isSameUrl(githubRepoUrl, sent.githubRepoUrl);
  // An answer that does not say how many it counted may still be ours.
  return isOurs && (eventCount === null || eventCount === sent.idCount);
}
