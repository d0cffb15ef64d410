/**
 * Hands the ids in, once: a submission is spent at most once, whatever the network does.
 *
 *   list ─▶ ask ─▶ post ─ answered ─────────────────────────────▶ counted
 *            ▲       └─ lost ─▶ list again ─ there is a new one ─▶ counted
 *            └── not counted ──────┘       └ cannot be told ─────▶ unknown
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, IngestionError } from '../core/fault.js';
import type { Submission, SubmissionList } from '../source/submissions.js';
import type { IdsFile, SubmitClient } from './submit-client.js';
import { checkDelaysMs, type Sent, type Verdict, whatBecame } from './submit-decide.js';

export type SubmitOutcome =
  | { readonly type: 'submitted'; readonly submission: Submission; readonly isFromList: boolean }
  | { readonly type: 'refused'; readonly fault: Fault }
  /** It was not sent again, for it may have counted. */
  | { readonly type: 'unknown'; readonly reason: string }
  /** Nothing was counted and the person does not want another attempt. */
  | { readonly type: 'givenUp'; readonly reason: string };

export interface SubmitParts {
  readonly client: Pick<SubmitClient, 'list' | 'post'>;
  readonly file: IdsFile;
  readonly sent: Sent;
  /** What was submitted before. */
  readonly before: SubmissionList;
  /** Tells what is going on. */
  readonly say: (text: string) => void;
  /** Whether to send once more; asked when an attempt was lost and did not count. */
  readonly wantsAnother: (attempt: number) => Promise<boolean>;
}

export async function submitIds(parts: SubmitParts): Promise<SubmitOutcome> {
  const { client, file, sent, say } = parts;
  let { before } = parts;
  for (let attempt = 1; ; attempt++) {
    const posted = await client.post(file, sent.githubRepoUrl);
    if (posted.type === 'answered') {
      return { type: 'submitted', submission: posted.submission, isFromList: false };
    }
    if (posted.type === 'refused') return posted;
    say(`The answer was lost: ${posted.reason}. Looking whether the submission counted ...`);
    const verdict = await lookUntilClear(parts, before, posted.isBodySent);
    if (verdict.type === 'counted') {
      return { type: 'submitted', submission: verdict.submission, isFromList: true };
    }
    if (verdict.type === 'unclear') return { type: 'unknown', reason: verdict.reason };
    say('It did not count.');
    if (!(await parts.wantsAnother(attempt))) return { type: 'givenUp', reason: posted.reason };
    before = await client.list();
  }
}

/** A server that has the whole body may count it a while after the connection broke. */
async function lookUntilClear(
  { client, sent }: SubmitParts,
  before: SubmissionList,
  isBodySent: boolean,
): Promise<Verdict> {
  let verdict: Verdict = { type: 'notCounted' };
  for (const delayMs of checkDelaysMs(isBodySent)) {
    await delay(delayMs);
    try {
      verdict = whatBecame(before, await client.list(), sent);
    } catch (error) {
      if (!(error instanceof IngestionError)) throw error;
      verdict = { type: 'unclear', reason: error.message };
    }
    if (verdict.type === 'counted') return verdict;
  }
  return verdict;
}
