/** The statements that try records in quarantine again; prepared only where that is done. */
import { dataDigest, rowDigest } from '../../src/postgres/stream-table.js';
import { isKnown, mergeGroup } from './merge-statements.js';
import { meeting, writtenRows } from './row-sql.js';
import type { TableShape } from './table-shape.js';

/** Of `insert_late`: the page by id, run, segment and number comes before the rows. */
const ROWS_FIRST = 5;

/** $1 to $3 of those that take no rows are run, segment and number of the page. */
export function retryStatements(shape: TableShape) {
  const isKeyed = shape.key.length > 0;
  const late = { id: '$1', run: '$2', segment: '$3', page: '$4', proves: 'true', isLate: true };
  return {
    // Whoever lets go of the page has to wait, or has done so before.
    lock_page: `SELECT id FROM ingestion_pages
WHERE run = $1::integer AND segment = $2::integer AND page = $3::integer FOR UPDATE`,

    ...(shape.merges && { insert_late: mergeGroup(shape, ROWS_FIRST, late) }),

    // The owner, then the rows: which of them it has, by number and by both digests.
    count_owned: isKeyed
      ? `SELECT count(*), coalesce(bit_xor(${rowDigest(shape)}), 0),
  coalesce(bit_xor(${dataDigest(shape)}), 0)
FROM ${writtenRows(shape, 2, '$1')}`
      : `SELECT 0, 0, 0 FROM ${shape.given(2)} WHERE $1::integer IS NULL`,

    // The page's id and run, then the rows: those that are there and that no page of the run wrote.
    count_known: isKeyed
      ? `SELECT coalesce(sum(owned.rows), 0) FROM (
  SELECT kept.page, count(*) AS rows FROM ${meeting(shape, 3)} GROUP BY kept.page
) AS owned WHERE ${isKnown('owned.page', { id: '$1', run: '$2' })}`
      : `SELECT 0 FROM ${shape.given(3)} WHERE ($1::integer, $2::integer) IS NULL`,

    amend_page: `UPDATE ingestion_pages SET inserted = inserted + $4::integer,
  updated = updated + $5::integer, duplicate = duplicate + $6::integer,
  known = known + $7::integer, quarantined = quarantined - $8::integer,
  retried = retried + $8::integer, digest = digest # $9::bigint, data_digest = data_digest # $10::bigint
WHERE run = $1::integer AND segment = $2::integer AND page = $3::integer`,

    // $4: the records that were stored; $5 and $6: those that were refused, and their reasons.
    settle_quarantine: `WITH gone AS (
  DELETE FROM ingestion_quarantine
  WHERE run = $1::integer AND segment = $2::integer AND page = $3::integer AND index = ANY ($4::integer[])
  RETURNING index
), refused AS (
  UPDATE ingestion_quarantine AS q SET reason = given.reason
  FROM unnest($5::integer[], $6::text[]) AS given (index, reason)
  WHERE q.run = $1::integer AND q.segment = $2::integer AND q.page = $3::integer AND q.index = given.index
  RETURNING q.index
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM refused)`,
  };
}
