/**
 * The page scanner: takes the usual records with vector instructions, and leaves the others, one by
 * one, to the plain scanner, with which it agrees in every byte of its result.
 *
 * Two passes over the page in WebAssembly: the first finds the bytes that are structure, the second
 * goes from one to the next. Where the second meets a record that it cannot vouch for, the plain
 * scanner takes that record, and the walk goes on behind it.
 */
import { ColumnWriter } from '../column-writer.js';
import { NOT_FOUND } from '../json-walker.js';
import { RecordSink } from '../record-sink.js';
import { RecordWalker } from '../record-walker.js';
import { type ScanRequest, type ScanResult, scanPlainly, scanResult } from '../scanner.js';
import { fitsModule, PageMemory } from './page-memory.js';
import { loadScanModule, type ScanModule } from './scan-module.js';

const COMMA = 0x2c;
const CLOSE_BRACKET = 0x5d;

/** So many records, and one in so many of all, may be left to the plain scanner before all are. */
const STOPS_FREE = 32;
const ROWS_PER_STOP_MIN = 4;

const scanModule = loadScanModule();

/** Scans the records array of a page. */
export function scanPage(request: ScanRequest): ScanResult {
  if (scanModule === null || !fitsModule(request)) return scanPlainly(request);
  const scan = new SimdScan(scanModule, request);
  const recordsEnd = scan.takeAll(request.recordsStart);
  return scanResult(scan.writer, scan.sink, recordsEnd);
}

class SimdScan {
  readonly writer: ColumnWriter;
  readonly sink: RecordSink;
  readonly #walker: RecordWalker;
  readonly #memory: PageMemory;
  /** Whether the walk still takes records. */
  #isWalking: boolean;
  #stopCount = 0;

  constructor(module: ScanModule, request: ScanRequest) {
    this.#walker = new RecordWalker(request.body, request);
    this.writer = new ColumnWriter(request.columns, request.rowsExpected);
    this.sink = new RecordSink(this.#walker, this.writer, request);
    this.#memory = new PageMemory(module, request, this.writer.capacity);
    this.#isWalking = this.#memory.findStructure(this.sink.isUtf8);
  }

  /** @returns where the `]` is; `NOT_FOUND` when the array cannot be followed. */
  takeAll(recordsStart: number): number {
    const walker = this.#walker;
    const { body } = walker;
    let at = walker.skipSpace(recordsStart);
    if (body[at] === CLOSE_BRACKET) return at;
    for (;;) {
      const end = this.#takeSome(at);
      if (end === NOT_FOUND) return NOT_FOUND;
      at = walker.skipSpace(end);
      if (body[at] === CLOSE_BRACKET) return at;
      if (body[at] !== COMMA) return NOT_FOUND;
      // Both have the same view of all that follows exactly when both see a comma here.
      this.#isWalking &&= this.#memory.isStructure(at);
      at = walker.skipSpace(at + 1);
    }
  }

  /** Takes at least one record. @returns one past the last; `NOT_FOUND` when it has no end. */
  #takeSome(start: number): number {
    if (!this.#isWalking) return this.sink.takeNext(start);
    const memory = this.#memory;
    const { at, isBehindRecord } = memory.walk(start, this.writer.rowCount);
    if (memory.rowCount > this.writer.rowCount)
      this.writer.addRows(memory.columns, memory.rowCount);
    const stopsMax = STOPS_FREE + this.writer.rowCount / ROWS_PER_STOP_MIN;
    if (++this.#stopCount > stopsMax || memory.isFull) this.#isWalking = false;
    if (isBehindRecord) return at;
    this.#walker.rewind(at);
    // A walk that ends before a record leaves it behind a comma, with or without white space.
    return this.sink.takeNext(this.#walker.skipSpace(at));
  }
}
