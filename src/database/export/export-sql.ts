/**
 * The statements of an export. COPY sends one message a row in each of them, and each ends in a line
 * feed.
 */

import { unreachable } from '../../core/fault.js';
import { quoteIdentifier, type StreamTable } from '../../postgres/stream-table.js';

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
export function exportHead({ key }: StreamTable, format: ExportFormat): string {
  return format === 'csv' ? `${[...key, 'occurred_at', 'data'].join(',')}\n` : '';
}

// Milliseconds are all that the program stores of an instant.
const INSTANT = `to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

function rowsOf({ qualified, key }: StreamTable, format: ExportFormat): string {
  const columns = key.map(quoteIdentifier);
  switch (format) {
    case 'ids':
      return `SELECT ${columns.join(', ')} FROM ${qualified}`;
    case 'ndjson': {
      // The text of a jsonb has no line end in it.
      const fields = key.map((name) => {
        const field = JSON.stringify(name).replaceAll("'", "''");
        return `'${field}:' || to_jsonb(${quoteIdentifier(name)})::text || ','`;
      });
      return `SELECT '{' || ${[...fields, ''].join(' || ')}'"occurred_at":'
    || coalesce('"' || ${INSTANT} || '"', 'null') || ',"data":' || data::text || '}' FROM ${qualified}`;
    }
    case 'csv':
      return `SELECT ${[...columns, INSTANT, 'data'].join(', ')} FROM ${qualified}`;
    default:
      return unreachable(format);
  }
}

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
  WHERE oid = to_regclass($1) AND relallvisible <= 0.9 * relpages`;

export function exportStatement(
  table: StreamTable,
  format: ExportFormat,
  order: ExportOrder,
): string {
  const isSorted = order === 'id' && table.key.length > 0;
  const sorted = isSorted ? ` ORDER BY ${table.key.map(quoteIdentifier).join(', ')}` : '';
  return `COPY (${rowsOf(table, format)}${sorted}) TO STDOUT${OPTIONS[format]}`;
}
