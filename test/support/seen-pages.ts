/** Answers as the client of the fetch worker gives them, and the pages that an exploration sees in them. */
import { countRecord, emptyCensus } from '../../src/explore/census.js';
import type { PageSeen, RecordCensus } from '../../src/explore/observations.js';
import type { PageWish, StreamPages } from '../../src/explore/stream-pages.js';
import type { Received } from '../../src/explore/transport.js';
import type { AnswerHeaders } from '../../workers/fetch/response-headers.js';

/** An answer with HTTP 200. @param json undefined: text that is none */
export function receivedJson(json: unknown, headers: AnswerHeaders = {}): Received {
  const bytes = new TextEncoder().encode(json === undefined ? 'no JSON' : JSON.stringify(json));
  const body = Buffer.from(bytes.buffer, 0, bytes.length);
  const times = { sentAtMs: 0, headAtMs: 10, endAtMs: 12 };
  return {
    ...{ type: 'page', url: 'http://api.example/items', body, buffer: body.buffer, headers },
    meta: {
      ...{ status: 200, limits: null, dateMs: null, requestId: null, ...times },
      ...{ bodyBytes: bytes.length, redirects: 0 },
    },
  };
}

/** @returns null: the answer is no page */
export function seenPage(
  pages: StreamPages,
  json: unknown,
  { cursor = null, limit = null }: Partial<PageWish> = {},
  census: RecordCensus = emptyCensus(),
): PageSeen | null {
  const read = pages.read(receivedJson(json), { cursor, limit });
  if (read.type === 'fault') return null;
  const { records, ...page } = read.seen;
  for (const [nth, record] of records.entries()) countRecord(pages.fields, record, nth, census);
  return {
    ...{ ...page, askedCursor: cursor, askedLimit: limit, soughtDepthMs: null },
    ...{ isCompressed: false, recordCount: records.length },
    answer: {
      ...{ bucket: 'pages', status: 200, headers: {}, sentAtMs: 0, headAtMs: 10, endAtMs: 12 },
      ...{ wireBytes: 1_000, bodyBytes: 1_000, limits: read.limits },
      ...{ isAlone: true, acceptedGzip: false },
    },
  };
}
