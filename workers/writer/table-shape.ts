/**
 * What the statements of the writer know of the table that they write: its columns, and how a page's
 * rows become values of these.
 */
import {
  EVENTS_TABLE,
  quoteIdentifier,
  type StreamTable,
} from '../../src/postgres/stream-table.js';
import type { CursorPlace, WriterTarget } from '../../src/protocol/record-target.js';
import { type CopyFields, copyRecords } from './copy-records.js';
import type { PageRows } from './page-rows.js';
import { digestOfRows } from './row-digest.js';
import type { RowSource } from './row-encoding.js';
import {
  writeCopyStream,
  writeIdArray,
  writeInstantArray,
  writeRecordArray,
} from './row-encoding.js';
import type { Parameter, WireBuffer } from './wire-buffer.js';

/** The rows of a page for COPY, and their digest. */
export interface CopyRows {
  readonly digest: bigint;
  write(wire: WireBuffer): void;
  /** As the parameter of an array. */
  writeKeys(wire: WireBuffer): void;
}

export interface NamedTable extends StreamTable {
  /** As an error of the server names it. */
  readonly relation: string;
  /** A newer row takes the place of the one with its key; else the first one stays. */
  readonly merges: boolean;
  /** See `WriterSettings.seen`; of tables that merge alone. */
  readonly seen: string | null;
  /** To the value by which the stream goes on; null: it does not, or its order tells. */
  readonly cursor: CursorPlace | null;
}

export interface TableShape extends NamedTable, Pick<WriterTarget, 'reads'> {
  /** Null: COPY cannot write it. What it returns is null for a page that only INSERT can write. */
  readonly copy: {
    /** Of its one key column. */
    readonly keyType: 'uuid' | 'bigint';
    rowsOf(selected: PageRows): CopyRows | null;
  } | null;
  /** All but the owner; quoted. */
  readonly columns: readonly string[];
  /** How many parameters the rows of a page are. */
  readonly parameterCount: number;
  /** Their types. */
  readonly parameterTypes: readonly string[];
  parameters(rows: RowSource): Parameter[];
  /** A SELECT of the columns and the owner, of parameters from `$first` on. */
  selectRows(first: number, owner: string): string;
  /** The same as the FROM item `given`, and the place of each row from 1, `PLACE`. */
  given(first: number): string;
}

/** Of a column of a statement that no column of a table has. */
export function ownName(name: string): string {
  return quoteIdentifier(`ingestion:${name}`);
}

export const PLACE = ownName('place');

/** Of a table whose rows have their keys and instants in the batch. @param table with one key column, a uuid */
export function batchShape(table: NamedTable): TableShape {
  const columns = [...table.key.map(quoteIdentifier), 'occurred_at', 'data'];
  const [key] = columns;
  return {
    ...table,
    reads: 'worker',
    copy: {
      keyType: 'uuid',
      rowsOf: (selected) => ({
        digest: digestOfRows(selected),
        write: (wire) => writeCopyStream(wire, selected),
        writeKeys: (wire) => writeIdArray(wire, selected),
      }),
    },
    columns,
    parameterCount: 3,
    parameterTypes: ['uuid[]', 'timestamptz[]', 'text[]'],
    parameters: (rows) => [
      (into) => writeIdArray(into, rows),
      (into) => writeInstantArray(into, rows),
      (into) => writeRecordArray(into, rows),
    ],
    selectRows: (first, owner) =>
      `SELECT unnest($${first}::uuid[]), unnest($${first + 1}::timestamptz[]),
    unnest($${first + 2}::text[])::jsonb, ${owner}::integer`,
    given: (first) => `(
    SELECT ${key}, occurred_at, data::jsonb AS data, ${PLACE}
    FROM unnest($${first}::uuid[], $${first + 1}::timestamptz[], $${first + 2}::text[])
      WITH ORDINALITY AS one (${key}, occurred_at, data, ${PLACE})
  ) AS given`,
  };
}

/** The migrations have made it, and brought it to its form. */
export const EVENTS_SHAPE = batchShape({
  ...EVENTS_TABLE,
  relation: EVENTS_TABLE.qualified,
  merges: false,
  seen: null,
  cursor: null,
});

/** A column and the SQL that takes its value from `record`, a jsonb. */
export interface ReadColumn {
  readonly name: string;
  readonly sql: string;
}

/**
 * @param columns all but `data` and the owner
 * @param copied where these two are all of them; null: COPY cannot write it
 */
export function recordShape(
  table: NamedTable,
  columns: readonly ReadColumn[],
  copied: CopyFields | null,
): TableShape {
  const values = columns.map(({ name, sql }) => `${sql} AS ${quoteIdentifier(name)}`);
  return {
    ...table,
    reads: 'database',
    copy:
      copied === null
        ? null
        : { keyType: 'bigint', rowsOf: (selected) => copyRecords(selected, copied) },
    columns: [...columns.map(({ name }) => quoteIdentifier(name)), 'data'],
    parameterCount: 1,
    parameterTypes: ['text[]'],
    parameters: (rows) => [(into) => writeRecordArray(into, rows)],
    selectRows: (first, owner) =>
      `SELECT ${[...values, 'record', `${owner}::integer`].join(', ')}
    FROM (SELECT unnest($${first}::text[])::jsonb AS record) AS parsed`,
    given: (first) => `(
    SELECT ${[...values, 'record AS data', PLACE].join(', ')}
    FROM (SELECT text::jsonb AS record, ${PLACE}
      FROM unnest($${first}::text[]) WITH ORDINALITY AS one (text, ${PLACE})) AS parsed
  ) AS given`,
  };
}
