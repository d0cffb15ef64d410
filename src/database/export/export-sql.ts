/**
 * The statements of an export. COPY sends one message a row in each of them, and each ends in a line
 * feed.
 */

/** `ids`: one id a line. `ndjson`, `csv`: whole rows. */
export type ExportFormat = 'ids' | 'ndjson' | 'csv';

/**
 * `id`: ascending, which for a uuid is the order of its bytes and of its text. `ingested`: as the rows
 * lie in the table, which in one without deleted rows is the order in which their pages were written;
 * pages that two connections wrote at once are interleaved.
 */
export type ExportOrder = 'id' | 'ingested';

export const EXPORT_FORMATS = ['ids', 'ndjson', 'csv'] as const;
export const EXPORT_ORDERS = ['id', 'ingested'] as const;

/** The line before the first row; empty: none. */
export const EXPORT_HEADS: Readonly<Record<ExportFormat, string>> = {
  ids: '',
  ndjson: '',
  csv: 'id,occurred_at,data\n',
};

// Milliseconds are all that the program stores of an instant.
const INSTANT = `to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const ROWS: Readonly<Record<ExportFormat, string>> = {
  ids: 'SELECT id FROM ingested_events',
  // The text of a jsonb has no line end in it.
  ndjson: `SELECT '{"id":"' || id::text || '","occurred_at":'
    || coalesce('"' || ${INSTANT} || '"', 'null') || ',"data":' || data::text || '}' FROM ingested_events`,
  csv: `SELECT id, ${INSTANT}, data FROM ingested_events`,
};

// The text format would double each backslash of the JSON. As CSV whose quote and delimiter are
// control characters, which JSON never holds unescaped, a row passes through as it is.
const OPTIONS: Readonly<Record<ExportFormat, string>> = {
  ids: '',
  ndjson: ` (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')`,
  csv: ' (FORMAT csv)',
};

/**
 * Run before the COPY, in its transaction. Two scans of one table share their reading, and the second
 * then begins in its middle; workers scan in no order at all.
 */
export const EXPORT_SETTINGS = `
  SET LOCAL synchronize_seqscans = off;
  SET LOCAL max_parallel_workers_per_gather = 0;
  SET LOCAL DateStyle = 'ISO'`;

/**
 * Run before a COPY of the rows as they lie. A statement without an order may be answered in any: once a
 * vacuum has seen the table, ids are quickest read from the index of the key, which has them sorted.
 */
export const AS_ROWS_LIE = `
  SET LOCAL enable_seqscan = on;
  SET LOCAL enable_indexscan = off;
  SET LOCAL enable_indexonlyscan = off;
  SET LOCAL enable_bitmapscan = off`;

/**
 * Run before a COPY of ids in their order. As long as no vacuum has seen the rows, a scan of the key's
 * index looks each row up in the table, in random order: sorting them takes a sixth of the time.
 */
export const SORT_UNLESS_VACUUMED = `
  SELECT set_config(name, 'off', true)
  FROM (VALUES ('enable_indexscan'), ('enable_indexonlyscan')) AS setting(name), pg_class
  WHERE oid = 'ingested_events'::regclass AND relallvisible <= 0.9 * relpages`;

export function exportStatement(format: ExportFormat, order: ExportOrder): string {
  const sorted = order === 'id' ? ' ORDER BY id' : '';
  return `COPY (${ROWS[format]}${sorted}) TO STDOUT${OPTIONS[format]}`;
}
