/** Where the rows of a stream go, and what of a record becomes a column. */

/** The types of the file format. */
export type ColumnType =
  | 'text'
  | 'bigint'
  | 'double'
  | 'bool'
  | 'timestamp'
  | 'date'
  | 'time'
  | 'decimal'
  | 'json'
  | 'binary';

/** Names of fields, or places in a list, that lead to a value of a record. */
export type RecordPath = readonly string[];

export interface RecordColumn {
  readonly name: string;
  readonly path: RecordPath;
  /** Null: as its first values are; text where they do not agree. */
  readonly type: ColumnType | null;
  readonly isNullable: boolean;
}

/**
 * What becomes of a row that is there already: `append` leaves it, `merge` puts a newer one in its place,
 * `replace` puts the rows of a run in place of all others once it is complete.
 */
export type Disposition = 'append' | 'merge' | 'replace';

/** The types of values by which an incremental stream goes on, as the file format has them. */
export const CURSOR_TYPES = [
  ...(['datetime', 'date', 'timestamp'] as const),
  ...(['integer', 'numeric', 'objectid'] as const),
] as const;
export type CursorType = (typeof CURSOR_TYPES)[number];

/** The field by which an incremental stream goes on. */
export interface CursorPlace {
  readonly path: RecordPath;
  /** Null: as each value shows. */
  readonly type: CursorType | null;
}

export interface WriterTarget {
  /**
   * Who takes a row's key, a uuid, and its instant from the record: the fetch worker, into the batch, or
   * PostgreSQL, from its JSON.
   */
  readonly reads: 'worker' | 'database';
  readonly schema: string;
  readonly table: string;
  /** None: rows are appended. */
  readonly key: readonly RecordColumn[];
  readonly disposition: Disposition;
  /** To the record's instant; null: it has none. */
  readonly timePath: RecordPath | null;
  /** Null: every run reads all of the stream. */
  readonly cursor: CursorPlace | null;
  /** Beside the key. */
  readonly columns: readonly RecordColumn[];
}

/** Of the table that takes the rows of a run until they replace those of another. */
export const LOADING_SUFFIX = '__loading';
