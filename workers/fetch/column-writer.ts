/** Fills a page's columns row by row, and grows them when the page holds more than was expected. */
import { allocateColumns, type ColumnViews, columnViews } from '../../src/protocol/batch.js';

export class ColumnWriter {
  rowCount = 0;
  #columns: ArrayBuffer;
  #views: ColumnViews;

  /**
   * @param reused columns to fill again; null when there are none
   * @param rowsExpected how many rows the page is likely to have
   */
  constructor(reused: ArrayBuffer | null, rowsExpected: number) {
    const isRoomy = reused !== null && columnViews(reused).capacity >= rowsExpected;
    this.#columns = isRoomy ? reused : allocateColumns(rowsExpected);
    this.#views = columnViews(this.#columns);
  }

  get columns(): ArrayBuffer {
    return this.#columns;
  }

  /** Where the next row's id goes, at `16 × rowCount`. Room for it is made first. */
  idsWithRoom(): Uint8Array {
    if (this.rowCount === this.#views.capacity) this.#grow();
    return this.#views.ids;
  }

  /** Ends the row whose id is already in `idsWithRoom()`. */
  endRow(occurredAtMs: number, recordStart: number, recordEnd: number): void {
    const row = this.rowCount++;
    this.#views.occurredAtMs[row] = occurredAtMs;
    this.#views.recordStarts[row] = recordStart;
    this.#views.recordEnds[row] = recordEnd;
  }

  #grow(): void {
    const old = this.#views;
    this.#columns = allocateColumns(old.capacity * 2);
    this.#views = columnViews(this.#columns);
    this.#views.occurredAtMs.set(old.occurredAtMs);
    this.#views.recordStarts.set(old.recordStarts);
    this.#views.recordEnds.set(old.recordEnds);
    this.#views.ids.set(old.ids);
  }
}
