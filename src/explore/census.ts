/** The census: what was counted over all records that were read. */
import { recordValue } from '../protocol/key-type.js';
import type { RecordPath } from '../protocol/record-target.js';
import type { Source } from '../source/source.js';
import { readTimestamp } from '../source/timestamp.js';
import type { RecordCensus } from './observations.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ISO_TEXT = /^\d{4}-\d{2}-\d{2}[Tt ]/;

/** The fields of a record that the source names. */
export interface RecordFields {
  /** None: it has no key. */
  readonly key: readonly RecordPath[];
  /** Null: it has no time. */
  readonly time: RecordPath | null;
}

export function fieldsOf(source: Source): RecordFields {
  if (source.codec !== null) return { key: [[source.idField]], time: [source.timestampField] };
  const { target } = source;
  return target.reads === 'database'
    ? { key: target.key.map(({ path }) => path), time: target.timePath }
    : { key: [], time: null };
}

/** `id`, `meta.uid, day`; a source without a key has an empty one. */
export function keyName({ key }: RecordFields): string {
  return key.map((path) => path.join('.')).join(', ');
}

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

/** @param index its place in the page */
export function countRecord(
  { key, time }: RecordFields,
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
  const ids = key.map((path) => recordValue(record, path));
  if (ids.some((id) => id === undefined || id === null || id === '')) census.withoutId++;
  else if (ids.length > 0) addOne(census.idForms, ids.map(formOf).join(' and '));
  if (time !== null) countTimestamp(recordValue(record, time), index, census);
}

function countTimestamp(value: unknown, index: number, census: RecordCensus): void {
  const name = timestampForm(value);
  const form = census.timestampForms.get(name) ?? {
    count: 0,
    isReadable: timeOf(value) !== null,
    byPlace: [0, 0, 0],
  };
  census.timestampForms.set(name, form);
  form.count++;
  form.byPlace[(index % 3) as 0 | 1 | 2]++;
}

/** Epoch ms; null when no rule reads it. */
export function timeOf(value: unknown): number | null {
  return typeof value === 'string' || typeof value === 'number' ? readTimestamp(value) : null;
}

function timestampForm(value: unknown): string {
  if (value === undefined || value === null) return 'missing';
  if (timeOf(value) === null) return 'not readable';
  const isDigits = typeof value === 'number' || /^\d+(?:\.\d+)?$/.test(String(value));
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
