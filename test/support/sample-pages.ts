/** Pages and page readers that the tests of the fetch worker share. */
import { expect } from 'vitest';
import type { Fault } from '../../src/core/fault.js';
import { columnViews, rejectAt } from '../../src/protocol/batch.js';
import type { FetchWorkerSettings } from '../../src/protocol/fetch-messages.js';
import type { EventSource } from '../../src/source/source.js';
import { openPage, type PageFault, type ProvedPage, provePage } from '../../workers/fetch/page.js';
import { uuidText } from '../../workers/fetch/uuid.js';
import { datasync } from './datasync.js';

/** The uuid whose last digits are `number`. */
export function uuid(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** Record `index` of a page, newest first; every third with its timestamp as a number. */
export function sampleRecord(index: number): Record<string, unknown> {
  const ms = 1_769_541_612_369 - index * 860;
  return {
    id: uuid(index),
    sessionId: uuid(index + 1_000_000),
    type: 'page_view',
    properties: { page: `/products/${index}`, tags: ['a', 'b'] },
    timestamp: index % 3 === 0 ? ms : new Date(ms).toISOString(),
    session: { id: uuid(index + 2_000_000), browser: 'Chrome' },
  };
}

/** The envelope that servers send with `returned` records. */
export function nestedEnvelope(returned: number): Record<string, unknown> {
  return {
    pagination: { limit: 5000, hasMore: true, nextCursor: 'abc', cursorExpiresIn: 117 },
    meta: { total: 3_000_000, returned, requestId: 'request-1' },
  };
}

/** A page of `count` sample records as text. */
export function samplePage(count: number): string {
  const data = Array.from({ length: count }, (_, index) => sampleRecord(index));
  return JSON.stringify({ data, ...nestedEnvelope(count) });
}

/** A page around records that are given as text, which need not be valid. */
export function pageOfTexts(records: readonly string[], returned = records.length): string {
  return `{"data":[${records.join(',')}],${JSON.stringify(nestedEnvelope(returned)).slice(1)}`;
}

/** Reads a page as the worker does. */
export function readPage(
  body: string | Buffer,
  source: EventSource = datasync,
): ProvedPage | PageFault {
  const opened = openPage(Buffer.from(body), source);
  return opened.type === 'fault' ? opened : provePage(opened, source, null);
}

/** One row of a page. `occurredAtMs` is null where the record has no timestamp. */
export interface SampleRow {
  readonly id: string;
  readonly occurredAtMs: number | null;
  readonly text: string;
}

/** The rows of a proved page, record text included. */
export function rowsOf(page: ProvedPage, body: string | Buffer): SampleRow[] {
  const views = columnViews(page.columns);
  const bytes = Buffer.from(body);
  return Array.from({ length: page.rowCount }, (_, row) => {
    const ms = views.occurredAtMs[row] as number;
    return {
      id: uuidText(views.ids, row * 16),
      occurredAtMs: Number.isNaN(ms) ? null : ms,
      text: bytes.toString('utf8', views.recordStarts[row], views.recordEnds[row]),
    };
  });
}

/** Settings of a fetch worker that talks to `origin`. */
export function workerSettings(
  origin: string,
  changes: Partial<FetchWorkerSettings> = {},
): FetchWorkerSettings {
  return {
    baseUrl: `${origin}/api/v1`,
    origins: [origin],
    query: {},
    limitHeaders: [],
    followsRedirects: false,
    headers: { 'x-api-key': 'secret-key-12345', accept: 'application/json' },
    connectionsMax: 4,
    headDeadlineMs: 30_000,
    idleDeadlineMs: 30_000,
    bodyBytesMax: 4_000_000,
    receiveBytesMax: 16_000_000,
    proxies: null,
    acceptsGzip: true,
    ...changes,
  };
}

/** Reads a page that must be whole. */
export function wholePage(text: string | Buffer) {
  const page = readPage(text);
  if (page.type === 'fault') throw new Error(page.fault.message);
  return { page, rows: rowsOf(page, text) };
}

/** The fault that a body must be. */
export function faultOf(text: string | Buffer): Fault {
  const page = readPage(text);
  if (page.type !== 'fault') throw new Error('the body was taken for a page');
  return page.fault;
}

/** The message of a body that is asked for again. */
export function faultMessage(text: string | Buffer): string {
  const fault = faultOf(text);
  expect(fault).toMatchObject({ code: 'PAGE_MALFORMED', retryable: true });
  return fault.message;
}

/** The records of a page that cannot be stored, as text. */
export function rejectsOf({ rejects }: ProvedPage, body: string | Buffer) {
  const bytes = Buffer.from(body);
  return Array.from({ length: rejects.count }, (_, nth) => {
    const { index, start, end, reasonNumber } = rejectAt(rejects, nth);
    return {
      index,
      reason: rejects.reasons[reasonNumber],
      text: bytes.toString('utf8', start, end),
    };
  });
}
