/**
 * Rows that the source no longer has: those of earlier runs over a stream that a complete run of all of it has
 * not seen.
 *
 *   row ── of a page of the run ──────────────────────────▶ seen
 *     ├─ its key among those that the run has found as they are ─▶ seen
 *     ├─ its key in the run's quarantine ─────────────────▶ seen
 *     ├─ of a page of an earlier run over the stream ─────▶ missing
 *     └─ of nobody, or of another stream ─────────────────▶ not the run's to judge
 *
 * Pages lose what is deleted as they lose rows that others take over, so that each run is proved as before.
 */
import type { ClientBase, Pool } from 'pg';
import { type Fault, IngestionError } from '../core/fault.js';
import { LONG_SILENCE_MS, permitSilence } from '../postgres/client.js';
import {
  dataDigest,
  quoteIdentifier,
  rowDigest,
  type StreamTable,
} from '../postgres/stream-table.js';
import { valueSql } from '../postgres/value-sql.js';
import { type KeptRecord, readableText } from '../protocol/quarantined-record.js';
import type { RecordColumn } from '../protocol/record-target.js';
import * as sql from './ledger-sql.js';
import type { Run, StreamKey } from './ledger-types.js';
import { asked, inTransaction } from './transaction.js';

/** The run that has read all, and where its rows are. */
export interface DeletingRun {
  readonly run: number;
  readonly table: StreamTable;
  /** As the table's. */
  readonly key: readonly RecordColumn[];
}

export type MissingRows =
  /** `heldRows`: of pages of the stream, the missing ones included. */
  | { readonly type: 'counted'; readonly rows: number; readonly heldRows: number }
  /** Which rows are missing cannot be told, as a sentence says. */
  | { readonly type: 'unknown'; readonly reason: string };

/** What takes the keys of rows that the run has found, and that stay as they are. */
export function seenTable(run: number): string {
  return `ingestion_seen_${run}`;
}

const RECORDS_AT_ONCE = 200;
const DATA_FAULT = /^(?:22|54)/;
const FOREIGN_KEY_VIOLATION = '23503';

const pagesOfStream = (only: string): string => `
  SELECT p.id FROM ingestion_pages AS p JOIN ingestion_runs AS r USING (run)
    JOIN ingestion_runs AS this ON this.run = $1
  WHERE (r.source, r.stream, r.origin, r.table_name) = (this.source, this.stream, this.origin, this.table_name)
    AND r.replaced_by IS NULL AND p.id IS NOT NULL AND ${only}`;

const missing = ({ run, table }: DeletingRun): string => {
  const same = table.key.map(quoteIdentifier).map((name) => `seen.${name} = kept.${name}`);
  return `${table.qualified} AS kept
  WHERE kept.page IN (${pagesOfStream('r.run < this.run')})
    AND NOT EXISTS (SELECT FROM ${seenTable(run)} AS seen WHERE ${same.join(' AND ')})`;
};

const count = (deleting: DeletingRun): string => `
  SELECT (SELECT count(*) FROM ${missing(deleting)})::float8 AS rows,
    (SELECT count(*) FROM ${deleting.table.qualified} WHERE page IN (${pagesOfStream('true')}))::float8
      AS "heldRows"`;

const remove = (deleting: DeletingRun): string => `
  WITH gone AS (
    DELETE FROM ${missing(deleting)}
    RETURNING kept.page AS owner, ${rowDigest(deleting.table, 'kept')} AS digest,
      ${dataDigest(deleting.table, 'kept')} AS data_digest
  ), lost AS (
    INSERT INTO ingestion_superseded (page, run, taken_by, rows, digest, data_digest)
    SELECT owner, $1, NULL, count(*), bit_xor(digest), bit_xor(data_digest) FROM gone GROUP BY owner
  )
  SELECT count(*)::float8 AS rows FROM gone`;

const KEY_TYPES = `
  SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
  WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`;

const READ_QUARANTINE = `DECLARE quarantined NO SCROLL CURSOR FOR
  SELECT reason, raw_text AS "rawText" FROM ingestion_quarantine WHERE run = `;

// Locked: nothing may be deleted twice.
const LOCK_RUN = `
  SELECT FROM ingestion_runs
  WHERE run = $1 AND status = 'complete' AND deleted IS NULL AND missed IS NULL FOR UPDATE`;

const SET_DELETED = 'UPDATE ingestion_runs SET deleted = $2 WHERE run = $1';

const seenNothing = (run: number): string => `
  SELECT NOT EXISTS (SELECT FROM ${seenTable(run)}) AND (
    SELECT coalesce(sum(known - updated), 0) FROM ingestion_pages WHERE run = $1) > 0 AS "isEmptied"`;

/** A run that has begun is the only one of its stream whose missing rows may be deleted. */
const FORGOTTEN = `
  SELECT run FROM ingestion_runs
  WHERE (source, stream, origin) = ($1, $2, $3) AND run <> $4
    AND to_regclass('ingestion_seen_' || run) IS NOT NULL`;

/** Why records may have been missed though the run is complete; null: nothing shows that. @throws IngestionError */
export async function noteMissed(pool: Pool, run: number, missed: string | null): Promise<void> {
  await asked(pool.query(sql.SET_MISSED, [run, missed]));
}

/** Lets go of what earlier runs over the stream of a new one have seen. @throws IngestionError */
export async function forgetSeen(
  pool: Pool,
  { source, stream, origin, run }: StreamKey & Pick<Run, 'run'>,
): Promise<void> {
  const { rows } = await asked(
    pool.query<Pick<Run, 'run'>>(FORGOTTEN, [source, stream, origin, run]),
  );
  for (const earlier of rows) {
    await asked(pool.query(`DROP TABLE IF EXISTS ${seenTable(earlier.run)}`));
  }
}

/**
 * Counts the missing rows of a complete run, once the keys in its quarantine are noted as seen.
 *
 * @throws IngestionError with the fault of the database
 */
export function countMissing(pool: Pool, deleting: DeletingRun): Promise<MissingRows> {
  return inTransaction(pool, async (client) => {
    permitSilence(client, LONG_SILENCE_MS);
    const { run } = deleting;
    const known = await rowOf<{ isThere: boolean }>(client, sql.TABLE_IS_THERE, [seenTable(run)]);
    const lost = unknown(`the keys that run ${run} has seen are not there any more`);
    if (!known.isThere) return lost;
    const { isEmptied } = await rowOf<{ isEmptied: boolean }>(client, seenNothing(run), [run]);
    if (isEmptied) return lost;
    if (!(await noteQuarantined(client, deleting))) {
      return unknown(
        `run ${run} has records in quarantine whose key cannot be read, and which may be any row: \`datasync quarantine list --run ${run}\` shows them`,
      );
    }
    await asked(client.query(`ANALYZE ${seenTable(run)}`));
    return {
      type: 'counted',
      ...(await rowOf<{ rows: number; heldRows: number }>(client, count(deleting), [run])),
    };
  });
}

/**
 * Deletes the missing rows, and puts on record how many they were. All or nothing.
 *
 * @param rows as they were counted
 * @throws IngestionError, DATABASE_REFUSED where others are missing now, or rows cannot go; with the fault of the
 *   database
 */
export function deleteMissing(pool: Pool, deleting: DeletingRun, rows: number): Promise<void> {
  return inTransaction(pool, async (client) => {
    permitSilence(client, LONG_SILENCE_MS);
    const { run, table } = deleting;
    const locked = await asked(client.query(LOCK_RUN, [run]));
    if (locked.rowCount !== 1) throw refused(`run ${run} is not the one that was looked at`);
    const gone = await deleted(client, deleting);
    if (gone !== rows) {
      throw refused(
        `${gone} rows of ${table.qualified} would go, and not ${rows}: the table has changed since, or one of its triggers keeps rows`,
      );
    }
    await asked(client.query(SET_DELETED, [run, gone]));
    await asked(client.query(`DROP TABLE ${seenTable(run)}`));
  });
}

async function deleted(client: ClientBase, deleting: DeletingRun): Promise<number> {
  try {
    const { rows } = await client.query<{ rows: number }>(remove(deleting), [deleting.run]);
    return rows[0]?.rows ?? 0;
  } catch (error) {
    const { code, message, detail } = error as { code?: string; message: string; detail?: string };
    if (code !== FOREIGN_KEY_VIOLATION) return asked(Promise.reject(error));
    const { qualified } = deleting.table;
    const said = detail === undefined ? message : `${message}: ${detail}`;
    throw refused(`other rows refer to some of ${qualified} (PostgreSQL: ${said})`);
  }
}

/** @returns false: of one of the records the key cannot be read */
async function noteQuarantined(client: ClientBase, { run, key }: DeletingRun): Promise<boolean> {
  const { rows: columns } = await asked(
    client.query<{ name: string; type: string }>(KEY_TYPES, [seenTable(run)]),
  );
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const names = key.map(({ name }) => quoteIdentifier(name));
  const values = key.map(({ name, path }) => valueSql(path, types.get(name) ?? 'text'));
  const note = `
    INSERT INTO ${seenTable(run)} (${names.join(', ')})
    SELECT ${values.join(', ')} FROM (SELECT unnest($1::text[])::jsonb AS record) AS parsed
    RETURNING ${names.map((name) => `${name} IS NULL`).join(' OR ')} AS "isKeyless"`;
  await asked(client.query(`${READ_QUARANTINE}${run}`));
  for (;;) {
    const { rows } = await asked(
      client.query<KeptRecord>(`FETCH ${RECORDS_AT_ONCE} FROM quarantined`),
    );
    if (rows.length === 0) return true;
    try {
      const noted = await client.query<{ isKeyless: boolean }>(note, [rows.map(readableText)]);
      if (noted.rows.some(({ isKeyless }) => isKeyless)) return false;
    } catch (error) {
      if (DATA_FAULT.test((error as { code?: string }).code ?? '')) return false;
      return asked(Promise.reject(error));
    }
  }
}

function unknown(reason: string): MissingRows {
  return { type: 'unknown', reason };
}

function refused(message: string): IngestionError {
  const fault: Fault = {
    ...{ code: 'DATABASE_REFUSED', message, retryable: false },
    remedy: 'Put that right, then `datasync ingest --delete-missing` looks once more',
  };
  return new IngestionError(fault);
}

async function rowOf<Row extends object>(
  client: ClientBase,
  text: string,
  values: readonly unknown[],
): Promise<Row> {
  const { rows } = await asked(client.query<Row & Record<string, unknown>>(text, [...values]));
  return rows[0] as Row;
}
