/**
 * Submissions of the DataSync API: five times a key, the ids of all events are handed in as text, one
 * a line. Builds the paths and reads the answers; docs/api.md has the facts. Clients report this form
 * and none of it was captured, so that what is not certain may be missing.
 */
import * as z from 'zod/mini';
import type { Fault } from '../../core/fault.js';
import { faultForStatus } from '../http-fault.js';
import type { Submission, SubmissionForm, SubmissionList } from '../submission-form.js';
import { remediesFor } from './remedies.js';

const SUBMISSIONS_MAX = 5;
const WORDS_MAX = 300;

const REPOSITORY = /^https:\/\/github\.com\/[^/\s?#]+\/[^/\s?#]+\/?$/;

const text = z.nullish(z.string());
const count = z.nullish(z.number());
const submissionForm = z.object({
  ...{ submissionId: text, eventCount: count, githubRepoUrl: text, submittedAt: text },
  timeToSubmit: z.nullish(z.looseObject({ formatted: text, ms: count })),
  ...{ submissionNumber: count, remainingSubmissions: count },
});
const errorForm = z.object({ code: text, message: text });
const answerForm = z.object({ data: submissionForm });
const listForm = z.object({
  data: z.union([
    z.array(submissionForm),
    z.object({ submissions: z.array(submissionForm), remainingSubmissions: count }),
  ]),
});

export const submissions: SubmissionForm = {
  isRepositoryUrl: (url) => REPOSITORY.test(url),
  path: submissionsPath,
  readSubmission,
  readList: readSubmissionList,
  faultOf: submissionFault,
};

function submissionsPath(basePath: string, githubRepoUrl: string | null): string {
  const query = githubRepoUrl === null ? '' : `?github_repo=${encodeURIComponent(githubRepoUrl)}`;
  return `${basePath}/submissions${query}`;
}

function readSubmission(json: unknown): Submission | null {
  const parsed = answerForm.safeParse(json);
  if (!parsed.success) return null;
  const submission = submissionOf(parsed.data.data);
  // An object without any of the fields is an answer to something else.
  const isKnown = submission.submissionId !== null || submission.submissionNumber !== null;
  return isKnown || submission.eventCount !== null ? submission : null;
}

function readSubmissionList(json: unknown): SubmissionList | null {
  const parsed = listForm.safeParse(json);
  if (!parsed.success) return null;
  const { data } = parsed.data;
  const found = Array.isArray(data) ? data : data.submissions;
  const said = Array.isArray(data) ? null : data.remainingSubmissions;
  const submissions = found.map(submissionOf);
  return { submissions, remaining: said ?? Math.max(0, SUBMISSIONS_MAX - submissions.length) };
}

function submissionFault(status: number, body: unknown, credentials: readonly string[]): Fault {
  const said = errorForm.safeParse(body);
  const code = said.data?.code ?? null;
  const words = said.data?.message?.slice(0, WORDS_MAX) ?? null;
  const fault = faultForStatus(status, {
    code,
    isLimited: false,
    remedies: remediesFor(credentials),
  });
  const message = [`HTTP ${status}`, code, words].filter((part) => part !== null).join(' ');
  // The one 403 that is not about the key.
  if (code === 'SUBMISSION_LIMIT_REACHED' || fault.code === 'UNEXPECTED_STATUS') {
    return { code: 'CONTRACT', message, retryable: false, status };
  }
  return words === null ? fault : { ...fault, message: `${fault.message} (${words})` };
}

function submissionOf(form: z.infer<typeof submissionForm>): Submission {
  const { timeToSubmit } = form;
  return {
    submissionId: form.submissionId ?? null,
    eventCount: form.eventCount ?? null,
    githubRepoUrl: form.githubRepoUrl ?? null,
    submittedAt: form.submittedAt ?? null,
    timeToSubmit: timeToSubmit?.formatted ?? msText(timeToSubmit?.ms ?? null),
    submissionNumber: form.submissionNumber ?? null,
    remainingSubmissions: form.remainingSubmissions ?? null,
  };
}

function msText(ms: number | null): string | null {
  return ms === null ? null : `${Math.floor(ms / 60_000)}m ${Math.floor(ms / 1000) % 60}s`;
}
