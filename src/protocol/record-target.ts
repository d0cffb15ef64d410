/**
 * Where the rows of a stream go, and what of a record becomes a column. DataSync's columns are read by
 * the fetch worker; those of any other stream by PostgreSQL, from the record's JSON.
 */

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

export type WriterTarget =
  | { readonly reads: 'worker' }
  | {
      readonly reads: 'database';
      readonly schema: string;
      readonly table: string;
      /** None: rows are appended. */
      readonly key: readonly RecordColumn[];
      readonly disposition: Disposition;
      /** To the record's instant; null: it has none. */
      readonly timePath: RecordPath | null;
      /** Beside the key. */
      readonly columns: readonly RecordColumn[];
    };

export type RecordTarget = Extract<WriterTarget, { reads: 'database' }>;

export function dispositionOf(target: WriterTarget): Disposition {
  return target.reads === 'worker' ? 'append' : target.disposition;
}

/** Of the table that takes the rows of a run until they replace those of another. */
export const LOADING_SUFFIX = '__loading';
