/**
 * Cursors of child streams: the values of the parent, and the cursor within that child. So each page says
 * by itself whose it is, to the workers, in the ledger and to whoever goes on from it.
 *
 *   {"of":{"id": 12},"at":null}         the first page of the child
 *   {"of":{"id": 12},"at":"page-2"}     where that one leads
 *
 * The values are kept as the text that they came in: a number in it may have more digits than a JavaScript
 * number keeps.
 */
import { assert } from './assert.js';
import { NumberText, parseExact } from './json-text.js';

export interface ChildCursor {
  /** JSON text of an object: the parent's values by their paths. */
  readonly of: string;
  /** The cursor within the child; null: its first page. */
  readonly at: string | null;
}

const OPENING = '{"of":';
/** In the text of a JSON string its quotes would be escaped: the last one is the real one. */
const MIDDLE = ',"at":';

/** @param of JSON text of an object */
export function childCursor({ of, at }: ChildCursor): string {
  return `${OPENING}${of}${MIDDLE}${JSON.stringify(at)}}`;
}

/** Cursors of this kind are made here: another one is a bug. */
export function readChildCursor(cursor: string): ChildCursor {
  const middle = cursor.lastIndexOf(MIDDLE);
  assert(cursor.startsWith(OPENING) && middle > 0, "a child's cursor names its parent's values");
  const at: unknown = JSON.parse(cursor.slice(middle + MIDDLE.length, -1));
  assert(at === null || typeof at === 'string', "a child's cursor holds one within the child");
  return { of: cursor.slice(OPENING.length, middle), at };
}

/** The values of a parent, by their paths, as `parseExact` has them. */
export function parentValues(of: string): Readonly<Record<string, unknown>> {
  const values = parseExact(of);
  assert(typeof values === 'object' && values !== null, "a parent's values are an object");
  return { ...values };
}

/** As a part of a text: `12`, `main`. */
export function valueText(value: unknown): string {
  return value instanceof NumberText || typeof value === 'string'
    ? String(value)
    : JSON.stringify(value);
}

/** For messages: `id=12, name=main`. */
export function parentWords(of: string): string {
  return Object.entries(parentValues(of))
    .map(([path, value]) => `${path}=${valueText(value)}`)
    .join(', ');
}
