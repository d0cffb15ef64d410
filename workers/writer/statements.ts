/**
 * The statements of the writer, prepared once on each connection under one name each.
 *
 * The ledger row, the quarantined records and, on the insert path, the rows are one statement: on
 * COPY's path it follows the COPY in the same transaction.
 */
import { DATA_DIGEST, ROW_DIGEST } from '../../src/postgres/row-digest.js';
import { PROBE } from './row-digest.js';
import { type WireBuffer, writeBindAndExecute, writeParse } from './wire-buffer.js';

/** $1 to $23 are `ledgerParameters`; what the counts and digests come from differs. */
const LEDGER_COLUMNS = `run, segment, page, cursor, next_cursor, next_cursor_expires_at, has_more,
  is_ordered, after_position, through_position, first_position, last_position, fetched_at, returned,
  quarantined, clipped, bytes, request_id, id, inserted, duplicate, known, differing, digest,
  data_digest`;

const LEDGER_VALUES = `$1::integer, $2::integer, $3::integer, $4, $5,
  to_timestamp($6::double precision / 1000), $7::boolean, $8::boolean,
  $9, $10, $11, $12, to_timestamp($13::double precision / 1000), $14::integer, $15::integer,
  $16::integer, $17::integer, $18, $19::integer`;

// The ledger's key decides whether a page is known, so nothing else may fail before it does.
const KEEP_REJECTS = `rejected AS (
  INSERT INTO ingestion_quarantine (run, segment, page, index, reason, raw_text)
  SELECT $1::integer, $2::integer, $3::integer, index, ($23::text[])[reason_number], raw_text
  FROM unnest($20::integer[], $21::integer[], $22::text[]) AS record (index, reason_number, raw_text)
  ON CONFLICT DO NOTHING
)`;

// Triggers may skip, change or delete rows that COPY and INSERT then count all the same, or not at
// all. So the count of a page is null where there are any: the ledger refuses that, and the page is
// written once more, with a look at what is there. None can appear while a page is being written.
const HAS_TRIGGERS = `EXISTS (
  SELECT FROM pg_trigger
  WHERE tgrelid IN (
      SELECT 'ingested_events'::regclass UNION SELECT relid FROM pg_partition_tree('ingested_events')
    )
    AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 4 = 4
)`;

// Of the rows that are there already, those that no page of the run wrote. Where the run has pages from
// before rows had owners, a row without one passes for theirs.
const IS_KNOWN = `owned.page IS DISTINCT FROM $19::integer AND NOT EXISTS (
    SELECT FROM ingestion_pages AS own
    WHERE own.run = $1::integer AND (own.id = owned.page OR own.id IS NULL AND owned.page IS NULL))`;

const countKnown = (ids: string): string => `(
  SELECT coalesce(sum(owned.rows), 0)::integer FROM (
    SELECT event.page, count(*) AS rows
    FROM unnest(${ids}) AS one (id) JOIN ingested_events AS event ON event.id = one.id
    GROUP BY event.page
  ) AS owned
  WHERE ${IS_KNOWN}
)`;

// Records that were there before the page: those of other runs, and those whose row has other content, for
// the row stays as it was there first. One look at the table: two cost a page of known rows a sixth more.
const COUNT_MET = `(
  SELECT coalesce(sum(owned.rows) FILTER (WHERE ${IS_KNOWN}), 0)::integer AS known,
    coalesce(sum(owned.differing), 0)::integer AS differing
  FROM (
    SELECT event.page, count(*) AS rows, count(*) FILTER (
      WHERE event.occurred_at IS DISTINCT FROM given.occurred_at
        OR event.data IS DISTINCT FROM given.data::jsonb) AS differing
    FROM unnest($24::uuid[], $25::timestamptz[], $26::text[]) AS given (id, occurred_at, data)
      JOIN ingested_events AS event ON event.id = given.id
    GROUP BY event.page
  ) AS owned
  WHERE tally.inserted < cardinality($24::uuid[])
)`;

/** Of the page's rows, read back by their ids. */
const digestOfData = (ids: string): string => `(
  SELECT coalesce(bit_xor(${DATA_DIGEST}), 0) FROM ingested_events
  WHERE id = ANY(${ids}) AND page = $19::integer
)`;

// A table that was there before us may have more unique indexes. Only the same id is the same row: one
// that another index refuses is not in the table, and must not pass as a duplicate.
const STATEMENTS = {
  copy_rows: 'COPY ingested_events (id, occurred_at, data, page) FROM STDIN (FORMAT binary)',

  // $24: how many rows, $25: their digest, $26: their ids where their data is to be proved.
  record_page: `WITH ${KEEP_REJECTS}
INSERT INTO ingestion_pages (${LEDGER_COLUMNS})
SELECT ${LEDGER_VALUES}, CASE WHEN NOT ${HAS_TRIGGERS} THEN $24::integer END,
  $14::integer - $15::integer - $24::integer, 0, 0, $25::bigint,
  CASE WHEN $26::uuid[] IS NOT NULL THEN ${digestOfData('$26::uuid[]')} END
RETURNING inserted, duplicate, known`,

  // $26: the ids of all rows of the page, $27: whether their data is to be proved.
  record_counted_page: `WITH ${KEEP_REJECTS}
INSERT INTO ingestion_pages (${LEDGER_COLUMNS})
SELECT ${LEDGER_VALUES}, $24::integer, $14::integer - $15::integer - $24::integer,
  CASE WHEN $24::integer < cardinality($26::uuid[]) THEN ${countKnown('$26::uuid[]')} ELSE 0 END,
  0, $25::bigint, CASE WHEN $27::boolean THEN ${digestOfData('$26::uuid[]')} END
RETURNING inserted, duplicate, known`,

  // $24 to $26: ids, instants and records of the rows, $27: whether their data is to be proved.
  insert_page: `WITH stored AS (
  INSERT INTO ingested_events (id, occurred_at, data, page)
  SELECT unnest($24::uuid[]), unnest($25::timestamptz[]), unnest($26::text[])::jsonb, $19::integer
  ON CONFLICT (id) DO NOTHING
  RETURNING ${ROW_DIGEST} AS digest, CASE WHEN $27::boolean THEN ${DATA_DIGEST} END AS data_digest
), tally AS (
  SELECT count(*)::integer AS inserted, coalesce(bit_xor(digest), 0) AS digest,
    coalesce(bit_xor(data_digest), 0) AS data_digest
  FROM stored
), ${KEEP_REJECTS}
INSERT INTO ingestion_pages (${LEDGER_COLUMNS})
SELECT ${LEDGER_VALUES}, CASE WHEN NOT ${HAS_TRIGGERS} THEN tally.inserted END,
  $14::integer - $15::integer - tally.inserted,
  met.known, met.differing, tally.digest, CASE WHEN $27::boolean THEN tally.data_digest END
FROM tally CROSS JOIN LATERAL ${COUNT_MET} AS met
RETURNING inserted, duplicate, known`,

  insert_rows: `WITH stored AS (
  INSERT INTO ingested_events (id, occurred_at, data, page)
  SELECT unnest($1::uuid[]), unnest($2::timestamptz[]), unnest($3::text[])::jsonb, $4::integer
  ON CONFLICT (id) DO NOTHING
  RETURNING id, ${ROW_DIGEST} AS digest
)
SELECT id, digest FROM stored`,

  find_missing: `SELECT place - 1
FROM unnest($1::uuid[]) WITH ORDINALITY AS page (id, place)
WHERE NOT EXISTS (SELECT FROM ingested_events AS event WHERE event.id = page.id)`,

  find_page: `SELECT returned, inserted, duplicate, known, quarantined,
  fetched_at = to_timestamp($4::double precision / 1000) AND request_id IS NOT DISTINCT FROM $5
FROM ingestion_pages
WHERE run = $1::integer AND segment = $2::integer AND page = $3::integer`,

  // A block of as many as the sequence steps.
  reserve_page_ids: `SELECT nextval('ingestion_page_ids'), seqincrement
FROM pg_sequence WHERE seqrelid = 'ingestion_page_ids'::regclass`,

  probe_digest: PROBE.sql,
} as const;

export type StatementName = keyof typeof STATEMENTS;

/** What a new connection is sent before its first page. */
export function writePreparation(wire: WireBuffer): void {
  // A custom plan would copy a page's arrays into the plan of each of the first five pages.
  writeParse(wire, '', 'SET plan_cache_mode = force_generic_plan');
  writeBindAndExecute(wire, '', []);
  for (const [name, text] of Object.entries(STATEMENTS)) writeParse(wire, name, text);
}
