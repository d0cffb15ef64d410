/** Reads a record with `JSON.parse`: the reference, and the way for all that the scanner cannot vouch for. */
import { readTimestamp } from '../../src/source/timestamp.js';
import type { RecordFields } from './record-walker.js';

/** A row's key and instant, or the rule that the record breaks. */
export type ParsedRecord =
  | { readonly type: 'row'; readonly id: string; readonly occurredAtMs: number }
  | { readonly type: 'reject'; readonly reason: string };

const UNREADABLE = 'the record is not valid JSON';
/** What begins a value that needs the whole grammar. */
const COMPOUND_START = /^[{["]/;
const SCALAR = /^(?:null|true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * `occurredAtMs` is NaN for a record without a timestamp. Of a key that occurs twice the last one
 * counts, as in `JSON.parse` and in PostgreSQL's jsonb.
 */
export function parseRecord(text: string, fields: RecordFields): ParsedRecord {
  // An exception costs as much as a hundred records, and a page may hold millions of such.
  if (!COMPOUND_START.test(text) && !SCALAR.test(text)) return reject(UNREADABLE);
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return reject(UNREADABLE);
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    return reject(`the record is ${kindOf(record)}, not an object`);
  }
  const values = record as Readonly<Record<string, unknown>>;
  if (!Object.hasOwn(values, fields.idField)) return reject(`no field "${fields.idField}"`);
  const id = values[fields.idField];
  if (typeof id !== 'string') {
    return reject(`field "${fields.idField}" is ${kindOf(id)}, not a uuid`);
  }
  if (!UUID.test(id)) return reject(`field "${fields.idField}" is not a uuid`);
  const timestamp = Object.hasOwn(values, fields.timestampField)
    ? values[fields.timestampField]
    : null;
  if (timestamp === null) return { type: 'row', id, occurredAtMs: Number.NaN };
  if (typeof timestamp !== 'string' && typeof timestamp !== 'number') {
    return reject(`field "${fields.timestampField}" is ${kindOf(timestamp)}, not a time`);
  }
  const occurredAtMs = readTimestamp(timestamp);
  if (occurredAtMs === null) {
    return reject(`field "${fields.timestampField}" is of no form that tells an instant`);
  }
  return { type: 'row', id, occurredAtMs };
}

function reject(reason: string): ParsedRecord {
  return { type: 'reject', reason };
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
