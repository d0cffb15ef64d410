/** Reads the ledger of all runs: what verification compares the table with. */
import type { ClientBase } from 'pg';
import { streamTable } from '../../postgres/stream-table.js';
import { passOf, stretchOf } from '../../source/pass.js';
import { runsOfTable, unownedRows } from '../ledger-sql.js';
import type { Run } from '../ledger-types.js';
import { readChildren } from './read-children.js';
import type { Ledger, Orphans, VerifiedPage, VerifiedRun } from './verify-types.js';

const FIND_RUN = `
  SELECT run, source, stream, origin, status, settings, table_name AS "tableName", table_key AS "tableKey",
    (extract(epoch FROM started_at) * 1000)::float8 AS "startedAtMs"
  FROM ingestion_runs WHERE run = $1`;

// Digests as text: they do not fit a JavaScript number. Where a row was taken over without a look at its data,
// the data of those that are left cannot be proved.
const LOAD_PAGES = `
  SELECT p.id, p.run, p.segment, p.page, p.cursor, p.next_cursor AS "nextCursor",
    p.has_more AS "hasMore", p.is_ordered AS "isOrdered", p.after_position AS "after", p.through_position AS "through",
    p.returned, p.inserted, p.updated, p.duplicate, p.known, p.differing, p.quarantined, p.retried,
    coalesce(s.rows, 0)::float8 AS superseded,
    (p.digest # coalesce(s.digest, 0))::text AS digest,
    CASE WHEN s.page IS NULL THEN p.data_digest ELSE p.data_digest # s.data_digest END::text AS "dataDigest",
    coalesce(q.kept, 0)::integer AS kept
  FROM ingestion_pages p LEFT JOIN (
    SELECT run, segment, page, count(*) AS kept FROM ingestion_quarantine GROUP BY 1, 2, 3
  ) AS q USING (run, segment, page)
  LEFT JOIN (
    SELECT page, sum(rows) AS rows, bit_xor(digest) AS digest,
      CASE WHEN count(*) = count(data_digest) THEN bit_xor(data_digest) END AS data_digest
    FROM ingestion_superseded GROUP BY page
  ) AS s ON s.page = p.id
  WHERE run IN (${runsOfTable('$1')})
  ORDER BY p.run, p.segment, p.page`;

const LOAD_ORPHANS = `
  SELECT segment, page, count(*)::integer AS count FROM ingestion_quarantine q
  WHERE run = $1 AND NOT EXISTS (
    SELECT FROM ingestion_pages p
    WHERE p.run = q.run AND p.segment = q.segment AND p.page = q.page)
  GROUP BY 1, 2 ORDER BY 1, 2`;

const OTHER_ROWS = `
  SELECT ${unownedRows('$1')} AS "unownedBefore", coalesce((
    SELECT sum(s.rows) FROM ingestion_superseded AS s
      JOIN ingestion_pages AS taker ON taker.id = s.taken_by
      LEFT JOIN ingestion_pages AS p ON p.id = s.page
    WHERE taker.run = $1 AND p.run IS DISTINCT FROM $1), 0)::float8 AS "takenFromOthers"`;

type OtherRows = Pick<Ledger, 'unownedBefore' | 'takenFromOthers'>;
type BesideIt = Pick<Run, 'tableName' | 'tableKey' | 'settings' | 'startedAtMs'>;

/** @returns null when the ledger has no such run */
export async function readLedger(client: ClientBase, number: number): Promise<Ledger | null> {
  const [found] = (await client.query<VerifiedRun & BesideIt>(FIND_RUN, [number])).rows;
  if (found === undefined) return null;
  const { tableName, tableKey, settings, startedAtMs, ...run } = found;
  const { rows: pages } = await client.query<VerifiedPage>(LOAD_PAGES, [number]);
  const { rows: orphans } = await client.query<Orphans>(LOAD_ORPHANS, [number]);
  const { rows: others } = await client.query<OtherRows>(OTHER_ROWS, [number]);
  const table = streamTable(found);
  const read = { pass: passOf(settings), within: stretchOf(settings) };
  const children = await readChildren(client, run, { settings, startedAtMs });
  return {
    run,
    ...read,
    table,
    pages,
    orphans,
    children,
    ...(others[0] ?? { unownedBefore: 0, takenFromOthers: 0 }),
  };
}
