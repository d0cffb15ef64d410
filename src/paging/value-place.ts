/**
 * A value that an API gave, on its way back: as the text of a cursor, then as a part of a request.
 *
 *   query   text is kept as it is, a number in its digits, an object as JSON: its members are then
 *           parameters. Text that would look like JSON is kept in quotes.
 *   body    the value as JSON, whatever it is
 */
import { NumberText, parseExact, writeExact } from './json-text.js';
import type { RequestPart } from './page-kind.js';
import type { ValuePlace } from './paginator-plan.js';

/**
 * The text of a cursor.
 *
 * @param value text, a number, or JSON of `parseExact`
 * @returns null: such a value cannot be sent from that place
 */
export function cursorText(place: ValuePlace, value: unknown): string | null {
  if (place.in === 'body') return writeExact(value);
  if (typeof value === 'string') return /^["{]/.test(value) ? JSON.stringify(value) : value;
  if (typeof value === 'number' || value instanceof NumberText) return String(value);
  return parametersOf(value) === null ? null : writeExact(value);
}

/** What a request holds for a cursor that `cursorText` made. */
export function requestPart(place: ValuePlace, cursor: string): RequestPart {
  if (place.in === 'body') return { body: [{ path: place.path, json: cursor }] };
  const value = /^["{]/.test(cursor) ? parseExact(cursor) : cursor;
  const query = parametersOf(value) ?? { [place.name]: typeof value === 'string' ? value : cursor };
  return { query };
}

/** Both parts in one. The second has the last word. */
export function joinParts(first: RequestPart, second: RequestPart): RequestPart {
  const query = { ...first.query, ...second.query };
  const body = [...(first.body ?? []), ...(second.body ?? [])];
  return {
    ...first,
    ...second,
    ...(Object.keys(query).length === 0 ? {} : { query }),
    ...(body.length === 0 ? {} : { body }),
  };
}

/** The members of an object as parameters; null: it is no object, or one of them is no single value. */
function parametersOf(value: unknown): Readonly<Record<string, string>> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  if (value instanceof NumberText) return null;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  const isFlat = members.every(
    ([, member]) => typeof member !== 'object' || member instanceof NumberText,
  );
  return isFlat
    ? Object.fromEntries(members.map(([name, member]) => [name, String(member)]))
    : null;
}
