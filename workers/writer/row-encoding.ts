/**
 * Rows in PostgreSQL's binary forms: the stream of COPY, and arrays as statement parameters.
 *
 * The loops run over every row of every page: no object per row but one view of its JSON, and that
 * JSON is copied once, from the page's body to the wire.
 */
import type { ColumnViews } from '../../src/protocol/batch.js';
import { MESSAGE_CODE, type WireBuffer } from './wire-buffer.js';

/** The rows of a page that are to be written. */
export interface RowSource {
  /** The ledger's id of the page that owns them. */
  readonly pageId: number;
  readonly columns: ColumnViews;
  readonly body: Uint8Array;
  /** Rows of `columns`, ascending. */
  readonly rows: Uint32Array;
  /** Sum of the lengths of their records. */
  readonly recordBytes: number;
}

const POSTGRES_EPOCH_MS = 946_684_800_000;
/** The largest instant of JavaScript's Date on either side of 1970. */
const INSTANT_MS_MAX = 8.64e15;
const TWO_32 = 4_294_967_296;
/** Binary jsonb is this version number and the text. */
const JSONB_VERSION = 1;

// 'PGCOPY\n\377\r\n\0', no flags, no header extension.
const COPY_HEADER = Uint8Array.of(
  0x50,
  0x47,
  0x43,
  0x4f,
  0x50,
  0x59,
  0x0a,
  0xff,
  0x0d,
  0x0a,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
);
/** Field count 2; instant 4 + 8; jsonb 4 + 1; page 4 + 4. */
const COPY_ROW_OVERHEAD_BYTES = 27;
const UUID_FIELD_BYTES = 20;
const INTEGER_FIELD_BYTES = 12;
const COPY_TRAILER_BYTES = 2;
/** One for CopyData, one for CopyDone. */
const MESSAGE_HEADERS_BYTES = 10;

const UUID_OID = 2950;
const BIGINT_OID = 20;
const TIMESTAMPTZ_OID = 1184;
const TEXT_OID = 25;
/** Dimensions, has-null flag, element type, size, lower bound. */
const ARRAY_HEADER_BYTES = 20;

/** Rows whose key is a uuid in the batch, by COPY: uuid, instant, JSON, owner. */
export function writeCopyStream(wire: WireBuffer, source: RowSource): void {
  const { rows, columns } = source;
  const { ids, occurredAtMs } = columns;
  writeCopyRows(wire, source, UUID_FIELD_BYTES, (bytes, at, i) => {
    const row = rows[i] as number;
    return writeInstant(bytes, writeUuid(bytes, at, ids, row), occurredAtMs[row] as number);
  });
}

/** Rows whose key is a bigint, by COPY. @param keys @param instantsMs of each row to write; NaN: none */
export function writeIntegerCopyStream(
  wire: WireBuffer,
  source: RowSource,
  { keys, instantsMs }: { readonly keys: BigInt64Array; readonly instantsMs: Float64Array },
): void {
  const words = new Int32Array(keys.buffer, keys.byteOffset, keys.length * 2);
  writeCopyRows(wire, source, INTEGER_FIELD_BYTES, (bytes, start, i) => {
    let at = writeUint32(bytes, start, 8);
    at = writeUint32(bytes, at, words[i * 2 + 1] as number);
    at = writeUint32(bytes, at, words[i * 2] as number);
    return writeInstant(bytes, at, instantsMs[i] as number);
  });
}

/**
 * Writes the rows as one CopyData message, then CopyDone. Several smaller messages, so that the
 * server could parse one while the next is under way, were no faster.
 *
 * @param keyBytes of the key's field @param writeFields writes key and instant, and says where it ended
 */
function writeCopyRows(
  wire: WireBuffer,
  source: RowSource,
  keyBytes: number,
  writeFields: (bytes: Uint8Array, at: number, nth: number) => number,
): void {
  const { rows, recordBytes, columns, body, pageId } = source;
  const { recordStarts, recordEnds } = columns;
  const rowBytes = recordBytes + rows.length * (COPY_ROW_OVERHEAD_BYTES + keyBytes);
  wire.reserve(COPY_HEADER.length + rowBytes + COPY_TRAILER_BYTES + MESSAGE_HEADERS_BYTES);
  const bytes = wire.bytes;

  wire.beginMessage(MESSAGE_CODE.copyData);
  bytes.set(COPY_HEADER, wire.length);
  let at = wire.length + COPY_HEADER.length;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    bytes[at] = 0;
    bytes[at + 1] = 4;
    at = writeFields(bytes, at + 2, i);
    const start = recordStarts[row] as number;
    const end = recordEnds[row] as number;
    at = writeUint32(bytes, at, end - start + 1);
    bytes[at] = JSONB_VERSION;
    bytes.set(body.subarray(start, end), at + 1);
    at = writeUint32(bytes, at + 1 + end - start, 4);
    at = writeUint32(bytes, at, pageId);
  }
  // A field count of -1 ends the stream.
  bytes[at] = 0xff;
  bytes[at + 1] = 0xff;
  wire.length = at + COPY_TRAILER_BYTES;
  wire.endMessage();
  wire.emptyMessage(MESSAGE_CODE.copyDone);
}

/** The parameter uuid[] of the rows' ids. */
export function writeIdArray(wire: WireBuffer, source: RowSource): void {
  const { rows, columns } = source;
  wire.reserve(4 + ARRAY_HEADER_BYTES + rows.length * 20);
  const start = writeArrayHeader(wire, UUID_OID, rows.length);
  let at = wire.length;
  for (let i = 0; i < rows.length; i++) {
    at = writeUuid(wire.bytes, at, columns.ids, rows[i] as number);
  }
  wire.length = at;
  endParameter(wire, start);
}

/** The parameter bigint[]. */
export function writeIntegerArray(wire: WireBuffer, keys: BigInt64Array): void {
  wire.reserve(4 + ARRAY_HEADER_BYTES + keys.length * INTEGER_FIELD_BYTES);
  writeArray(wire, BIGINT_OID, keys.length, (nth) => {
    wire.int32(8);
    wire.length = wire.bytes.writeBigInt64BE(keys[nth] as bigint, wire.length);
  });
}

/** The parameter timestamptz[] of the rows' instants; null where a row has none. */
export function writeInstantArray(wire: WireBuffer, source: RowSource): void {
  const { rows, columns } = source;
  wire.reserve(4 + ARRAY_HEADER_BYTES + rows.length * 12);
  const start = writeArrayHeader(wire, TIMESTAMPTZ_OID, rows.length);
  let at = wire.length;
  for (let i = 0; i < rows.length; i++) {
    at = writeInstant(wire.bytes, at, columns.occurredAtMs[rows[i] as number] as number);
  }
  wire.length = at;
  endParameter(wire, start);
}

/** The parameter text[] of the rows' records. */
export function writeRecordArray(wire: WireBuffer, source: RowSource): void {
  const { rows, columns, body, recordBytes } = source;
  wire.reserve(4 + ARRAY_HEADER_BYTES + rows.length * 4 + recordBytes);
  const start = writeArrayHeader(wire, TEXT_OID, rows.length);
  const bytes = wire.bytes;
  let at = wire.length;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const recordStart = columns.recordStarts[row] as number;
    const recordEnd = columns.recordEnds[row] as number;
    at = writeUint32(bytes, at, recordEnd - recordStart);
    bytes.set(body.subarray(recordStart, recordEnd), at);
    at += recordEnd - recordStart;
  }
  wire.length = at;
  endParameter(wire, start);
}

/** An array parameter. @param writeElement writes one element, its length first */
export function writeArray(
  wire: WireBuffer,
  elementOid: number,
  size: number,
  writeElement: (nth: number) => void,
): void {
  const start = writeArrayHeader(wire, elementOid, size);
  for (let nth = 0; nth < size; nth++) writeElement(nth);
  endParameter(wire, start);
}

/** @returns where the parameter's length stands, for `endParameter`. */
function writeArrayHeader(wire: WireBuffer, elementOid: number, size: number): number {
  wire.reserve(4 + ARRAY_HEADER_BYTES);
  const start = wire.length;
  wire.int32(0);
  wire.int32(1);
  wire.int32(1);
  wire.int32(elementOid);
  wire.int32(size);
  wire.int32(1);
  return start;
}

function endParameter(wire: WireBuffer, start: number): void {
  wire.bytes.writeInt32BE(wire.length - start - 4, start);
}

function writeUint32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

function writeUuid(bytes: Uint8Array, at: number, ids: Uint8Array, row: number): number {
  bytes[at] = 0;
  bytes[at + 1] = 0;
  bytes[at + 2] = 0;
  bytes[at + 3] = 16;
  const from = row * 16;
  for (let i = 0; i < 16; i++) bytes[at + 4 + i] = ids[from + i] as number;
  return at + 20;
}

/** An instant as a field: its length, then microseconds since 2000-01-01; length -1 for null. */
function writeInstant(bytes: Uint8Array, at: number, ms: number): number {
  if (Number.isNaN(ms)) return writeUint32(bytes, at, -1);
  const { low, high } = microsecondWords(ms);
  return writeUint32(bytes, writeUint32(bytes, writeUint32(bytes, at, 8), high), low);
}

const words = { low: 0, high: 0 };

/**
 * Microseconds since 2000-01-01 as the two words of a signed number.
 *
 * @returns the same object each time: it is called for each row
 */
export function microsecondWords(ms: number): Readonly<typeof words> {
  const microseconds = Math.round((ms - POSTGRES_EPOCH_MS) * 1000);
  if (!Number.isSafeInteger(microseconds)) return farMicrosecondWords(ms);
  const high = Math.floor(microseconds / TWO_32);
  words.high = high | 0;
  words.low = microseconds - high * TWO_32;
  return words;
}

/** Beyond 285 years from 2000 a double no longer holds every microsecond. */
function farMicrosecondWords(ms: number): Readonly<typeof words> {
  // What is no instant becomes one that PostgreSQL refuses, so that the row goes to quarantine.
  const microseconds =
    Math.abs(ms) <= INSTANT_MS_MAX
      ? BigInt(Math.round(ms - POSTGRES_EPOCH_MS)) * 1000n
      : 0x7fff_ffff_ffff_fffen;
  const unsigned = BigInt.asUintN(64, microseconds);
  words.high = Number(unsigned >> 32n) | 0;
  words.low = Number(unsigned & 0xffff_ffffn);
  return words;
}
