/** Whether the columns of a table are what the source file declares. */
import type { Pool } from 'pg';
import type { StreamTable } from '../postgres/stream-table.js';
import { SQL_TYPES } from '../postgres/value-sql.js';
import type { ColumnType, RecordColumn } from '../protocol/record-target.js';
import { asked } from './transaction.js';

/** What a table that was there before may have for it: a value that is out of its range is refused by itself. */
const ALIKE: Readonly<Partial<Record<ColumnType, readonly string[]>>> = {
  text: ['character varying', 'character'],
  bigint: ['integer', 'smallint', 'numeric'],
  double: ['real', 'numeric'],
  timestamp: ['timestamp without time zone'],
  time: ['time with time zone'],
  json: ['json'],
};

export interface OtherColumn {
  readonly name: string;
  readonly type: string;
  /** As SQL names it. */
  readonly declared: string;
}

const FIND_TYPES = `
  SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
  WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`;

/**
 * Columns of another type than the declared one; none where there is no table.
 *
 * @throws IngestionError with the fault of the database
 */
export async function listOtherColumns(
  pool: Pool,
  { qualified }: Pick<StreamTable, 'qualified'>,
  columns: readonly RecordColumn[],
): Promise<OtherColumn[]> {
  if (columns.length === 0) return [];
  const { rows } = await asked(pool.query<{ name: string; type: string }>(FIND_TYPES, [qualified]));
  const types = new Map(rows.map(({ name, type }) => [name, type]));
  return columns.flatMap(({ name, type: wanted }) => {
    const type = types.get(name);
    if (type === undefined || wanted === null) return [];
    const declared = SQL_TYPES[wanted];
    return type === declared || ALIKE[wanted]?.includes(type) ? [] : [{ name, type, declared }];
  });
}
