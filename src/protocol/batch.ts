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
import type { Position } from '../paging/position.js';

export const BYTES_PER_ROW = 8 + 4 + 4 + 16;

/**
 * The records of a page that cannot be stored: where each stands in the body, and which rule it
 * breaks. Numbers, not objects or text: a page of megabytes may hold nothing else.
 */
export interface Rejects {
  readonly count: number;
  /** Four numbers for each, in the order of the page; see `Reject`. Moved with the batch. */
  readonly places: Uint32Array;
  /** What `reasonNumber` counts in; one sentence each. */
  readonly reasons: readonly string[];
}

/** One of them, for a reader who has time. */
export interface Reject {
  /** 0-based place of the record in the page. */
  readonly index: number;
  /** Its first byte in the body, and one past its last. */
  readonly start: number;
  readonly end: number;
  readonly reasonNumber: number;
}

export const NUMBERS_PER_REJECT = 4;

/** @param nth from 0 */
export function rejectAt({ places }: Rejects, nth: number): Reject {
  const at = nth * NUMBERS_PER_REJECT;
  return {
    index: places[at] as number,
    start: places[at + 1] as number,
    end: places[at + 2] as number,
    reasonNumber: places[at + 3] as number,
  };
}

/** The rows of a page. Its buffers are detached on the sending side after a transfer. */
export interface Batch {
  readonly rowCount: number;
  readonly body: ArrayBuffer;
  /** How many bytes of `body` are the page. */
  readonly bodyBytes: number;
  readonly columns: ArrayBuffer;
  readonly rejects: Rejects;
  /** Positions of the first and last row that have one; null when none has. */
  readonly firstPosition: Position | null;
  readonly lastPosition: Position | null;
  /** Whether no row is later than the one before it; rows of one instant may come in any order. */
  readonly isDescending: boolean;
  /** Equal for pages whose records are the same, byte for byte; unset: a key tells them apart, or there are none. */
  readonly fingerprint?: string;
  /** JSON text of the highest value by which the stream goes on; unset: no record has one. */
  readonly highest?: string;
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

/** The buffers that move with a batch. */
export function buffersOf({ body, columns, rejects }: Batch): ArrayBuffer[] {
  const { places } = rejects;
  return rejects.count === 0 ? [body, columns] : [body, columns, places.buffer as ArrayBuffer];
}

/** A buffer for the columns of at least `rows` rows. */
export function allocateColumns(rows: number): ArrayBuffer {
  return new ArrayBuffer(Math.max(1, rows) * BYTES_PER_ROW);
}

/** Views over a columns buffer made by `allocateColumns`. */
export function columnViews(columns: ArrayBuffer): ColumnViews {
  const capacity = Math.floor(columns.byteLength / BYTES_PER_ROW);
  return {
    capacity,
    occurredAtMs: new Float64Array(columns, 0, capacity),
    recordStarts: new Uint32Array(columns, 8 * capacity, capacity),
    recordEnds: new Uint32Array(columns, 12 * capacity, capacity),
    ids: new Uint8Array(columns, 16 * capacity, 16 * capacity),
  };
}
