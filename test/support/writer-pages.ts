/** Pages for the writer's tests: rows given as records, laid out as a fetch worker does. */
import { allocateColumns, columnViews } from '../../src/protocol/batch.js';
import type { WriterSettings } from '../../src/protocol/writer-messages.js';
import { RejectWriter } from '../../workers/fetch/reject-writer.js';
import type { OwnerPage } from '../../workers/writer/page-rows.js';
import { datasync } from './datasync.js';

export const NEWEST_MS = 1_769_541_612_369;

export interface TestRow {
  readonly id: string;
  /** NaN: no timestamp. */
  readonly ms: number;
  /** The record's text or bytes; by default JSON of the id and its instant. */
  readonly record?: string | Uint8Array;
}

/** A record that the fetch worker has refused. */
export interface TestReject {
  readonly index: number;
  readonly reason: string;
  readonly rawText: string | Uint8Array;
}

/** A uuid whose text order follows `number`. */
export function testId(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** `count` rows in the source's order, one a second, numbered from `first` on. */
export function testRows(count: number, first = 0): TestRow[] {
  return Array.from({ length: count }, (_, i) => ({
    id: testId(first + i),
    ms: NEWEST_MS - (first + i) * 1000,
  }));
}

/** A page of these rows; every other field has a plain default. */
export function testPage(
  rows: readonly TestRow[],
  fields: Partial<Omit<OwnerPage, 'batch'>> & {
    readonly rejects?: readonly TestReject[];
    readonly isDescending?: boolean;
  } = {},
): OwnerPage {
  const { rejects = [], isDescending = true, ...page } = fields;
  const records = rows.map((row) => Buffer.from(row.record ?? defaultRecord(row)));
  const rejected = rejects.map(({ rawText }) => Buffer.from(rawText));
  const bodyBytes = [...records, ...rejected].reduce((sum, record) => sum + record.length + 1, 1);
  // Longer than the page, as a reused buffer is.
  const body = new ArrayBuffer(bodyBytes + 100);
  const bytes = Buffer.from(body);
  const columns = allocateColumns(rows.length + 3);
  const views = columnViews(columns);
  let at = bytes.write('[');
  rows.forEach((row, i) => {
    const record = records[i] as Buffer;
    views.occurredAtMs[i] = row.ms;
    views.recordStarts[i] = at;
    views.recordEnds[i] = at + record.length;
    views.ids.set(Buffer.from(row.id.replaceAll('-', ''), 'hex'), i * 16);
    at += record.copy(bytes, at);
    at += bytes.write(i + 1 < rows.length ? ',' : ']', at);
  });
  const refused = new RejectWriter();
  rejects.forEach(({ index, reason }, i) => {
    const start = at;
    at += (rejected[i] as Buffer).copy(bytes, at);
    refused.add(index, start, at, reason);
  });
  const timed = rows.filter((row) => !Number.isNaN(row.ms));
  const [first, last] = [timed.at(0), timed.at(-1)];
  return {
    id: 1,
    run: 1,
    segment: 0,
    page: 0,
    cursor: null,
    nextCursor: 'next',
    nextCursorExpiresAtMs: NEWEST_MS + 120_000,
    hasMore: true,
    isOrdered: true,
    after: null,
    through: null,
    bound: null,
    fetchedAtMs: NEWEST_MS,
    requestId: 'request-1',
    ...page,
    batch: {
      rowCount: rows.length,
      body,
      bodyBytes,
      columns,
      rejects: refused.rejects(),
      firstPosition: first === undefined ? null : { ms: first.ms, id: first.id },
      lastPosition: last === undefined ? null : { ms: last.ms, id: last.id },
      isDescending,
    },
  };
}

function defaultRecord({ id, ms }: TestRow): string {
  return JSON.stringify({ id, timestamp: Number.isNaN(ms) ? null : ms, name: 'event_ä€😀"\\' });
}

export function writerSettings(
  connectionString: string,
  fields: Partial<WriterSettings> = {},
): WriterSettings {
  return {
    connectionString,
    connectionsMax: 2,
    method: 'auto',
    target: datasync.target,
    replaced: null,
    expectsDuplicates: false,
    hasTriggers: false,
    provesData: false,
    statementTimeoutMs: 30_000,
    retryForMs: 20_000,
    ...fields,
  };
}
