import { describe, expect, test } from 'vitest';
import { IngestionError } from '../../src/core/fault.js';
import type { Posted } from '../../src/session/submission/submit-client.js';
import { ANSWER_TIMEOUT_MS } from '../../src/session/submission/submit-decide.js';
import { submitIds } from '../../src/session/submission/submit-ids.js';
import type { Submission, SubmissionList } from '../../src/source/submission-form.js';

const COUNTED: Submission = {
  ...{ submissionId: 'one', eventCount: 100, githubRepoUrl: 'https://github.com/a/b' },
  ...{ submittedAt: null, timeToSubmit: null, submissionNumber: 1, remainingSubmissions: 4 },
};
const NONE: SubmissionList = { submissions: [], remaining: 5 };
const ONE: SubmissionList = { submissions: [COUNTED], remaining: 4 };
const LOST: Posted = { type: 'lost', reason: 'reset', isBodySent: false };
/** The server has every id, and its answer did not arrive. */
const LOST_WHOLE: Posted = { type: 'lost', reason: 'HTTP 504', isBodySent: true };
const ANSWERED: Posted = { type: 'answered', submission: COUNTED };

/** An API that gives these answers in turn; the last list for ever. Time is what was paused. */
function scripted(posts: readonly Posted[], lists: readonly (SubmissionList | Error)[] = []) {
  const waitingPosts = [...posts];
  const waitingLists = [...lists];
  const calls: string[] = [];
  const clock = { nowMs: 0 };
  return {
    calls,
    clock,
    client: {
      async post(): Promise<Posted> {
        calls.push('post');
        const next = waitingPosts.shift();
        if (next === undefined) throw new Error('one post too many');
        return next;
      },
      async list(): Promise<SubmissionList> {
        calls.push('list');
        const next = waitingLists.length > 1 ? waitingLists.shift() : waitingLists[0];
        if (next instanceof Error) throw next;
        return next ?? NONE;
      },
    },
  };
}

function submit(api: ReturnType<typeof scripted>, wantsAnother = true) {
  return submitIds({
    client: api.client,
    file: { path: 'ids', bytes: 3_700 },
    sent: { githubRepoUrl: 'https://github.com/a/b', idCount: 100 },
    before: NONE,
    say: () => {},
    pause: async (forMs) => {
      api.clock.nowMs += forMs;
    },
    wantsAnother: async () => wantsAnother,
  });
}

describe('a submission', () => {
  test('that is answered is sent once and not looked for', async () => {
    const api = scripted([ANSWERED]);
    expect(await submit(api)).toMatchObject({ type: 'submitted', isFromList: false });
    expect(api.calls).toEqual(['post']);
  });

  test('whose answer is lost, and that counted, is never sent again', async () => {
    const api = scripted([LOST], [ONE]);
    expect(await submit(api)).toEqual({
      ...{ type: 'submitted', submission: COUNTED, isFromList: true },
    });
    expect(api.calls).toEqual(['post', 'list']);
  });

  test('that counts a while after the connection broke is found too', async () => {
    const api = scripted([LOST], [NONE, ONE]);
    expect(await submit(api)).toMatchObject({ type: 'submitted', isFromList: true });
    expect(api.calls).toEqual(['post', 'list', 'list']);
  });

  test('that did not arrive whole is sent again only after the API has said so three times', async () => {
    const api = scripted([LOST, ANSWERED], [NONE]);
    expect(await submit(api)).toMatchObject({ type: 'submitted', isFromList: false });
    expect(api.calls).toEqual(['post', 'list', 'list', 'list', 'post']);
  });

  test('that arrived whole is not sent again while the API may still be counting it', async () => {
    const api = scripted([LOST_WHOLE, ANSWERED], [NONE]);
    const { client } = api;
    const postedAtMs: number[] = [];
    const post = client.post.bind(client);
    client.post = () => {
      postedAtMs.push(api.clock.nowMs);
      return post();
    };
    expect(await submit(api)).toMatchObject({ type: 'submitted', isFromList: false });
    expect(postedAtMs[0]).toBe(0);
    expect(postedAtMs[1]).toBeGreaterThanOrEqual(ANSWER_TIMEOUT_MS);
  });

  test('that counts while a person thinks about another is never sent again', async () => {
    const api = scripted([LOST], [NONE, NONE, ONE]);
    expect(await submit(api)).toEqual({
      ...{ type: 'submitted', submission: COUNTED, isFromList: true },
    });
    expect(api.calls).toEqual(['post', 'list', 'list', 'list']);
  });

  test('that counts while a person decides against another is told as counted', async () => {
    const api = scripted([LOST], [NONE, NONE, ONE]);
    expect(await submit(api, false)).toMatchObject({ type: 'submitted', isFromList: true });
  });

  test('is not sent again when the list cannot be had after the question', async () => {
    const away = new IngestionError({ code: 'NETWORK', message: 'away', retryable: true });
    const api = scripted([LOST], [NONE, NONE, away]);
    expect(await submit(api)).toMatchObject({ type: 'unknown', reason: 'away' });
    expect(api.calls.filter((call) => call === 'post')).toHaveLength(1);
  });

  test('whose second attempt is refused may have counted by the first', async () => {
    const fault = { code: 'CONTRACT', message: 'none is left', retryable: false } as const;
    const api = scripted([LOST, { type: 'refused', fault }], [NONE, NONE, NONE, ONE]);
    expect(await submit(api)).toMatchObject({ type: 'submitted', isFromList: true });
    const other = scripted([LOST, { type: 'refused', fault }], [NONE]);
    expect(await submit(other)).toEqual({ type: 'refused', fault });
  });

  test('that did not count is given up when nobody wants another', async () => {
    const api = scripted([LOST], [NONE]);
    expect(await submit(api, false)).toEqual({ type: 'givenUp', reason: 'reset' });
  });

  test('is not sent again while the API does not say what it has counted', async () => {
    const away = new IngestionError({ code: 'NETWORK', message: 'away', retryable: true });
    const api = scripted([LOST], [away]);
    expect(await submit(api)).toMatchObject({ type: 'unknown', reason: 'away' });
    expect(api.calls.filter((call) => call === 'post')).toHaveLength(1);
  });

  test('that the API refuses is not looked for', async () => {
    const fault = { code: 'CONTRACT', message: 'no ids', retryable: false } as const;
    const api = scripted([{ type: 'refused', fault }]);
    expect(await submit(api)).toEqual({ type: 'refused', fault });
    expect(api.calls).toEqual(['post']);
  });
});
