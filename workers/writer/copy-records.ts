/**
 * Keys and instants of records, read from their bytes so that COPY can write them: as PostgreSQL would read
 * them from the JSON, or not at all.
 *
 * Only a bigint at the top of the record, and instants of the usual forms, are vouched for. A page with any
 * other record is written by INSERT, where the server reads them.
 */
import { NOT_FOUND } from '../json/json-walker.js';
import { RecordWalker, UNSURE } from '../json/record-walker.js';
import {
  EPOCH_MS_BYTES,
  ISO_MS_BYTES,
  readEpochMsBytes,
  readIsoMsBytes,
} from '../json/timestamp-bytes.js';
import type { PageRows } from './page-rows.js';
import { digestOfIntegers } from './row-digest.js';
import { writeIntegerArray, writeIntegerCopyStream } from './row-encoding.js';
import type { CopyRows } from './table-shape.js';

const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;
const LETTER_Z = 0x5a;
/** Of `null`. */
const LOWER_N = 0x6e;
/** `2026-01-27T19:20:12Z` and its quotes. */
const ISO_SECONDS_BYTES = 22;
/** All of these are within 64 bits. */
const DIGITS_MAX = 18;
const HALF_DIGITS = 9;
const HALF = 1e9;
const TWO_16 = 65_536;
const TWO_32 = 4_294_967_296;

/** Where a value stands: its first byte, and one past its last. */
interface Value {
  readonly start: number;
  readonly end: number;
}

/** Names of top-level fields. */
export interface CopyFields {
  readonly key: string;
  /** Null: the records have no instant. */
  readonly time: string | null;
}

/** @returns null where the server has to read a record of the page */
export function copyRecords(selected: PageRows, { key, time }: CopyFields): CopyRows | null {
  const { rows, columns, body } = selected;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const walker = new RecordWalker(bytes, { idField: key, timestampField: time ?? '' });
  const keys = new BigInt64Array(rows.length);
  const words = new Int32Array(keys.buffer);
  const instantsMs = new Float64Array(rows.length).fill(Number.NaN);
  for (let i = 0; i < rows.length; i++) {
    const start = columns.recordStarts[rows[i] as number] as number;
    walker.rewind(start);
    if (walker.walkRecord(start) === UNSURE || walker.idStart === NOT_FOUND) return null;
    const value = { start: walker.idStart, end: walker.idEnd };
    if (!readInteger(walker.body, value, words, i * 2)) return null;
    const { timestampStart } = walker;
    const hasInstant = timestampStart !== NOT_FOUND && walker.body[timestampStart] !== LOWER_N;
    if (time === null || !hasInstant) continue;
    const ms = readInstant(walker.body, timestampStart, walker.timestampEnd);
    if (Number.isNaN(ms)) return null;
    instantsMs[i] = ms;
  }
  return {
    digest: digestOfIntegers(keys, instantsMs),
    write: (wire) => writeIntegerCopyStream(wire, selected, { keys, instantsMs }),
    writeKeys: (wire) => writeIntegerArray(wire, keys),
  };
}

/**
 * Writes an integer as the two words of a signed number, low word first. In two halves of digits, for a double
 * holds no more than 53 bits, and a BigInt for each row would take longer than all else.
 *
 * @returns false: it is no whole number that surely fits
 */
function readInteger(body: Uint8Array, value: Value, words: Int32Array, at: number): boolean {
  const isNegative = body[value.start] === MINUS;
  const from = isNegative ? value.start + 1 : value.start;
  const digits = value.end - from;
  if (digits < 1 || digits > DIGITS_MAX || (body[from] === ZERO && digits > 1)) return false;
  const cut = Math.max(from, value.end - HALF_DIGITS);
  const upper = digitsValue(body, from, cut);
  const lower = digitsValue(body, cut, value.end);
  if (Number.isNaN(upper + lower)) return false;
  const above = Math.floor(upper / TWO_16) * HALF;
  const below = (upper % TWO_16) * HALF + lower;
  const lowSum = (above % TWO_16) * TWO_16 + (below % TWO_32);
  const low = lowSum | 0;
  const high =
    Math.floor(above / TWO_16) + Math.floor(below / TWO_32) + Math.floor(lowSum / TWO_32);
  words[at] = isNegative ? -low : low;
  words[at + 1] = isNegative ? ~high + (low === 0 ? 1 : 0) : high;
  return true;
}

/** 0 for none; NaN: one of them is no digit. */
function digitsValue(body: Uint8Array, from: number, end: number): number {
  let value = 0;
  for (let at = from; at < end; at++) {
    const digit = (body[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Epoch ms; NaN: the server has to read it. */
function readInstant(body: Buffer, start: number, end: number): number {
  const length = end - start;
  if (body[start] !== QUOTE) {
    return length === EPOCH_MS_BYTES ? readEpochMsBytes(body, start) : Number.NaN;
  }
  if (length === ISO_MS_BYTES + 2) return readIsoMsBytes(body, start + 1);
  if (length !== ISO_SECONDS_BYTES || body[end - 2] !== LETTER_Z) return Number.NaN;
  const text = `${body.toString('latin1', start + 1, end - 2)}.000Z`;
  return readIsoMsBytes(Buffer.from(text, 'latin1'), 0);
}
