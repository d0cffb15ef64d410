/** Guesses at the fields of records: which is their key, and which says when they were made. Pure. */
import { valueAt } from '../../paging/json-path.js';
import { NumberText } from '../../paging/json-text.js';
import { plainName } from '../../paging/named-values.js';
import { readTimestamp } from '../timestamp.js';

export interface FieldGuess {
  /** As a source file names it: `id`, `commit.date`. */
  readonly path: string;
  /** A sentence about the page. */
  readonly because: string;
}

/** Usual names of keys, the likelier first; plain names. */
const KEY_NAMES = ['id', 'uuid', 'guid', 'key', 'gid', 'sid', 'uid', 'sha', 'hash', 'slug', 'code'];
/** Of instants. One that changes is the last choice. */
const TIME_NAMES = [
  ...[
    'createdat',
    'created',
    'creationdate',
    'createdate',
    'createddate',
    'createtime',
    'createdtime',
  ],
  ...[
    'creationtime',
    'datecreated',
    'createdon',
    'timecreated',
    'insertedat',
    'occurredat',
    'eventtime',
  ],
  ...[
    'timestamp',
    'time',
    'ts',
    'datetime',
    'publishedat',
    'published',
    'startedat',
    'starttime',
    'date',
  ],
  ...[
    'updatedat',
    'updated',
    'modifiedat',
    'modified',
    'lastmodified',
    'lastmodifieddate',
    'updatedon',
  ],
];

/**
 * A field of the top that each record has, with a value that no other record of the page has.
 *
 * @param records of `parseExact`: numbers that JavaScript would round stay apart
 * @param resource of `projects`, `project_id` may be the key too
 */
export function guessKey(records: readonly unknown[], resource: string): FieldGuess | null {
  const own = `${plainName(resource).replace(/ies$/, 'y').replace(/s$/, '')}id`;
  const path = firstField(records, [...KEY_NAMES, own], (name) => isUnique(records, name));
  if (path === null) return null;
  const count = records.length;
  return { path, because: `each of the ${count} records of the page has one, and no two the same` };
}

/** A field whose values can all be read as instants; one at the top is preferred to one inside an object. */
export function guessTime(records: readonly unknown[]): FieldGuess | null {
  const isTime = (path: string): boolean => {
    const values = records
      .map((record) => plainValue(at(record, path)))
      .filter((one) => one != null);
    return values.length > 0 && values.every(isInstant);
  };
  const path =
    firstField(records, TIME_NAMES, isTime) ??
    innerObjects(records)
      .map((name) => firstField(records, TIME_NAMES, isTime, name))
      .find((found) => found !== null) ??
    null;
  return path === null ? null : { path, because: 'its values are instants' };
}

/** The first name, by the order of `names`, that a record has and that fits. @param within an object of the record */
function firstField(
  records: readonly unknown[],
  names: readonly string[],
  fits: (path: string) => boolean,
  within: string | null = null,
): string | null {
  const fields = new Set(
    records.flatMap((record) => namesOf(within === null ? record : at(record, within))),
  );
  for (const wanted of names) {
    for (const field of fields) {
      if (plainName(field) !== wanted || !isPlain(field)) continue;
      const path = within === null ? field : `${within}.${field}`;
      if (fits(path)) return path;
    }
  }
  return null;
}

function innerObjects(records: readonly unknown[]): string[] {
  const [first] = records;
  return namesOf(first).filter((name) => isPlain(name) && namesOf(at(first, name)).length > 0);
}

function isUnique(records: readonly unknown[], path: string): boolean {
  const values = records.map((record) => plainValue(at(record, path)));
  const isKey = values.every(
    (value) => (typeof value === 'string' && value !== '') || typeof value === 'bigint',
  );
  return isKey && new Set(values).size === values.length;
}

/** A whole number becomes a bigint, for it may have more digits than a double keeps. */
function plainValue(value: unknown): unknown {
  if (!(value instanceof NumberText)) return value;
  const text = String(value);
  return /^-?\d+$/.test(text) ? BigInt(text) : Number(text);
}

function isInstant(value: unknown): boolean {
  if (typeof value === 'bigint') return readTimestamp(String(value)) !== null;
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  return readTimestamp(value) !== null;
}

function at(record: unknown, path: string): unknown {
  return valueAt(
    path.split('.').map((name) => ({ type: 'name', name }) as const),
    record,
  );
}

function namesOf(value: unknown): string[] {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && !(value instanceof NumberText) ? Object.keys(value) : [];
}

/** Needs no quotes in a path. */
function isPlain(name: string): boolean {
  return /^[A-Za-z_][\w-]*$/.test(name);
}
