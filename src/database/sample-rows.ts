/** Some rows of a table, and which types their values can be read as. One snapshot, nothing changed. */
import type { ClientBase, Pool } from 'pg';
import type { StreamTable } from '../postgres/stream-table.js';
import { SQL_TYPES, valueSql } from '../postgres/value-sql.js';
import type { ColumnType } from '../protocol/record-target.js';
import { asIngestionError } from './connect.js';
import { asked, inSnapshot } from './transaction.js';

/** Blocks hold tens of rows alike, so that many more are drawn from than are wanted. */
const DRAWN_PER_WANTED = 10;
/** Of data that a type does not take. */
const DATA_FAULT = /^22/;

export interface RowSample {
  /** `data` of each, as text. */
  readonly records: readonly string[];
  /** In the table, by the planner's guess; null: as many as were read. */
  readonly tableRows: number | null;
  /** @returns the first type that takes the field's value of each row of the sample; null: none does */
  firstFitting(name: string, types: readonly ColumnType[]): Promise<ColumnType | null>;
}

/**
 * @param use ends before the snapshot does
 * @returns null where there is no such table
 * @throws IngestionError with the fault of the database; what `use` throws
 */
export function sampleRows<T>(
  pool: Pool,
  { qualified }: Pick<StreamTable, 'qualified'>,
  { countMax, use }: { readonly countMax: number; use(sample: RowSample): Promise<T> },
): Promise<T | null> {
  return inSnapshot(pool, async (client) => {
    const tableRows = await estimate(client, qualified);
    if (tableRows === null) return null;
    const rows = await draw(client, { qualified, tableRows, countMax });
    const places = rows.map(({ place }) => place);
    return use({
      records: rows.map(({ record }) => record),
      tableRows: tableRows > rows.length ? tableRows : null,
      async firstFitting(name, types) {
        for (const type of types) {
          if (await takes(client, { qualified, places }, name, type)) return type;
        }
        return null;
      },
    });
  });
}

/** @returns 0 or less until the table was first analysed; null where there is none */
async function estimate(client: ClientBase, qualified: string): Promise<number | null> {
  const { rows } = await asked(
    client.query<{ rows: number }>(
      'SELECT reltuples::float8 AS rows FROM pg_class WHERE oid = to_regclass($1)',
      [qualified],
    ),
  );
  return rows[0]?.rows ?? null;
}

interface Drawn {
  readonly place: string;
  readonly record: string;
}

/** From all over a large table; the first of a small one, or of one that is not known to be large. */
async function draw(
  client: ClientBase,
  wanted: { readonly qualified: string; readonly tableRows: number; readonly countMax: number },
): Promise<Drawn[]> {
  const { qualified, tableRows, countMax } = wanted;
  const columns = 'ctid::text AS place, data::text AS record';
  const percent = (100 * DRAWN_PER_WANTED * countMax) / Math.max(1, tableRows);
  if (percent < 100) {
    const text = `SELECT ${columns} FROM ${qualified} TABLESAMPLE SYSTEM ($1) ORDER BY random() LIMIT $2`;
    const { rows } = await asked(client.query<Drawn>(text, [percent, countMax]));
    if (rows.length === countMax) return rows;
  }
  const text = `SELECT ${columns} FROM ${qualified} LIMIT $1`;
  return (await asked(client.query<Drawn>(text, [countMax]))).rows;
}

/** Read as the writer reads it; a double only where it is the number that was sent. */
async function takes(
  client: ClientBase,
  { qualified, places }: { readonly qualified: string; readonly places: readonly string[] },
  name: string,
  type: ColumnType,
): Promise<boolean> {
  const value = valueSql([name], SQL_TYPES[type], 'data');
  const exact = valueSql([name], 'numeric', 'data');
  const isSame = `(${value})::text::numeric IS NOT DISTINCT FROM ${exact}`;
  // Counting the values has PostgreSQL compute each of them, and find the one that does not fit.
  const fits = type === 'double' ? `coalesce(bool_and(${isSame}), true)` : `count(${value}) >= 0`;
  const text = `SELECT ${fits} AS fits FROM ${qualified} WHERE ctid = ANY($1::tid[])`;
  await asked(client.query('SAVEPOINT fit'));
  try {
    const { rows } = await client.query<{ fits: boolean }>(text, [places]);
    await client.query('RELEASE SAVEPOINT fit');
    return rows[0]?.fits === true;
  } catch (error) {
    if (!DATA_FAULT.test((error as { code?: string }).code ?? '')) throw asIngestionError(error);
    await client.query('ROLLBACK TO SAVEPOINT fit');
    return false;
  }
}
