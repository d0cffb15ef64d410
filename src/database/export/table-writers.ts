/** Whose rows an export holds: the table has one set of rows, whichever runs have written them. */
import type { Pool } from 'pg';
import { type StreamTable, streamTable } from '../../postgres/stream-table.js';
import { asIngestionError } from '../connect.js';
import type { Run } from '../ledger-types.js';

/** As the runs are known by it: never an address with a key. */
export interface TableWriter {
  readonly source: string;
  readonly origin: string;
}

// A run over rows that were there has written none, and its origin may still be theirs.
const LIST_WRITERS = `
  SELECT DISTINCT source, origin FROM ingestion_runs AS r
  WHERE table_name = $1 AND replaced_by IS NULL AND EXISTS (
    SELECT FROM ingestion_pages AS p WHERE p.run = r.run AND p.inserted + p.updated > 0)
  ORDER BY source, origin`;

/** @returns the sources that have rows in the table @throws IngestionError */
export async function listTableWriters(
  pool: Pool,
  { qualified }: StreamTable,
): Promise<TableWriter[]> {
  try {
    return (await pool.query<TableWriter>(LIST_WRITERS, [qualified])).rows;
  } catch (error) {
    throw asIngestionError(error);
  }
}

/** Those that are not the source of this run. */
export async function listOtherWriters(
  pool: Pool,
  run: TableWriter & Pick<Run, 'tableName' | 'tableKey'>,
): Promise<TableWriter[]> {
  const writers = await listTableWriters(pool, streamTable(run));
  return writers.filter(({ source, origin }) => source !== run.source || origin !== run.origin);
}
