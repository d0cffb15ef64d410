/**
 * The statements of the writer, prepared once on each connection under one name each.
 *
 * The ledger row, the quarantined records and, on the insert path, the rows are one statement: on
 * COPY's path it follows the COPY in the same transaction.
 */
import { type WireBuffer, writeBindAndExecute, writeParse } from './wire-buffer.js';

/** $1 to $27 are `ledgerParameters`; what the row count comes from differs. */
const LEDGER_COLUMNS = `run, segment, page, cursor, next_cursor, next_cursor_expires_at, has_more,
  after_position, through_position, first_position, last_position, fetched_at, returned, quarantined,
  covered, ids_digest, occurred_at_sum, bytes, request_id, untimed, untimed_digest, stray_ids, stray_ms,
  inserted, duplicate`;

const LEDGER_VALUES = `$1::integer, $2::integer, $3::integer, $4, $5,
  to_timestamp($6::double precision / 1000), $7::boolean,
  $8, $9, $10, $11, to_timestamp($12::double precision / 1000), $13::integer, $14::integer,
  $15::integer, $16::bigint, $17::numeric, $18::integer, $19, $20::integer, $21::bigint,
  $22::uuid[], $23::double precision[]`;

// The ledger's key decides whether a page is known, so nothing else may fail before it does.
const KEEP_REJECTS = `rejected AS (
  INSERT INTO ingestion_quarantine (run, segment, page, index, reason, raw_text)
  SELECT $1::integer, $2::integer, $3::integer, index, ($27::text[])[reason_number], raw_text
  FROM unnest($24::integer[], $25::integer[], $26::text[]) AS record (index, reason_number, raw_text)
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

const recordPage = (inserted: string): string => `WITH ${KEEP_REJECTS}
INSERT INTO ingestion_pages (${LEDGER_COLUMNS})
SELECT ${LEDGER_VALUES}, ${inserted}, $13::integer - $14::integer - $28::integer
RETURNING inserted, duplicate`;

// A table that was there before us may have more unique indexes. Only the same id is the same row: one
// that another index refuses is not in the table, and must not pass as a duplicate.
const STATEMENTS = {
  copy_rows: 'COPY ingested_events (id, occurred_at, data) FROM STDIN (FORMAT binary)',

  record_page: recordPage(`CASE WHEN NOT ${HAS_TRIGGERS} THEN $28::integer END`),

  record_counted_page: recordPage('$28::integer'),

  insert_page: `WITH stored AS (
  INSERT INTO ingested_events (id, occurred_at, data)
  SELECT unnest($28::uuid[]), unnest($29::timestamptz[]), unnest($30::text[])::jsonb
  ON CONFLICT (id) DO NOTHING
  RETURNING 1
), tally AS (
  SELECT count(*)::integer AS inserted FROM stored
), ${KEEP_REJECTS}
INSERT INTO ingestion_pages (${LEDGER_COLUMNS})
SELECT ${LEDGER_VALUES}, CASE WHEN NOT ${HAS_TRIGGERS} THEN tally.inserted END,
  $13::integer - $14::integer - tally.inserted
FROM tally
RETURNING inserted, duplicate`,

  insert_rows: `WITH stored AS (
  INSERT INTO ingested_events (id, occurred_at, data)
  SELECT unnest($1::uuid[]), unnest($2::timestamptz[]), unnest($3::text[])::jsonb
  ON CONFLICT (id) DO NOTHING
  RETURNING id
)
SELECT id FROM stored`,

  find_missing: `SELECT place - 1
FROM unnest($1::uuid[]) WITH ORDINALITY AS page (id, place)
WHERE NOT EXISTS (SELECT FROM ingested_events AS event WHERE event.id = page.id)`,

  find_page: `SELECT returned, inserted, duplicate, quarantined, covered,
  fetched_at = to_timestamp($4::double precision / 1000) AND request_id IS NOT DISTINCT FROM $5
FROM ingestion_pages
WHERE run = $1::integer AND segment = $2::integer AND page = $3::integer`,
} as const;

export type StatementName = keyof typeof STATEMENTS;

/** What a new connection is sent before its first page. */
export function writePreparation(wire: WireBuffer): void {
  // A custom plan would copy a page's arrays into the plan of each of the first five pages.
  writeParse(wire, '', 'SET plan_cache_mode = force_generic_plan');
  writeBindAndExecute(wire, '', []);
  for (const [name, text] of Object.entries(STATEMENTS)) writeParse(wire, name, text);
}
