import { describe, expect, test } from 'vitest';
import { submissions } from '../../src/source/datasync/submissions.js';

const { isRepositoryUrl, readSubmission, readList, path } = submissions;
const faultOf = (status: number, body: unknown) => submissions.faultOf(status, body, []);

const ANSWER = {
  success: true,
  data: {
    ...{ submissionId: 's', eventCount: 3_000_000, githubRepoUrl: 'https://github.com/a/b' },
    submittedAt: '2026-01-27T19:20:12.369Z',
    timeToSubmit: { ms: 3_541_000, seconds: 3541, minutes: 59, formatted: '59m 1s' },
    ...{ submissionNumber: 2, remainingSubmissions: 3 },
  },
  message: 'received',
};

describe('an answer', () => {
  test('is read whole', () => {
    expect(readSubmission(ANSWER)).toEqual({
      ...ANSWER.data,
      timeToSubmit: '59m 1s',
    });
  });

  test('that lacks fields is still one, and time in ms is worded', () => {
    const bare = { data: { submissionNumber: 1, timeToSubmit: { ms: 61_000 } } };
    expect(readSubmission(bare)).toMatchObject({ submissionId: null, timeToSubmit: '1m 1s' });
  });

  test.each([null, 'OK', {}, { data: {} }, { data: { eventCount: 'many' } }])(
    '%j is none',
    (json) => {
      expect(readSubmission(json)).toBeNull();
    },
  );
});

describe('the list', () => {
  test('says how many are left, or lets it be counted', () => {
    const { data } = ANSWER;
    const said = { data: { submissions: [data], remainingSubmissions: 3 } };
    expect(readList(said)?.remaining).toBe(3);
    expect(readList({ data: [data, data] })?.remaining).toBe(3);
    expect(readList({ data: { submissions: [] } })?.remaining).toBe(5);
  });

  test.each([null, [], { data: 'none' }, { data: { submissions: 3 } }])('%j is none', (json) => {
    expect(readList(json)).toBeNull();
  });
});

describe('a refusal', () => {
  test('for want of submissions is not taken for a wrong key', () => {
    const body = { code: 'SUBMISSION_LIMIT_REACHED', message: 'All 5 are used' };
    expect(faultOf(403, body)).toMatchObject({ code: 'CONTRACT', retryable: false });
    expect(faultOf(403, body).message).toContain('All 5 are used');
    expect(faultOf(403, null).code).toBe('CREDENTIALS');
    expect(faultOf(401, { message: 'no' }).code).toBe('CREDENTIALS');
  });

  test('repeats what the API says of a bad body', () => {
    const { message } = faultOf(400, { code: 'INVALID_BODY', message: 'No event ids' });
    expect(message).toBe('HTTP 400 INVALID_BODY No event ids');
  });

  test('of a server that failed can be tried again', () => {
    expect(faultOf(502, null).retryable).toBe(true);
  });
});

test('the URL of the repository is checked and encoded', () => {
  expect(isRepositoryUrl('https://github.com/a/b')).toBe(true);
  const wrong = ['http://github.com/a/b', 'https://github.com/a', 'https://gitlab.com/a/b', 'a/b'];
  for (const url of wrong) expect(isRepositoryUrl(url)).toBe(false);
  expect(path('/api/v1', 'https://github.com/a/b')).toBe(
    '/api/v1/submissions?github_repo=https%3A%2F%2Fgithub.com%2Fa%2Fb',
  );
  expect(path('/api/v1', null)).toBe('/api/v1/submissions');
});
