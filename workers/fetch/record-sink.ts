/** Takes the records of one page, one after the other, into columns or among the rejects. */
import { isUtf8 } from 'node:buffer';
import { readTimestamp } from '../../src/source/timestamp.js';
import { NOT_FOUND } from '../json/json-walker.js';
import { parseRecord } from '../json/parsed-record.js';
import { type RecordFields, type RecordWalker, UNSURE } from '../json/record-walker.js';
import {
  EPOCH_MS_BYTES,
  ISO_MS_BYTES,
  readEpochMsBytes,
  readIsoMsBytes,
} from '../json/timestamp-bytes.js';
import type { ColumnWriter } from './column-writer.js';
import { RejectWriter } from './reject-writer.js';
import { UUID_BYTES, UUID_TEXT_BYTES, writeUuid } from './uuid.js';

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;

/** Why a record with this escape is refused here: jsonb cannot hold it. */
const NUL_REASON = 'the record holds \\u0000, which PostgreSQL cannot store';
const UTF8_REASON = 'the record is not valid UTF-8';
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

export class RecordSink {
  readonly rejects = new RejectWriter();
  /** Whether the whole page is UTF-8. */
  readonly #isUtf8: boolean;
  readonly #writer: ColumnWriter;
  readonly #walker: RecordWalker;
  readonly #fields: RecordFields;

  constructor(walker: RecordWalker, writer: ColumnWriter, fields: RecordFields) {
    this.#walker = walker;
    this.#writer = writer;
    this.#fields = fields;
    this.#isUtf8 = isUtf8(walker.body);
  }

  get recordCount(): number {
    return this.#writer.rowCount + this.rejects.count;
  }

  /**
   * Takes the record that begins at `start`.
   *
   * @returns one past it; `NOT_FOUND` when it has no end, or when too many were rejected
   */
  takeNext(start: number): number {
    if (this.rejects.isFull) return NOT_FOUND;
    const walker = this.#walker;
    const isObject = walker.body[start] === OPEN_BRACE;
    const vouchedEnd = isObject ? walker.walkRecord(start) : UNSURE;
    if (vouchedEnd !== UNSURE) {
      if (!this.#addWalked(start, vouchedEnd)) this.addParsed(start, vouchedEnd);
      return vouchedEnd;
    }
    const end = this.unvouchedEnd(start);
    if (end !== NOT_FOUND) this.addParsed(start, end);
    return end;
  }

  /** Where the value at `start` ends by its brackets and quotes alone; `NOT_FOUND`: not before `limit`. */
  unvouchedEnd(start: number, limit?: number): number {
    this.#walker.rewind(start);
    const end = this.#walker.valueEnd(start, limit);
    return end === start ? NOT_FOUND : end;
  }

  /** Takes a record that was walked over, by way of `JSON.parse`. */
  addParsed(start: number, end: number): void {
    const { body, lastNulEscape } = this.#walker;
    if (!this.#isText(start, end)) return this.#reject(start, end, UTF8_REASON);
    const record = parseRecord(body.toString('utf8', start, end), this.#fields);
    if (record.type === 'reject') return this.#reject(start, end, record.reason);
    if (lastNulEscape >= start) return this.#reject(start, end, NUL_REASON);
    const ids = this.#writer.idsWithRoom();
    writeUuid(Buffer.from(record.id, 'latin1'), 0, ids, this.#writer.rowCount * UUID_BYTES);
    this.#writer.endRow(record.occurredAtMs, start, end);
  }

  /** Adds the record that was just walked over. False when `JSON.parse` has to look at it. */
  #addWalked(start: number, end: number): boolean {
    const { body, idStart, idEnd, lastNulEscape } = this.#walker;
    if (lastNulEscape >= start || !this.#isText(start, end)) return false;
    if (idStart === NOT_FOUND || body[idStart] !== QUOTE) return false;
    if (idEnd - idStart !== UUID_TEXT_BYTES + 2) return false;
    const writer = this.#writer;
    const ids = writer.idsWithRoom();
    if (!writeUuid(body, idStart + 1, ids, writer.rowCount * UUID_BYTES)) return false;
    const occurredAtMs = readInstant(this.#walker);
    if (occurredAtMs === null) return false;
    writer.endRow(occurredAtMs, start, end);
    return true;
  }

  /** Whether the bytes are UTF-8; costs nothing when the whole page is. */
  #isText(start: number, end: number): boolean {
    return this.#isUtf8 || isUtf8(this.#walker.body.subarray(start, end));
  }

  #reject(start: number, end: number, reason: string): void {
    this.rejects.add(this.recordCount, start, end, reason);
  }
}

/** NaN for a record without a timestamp; null when `JSON.parse` has to say what is wrong with it. */
function readInstant(walker: RecordWalker): number | null {
  const { body, timestampStart: start, timestampEnd: end } = walker;
  if (start === NOT_FOUND) return Number.NaN;
  const isString = body[start] === QUOTE;
  if (isString && end - start === ISO_MS_BYTES + 2) {
    const epochMs = readIsoMsBytes(body, start + 1);
    if (!Number.isNaN(epochMs)) return epochMs;
  }
  if (!isString && end - start === EPOCH_MS_BYTES) {
    const epochMs = readEpochMsBytes(body, start);
    if (!Number.isNaN(epochMs)) return epochMs;
  }
  const text = body.toString('latin1', start, end);
  if (text === 'null') return Number.NaN;
  if (isString) return readTimestamp(text.slice(1, -1));
  return JSON_NUMBER.test(text) ? readTimestamp(Number(text)) : null;
}
