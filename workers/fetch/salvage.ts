/**
 * Salvage: a page whose records array cannot be followed because one record's quotes or brackets do
 * not pair, while the page's end is whole.
 *
 * After a record that fails, the walk goes on where a comma is followed by the first key that the
 * page's first record has. That is a guess, so it counts only if in the end the page holds exactly
 * as many records as its envelope says, most of them good; otherwise nothing is taken.
 *
 * A record that does not close is looked through in vain. How far, and how often, is bounded, so
 * that the whole costs no more than reading the page some dozens of times.
 */

import { NOT_FOUND } from '../json/json-walker.js';
import { RecordWalker } from '../json/record-walker.js';
import { ColumnWriter } from './column-writer.js';
import { RecordSink } from './record-sink.js';
import type { ScannedRecords, ScanRequest } from './scanner.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const SPACE = 0x20;

/** Beyond the next place that looks like a record, so far is looked for the end of one that holds it. */
const LOOK_AHEAD_BYTES = 16_384;
/** What may be looked through in vain, in lengths of the page. */
const VAIN_PAGES_MAX = 64;

/**
 * @param recordsEnd where the `]` of the records array is, by the page's tail
 * @param returned how many records the envelope says there are
 * @returns null when the page cannot be divided into that many records
 */
export function salvagePage(
  request: ScanRequest,
  recordsEnd: number,
  returned: number,
): ScannedRecords | null {
  const walker = new RecordWalker(request.body, request);
  const start = walker.skipSpace(request.recordsStart);
  const firstKey = firstKeyOf(walker, start);
  if (firstKey === null) return null;
  const writer = new ColumnWriter(request.columns, request.rowsExpected);
  const sink = new RecordSink(walker, writer, request);
  const boundaries = new Boundaries(request.body, firstKey, recordsEnd);
  const ends = new RecordEnds(walker, sink, recordsEnd);
  let at = start;
  while (at < recordsEnd && sink.recordCount < returned) {
    const end = ends.of(at, boundaries.after(at));
    sink.addParsed(at, end);
    // Where most records seem bad, it is the page that was misread.
    if (
      sink.rejects.count * 2 > returned ||
      ends.vainBytes > request.body.length * VAIN_PAGES_MAX
    ) {
      return null;
    }
    const next = walker.skipSpace(end);
    if (next >= recordsEnd) {
      if (sink.recordCount !== returned) return null;
      const { rowCount, columns } = writer;
      return { type: 'scanned', rowCount, columns, rejects: sink.rejects.rejects(), recordsEnd };
    }
    at = walker.skipSpace(next + 1);
  }
  return null;
}

/** Where each record ends, by its own brackets or by the next one. */
class RecordEnds {
  /** What was looked through without finding an end. */
  vainBytes = 0;
  readonly #walker: RecordWalker;
  readonly #sink: RecordSink;
  readonly #recordsEnd: number;

  constructor(walker: RecordWalker, sink: RecordSink, recordsEnd: number) {
    this.#walker = walker;
    this.#sink = sink;
    this.#recordsEnd = recordsEnd;
  }

  /**
   * The record's own end when its brackets close before the next record seems to begin, or when it
   * is valid JSON as a whole; else the boundary.
   *
   * @param boundary the comma before the next place that looks like a record, or the array's end
   */
  of(at: number, boundary: number): number {
    const walker = this.#walker;
    const limit = Math.min(boundary + LOOK_AHEAD_BYTES, this.#recordsEnd);
    const end = this.#sink.unvouchedEnd(at, limit);
    if (end !== NOT_FOUND && end <= limit) {
      const next = walker.skipSpace(end);
      const isFollowed = next === this.#recordsEnd || walker.body[next] === COMMA;
      if (isFollowed && (end <= boundary || isJson(walker.body.toString('utf8', at, end)))) {
        return end;
      }
    }
    this.vainBytes += limit - at;
    walker.rewind(at);
    return trimmedEnd(walker.body, boundary);
  }
}

/** The places where a comma is followed by the first key, asked for in ascending order. */
class Boundaries {
  readonly #body: Buffer;
  readonly #firstKey: Buffer;
  readonly #recordsEnd: number;
  /** The last one found: its key and its comma. */
  #key = NOT_FOUND;
  #comma = NOT_FOUND;

  constructor(body: Buffer, firstKey: Buffer, recordsEnd: number) {
    this.#body = body;
    this.#firstKey = firstKey;
    this.#recordsEnd = recordsEnd;
  }

  /** The comma before the first key behind `at`; the array's end when none follows. */
  after(at: number): number {
    if (this.#key > at) return this.#comma;
    let key = this.#body.indexOf(this.#firstKey, at + 1);
    while (key !== -1 && key < this.#recordsEnd) {
      const before = trimmedEnd(this.#body, key) - 1;
      if (this.#body[before] === COMMA) return this.#found(key, before);
      key = this.#body.indexOf(this.#firstKey, key + 1);
    }
    return this.#found(this.#recordsEnd, this.#recordsEnd);
  }

  #found(key: number, comma: number): number {
    this.#key = key;
    this.#comma = comma;
    return comma;
  }
}

/** The bytes from the `{` of the record at `start` to the end of its first key. */
function firstKeyOf(walker: RecordWalker, start: number): Buffer | null {
  if (walker.body[start] !== OPEN_BRACE) return null;
  const keyStart = walker.skipSpace(start + 1);
  if (walker.body[keyStart] !== QUOTE) return null;
  const keyEnd = walker.stringEnd(keyStart + 1);
  return keyEnd === NOT_FOUND ? null : walker.body.subarray(start, keyEnd + 1);
}

/** One past the last byte before `end` that is not white space. */
function trimmedEnd(body: Buffer, end: number): number {
  while (end > 0 && (body[end - 1] as number) <= SPACE) end--;
  return end;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
