/**
 * Reads the table, each row once: how many rows carry each page's id, and their digest. Only where
 * something differs it is read once more, for the rows that are to blame.
 */
import type { ClientBase } from 'pg';
import { LONG_SILENCE_MS, permitSilence } from '../../postgres/client.js';
import {
  dataDigest,
  quoteIdentifier,
  rowDigest,
  type StreamTable,
} from '../../postgres/stream-table.js';
import { TABLE_IS_THERE } from '../ledger-sql.js';
import type { OwnedRows } from './verify-types.js';

// A group a page fits into memory; to sort the rows for it would take several times as long.
const SETTINGS = `
  SET LOCAL enable_sort = off;
  SET LOCAL work_mem = '128MB';
  SET LOCAL jit = off`;

const groupRows = (table: StreamTable, data: string): string => `
  SELECT page, count(*)::float8 AS rows, bit_xor(${rowDigest(table)})::text AS digest, ${data} AS "dataDigest"
  FROM ${table.qualified} GROUP BY page`;

/** Of so many pages, so many rows each are named. */
const PAGES_MAX = 50;
const IDS_MAX = 3;

/**
 * The rows of a page were written by one transaction: one of another was added or changed since. Where
 * a trigger or a refused row made it write in several, too many are named, so those pages are left out.
 */
const findStrangerRows = (table: StreamTable): string => `
  WITH owned AS (
    SELECT page, ${keyText(table)} AS key, xmin::text AS transaction
    FROM ${table.qualified} WHERE page = ANY($1::integer[])
  ), usual AS (
    SELECT page, mode() WITHIN GROUP (ORDER BY transaction) AS transaction FROM owned GROUP BY page
  )
  SELECT page, (array_agg(owned.key ORDER BY owned.key))[1:${IDS_MAX}] AS ids
  FROM owned JOIN usual USING (page)
  WHERE owned.transaction <> usual.transaction GROUP BY page`;

const findOwnerlessRows = (table: StreamTable): string => `
  SELECT page, (array_agg(key ORDER BY key))[1:${IDS_MAX}] AS ids FROM (
    SELECT page, ${keyText(table)} AS key
    FROM ${table.qualified} WHERE page = ANY($1::integer[]) OR $2 AND page IS NULL
  ) AS ownerless GROUP BY page`;

/** What a row is named by; one without a key by its place in the table. */
function keyText({ key }: StreamTable): string {
  if (key.length === 0) return 'ctid::text';
  return `concat_ws('/', ${key.map(quoteIdentifier).join(', ')})`;
}

/** Some of the rows that carry a page's id, by that; null: no id. */
export type RowIds = ReadonlyMap<number | null, readonly string[]>;

/**
 * None where the table is not there: a run that has committed nothing may not have made it.
 *
 * @param withData their data is looked at too, which takes twice as long
 */
export async function readOwnedRows(
  client: ClientBase,
  table: StreamTable,
  withData: boolean,
): Promise<OwnedRows[]> {
  if (!(await isThere(client, table))) return [];
  await client.query(SETTINGS);
  permitSilence(client, LONG_SILENCE_MS);
  const data = withData ? `bit_xor(${dataDigest(table)})::text` : 'NULL';
  const { rows } = await client.query<OwnedRows>(groupRows(table, data));
  return rows;
}

async function isThere(client: ClientBase, { qualified }: StreamTable): Promise<boolean> {
  const { rows } = await client.query<{ isThere: boolean }>(TABLE_IS_THERE, [qualified]);
  return rows[0]?.isThere === true;
}

/** Rows of these pages that were not written with the others. */
export async function findStrangers(
  client: ClientBase,
  table: StreamTable,
  pages: readonly number[],
): Promise<RowIds> {
  return findIds(client, findStrangerRows(table), [pages.slice(0, PAGES_MAX)]);
}

/** Rows that carry one of these ids, or none. */
export async function findOwnerless(
  client: ClientBase,
  table: StreamTable,
  pages: readonly number[],
  orNone: boolean,
): Promise<RowIds> {
  return findIds(client, findOwnerlessRows(table), [pages.slice(0, PAGES_MAX), orNone]);
}

async function findIds(client: ClientBase, sql: string, values: unknown[]): Promise<RowIds> {
  const { rows } = await client.query<{ page: number | null; ids: string[] }>(sql, values);
  return new Map(rows.map(({ page, ids }) => [page, ids]));
}
