/** What becomes of a refusal that a page of a source file gets. */
import { describe, expect, test } from 'vitest';
import type { PageTask } from '../../src/protocol/fetch-messages.js';
import { compileSource } from '../../src/source/compile-source.js';
import type { RecordSource, Refusal } from '../../src/source/source.js';
import { readRecordAnswer } from '../../workers/fetch/record-answer.js';
import { planOf } from '../support/source-files.js';

const FILE = `
client: { base_url: 'https://api.example.com' }
resources:
  - name: items
    endpoint:
      paginator: { type: offset, limit: 10 }
      response_actions: [{ status_code: 410, action: ignore }]
`;
const URL = 'https://api.example.com/items?offset=70&limit=10';

const source: RecordSource = compileSource(planOf(FILE), 'items', {
  nowMs: 0,
  secrets: [],
});

function answered(status: number, task: Partial<PageTask> = {}) {
  const refusal: Refusal = { status, body: '', isLimited: false, header: () => null };
  const meta = {
    ...{ status, limits: null, dateMs: null, requestId: null, bodyBytes: 0, redirects: 0 },
    ...{ sentAtMs: 0, headAtMs: 0, endAtMs: 0 },
  };
  const asked = { taskId: 1, cursor: '70', limit: 10, isHeadOnly: false, isHeadUrgent: false };
  const fault = source.readError(refusal);
  return readRecordAnswer(
    { ...asked, buffers: null, ...task },
    source,
    { type: 'fault', fault, refusal, buffer: null, meta },
    URL,
  );
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
