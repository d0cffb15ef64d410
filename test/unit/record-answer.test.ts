/** What becomes of a refusal that a page of a source file gets. */
import { describe, expect, test } from 'vitest';
import type { PageTask } from '../../src/protocol/fetch-messages.js';
import { compileSource } from '../../src/source/compile-source.js';
import type { RecordSource, Refusal } from '../../src/source/source.js';
import { readRecordAnswer } from '../../workers/fetch/record-answer.js';
import { planOf } from '../support/source-files.js';

const fileWith = (actions: string): string => `
client: { base_url: 'https://api.example.com' }
resources:
  - name: items
    endpoint:
      paginator: { type: offset, limit: 10 }
      response_actions: [${actions}]
x-ingestion: { throttle: [{ header: X-Slow }] }
`;
const URL = 'https://api.example.com/items?offset=70&limit=10';

function sourceWith(actions: string): RecordSource {
  return compileSource(planOf(fileWith(actions)), 'items', { nowMs: 0, secrets: [] });
}

const source = sourceWith('{ status_code: 410, action: ignore }');
const asked = {
  ...{ taskId: 1, cursor: '70', limit: 10, isHeadOnly: false, isHeadUrgent: false },
  buffers: null,
};

function metaOf(status: number) {
  return {
    ...{ status, limits: null, dateMs: null, requestId: null, bodyBytes: 0, redirects: 0 },
    ...{ sentAtMs: 0, headAtMs: 0, endAtMs: 0 },
  };
}

function answered(status: number, task: Partial<PageTask> = {}) {
  const refusal: Refusal = { status, body: '', isLimited: false, header: () => null };
  const fault = source.readError(refusal);
  return readRecordAnswer(
    { ...asked, ...task },
    source,
    { type: 'fault', fault, refusal, buffer: null, meta: metaOf(status) },
    URL,
  );
}

function emptied(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  from: RecordSource = source,
) {
  const all = { 'content-type': 'application/json', ...headers };
  const answer = { url: URL, buffer: null, meta: metaOf(status), headers: all };
  return readRecordAnswer(asked, from, { type: 'empty', ...answer }, URL);
}

const EMPTY_END = { type: 'page', head: { hasMore: false, returned: 0 }, batch: { rowCount: 0 } };

describe('a refused page', () => {
  test('is a fault', () => {
    expect(answered(404)).toMatchObject({ type: 'fault', fault: { code: 'UNEXPECTED_STATUS' } });
  });

  test('is empty and the last where the file says to ignore it', () => {
    expect(answered(410)).toMatchObject(EMPTY_END);
  });

  test('is so too behind an end that was told, where the place is refused', () => {
    expect(answered(404, { isBehindEnd: true })).toMatchObject(EMPTY_END);
    for (const status of [401, 429, 503]) {
      expect(answered(status, { isBehindEnd: true })).toMatchObject({ type: 'fault' });
    }
  });
});

test('a page of counted pages that is refused may be the end: the message says how to name it', () => {
  const remedy = expect.stringContaining(
    'add { status_code: 404, action: ignore } to response_actions',
  );
  expect(answered(404)).toMatchObject({ type: 'fault', fault: { remedy } });
  expect(answered(404, { cursor: null })).not.toMatchObject({ fault: { remedy } });
  expect(answered(401)).not.toMatchObject({ fault: { remedy } });
});

describe('an answer without a body', () => {
  test('of 204 is a page without records', () => {
    expect(emptied(204)).toMatchObject(EMPTY_END);
  });

  test('of 200 may have lost its page, and is asked for again', () => {
    expect(emptied(200)).toMatchObject({
      type: 'fault',
      fault: { code: 'PAGE_MALFORMED', message: 'HTTP 200 with an empty body', retryable: true },
    });
  });

  test.each([201, 203, 206])('of %d is unexpected', (status) => {
    expect(emptied(status)).toMatchObject({ type: 'fault', fault: { code: 'UNEXPECTED_STATUS' } });
  });

  test('of 202 is asked for again, behind the wait that it asks for', () => {
    const fault = { code: 'HTTP_STATUS', status: 202, retryable: true };
    expect(emptied(202)).toMatchObject({ type: 'fault', fault });
    const message = expect.stringContaining('sample.items: HTTP 202: the API has accepted');
    expect(emptied(202)).toMatchObject({ fault: { message } });
  });

  test('of 200 is a page where the file says to ignore it', () => {
    const ignoring = sourceWith('{ status_code: 200, action: ignore }');
    expect(emptied(200, {}, ignoring)).toMatchObject(EMPTY_END);
  });

  test('is a refusal by a sign in its headers', () => {
    const fault = { code: 'RATE_LIMITED' };
    expect(emptied(200, { 'x-slow': '1' })).toMatchObject({ type: 'fault', fault });
    expect(emptied(204, { 'x-slow': '1' })).toMatchObject({ type: 'fault', fault });
  });
});
