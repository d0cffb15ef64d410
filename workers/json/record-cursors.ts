/**
 * The values by which an incremental stream goes on, as they stand in the records of a page: the highest, and
 * whether the page shows that all behind it is older than the start of the run.
 */
import { parseExact, writeExact } from '../../src/paging/json-text.js';
import { recordValue } from '../../src/protocol/key-type.js';
import type { CursorPlace, RecordPath } from '../../src/protocol/record-target.js';
import {
  type CursorValue,
  compareCursorValues,
  readCursorJson,
} from '../../src/source/cursor-value.js';
import { NOT_FOUND } from './json-walker.js';
import { RecordWalker, UNSURE } from './record-walker.js';

const OPEN_BRACE = 0x7b;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The JSON text of the highest value among records; null: none of them has one. */
export function highestCursor(
  body: Buffer,
  records: readonly Span[],
  { path, type }: CursorPlace,
): string | null {
  let highest: { readonly json: string; readonly value: CursorValue } | null = null;
  for (const json of cursorTexts(body, records, path)) {
    const value = json === null ? null : readCursorJson(json, type);
    if (json === null || value === null) continue;
    const isHigher = highest === null || compareCursorValues(value, highest.value) > 0;
    if (isHigher) highest = { json, value };
  }
  return highest?.json ?? null;
}

/**
 * Whether the walk of a source whose newest records come first has come to what is older than `from`. One newer
 * record among them shows that it has not, for some sources pin old records to the top.
 */
export function isBehind(
  body: Buffer,
  records: readonly Span[],
  { path, type, from }: CursorPlace & { readonly from: CursorValue },
): boolean {
  let last = 0;
  for (const json of cursorTexts(body, records, path)) {
    const value = json === null ? null : readCursorJson(json, type);
    last = value === null ? 1 : compareCursorValues(value, from);
    if (last > 0) return false;
  }
  // Others with the value of the start may follow, as long as no older one has come.
  return records.length > 0 && last < 0;
}

/** Of each record the JSON text of its value; null: it has none. */
function* cursorTexts(
  body: Buffer,
  records: readonly Span[],
  path: RecordPath,
): Generator<string | null> {
  const [name, ...deeper] = path;
  const walker =
    name === undefined || deeper.length > 0
      ? null
      : new RecordWalker(body, { idField: name, timestampField: '' });
  for (const { start, end } of records) {
    walker?.rewind(start);
    if (walker === null || body[start] !== OPEN_BRACE || walker.walkRecord(start) === UNSURE) {
      yield parsedValue(body.toString('utf8', start, end), path);
    } else if (walker.idStart === NOT_FOUND) yield null;
    else yield body.toString('utf8', walker.idStart, walker.idEnd);
  }
}

/** Null: the record has none, or is no JSON. */
function parsedValue(record: string, path: RecordPath): string | null {
  try {
    const value = recordValue(parseExact(record), path);
    return value === undefined ? null : writeExact(value);
  } catch {
    return null;
  }
}
