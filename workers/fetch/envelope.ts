/**
 * Reads a page's envelope without its records.
 *
 * The envelope is nearly always in the last few hundred bytes, so it is first looked for there,
 * from the end backwards: for each `]` the page is put together without what lies between the `[`
 * of the records array and that `]`, and parsed. A `]` inside a record or a string leaves brackets
 * open or quotes unpaired, and does not parse. What parses is still only probable until the scan
 * has found the array's real end, where `readEnvelopeAt` reads it again.
 */
import type { Envelope } from '../../src/paging/paging.js';
import type { EnvelopeReading } from '../../src/source/codec.js';
import type { EventSource } from '../../src/source/source.js';
import { JsonWalker, NOT_FOUND } from '../json/json-walker.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/** The longest envelope seen is under 700 bytes; a cursor may be long. */
const TAIL_BYTES_MAX = 4096;
/** As much of the start as is looked at first. */
const HEAD_BYTES_MAX = 4096;
/** Each one that does not parse costs some microseconds; a full scan costs two thousand. */
const CANDIDATES_MAX = 16;
/** Stands for the records while the rest of the page is parsed; a later key of that name replaces it. */
const PLACEHOLDER = '@records';
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** An envelope and the `]` behind which it was found. */
export interface TailEnvelope {
  readonly envelope: Envelope;
  readonly recordsEnd: number;
}

/** The first byte after the `[` of the records array; null when the page has none at its top level. */
export function findRecords(body: Buffer, recordsField: string): number | null {
  // Nearly always they begin at once; the walker then need not look through the whole body.
  const start = findRecordsIn(body.subarray(0, HEAD_BYTES_MAX), recordsField);
  if (start !== null || body.length <= HEAD_BYTES_MAX) return start;
  return findRecordsIn(body, recordsField);
}

function findRecordsIn(body: Buffer, recordsField: string): number | null {
  let start: number | null = null;
  walkFields(body, (name, valueStart) => {
    if (body[valueStart] !== OPEN_BRACKET || name() !== recordsField) return false;
    start = valueStart + 1;
    return true;
  });
  return start;
}

/**
 * Walks over the fields of the object that a body is. Looks at brackets and quotes only.
 *
 * @param visit told the name, read when asked for, and where the value begins; true: that is enough
 * @returns whether the object closed and nothing follows it
 */
export function walkFields(
  body: Buffer,
  visit: (name: () => string | null, valueStart: number) => boolean,
): boolean {
  const walker = new JsonWalker(body);
  let at = walker.skipSpace(textStart(body));
  if (body[at] !== OPEN_BRACE) return false;
  do {
    const keyStart = walker.skipSpace(at + 1);
    if (body[keyStart] !== QUOTE) return body[keyStart] === CLOSE_BRACE && isLast(body, keyStart);
    const keyEnd = walker.stringEnd(keyStart + 1);
    if (keyEnd === NOT_FOUND) return false;
    const colon = walker.skipSpace(keyEnd + 1);
    if (body[colon] !== COLON) return false;
    const valueStart = walker.skipSpace(colon + 1);
    if (visit(() => keyText(body, keyStart, keyEnd), valueStart)) return false;
    const valueEnd = walker.valueEnd(valueStart);
    if (valueEnd === NOT_FOUND || valueEnd === valueStart) return false;
    at = walker.skipSpace(valueEnd);
  } while (body[at] === COMMA);
  return body[at] === CLOSE_BRACE && isLast(body, at);
}

/** The envelope as the page's tail has it; null when that does not tell. */
export function readTailEnvelope(
  body: Buffer,
  recordsStart: number,
  source: EventSource,
): TailEnvelope | null {
  if (body[lastByteIndex(body)] !== CLOSE_BRACE) return null;
  const lowest = Math.max(recordsStart, body.length - TAIL_BYTES_MAX);
  let bracket = body.length;
  for (let tries = 0; tries < CANDIDATES_MAX; tries++) {
    bracket = body.lastIndexOf(CLOSE_BRACKET, bracket - 1);
    if (bracket < lowest) return null;
    const read = readEnvelopeAt({ body, recordsStart, recordsEnd: bracket, source });
    if (read?.type === 'envelope') return { envelope: read.envelope, recordsEnd: bracket };
  }
  return null;
}

export interface PagePlace {
  readonly body: Buffer;
  readonly recordsStart: number;
  /** Where the `]` of the records array is. */
  readonly recordsEnd: number;
  readonly source: EventSource;
}

/** What stands around the records between the two places; null when it is not JSON with one such array. */
export function readEnvelopeAt(place: PagePlace): EnvelopeReading | null {
  const { body, recordsStart, recordsEnd, source } = place;
  const before = body.toString('utf8', textStart(body), recordsStart - 1);
  return readEnvelopeText(
    `${before}"${PLACEHOLDER}"${body.toString('utf8', recordsEnd + 1)}`,
    source,
  );
}

/** The envelope as what follows the records has it by itself; null when it is not all there. */
export function readEnvelopeBehind(
  body: Buffer,
  recordsEnd: number,
  source: EventSource,
): Envelope | null {
  const after = body.toString('utf8', recordsEnd + 1);
  const read = readEnvelopeText(`{"${source.recordsField}":"${PLACEHOLDER}"${after}`, source);
  return read?.type === 'envelope' ? read.envelope : null;
}

/** @param text a page with the placeholder for its records */
function readEnvelopeText(text: string, source: EventSource): EnvelopeReading | null {
  try {
    const page = JSON.parse(text) as Record<string, unknown>;
    if (page[source.recordsField] !== PLACEHOLDER) return null;
    return source.readEnvelope({ ...page, [source.recordsField]: [] });
  } catch {
    return null;
  }
}

export function isSameEnvelope(one: Envelope, other: Envelope): boolean {
  return (
    one.nextCursor === other.nextCursor &&
    one.hasMore === other.hasMore &&
    one.cursorExpiresInMs === other.cursorExpiresInMs &&
    one.returned === other.returned &&
    one.limit === other.limit &&
    one.total === other.total
  );
}

function keyText(body: Buffer, quote: number, keyEnd: number): string | null {
  try {
    return JSON.parse(body.toString('utf8', quote, keyEnd + 1)) as string;
  } catch {
    return null;
  }
}

/** The first byte that is neither a byte order mark nor white space; the body's length when none is. */
export function firstByteIndex(body: Buffer): number {
  let first = textStart(body);
  while (first < body.length && (body[first] as number) <= SPACE) first++;
  return first;
}

export function textStart(body: Buffer): number {
  return body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    ? BYTE_ORDER_MARK.length
    : 0;
}

export function lastByteIndex(body: Buffer): number {
  let last = body.length - 1;
  while (last >= 0 && (body[last] as number) <= SPACE) last--;
  return last;
}

function isLast(body: Buffer, at: number): boolean {
  return at === lastByteIndex(body);
}
