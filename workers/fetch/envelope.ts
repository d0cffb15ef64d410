/**
 * Reads a page's envelope without its records.
 *
 * The envelope is nearly always in the last few hundred bytes, so it is first looked for there,
 * from the end backwards: for each `]` the page is put together without what lies between the `[`
 * of the records array and that `]`, and parsed. A `]` inside a record or a string leaves brackets
 * open or quotes unpaired, and does not parse. What parses is still only probable until the scan
 * has found the array's real end, where `readEnvelopeAt` reads it again.
 */
import type { Envelope, Source } from '../../src/source/source.js';
import { JsonWalker, NOT_FOUND } from './json-walker.js';

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
  const walker = new JsonWalker(body);
  let at = walker.skipSpace(textStart(body));
  if (body[at] !== OPEN_BRACE) return null;
  do {
    const keyStart = walker.skipSpace(at + 1);
    if (body[keyStart] !== QUOTE) return null;
    const keyEnd = walker.stringEnd(keyStart + 1);
    if (keyEnd === NOT_FOUND) return null;
    const colon = walker.skipSpace(keyEnd + 1);
    if (body[colon] !== COLON) return null;
    const valueStart = walker.skipSpace(colon + 1);
    const isRecords =
      body[valueStart] === OPEN_BRACKET && keyText(body, keyStart, keyEnd) === recordsField;
    if (isRecords) return valueStart + 1;
    const valueEnd = walker.valueEnd(valueStart);
    if (valueEnd === NOT_FOUND) return null;
    at = walker.skipSpace(valueEnd);
  } while (body[at] === COMMA);
  return null;
}

/** The envelope as the page's tail has it; null when that does not tell. */
export function readTailEnvelope(
  body: Buffer,
  recordsStart: number,
  source: Source,
): TailEnvelope | null {
  if (body[lastByteIndex(body)] !== CLOSE_BRACE) return null;
  const lowest = Math.max(recordsStart, body.length - TAIL_BYTES_MAX);
  let bracket = body.length;
  for (let tries = 0; tries < CANDIDATES_MAX; tries++) {
    bracket = body.lastIndexOf(CLOSE_BRACKET, bracket - 1);
    if (bracket < lowest) return null;
    const envelope = readEnvelopeAt({ body, recordsStart, recordsEnd: bracket, source });
    if (envelope !== null) return { envelope, recordsEnd: bracket };
  }
  return null;
}

export interface PagePlace {
  readonly body: Buffer;
  readonly recordsStart: number;
  /** Where the `]` of the records array is. */
  readonly recordsEnd: number;
  readonly source: Source;
}

/** The envelope around the records between the two places; null when it is no page of the source. */
export function readEnvelopeAt(place: PagePlace): Envelope | null {
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
  source: Source,
): Envelope | null {
  const after = body.toString('utf8', recordsEnd + 1);
  return readEnvelopeText(`{"${source.recordsField}":"${PLACEHOLDER}"${after}`, source);
}

/** @param text a page with the placeholder for its records */
function readEnvelopeText(text: string, source: Source): Envelope | null {
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

/** What a body that is no page is, in a few words, without quoting any of it. */
export function describeBody(body: Buffer): string {
  const first = new JsonWalker(body).skipSpace(textStart(body));
  const last = lastByteIndex(body);
  if (first > last) return 'an empty body';
  if (body.toString('latin1', first, last + 1) === 'null') return 'null';
  if (body[first] === 0x3c) return `a document of ${body.length} bytes in HTML or XML`;
  if (body[first] === OPEN_BRACE && body[last] !== CLOSE_BRACE) {
    return `JSON cut short after ${body.length} bytes`;
  }
  if (body[first] === OPEN_BRACE) return `${body.length} bytes of JSON that are no whole page`;
  return `${body.length} bytes that are no JSON object`;
}

function keyText(body: Buffer, quote: number, keyEnd: number): string | null {
  try {
    return JSON.parse(body.toString('utf8', quote, keyEnd + 1)) as string;
  } catch {
    return null;
  }
}

function textStart(body: Buffer): number {
  return body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    ? BYTE_ORDER_MARK.length
    : 0;
}

function lastByteIndex(body: Buffer): number {
  let last = body.length - 1;
  while (last >= 0 && (body[last] as number) <= SPACE) last--;
  return last;
}
