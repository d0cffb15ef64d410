import { describe, expect, test } from 'vitest';
import type { PageTask } from '../../src/protocol/fetch-messages.js';
import { fetchPage } from '../../workers/fetch/page-fetcher.js';
import { ENDLESS_ROOM } from '../../workers/fetch/receive-budget.js';
import { datasync } from '../support/datasync.js';
import { samplePage } from '../support/sample-pages.js';

const meta = {
  ...{ status: 200, limits: null, dateMs: null, requestId: null },
  ...{ sentAtMs: 0, headAtMs: 0, endAtMs: 0, bodyBytes: 0, redirects: 0 },
};

/** What becomes of a page whose next cursor is written so in its JSON. */
async function fetchWithCursor(cursorJson: string, padding: string) {
  const text = samplePage(2)
    .replace('"nextCursor":"abc"', `"nextCursor":${cursorJson}`)
    .replace('"meta":', `"note":${JSON.stringify(padding)},"meta":`);
  const bytes = new TextEncoder().encode(text);
  const body = Buffer.from(bytes.buffer, 0, bytes.length);
  const task: PageTask = {
    ...{
      taskId: 1,
      cursor: null,
      limit: 5000,
      isHeadOnly: false,
      isHeadUrgent: false,
      buffers: null,
    },
  };
  return fetchPage(task, {
    client: {
      send: async ({ url }) => ({
        type: 'page',
        url,
        body,
        buffer: bytes.buffer,
        meta,
        headers: {},
      }),
    },
    baseUrl: 'http://api.test',
    source: datasync,
    room: ENDLESS_ROOM,
    postHead: () => {},
    scanTurn: async () => {},
  });
}

describe.each([
  ['read from the tail', ''],
  ['found by the scan', 'x]'.repeat(6_000)],
])('a cursor that is %s', (_, padding) => {
  test.each(['"ab\\ud800"', '"\\udc00ab"', '"\\udc00\\ud800"', '"a\\u0000b"'])(
    'and cannot be sent is a fault of the API that names it: %s',
    async (cursorJson) => {
      expect(await fetchWithCursor(cursorJson, padding)).toMatchObject({
        type: 'fault',
        fault: {
          code: 'CONTRACT',
          retryable: false,
          message: expect.stringContaining('the cursor of the next page'),
        },
      });
    },
  );

  test('and is odd, but can be sent, is taken', async () => {
    expect(await fetchWithCursor('"\\ud83d\\ude00 \\u0001&=?#\\ufffd"', padding)).toMatchObject({
      type: 'page',
      head: { nextCursor: '😀 \u0001&=?#\ufffd' },
    });
  });
});
