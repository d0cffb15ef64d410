/**
 * Hands the ids in, once: a submission is spent at most once, whatever the network does.
 *
 *   list ─▶ ask ─▶ post ─ answered ─────────────────────▶ counted
 *                   ▲ └─ lost ─▶ list, as long as it may yet count
 *                   │             ├─ there is a new one ─▶ counted
 *                   │             ├─ cannot be told ─────▶ unknown
 *                   │             └─ not counted ─▶ ask ─▶ list once more
 *                   └───────────────── still not counted ◀──┘
 *
 * Every list is compared with the one from before the first attempt: none is forgotten on the way.
 */
import { type Fault, IngestionError } from '../../core/fault.js';
import type { Submission, SubmissionList } from '../../source/submission-form.js';
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
  readonly pause: (forMs: number) => Promise<void>;
  /** Whether to send once more; asked when an attempt was lost and did not count. */
  readonly wantsAnother: (attempt: number) => Promise<boolean>;
}

export async function submitIds(parts: SubmitParts): Promise<SubmitOutcome> {
  const { client, file, sent, say } = parts;
  for (let attempt = 1; ; attempt++) {
    const posted = await client.post(file, sent.githubRepoUrl);
    if (posted.type === 'answered') {
      return { type: 'submitted', submission: posted.submission, isFromList: false };
    }
    if (posted.type === 'refused') {
      // The reason can be that an attempt before this one has counted after all.
      const earlier = attempt > 1 ? await look(parts) : null;
      return earlier?.type === 'counted' ? found(earlier) : posted;
    }
    const checksMs = checkDelaysMs(posted.isBodySent);
    say(`The answer was lost: ${posted.reason}. ${lookingText(checksMs)}`);
    const verdict = await lookUntilClear(parts, checksMs);
    if (verdict.type === 'counted') return found(verdict);
    if (verdict.type === 'unclear') return { type: 'unknown', reason: verdict.reason };
    say('It did not count.');
    const wantsAnother = await parts.wantsAnother(attempt);
    // Whoever was asked may have taken long to answer, and it can have counted meanwhile.
    const now = await look(parts);
    if (now.type === 'counted') return found(now);
    if (now.type === 'unclear') return { type: 'unknown', reason: now.reason };
    if (!wantsAnother) return { type: 'givenUp', reason: posted.reason };
  }
}

/** A server that has the whole body may count it a while after the connection broke. */
async function lookUntilClear(parts: SubmitParts, checksMs: readonly number[]): Promise<Verdict> {
  let verdict: Verdict = { type: 'notCounted' };
  for (const delayMs of checksMs) {
    await parts.pause(delayMs);
    verdict = await look(parts);
    if (verdict.type === 'counted') return verdict;
  }
  return verdict;
}

async function look({ client, before, sent }: SubmitParts): Promise<Verdict> {
  try {
    return whatBecame(before, await client.list(), sent);
  } catch (error) {
    if (!(error instanceof IngestionError)) throw error;
    return { type: 'unclear', reason: error.message };
  }
}

function found({ submission }: Extract<Verdict, { type: 'counted' }>): SubmitOutcome {
  return { type: 'submitted', submission, isFromList: true };
}

function lookingText(checksMs: readonly number[]): string {
  const seconds = checksMs.reduce((sum, ms) => sum + ms, 0) / 1000;
  return `Looking for up to ${seconds} s whether the submission counted ...`;
}
