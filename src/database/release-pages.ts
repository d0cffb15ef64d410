/**
 * Lets go of pages of a run, for them to be fetched again: their rows, their records in quarantine and their
 * ledger rows go, and the run is open again. All or nothing; a resume then walks what no page covers.
 *
 * Only rows that carry the id of such a page are deleted. An id is never given twice, so that nothing
 * happens where a page has gone before.
 */
import type { Pool } from 'pg';
import { LONG_SILENCE_MS, permitSilence } from '../postgres/client.js';
import type { StreamTable } from '../postgres/stream-table.js';
import * as sql from './ledger-sql.js';
import { asked, inTransaction } from './transaction.js';

// One pass over the table, for its rows have no index by page.
const release = (table: string): string => `
  WITH released AS (
    DELETE FROM ingestion_pages WHERE run = $1 AND id = ANY($2::integer[])
    RETURNING id, segment, page
  ), lost AS (
    DELETE FROM ingestion_superseded WHERE page IN (SELECT id FROM released)
  ), records AS (
    DELETE FROM ingestion_quarantine AS q USING released AS r
    WHERE q.run = $1 AND q.segment = r.segment AND q.page = r.page
  ), rows AS (
    DELETE FROM ${table} WHERE page IN (SELECT id FROM released) RETURNING 1
  )
  SELECT (SELECT count(*) FROM released)::float8 AS pages, (SELECT count(*) FROM rows)::float8 AS rows`;

const HAS_DATA_DIGESTS = `
  SELECT EXISTS (
    SELECT FROM ingestion_pages WHERE run = $1 AND data_digest IS NOT NULL
  ) AS "hasDigests"`;

export interface ReleasedPages {
  readonly pages: number;
  readonly rows: number;
}

/**
 * For who holds the run lock.
 *
 * @param options.ids of the pages @param options.reason why the run is open again
 * @throws IngestionError with the fault of the database
 */
export async function releasePages(
  pool: Pool,
  options: {
    readonly run: number;
    readonly table: StreamTable;
    readonly ids: readonly number[];
    readonly reason: string;
  },
): Promise<ReleasedPages> {
  const { run, table, ids, reason } = options;
  return inTransaction(pool, async (client) => {
    permitSilence(client, LONG_SILENCE_MS);
    const { rows } = await asked(client.query<ReleasedPages>(release(table.qualified), [run, ids]));
    await asked(client.query(sql.SET_RUN_STATUS, [run, 'paused', null, reason]));
    return rows[0] ?? { pages: 0, rows: 0 };
  });
}

/** Whether pages of the run have a digest of their data. @throws IngestionError */
export async function hasDataDigests(pool: Pool, run: number): Promise<boolean> {
  const { rows } = await asked(pool.query<{ hasDigests: boolean }>(HAS_DATA_DIGESTS, [run]));
  return rows[0]?.hasDigests === true;
}
