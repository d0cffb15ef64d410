/** Reads a page whole: envelope, records, positions; adds its records to the census. */
import type { Position } from '../paging/position.js';
import type { EventSource } from '../source/source.js';
import { readTimestamp } from '../source/timestamp.js';
import type { Answer, PageSeen, RecordCensus } from './observations.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ISO_TEXT = /^\d{4}-\d{2}-\d{2}[Tt ]/;

export function emptyCensus(): RecordCensus {
  return {
    records: 0,
    nonObjects: 0,
    withoutId: 0,
    idForms: new Map(),
    fields: new Map(),
    timestampForms: new Map(),
  };
}

export interface PageAsked {
  readonly askedLimit: number | null;
  readonly soughtDepthMs: number | null;
  readonly askedFromStart: boolean;
}

/** @returns null when the answer is no page of the source */
export function readPage(
  source: EventSource,
  answer: Answer,
  asked: PageAsked,
  census: RecordCensus,
): PageSeen | null {
  const { json } = answer;
  if (!isObject(json)) return null;
  const read = source.readEnvelope(json);
  const records = json[source.recordsField];
  if (read.type !== 'envelope' || !Array.isArray(records)) return null;
  const { envelope } = read;
  const positions = records.map((record: unknown, index) => {
    countRecord(source, record, index, census);
    return positionOf(source, record);
  });
  return {
    ...asked,
    answer: { ...answer, json: null },
    shape: isObject(json.pagination) ? 'nested' : 'flat',
    envelope,
    isCompressed: answer.headers['content-encoding'] === 'gzip',
    recordCount: records.length,
    positions,
  };
}

/** The records of an answer that is a page. */
export function recordsOf(source: EventSource, { json }: Answer): readonly unknown[] {
  const records = isObject(json) ? json[source.recordsField] : null;
  return Array.isArray(records) ? records : [];
}

function positionOf(source: EventSource, record: unknown): Position | null {
  if (!isObject(record)) return null;
  const id = record[source.idField];
  const timestamp = record[source.timestampField];
  if (typeof id !== 'string') return null;
  if (typeof timestamp !== 'string' && typeof timestamp !== 'number') return null;
  const ms = readTimestamp(timestamp);
  return ms === null ? null : { ms, id: id.toLowerCase() };
}

function countRecord(
  source: EventSource,
  record: unknown,
  index: number,
  census: RecordCensus,
): void {
  census.records++;
  if (!isObject(record)) {
    census.nonObjects++;
    return;
  }
  for (const [name, value] of Object.entries(record)) {
    const field = census.fields.get(name) ?? { count: 0, types: new Map<string, number>() };
    census.fields.set(name, field);
    field.count++;
    addOne(field.types, formOf(value));
  }
  const id = record[source.idField];
  if (id === undefined || id === null || id === '') census.withoutId++;
  else addOne(census.idForms, formOf(id));
  countTimestamp(record[source.timestampField], index, census);
}

function countTimestamp(value: unknown, index: number, census: RecordCensus): void {
  const name = timestampForm(value);
  const isText = typeof value === 'string' || typeof value === 'number';
  const form = census.timestampForms.get(name) ?? {
    count: 0,
    isReadable: isText && readTimestamp(value) !== null,
    byPlace: [0, 0, 0],
  };
  census.timestampForms.set(name, form);
  form.count++;
  form.byPlace[(index % 3) as 0 | 1 | 2]++;
}

function timestampForm(value: unknown): string {
  if (value === undefined || value === null) return 'missing';
  if (typeof value !== 'string' && typeof value !== 'number') return 'not readable';
  if (readTimestamp(value) === null) return 'not readable';
  const isDigits = typeof value === 'number' || /^\d+(?:\.\d+)?$/.test(value);
  if (!isDigits) return 'ISO 8601 text';
  const unit = Number(value) >= 1e11 ? 'ms' : 's';
  return typeof value === 'number' ? `epoch ${unit} number` : `epoch ${unit} digits in text`;
}

function formOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'string') return typeof value;
  if (UUID.test(value)) return 'uuid';
  return ISO_TEXT.test(value) ? 'ISO 8601' : 'string';
}

function addOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
