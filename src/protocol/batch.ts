/**
 * The batch: the rows of one page as columns, the unit of transfer between threads.
 *
 * Two buffers move together and are given back together, so that nothing is allocated per page once
 * the pipeline is warm:
 *
 *   body     the page as received, UTF-8 JSON; each record is a slice of it
 *   columns  ┌ occurredAtMs  Float64 × capacity   NaN: the record has no timestamp
 *            ├ recordStarts  Uint32  × capacity   first byte of record i in body
 *            ├ recordEnds    Uint32  × capacity   one past its last byte
 *            └ ids           16 bytes × capacity  uuid in network order
 *
 * Rows that the worker already knows cannot be stored are not in the columns; they are `rejects`.
 */
import type { Position } from '../core/position.js';

export const BYTES_PER_ROW = 8 + 4 + 4 + 16;

/** A record that cannot be stored, kept whole. */
export interface Reject {
  /** 0-based place of the record in the page. */
  readonly index: number;
  /** One sentence: which rule it breaks. */
  readonly reason: string;
  /** The record as received; bytes that are not UTF-8 appear as U+FFFD. */
  readonly rawText: string;
}

/** The rows of a page. Its buffers are detached on the sending side after a transfer. */
export interface Batch {
  readonly rowCount: number;
  readonly body: ArrayBuffer;
  /** How many bytes of `body` are the page. */
  readonly bodyBytes: number;
  readonly columns: ArrayBuffer;
  readonly rejects: readonly Reject[];
  /** Positions of the first and last row that have one; null when none has. */
  readonly firstPosition: Position | null;
  readonly lastPosition: Position | null;
  /** Whether the rows follow the source's order. */
  readonly isOrdered: boolean;
}

/** Typed views over a batch's `columns`; all of `capacity` rows. */
export interface ColumnViews {
  readonly capacity: number;
  readonly occurredAtMs: Float64Array;
  readonly recordStarts: Uint32Array;
  readonly recordEnds: Uint32Array;
  /** 16 bytes a row. */
  readonly ids: Uint8Array;
}

/** The two buffers of a batch while they hold nothing: what the free list keeps. */
export interface BatchBuffers {
  readonly body: ArrayBuffer;
  readonly columns: ArrayBuffer;
}

/** A buffer for the columns of at least `rows` rows. */
export function allocateColumns(rows: number): ArrayBuffer {
  return new ArrayBuffer(Math.max(1, rows) * BYTES_PER_ROW);
}

/** Views over a columns buffer made by `allocateColumns`. */
export function columnViews(columns: ArrayBuffer): ColumnViews {
  return columnViewsAt(columns, 0, Math.floor(columns.byteLength / BYTES_PER_ROW));
}

/** Views over columns that lie within a larger buffer. @param at the first byte, a multiple of 8 */
export function columnViewsAt(buffer: ArrayBuffer, at: number, capacity: number): ColumnViews {
  return {
    capacity,
    occurredAtMs: new Float64Array(buffer, at, capacity),
    recordStarts: new Uint32Array(buffer, at + 8 * capacity, capacity),
    recordEnds: new Uint32Array(buffer, at + 12 * capacity, capacity),
    ids: new Uint8Array(buffer, at + 16 * capacity, 16 * capacity),
  };
}
