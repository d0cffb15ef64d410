/**
 * Salvage: a page whose records array cannot be followed because one record's quotes or brackets do
 * not pair, while the page's end is whole.
 *
 * After a record that fails, the walk goes on where a comma is followed by the first key that the
 * page's first record has. That is a guess, so it counts only if in the end the page holds exactly
 * as many records as its envelope says, most of them good; otherwise nothing is taken.
 */
import { ColumnWriter } from './column-writer.js';
import { NOT_FOUND } from './json-walker.js';
import { RecordSink } from './record-sink.js';
import { RecordWalker } from './record-walker.js';
import type { ScannedRecords, ScanRequest } from './scanner.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const SPACE = 0x20;

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
  let at = start;
  while (at < recordsEnd && sink.recordCount < returned) {
    const boundary = boundaryAfter(request.body, firstKey, at, recordsEnd);
    const end = recordEnd(walker, sink, { at, boundary, recordsEnd });
    sink.addParsed(at, end);
    const next = walker.skipSpace(end);
    if (next >= recordsEnd) {
      // Where most records seem bad, it is the page that was misread.
      const isTrusted = sink.recordCount === returned && sink.rejects.length * 2 <= returned;
      if (!isTrusted) return null;
      const { rowCount, columns } = writer;
      return { type: 'scanned', rowCount, columns, rejects: sink.rejects, recordsEnd };
    }
    at = walker.skipSpace(next + 1);
  }
  return null;
}

interface Reach {
  readonly at: number;
  /** The comma before the next place that looks like a record, or the array's end. */
  readonly boundary: number;
  readonly recordsEnd: number;
}

/**
 * The record's own end when its brackets close before the next record seems to begin, or when it is
 * valid JSON as a whole; else the boundary.
 */
function recordEnd(walker: RecordWalker, sink: RecordSink, reach: Reach): number {
  const { at, boundary, recordsEnd } = reach;
  const end = sink.unvouchedEnd(at);
  if (end !== NOT_FOUND && end <= recordsEnd) {
    const next = walker.skipSpace(end);
    const isFollowed = next === recordsEnd || walker.body[next] === COMMA;
    if (isFollowed && (end <= boundary || isJson(walker.body.toString('utf8', at, end)))) {
      return end;
    }
  }
  walker.rewind(at);
  return trimmedEnd(walker.body, boundary);
}

/** The bytes from the `{` of the record at `start` to the end of its first key. */
function firstKeyOf(walker: RecordWalker, start: number): Buffer | null {
  if (walker.body[start] !== OPEN_BRACE) return null;
  const keyStart = walker.skipSpace(start + 1);
  if (walker.body[keyStart] !== QUOTE) return null;
  const keyEnd = walker.stringEnd(keyStart + 1);
  return keyEnd === NOT_FOUND ? null : walker.body.subarray(start, keyEnd + 1);
}

function boundaryAfter(body: Buffer, firstKey: Buffer, at: number, recordsEnd: number): number {
  let found = body.indexOf(firstKey, at + 1);
  while (found !== -1 && found < recordsEnd) {
    const before = trimmedEnd(body, found) - 1;
    if (body[before] === COMMA) return before;
    found = body.indexOf(firstKey, found + 1);
  }
  return recordsEnd;
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
