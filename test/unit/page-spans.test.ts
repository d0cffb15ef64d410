/** The spans that a run's observer makes of what it is told. */
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { beforeEach, expect, test } from 'vitest';
import type { Fault } from '../../src/core/fault.js';
import type { SchedulerCommand } from '../../src/core/scheduler-types.js';
import { PageSpans } from '../../src/observe/traces/page-spans.js';
import type { PageHead, PageResult, ResponseMeta } from '../../src/protocol/fetch-messages.js';
import type { WriteResult } from '../../src/protocol/writer-messages.js';

type FetchCommand = Extract<SchedulerCommand, { type: 'fetch' }>;
type WriteCommand = Extract<SchedulerCommand, { type: 'write' }>;

const START_MS = 1_700_000_000_000;
const TIMEOUT: Fault = { code: 'TIMEOUT', message: 'no head in 30 s', retryable: true };
const CURSOR = 'a-cursor-that-no-span-may-hold';

let exporter: InMemorySpanExporter;
let spans: PageSpans;
/** Since START_MS. */
let clockMs: number;

beforeEach(() => {
  exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  clockMs = 0;
  spans = new PageSpans({
    tracer: provider.getTracer('test'),
    run: 7,
    url: new URL('https://api.example/api/v1/events'),
    nowMs: () => START_MS + clockMs,
  });
});

function fetchCommand(taskId: number, changes: Partial<FetchCommand> = {}): FetchCommand {
  const page = { segment: 2, page: 5, cursor: CURSOR, limit: 5_000, startMs: START_MS };
  const task = { taskId, ...page, isHeadOnly: false, isHeadUrgent: true };
  return { type: 'fetch', ...task, ...changes };
}

function writeCommand(taskId: number): WriteCommand {
  return { type: 'write', taskId, segment: 2, page: 5 } as WriteCommand;
}

function meta(sentAtMs: number, endAtMs: number): ResponseMeta {
  return {
    status: 200,
    limits: null,
    dateMs: null,
    requestId: 'r-1',
    sentAtMs: START_MS + sentAtMs,
    headAtMs: START_MS + sentAtMs + 1,
    endAtMs: START_MS + endAtMs,
    bodyBytes: 1_234,
    redirects: 0,
  };
}

function head(taskId: number, sentAtMs: number, endAtMs: number): PageHead {
  return { type: 'head', taskId, meta: meta(sentAtMs, endAtMs), nextCursor: CURSOR } as PageHead;
}

function scanned(taskId: number, atMs: number, scanMs: number) {
  const batch = { rowCount: 10 };
  const result = { type: 'page', taskId, batch, scanMs, scannedAtMs: START_MS + atMs };
  return result as Extract<PageResult, { type: 'page' }>;
}

function committed(atMs: number, writeMs: number) {
  const counts = { returned: 10, inserted: 8, updated: 0, duplicate: 1, quarantined: 1 };
  const result = { type: 'committed', counts, method: 'copy', writeMs };
  return { ...result, committedAtMs: START_MS + atMs } as Extract<
    WriteResult,
    { type: 'committed' }
  >;
}

/** Name, and begin and end since START_MS. */
function shape(span: ReadableSpan | undefined): readonly [string, number, number] | null {
  if (span === undefined) return null;
  const sinceStart = ([seconds, nanos]: readonly [number, number]): number =>
    seconds * 1000 - START_MS + nanos / 1e6;
  return [span.name, sinceStart(span.startTime), sinceStart(span.endTime)];
}

/** The root of the only trace; every other span must be its child. */
function onlyTrace(): ReadableSpan {
  const all = exporter.getFinishedSpans();
  const roots = all.filter(({ parentSpanContext }) => parentSpanContext === undefined);
  expect(roots).toHaveLength(1);
  const root = roots[0] as ReadableSpan;
  for (const span of all) {
    expect(span.spanContext().traceId).toBe(root.spanContext().traceId);
    if (span !== root) expect(span.parentSpanContext?.spanId).toBe(root.spanContext().spanId);
  }
  return root;
}

test('a page is one trace, with the times that the workers tell', () => {
  spans.fetchStarted(fetchCommand(1));
  spans.headSeen(head(1, 2, 40));
  spans.scanned(scanned(1, 50, 5));
  spans.committed(writeCommand(1), committed(80, 20));

  const root = onlyTrace();
  expect(exporter.getFinishedSpans().map(shape)).toEqual([
    ['fetch', 2, 40],
    ['scan', 45, 50],
    ['write', 60, 80],
    ['page', 0, 80],
  ]);
  const [fetch, scan, write] = exporter.getFinishedSpans();
  expect(root.attributes).toEqual({
    'datasync.run': 7,
    'datasync.segment': 2,
    'datasync.page': 5,
    'datasync.attempts': 1,
  });
  expect(fetch?.attributes).toEqual({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'http.response.body.size': 1_234,
    'url.full': 'https://api.example/api/v1/events',
    'server.address': 'api.example',
    'server.port': 443,
    'datasync.attempt': 1,
    'datasync.limit': 5_000,
    'datasync.request_id': 'r-1',
  });
  expect(scan?.attributes).toEqual({ 'datasync.rows': 10 });
  expect(write?.attributes).toEqual({
    'db.system.name': 'postgresql',
    'datasync.method': 'copy',
    'datasync.rows.inserted': 8,
    'datasync.rows.updated': 0,
    'datasync.rows.duplicate': 1,
    'datasync.rows.quarantined': 1,
  });
  for (const { status } of exporter.getFinishedSpans()) expect(status.code).toBe(0);
});

test('each attempt is a fetch of the same page, and one that failed carries its fault', () => {
  spans.fetchStarted(fetchCommand(1));
  clockMs = 30;
  spans.fetchFailed(fetchCommand(1), TIMEOUT, null);
  clockMs = 100;
  spans.fetchStarted(fetchCommand(2, { limit: 2_500 }));
  spans.headSeen(head(2, 101, 120));
  spans.scanned(scanned(2, 130, 5));
  spans.committed(writeCommand(2), committed(150, 10));

  expect(onlyTrace().attributes['datasync.attempts']).toBe(2);
  const [failed, retried] = exporter.getFinishedSpans();
  expect([failed, retried].map(shape)).toEqual([
    ['fetch', 0, 30],
    ['fetch', 101, 120],
  ]);
  expect(failed?.status).toEqual({ code: 2, message: 'no head in 30 s' });
  expect(failed?.attributes['error.type']).toBe('TIMEOUT');
  expect(failed?.attributes).not.toHaveProperty('http.response.status_code');
  expect(retried?.attributes).toMatchObject({
    'datasync.attempt': 2,
    'datasync.limit': 2_500,
    'http.request.resend_count': 1,
  });
  // It was committed in the end.
  expect(onlyTrace().status.code).toBe(0);
});

test('what fails after the head is the scan, not the request', () => {
  const malformed: Fault = { code: 'PAGE_MALFORMED', message: 'not JSON', retryable: true };
  spans.fetchStarted(fetchCommand(1));
  spans.headSeen(head(1, 2, 40));
  clockMs = 55;
  spans.fetchFailed(fetchCommand(1), malformed, meta(2, 40));
  const [fetch, scan] = exporter.getFinishedSpans();
  expect([fetch, scan].map(shape)).toEqual([
    ['fetch', 2, 40],
    ['scan', 40, 55],
  ]);
  expect(fetch?.status.code).toBe(0);
  expect(scan?.attributes['error.type']).toBe('PAGE_MALFORMED');
});

test('a write that failed ends its page as failed', () => {
  const refused: Fault = { code: 'DATABASE_REFUSED', message: 'disk full', retryable: false };
  spans.fetchStarted(fetchCommand(1));
  spans.headSeen(head(1, 2, 40));
  spans.scanned(scanned(1, 50, 5));
  clockMs = 90;
  spans.writeFailed(writeCommand(1), refused);
  const [, , write] = exporter.getFinishedSpans();
  expect(shape(write)).toEqual(['write', 50, 90]);
  for (const span of [write, onlyTrace()]) {
    expect(span?.attributes['error.type']).toBe('DATABASE_REFUSED');
    expect(span?.status).toEqual({ code: 2, message: 'disk full' });
  }
});

test('what was not committed when the run ended says so, or why', () => {
  spans.fetchStarted(fetchCommand(1));
  spans.fetchStarted(fetchCommand(2, { page: 6 }));
  spans.fetchFailed(fetchCommand(2, { page: 6 }), TIMEOUT, null);
  clockMs = 500;
  spans.end();
  const roots = exporter.getFinishedSpans().filter(({ name }) => name === 'page');
  expect(roots.map(({ attributes }) => attributes['error.type'])).toEqual([
    'NOT_COMMITTED',
    'TIMEOUT',
  ]);
  expect(roots.map(shape)).toEqual([
    ['page', 0, 500],
    ['page', 0, 500],
  ]);
});

test('a request that asks for a cursor again is a trace of its own', () => {
  spans.fetchStarted(fetchCommand(1));
  spans.fetchStarted(fetchCommand(2, { isHeadOnly: true }));
  spans.headSeen(head(2, 1, 9));
  expect(exporter.getFinishedSpans().map(shape)).toEqual([
    ['fetch', 1, 9],
    ['refresh', 0, 9],
  ]);
  onlyTrace();
});

test('what an attempt still brings after the page was asked for again is no news of it', () => {
  spans.fetchStarted(fetchCommand(1));
  spans.headSeen(head(1, 2, 40));
  spans.fetchStarted(fetchCommand(2));
  spans.scanned(scanned(1, 50, 5));
  spans.headSeen(head(2, 42, 60));
  spans.scanned(scanned(2, 70, 5));
  spans.committed(writeCommand(2), committed(80, 5));
  const names = exporter.getFinishedSpans().map(({ name }) => name);
  expect(names).toEqual(['fetch', 'fetch', 'scan', 'write', 'page']);
});

test('no span holds a cursor', () => {
  spans.fetchStarted(fetchCommand(1));
  spans.headSeen(head(1, 2, 40));
  spans.end();
  const said = exporter
    .getFinishedSpans()
    .map(({ name, attributes, status }) => JSON.stringify({ name, attributes, status }));
  expect(said).toHaveLength(2);
  expect(said.join()).not.toContain(CURSOR);
});
