/** A submission as the run's record and its report hold it. */
import * as z from 'zod/mini';
import type { ReportedSubmission } from '../../observe/run-report.js';
import type { Submission } from '../../source/submission-form.js';

/** What is kept of a submission: what was sent, and what the API has said to it. */
export interface SubmissionRecord {
  readonly run: number;
  /** Where it was sent to, without the key. */
  readonly api: string;
  readonly githubRepoUrl: string;
  readonly sentAt: string;
  /** What was sent. */
  readonly ids: { readonly count: number; readonly bytes: number; readonly sha256: string };
  readonly answer: Submission;
  /** The answer was lost; the API's list says that it counted. */
  readonly isFromList: boolean;
}

const form = z.object({
  githubRepoUrl: z.string(),
  answer: z.object({
    submissionNumber: z.nullable(z.number()),
    eventCount: z.nullable(z.number()),
    submittedAt: z.nullable(z.string()),
    timeToSubmit: z.nullable(z.string()),
  }),
});

/** @param stored what the ledger has; null when it is none */
export function reportedSubmission(
  stored: Readonly<Record<string, unknown>> | null,
): ReportedSubmission | null {
  const parsed = form.safeParse(stored);
  if (!parsed.success) return null;
  const { githubRepoUrl, answer } = parsed.data;
  const { submissionNumber, eventCount, submittedAt, timeToSubmit } = answer;
  return { githubRepoUrl, submissionNumber, eventCount, submittedAt, timeToSubmit };
}
