/**
 * `replace`: the rows of a run are loaded into a table of their own, beside the one that readers see, and
 * take the place of its rows when the run is complete, in one transaction.
 *
 *   begin ──▶ what an abandoned run has loaded goes
 *   pages ──▶ the replacement
 *   complete ──▶ the old rows go, the new ones come, the run is complete: at once, or not at all
 *
 * Rows are copied, and the table stays: its grants, views and indexes with it. One to which foreign keys of other
 * tables refer is refused, for their rows would go too, or keep these from going.
 */
import type { ClientBase, Pool, QueryResultRow } from 'pg';
import { assert, type Fault, IngestionError } from '../core/fault.js';
import { LONG_SILENCE_MS, permitSilence } from '../postgres/client.js';
import { quoteIdentifier } from '../postgres/stream-table.js';
import * as sql from './ledger-sql.js';
import type { StreamKey } from './ledger-types.js';
import { asked, inTransaction } from './transaction.js';

/** Tables as statements name them. */
export interface Replacement {
  /** What readers see. */
  readonly table: string;
  /** The last part of its name, as it is. */
  readonly relation: string;
  /** What takes the rows of a run, in the same schema. */
  readonly loading: string;
}

// Those that PostgreSQL fills by itself are filled anew.
const LIST_COLUMNS = `
  SELECT attname AS name FROM pg_attribute
  WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    AND attidentity <> 'a' ORDER BY attnum`;

const WHO_LOADS = `
  SELECT count(*) FILTER (WHERE table_name = $1) > 0 AS "isOurs", (array_agg(run ORDER BY run DESC)
    FILTER (WHERE (source, stream, origin) <> ($2, $3, $4) AND replaced_by IS NULL
      AND status <> 'complete'))[1] AS other
  FROM ingestion_runs WHERE table_name IN ($1, $5)`;

const OTHER_WRITERS = `
  SELECT max(run) AS other FROM ingestion_runs
  WHERE table_name = $1 AND run <> $2 AND replaced_by IS NULL AND status <> 'complete'
    AND (source, stream, origin) <> (SELECT source, stream, origin FROM ingestion_runs WHERE run = $2)`;

/** Rows of other tables that would go, or keep these from going. */
const FIND_REFERENCES = `
  SELECT conname AS name, conrelid::regclass::text AS table FROM pg_constraint
  WHERE contype = 'f' AND confrelid = to_regclass($1) AND conrelid <> confrelid LIMIT 1`;

// Locked: the end of a run must not be put on record twice.
const FIND_LOADED = `
  SELECT table_name AS "tableName",
    (SELECT coalesce(sum(inserted), 0)::float8 FROM ingestion_pages AS p WHERE p.run = r.run) AS rows
  FROM ingestion_runs AS r WHERE run = $1 FOR UPDATE`;

const TAKE_PLACE = `
  UPDATE ingestion_runs SET replaced_by = nullif($1::integer, run),
    table_name = CASE run WHEN $1 THEN $2 ELSE table_name END
  WHERE run = $1 OR table_name IN ($2, $3) AND replaced_by IS NULL`;

const ABANDON = `
  UPDATE ingestion_runs SET replaced_by = $1
  WHERE table_name = $2 AND run <> $1 AND replaced_by IS NULL`;

/**
 * Before a run begins: drops what an abandoned one has loaded.
 *
 * @returns why the run cannot begin, as a sentence; null: it can
 * @throws IngestionError with the fault of the database
 */
export function clearReplacement(
  pool: Pool,
  stream: StreamKey,
  { table, loading }: Replacement,
): Promise<string | null> {
  return inTransaction(pool, async (client) => {
    const { rows } = await asked(
      client.query<{ name: string; table: string }>(FIND_REFERENCES, [table]),
    );
    const [reference] = rows;
    if (reference !== undefined) {
      return `Rows of ${table} cannot be replaced: the foreign key ${reference.name} of ${reference.table} refers to them. Drop it, or say write_disposition: merge.`;
    }
    const { source, stream: name, origin } = stream;
    const { isOurs, other } = await one<{ isOurs: boolean; other: number | null }>(
      client,
      WHO_LOADS,
      [loading, source, name, origin, table],
    );
    if (other !== null) return `${othersWrite(other, table)}.`;
    if (!(await isThere(client, loading))) return null;
    if (!isOurs) {
      return `The table ${loading} is in the way: write_disposition: replace loads a run into a table of that name, and no run has made this one. Rename or drop it.`;
    }
    await asked(client.query(`DROP TABLE ${loading}`));
    return null;
  });
}

function othersWrite(run: number, table: string): string {
  return `Run ${run}, of another stream, writes rows of ${table} too: complete it, or name another target in x-ingestion`;
}

/** Of a run that has begun: it takes the place of those whose rows were dropped. @throws IngestionError */
export async function abandonRuns(pool: Pool, run: number, { loading }: Replacement) {
  await asked(pool.query(ABANDON, [run, loading]));
}

/**
 * Puts the run's rows in place of all others, and the run on record as complete. May be repeated.
 *
 * @throws IngestionError, DATABASE_REFUSED when rows of the run are gone; with the fault of the database.
 *   Then nothing has changed
 */
export function completeReplacement(
  pool: Pool,
  run: number,
  { table, relation, loading }: Replacement,
): Promise<void> {
  return inTransaction(pool, async (client) => {
    permitSilence(client, LONG_SILENCE_MS);
    const { tableName, rows } = await one<{ tableName: string; rows: number }>(
      client,
      FIND_LOADED,
      [run],
    );
    if (tableName !== loading) return;
    const loadedRows = (await isThere(client, loading)) ? await countRows(client, loading) : null;
    if ((loadedRows ?? 0) !== rows) {
      throw new IngestionError(rowsAreGone({ run, loading, rows, loadedRows }));
    }
    if (!(await isThere(client, table))) {
      if (loadedRows !== null) {
        await asked(client.query(`ALTER TABLE ${loading} RENAME TO ${quoteIdentifier(relation)}`));
      }
    } else {
      await asked(client.query(`LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`));
      const { other } = await one<{ other: number | null }>(client, OTHER_WRITERS, [table, run]);
      if (other !== null) throw new IngestionError(refused(othersWrite(other, table)));
      await asked(client.query(`DELETE FROM ${table}`));
      if ((await countRows(client, table)) > 0) {
        throw new IngestionError(refused(`a trigger or a rule of ${table} keeps rows from going`));
      }
      const moved = loadedRows === null ? 0 : await moveRows(client, loading, table);
      if (moved !== rows) throw new IngestionError(rowsAreSkipped(table, rows, moved));
    }
    await asked(client.query(TAKE_PLACE, [run, table, loading]));
    await asked(client.query(sql.SET_RUN_STATUS, [run, 'complete', null, null]));
  });
}

/** @returns how many the table has taken */
async function moveRows(client: ClientBase, from: string, to: string): Promise<number> {
  const { rows } = await asked(client.query<{ name: string }>(LIST_COLUMNS, [from]));
  const columns = rows.map(({ name }) => quoteIdentifier(name)).join(', ');
  const moving = `INSERT INTO ${to} (${columns}) SELECT ${columns} FROM ${from}`;
  const { rowCount } = await asked(client.query(moving));
  await asked(client.query(`DROP TABLE ${from}`));
  return rowCount ?? 0;
}

function rowsAreSkipped(table: string, rows: number, moved: number): Fault {
  return refused(
    `the table ${table} took ${moved} of ${rows} rows, as one of its triggers skips some`,
  );
}

function refused(why: string): Fault {
  const remedy = 'Put that right, then start again: the run is loaded, and only takes their place';
  return {
    code: 'DATABASE_REFUSED',
    message: `${why}: the old rows stay`,
    retryable: false,
    isOfStream: true,
    remedy,
  };
}

function rowsAreGone(known: {
  readonly run: number;
  readonly loading: string;
  readonly rows: number;
  readonly loadedRows: number | null;
}): Fault {
  const { run, loading, rows, loadedRows } = known;
  const found = loadedRows === null ? 'is not there any more' : `has ${loadedRows} rows`;
  return {
    code: 'DATABASE_REFUSED',
    message: `the table ${loading}, into which run ${run} has written ${rows} rows, ${found}: the old rows stay`,
    retryable: false,
    isOfStream: true,
    remedy: 'Begin a new run with --restart',
  };
}

async function isThere(client: ClientBase, qualified: string): Promise<boolean> {
  const answer = await one<{ isThere: boolean }>(client, sql.TABLE_IS_THERE, [qualified]);
  return answer.isThere;
}

async function countRows(client: ClientBase, qualified: string): Promise<number> {
  const count = `SELECT count(*)::float8 AS rows FROM ${qualified}`;
  return (await one<{ rows: number }>(client, count, [])).rows;
}

async function one<Row extends QueryResultRow>(
  client: ClientBase,
  text: string,
  values: readonly unknown[],
): Promise<Row> {
  const { rows } = await asked(client.query<Row>(text, [...values]));
  const [row] = rows;
  assert(row !== undefined, 'the statement returns a row');
  return row;
}
