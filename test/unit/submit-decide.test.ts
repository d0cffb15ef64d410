import { describe, expect, test } from 'vitest';
import {
  ANSWER_TIMEOUT_MS,
  checkDelaysMs,
  findTwin,
  whatBecame,
} from '../../src/session/submission/submit-decide.js';
import type { Submission, SubmissionList } from '../../src/source/submission-form.js';

const URL = 'https://github.com/a/b';
const SENT = { githubRepoUrl: URL, idCount: 100 };

function submission(changes: Partial<Submission>): Submission {
  return {
    ...{ submissionId: null, eventCount: 100, githubRepoUrl: URL, submittedAt: null },
    ...{ timeToSubmit: null, submissionNumber: 1, remainingSubmissions: null },
    ...changes,
  };
}

function list(...submissions: Submission[]): SubmissionList {
  return { submissions, remaining: 5 - submissions.length };
}

const earlier = submission({ submissionId: 'one' });

describe('a submission whose answer was lost', () => {
  test('counted when the list has one more, and it is that one', () => {
    const own = submission({ submissionId: 'two', submissionNumber: 2 });
    const verdict = whatBecame(list(earlier), list(earlier, own), SENT);
    expect(verdict).toEqual({ type: 'counted', submission: own });
  });

  test('did not count when the list is as it was', () => {
    expect(whatBecame(list(earlier), list(earlier), SENT)).toEqual({ type: 'notCounted' });
  });

  test('that was counted with fewer ids is found all the same', () => {
    const cut = submission({ submissionId: 'two', eventCount: 40 });
    expect(whatBecame(list(), list(cut), SENT)).toEqual({ type: 'counted', submission: cut });
  });

  test('is told from one that somebody else made meanwhile', () => {
    const foreign = submission({ submissionId: 'x', githubRepoUrl: 'https://github.com/x/y' });
    const own = submission({ submissionId: 'y' });
    expect(whatBecame(list(), list(foreign, own), SENT)).toMatchObject({ submission: own });
    expect(whatBecame(list(), list(foreign), SENT).type).toBe('unclear');
  });

  test('is unclear where two of the same repository have come, none of our size', () => {
    const some = ['x', 'y'].map((submissionId) => submission({ submissionId, eventCount: 7 }));
    expect(whatBecame(list(), list(...some), SENT).type).toBe('unclear');
  });

  test('is unclear where fewer are left and the list names none', () => {
    expect(whatBecame(list(), { submissions: [], remaining: 4 }, SENT).type).toBe('unclear');
  });

  test('is known by its number and time where the API gives no id', () => {
    const first = submission({ submittedAt: '2026-01-01T00:00:00Z' });
    const second = submission({ submissionNumber: 2, submittedAt: '2026-01-02T00:00:00Z' });
    const verdict = whatBecame(list(first), list(first, second), SENT);
    expect(verdict).toEqual({ type: 'counted', submission: second });
  });
});

test('a server that has the whole body is asked for as long as its answer would be awaited', () => {
  const total = (delays: readonly number[]) => delays.reduce((sum, ms) => sum + ms, 0);
  expect(total(checkDelaysMs(true))).toBeGreaterThanOrEqual(ANSWER_TIMEOUT_MS);
  expect(total(checkDelaysMs(false))).toBeLessThan(5_000);
  expect(checkDelaysMs(true)[0]).toBe(0);
});

test('what a program that was broken off has sent is known again by repository and size', () => {
  const own = submission({ submissionId: 'two', githubRepoUrl: `${URL}/` });
  expect(findTwin(list(earlier, own), SENT)).toBe(own);
  const others = [{ eventCount: 99 }, { githubRepoUrl: 'https://github.com/x/y' }].map(submission);
  expect(findTwin(list(...others), SENT)).toBeNull();
});
