/**
 * What became of a submission whose answer was lost. Pure: two lists of the API in, a verdict out.
 */
import type { Submission, SubmissionList } from '../source/submissions.js';

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

/** @param before what was submitted when this attempt began @param after what is now */
export function whatBecame(before: SubmissionList, after: SubmissionList, sent: Sent): Verdict {
  const known = new Set(before.submissions.map(nameOf));
  const added = after.submissions.filter((submission) => !known.has(nameOf(submission)));
  if (added.length === 0) return fromRemaining(before, after);
  const own = added.filter(({ githubRepoUrl }) => isSameUrl(githubRepoUrl, sent.githubRepoUrl));
  // An answer that does not say how many it counted may still be ours.
  const whole = own.filter(({ eventCount }) => eventCount === null || eventCount === sent.idCount);
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

/** How long after a lost answer the API is asked what it has counted, in ms: it may still be at it. */
export function checkDelaysMs(isBodySent: boolean): readonly number[] {
  return isBodySent ? [0, 1_000, 2_000, 4_000] : [0, 1_000];
}
