/** How an API takes the ids of all records, in the few attempts that it gives a key. */
import type { Fault } from '../core/fault.js';

/** What the API says of one submission; null: it does not say. */
export interface Submission {
  readonly submissionId: string | null;
  /** Ids that it has counted. */
  readonly eventCount: number | null;
  readonly githubRepoUrl: string | null;
  readonly submittedAt: string | null;
  /** From the first request with the key: the "Time to Complete". */
  readonly timeToSubmit: string | null;
  readonly submissionNumber: number | null;
  readonly remainingSubmissions: number | null;
}

export interface SubmissionList {
  readonly submissions: readonly Submission[];
  readonly remaining: number;
}

export interface SubmissionForm {
  isRepositoryUrl(url: string): boolean;
  /** @param githubRepoUrl null: to ask what was submitted */
  path(basePath: string, githubRepoUrl: string | null): string;
  /** The answer to a submission; null when it is none. */
  readSubmission(json: unknown): Submission | null;
  /** What was submitted so far; null when it is no list. */
  readList(json: unknown): SubmissionList | null;
  /**
   * The fault that a refusal is, with what the API says in words.
   *
   * @param body the answer, parsed; null when it is no JSON
   * @param credentials see `SourcePlan.credentials`
   */
  faultOf(status: number, body: unknown, credentials: readonly string[]): Fault;
}
