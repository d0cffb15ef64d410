/**
 * The statements of the writer, prepared once on each connection under one name each.
 *
 * The ledger row, the quarantined records and, on the insert path, the rows are one statement: on
 * COPY's path it follows the COPY in the same transaction.
 */
import { dataDigest, quoteIdentifier, rowDigest } from '../../src/postgres/stream-table.js';
import { countLooked, IS_RACED, isKnown, mergeGroup, mergeRows } from './merge-statements.js';
import { retryStatements } from './retry-statements.js';
import { PROBE } from './row-digest.js';
import { hasTriggers, meeting, sameKey, writtenRows } from './row-sql.js';
import { PLACE, type TableShape } from './table-shape.js';
import { type WireBuffer, writeBindAndExecute, writeParse } from './wire-buffer.js';

/** $1 to $24 are `ledgerParameters`; what the counts and digests come from differs. */
const LEDGER_COLUMNS = `run, segment, page, cursor, next_cursor, next_cursor_expires_at, has_more,
  is_ordered, after_position, through_position, first_position, last_position, fetched_at, returned,
  quarantined, clipped, bytes, request_id, id, highest, inserted, updated, duplicate, known, differing, digest,
  data_digest`;

const LEDGER_VALUES = `$1::integer, $2::integer, $3::integer, $4, $5,
  to_timestamp($6::double precision / 1000), $7::boolean, $8::boolean,
  $9, $10, $11, $12, to_timestamp($13::double precision / 1000), $14::integer, $15::integer,
  $16::integer, $17::integer, $18, $19::integer, $24`;

// The ledger's key decides whether a page is known, so nothing else may fail before it does.
const KEEP_REJECTS = `rejected AS (
  INSERT INTO ingestion_quarantine (run, segment, page, index, reason, raw_text)
  SELECT $1::integer, $2::integer, $3::integer, index, ($23::text[])[reason_number], raw_text
  FROM unnest($20::integer[], $21::integer[], $22::text[]) AS record (index, reason_number, raw_text)
  ON CONFLICT DO NOTHING
)`;

/** The first parameter behind those of the ledger. */
const FIRST = 25;

/** Of the statements that write a ledger row: see `countsOf`. */
const COUNTS = 'RETURNING inserted, updated, duplicate, known';

const IS_KNOWN = isKnown('owned.page', { id: '$19', run: '$1' });

// Records that were there before the page: those of other runs, and those whose row has other content, for
// the row stays as it was there first. One look at the table: two cost a page of known rows a sixth more.
const countMet = (shape: TableShape): string =>
  shape.key.length === 0
    ? '(SELECT 0 AS known, 0 AS differing)'
    : `(
  SELECT coalesce(sum(owned.rows) FILTER (WHERE ${IS_KNOWN}), 0)::integer AS known,
    coalesce(sum(owned.differing), 0)::integer AS differing
  FROM (
    SELECT kept.page, count(*) AS rows, count(*) FILTER (
      WHERE kept.occurred_at IS DISTINCT FROM given.occurred_at
        OR kept.data IS DISTINCT FROM given.data) AS differing
    FROM ${meeting(shape, FIRST)} GROUP BY kept.page
  ) AS owned
  WHERE tally.inserted < cardinality($${FIRST}::${shape.parameterTypes[0]})
)`;

// A table that was there before us may have more unique indexes. Only the same key is the same row: one
// that another index refuses is not in the table, and must not pass as a duplicate.
const passingOver = ({ key }: TableShape): string =>
  key.length === 0 ? '' : `ON CONFLICT (${key.map(quoteIdentifier).join(', ')}) DO NOTHING`;

/** What is the same for every table. */
const OF_THE_LEDGER = {
  find_page: `SELECT returned, inserted, updated, duplicate, known, quarantined,
  fetched_at = to_timestamp($4::double precision / 1000) AND request_id IS NOT DISTINCT FROM $5
FROM ingestion_pages
WHERE run = $1::integer AND segment = $2::integer AND page = $3::integer`,

  hold_segment: 'SELECT ingestion_hold_segment($1::integer, $2::integer, $3::integer)',

  // A block of as many as the sequence steps.
  reserve_page_ids: `SELECT nextval('ingestion_page_ids'), seqincrement
FROM pg_sequence WHERE seqrelid = 'ingestion_page_ids'::regclass`,

  probe_digest: PROBE.sql,
} as const;

/** For a table that COPY writes. */
function copyStatements(shape: TableShape, keyType: string) {
  const [key = ''] = shape.key;
  return {
    copy_rows: `COPY ${shape.qualified} (${shape.columns.join(', ')}, page) FROM STDIN (FORMAT binary)`,

    // $25: how many rows, $26: their digest, $27: their keys where their data is to be proved.
    record_page: `WITH ${KEEP_REJECTS}
INSERT INTO ingestion_pages (${LEDGER_COLUMNS})
SELECT ${LEDGER_VALUES}, CASE WHEN NOT ${hasTriggers(shape)} THEN $25::integer END, 0,
  $14::integer - $15::integer - $25::integer, 0, 0, $26::bigint,
  CASE WHEN $27::${keyType}[] IS NOT NULL THEN (
    SELECT coalesce(bit_xor(${dataDigest(shape)}), 0) FROM ${shape.qualified}
    WHERE ${quoteIdentifier(key)} = ANY($27::${keyType}[]) AND page = $19::integer
  ) END
${COUNTS}`,
  };
}

/** Of `record_counted_page`: the first parameter of the rows. */
const COUNTED_FIRST = FIRST + 5;
/** Of `insert_rows`. */
const ROWS_FIRST = 5;

/** Where the first row of a key stays. */
function keepStatements(shape: TableShape) {
  const behindRows = FIRST + shape.parameterCount;
  const into = `INSERT INTO ${shape.qualified} (${shape.columns.join(', ')}, page)`;
  return {
    // From $25 on: the rows. Behind them: whether their data is to be proved.
    insert_page: `WITH stored AS (
  ${into}
  ${shape.selectRows(FIRST, '$19')}
  ${passingOver(shape)}
  RETURNING ${rowDigest(shape)} AS digest,
    CASE WHEN $${behindRows}::boolean THEN ${dataDigest(shape)} END AS data_digest
), tally AS (
  SELECT count(*)::integer AS inserted, coalesce(bit_xor(digest), 0) AS digest,
    coalesce(bit_xor(data_digest), 0) AS data_digest
  FROM stored
), ${KEEP_REJECTS}
INSERT INTO ingestion_pages (${LEDGER_COLUMNS})
SELECT ${LEDGER_VALUES}, CASE WHEN NOT ${hasTriggers(shape)} THEN tally.inserted END, 0,
  $14::integer - $15::integer - tally.inserted,
  met.known, met.differing, tally.digest,
  CASE WHEN $${behindRows}::boolean THEN tally.data_digest END
FROM tally CROSS JOIN LATERAL ${countMet(shape)} AS met
${COUNTS}`,

    // The page by id, run, segment and number, then the rows.
    insert_rows: `WITH stored AS (
  ${into}
  ${shape.selectRows(ROWS_FIRST, '$1')}
  ${passingOver(shape)}
  RETURNING ${rowDigest(shape)} AS digest
)
SELECT count(*), coalesce(bit_xor(digest), 0), 0, 0, false, false
FROM stored WHERE ($2::integer, $3::integer, $4::integer) IS NOT NULL`,
  };
}

/** Where a newer row takes the place of the one with its key. */
function mergeStatements(shape: TableShape) {
  const behindRows = FIRST + shape.parameterCount;
  const page = { id: '$19', run: '$1', segment: '$2', page: '$3', proves: `$${behindRows}` };
  const group = { id: '$1', run: '$2', segment: '$3', page: '$4', proves: 'true' };
  return {
    insert_page: `WITH ${mergeRows(shape, FIRST, page)}, tally AS (
  SELECT count(*) FILTER (WHERE NOT is_taken)::integer AS inserted,
    count(*) FILTER (WHERE is_taken)::integer AS updated,
    coalesce(bit_xor(digest), 0) AS digest, coalesce(bit_xor(data_digest), 0) AS data_digest
  FROM written
), state AS (SELECT ${hasTriggers(shape)} AS has_triggers, ${IS_RACED} AS is_raced), ${KEEP_REJECTS}
INSERT INTO ingestion_pages (${LEDGER_COLUMNS})
SELECT ${LEDGER_VALUES}, CASE WHEN NOT has_triggers THEN tally.inserted END,
  CASE WHEN has_triggers OR NOT is_raced THEN tally.updated END,
  $14::integer - $15::integer - tally.inserted - tally.updated,
  met.known, met.differing, tally.digest,
  CASE WHEN $${behindRows}::boolean THEN tally.data_digest END
FROM tally, state, ${countLooked(IS_KNOWN)} AS met
${COUNTS}`,

    insert_rows: mergeGroup(shape, ROWS_FIRST, group),
  };
}

function insertStatements(shape: TableShape) {
  const isKeyed = shape.key.length > 0;
  return {
    ...(shape.merges ? mergeStatements(shape) : keepStatements(shape)),

    // $25: how many rows it inserted, $26: and updated, $27: of these, known ones, $28: the digest of all,
    // $29: whether their data is to be proved; then the rows.
    record_counted_page: `WITH ${KEEP_REJECTS}
INSERT INTO ingestion_pages (${LEDGER_COLUMNS})
SELECT ${LEDGER_VALUES}, $25::integer, $26::integer,
  $14::integer - $15::integer - $25::integer - $26::integer,
  $27::integer + ${isKeyed ? countKnown(shape) : '0'}, 0, $28::bigint,
  CASE WHEN $29::boolean THEN ${isKeyed ? digestOfData(shape) : '$28::bigint'} END
FROM (SELECT cardinality($${COUNTED_FIRST}::${shape.parameterTypes[0]}) AS count) AS page_rows
${COUNTS}`,

    // The owner, then the rows: what is there of them.
    count_written: isKeyed
      ? `SELECT count(*), coalesce(bit_xor(${rowDigest(shape)}), 0)
FROM ${writtenRows(shape, 2, '$1')}`
      : `SELECT 0, 0 FROM ${shape.given(2)} WHERE $1::integer IS NULL`,

    find_missing: `SELECT ${PLACE} - 1 FROM ${shape.given(1)}
WHERE ${isKeyed ? `NOT EXISTS (SELECT FROM ${shape.qualified} AS kept WHERE ${sameKey(shape)})` : 'false'}`,
  };
}

const countKnown = (shape: TableShape): string => `(
  CASE WHEN $25::integer + $26::integer < page_rows.count THEN (
    SELECT coalesce(sum(owned.rows), 0)::integer FROM (
      SELECT kept.page, count(*) AS rows FROM ${meeting(shape, COUNTED_FIRST)} GROUP BY kept.page
    ) AS owned
    WHERE ${IS_KNOWN}
  ) ELSE 0 END
)`;

/** Of the page's rows, read back by their keys. */
const digestOfData = (shape: TableShape): string => `(
  SELECT coalesce(bit_xor(${dataDigest(shape)}), 0) FROM ${writtenRows(shape, COUNTED_FIRST, '$19')}
)`;

export type StatementName =
  | keyof typeof OF_THE_LEDGER
  | keyof ReturnType<typeof copyStatements>
  | keyof ReturnType<typeof insertStatements>
  | keyof ReturnType<typeof retryStatements>;

/** What a new connection is sent before its first page. @param retries records in quarantine are tried again */
export function writePreparation(wire: WireBuffer, shape: TableShape, retries: boolean): void {
  // A custom plan would copy a page's arrays into the plan of each of the first five pages.
  writeParse(wire, '', 'SET plan_cache_mode = force_generic_plan');
  writeBindAndExecute(wire, '', []);
  const statements = {
    ...OF_THE_LEDGER,
    ...(shape.copy === null ? {} : copyStatements(shape, shape.copy.keyType)),
    ...insertStatements(shape),
    ...(retries ? retryStatements(shape) : {}),
  };
  for (const [name, text] of Object.entries(statements)) writeParse(wire, name, text);
}
