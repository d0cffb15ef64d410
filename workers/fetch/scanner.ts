/**
 * The page scanner: from the bytes of the records array to columns, without an object per row.
 *
 * Records that the walk cannot vouch for go through `JSON.parse` one by one; records that cannot be
 * stored become rejects; the page itself is given up only when its array cannot be followed to the
 * end.
 */
import type { Rejects } from '../../src/protocol/batch.js';
import { NOT_FOUND } from '../json/json-walker.js';
import { type RecordFields, RecordWalker } from '../json/record-walker.js';
import { ColumnWriter } from './column-writer.js';
import { RecordSink } from './record-sink.js';

const COMMA = 0x2c;
const CLOSE_BRACKET = 0x5d;

export interface ScanRequest extends RecordFields {
  /** The page, exactly its bytes. */
  readonly body: Buffer;
  /** The first byte after the `[` of the records array. */
  readonly recordsStart: number;
  /** Columns to fill again; null when there are none. */
  readonly columns: ArrayBuffer | null;
  readonly rowsExpected: number;
}

/** What a scan ends with. `columns` is the buffer to keep in either case. */
export type ScanResult =
  | ScannedRecords
  | {
      readonly type: 'broken';
      /** The record, from 0, at which the array could not be followed. */
      readonly recordIndex: number;
      readonly columns: ArrayBuffer;
    }
  /** More records that cannot be stored than are noted. */
  | { readonly type: 'tooMany'; readonly columns: ArrayBuffer };

export interface ScannedRecords {
  readonly type: 'scanned';
  readonly rowCount: number;
  readonly columns: ArrayBuffer;
  readonly rejects: Rejects;
  /** Where the `]` of the records array is. */
  readonly recordsEnd: number;
}

/** Scans the records array of a page. */
export function scanPage(request: ScanRequest): ScanResult {
  const walker = new RecordWalker(request.body, request);
  const writer = new ColumnWriter(request.columns, request.rowsExpected);
  const sink = new RecordSink(walker, writer, request);
  const recordsEnd = takeAll(walker, sink, request.recordsStart);
  const { columns, rowCount } = writer;
  const { rejects, recordCount } = sink;
  if (recordsEnd !== NOT_FOUND) {
    return { type: 'scanned', rowCount, columns, rejects: rejects.rejects(), recordsEnd };
  }
  return rejects.isFull
    ? { type: 'tooMany', columns }
    : { type: 'broken', recordIndex: recordCount, columns };
}

/** @returns where the `]` is; `NOT_FOUND` when the array cannot be followed. */
function takeAll(walker: RecordWalker, sink: RecordSink, recordsStart: number): number {
  const body = walker.body;
  let at = walker.skipSpace(recordsStart);
  if (body[at] === CLOSE_BRACKET) return at;
  for (;;) {
    const end = sink.takeNext(at);
    if (end === NOT_FOUND) return NOT_FOUND;
    at = walker.skipSpace(end);
    if (body[at] === CLOSE_BRACKET) return at;
    if (body[at] !== COMMA) return NOT_FOUND;
    at = walker.skipSpace(at + 1);
  }
}
