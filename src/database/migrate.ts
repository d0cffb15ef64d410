/**
 * Migrations: the numbered SQL files of `migrations/`, each applied once, in order, in a transaction
 * of its own, by one program at a time.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase, Pool } from 'pg';
import { assert, type Fault, IngestionError } from '../core/fault.js';
import { faultFromDatabaseError } from '../core/sql-fault.js';
import { LONG_SILENCE_MS, permitSilence } from '../postgres/client.js';
import { asIngestionError } from './connect.js';
import { checkEventsTable } from './events-table.js';

const FOLDER = new URL('./migrations/', import.meta.url);

/** Of an advisory lock of this program's own; any number that nobody else uses. */
const LOCK_KEY = 7_310_294_455;
const LOCK_POLL_MS = 100;
/** Another program may be at a migration of a large table. */
const LOCK_PATIENCE_MS = LONG_SILENCE_MS;

const FIND_LEDGER = `SELECT to_regclass('ingestion_migrations') IS NOT NULL AS "isThere"`;

export interface Migration {
  /** From 1 on, without a gap. */
  readonly number: number;
  /** The file's name without `.sql`. */
  readonly name: string;
  readonly sql: string;
}

/** The migrations that this program brings, in order. */
export function loadMigrations(): Migration[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.sql'));
  return files.sort().map((file, index) => {
    const number = Number.parseInt(file, 10);
    assert(number === index + 1, `migration ${file} has number ${index + 1}`);
    return { number, name: file.slice(0, -4), sql: readFileSync(new URL(file, FOLDER), 'utf8') };
  });
}

/**
 * Brings the database to the newest form. Does not write when it is there already.
 *
 * @param migrations @default those of this program
 * @returns the names of those applied now
 * @throws IngestionError, DATABASE_REFUSED when the database is newer than the program, or when it
 *   holds a table `ingested_events` of another form; else the fault of the database
 */
export async function migrateDatabase(
  pool: Pool,
  migrations: readonly Migration[] = loadMigrations(),
): Promise<string[]> {
  const client = await pool.connect().catch((error: unknown) => {
    throw asIngestionError(error);
  });
  let isUsable = false;
  try {
    const applied = await applyPending(client, migrations);
    isUsable = true;
    return applied;
  } catch (error) {
    throw asIngestionError(error);
  } finally {
    // After a failure it may hold the lock or an open transaction: closing it frees both.
    client.release(!isUsable);
  }
}

/** Whether the database holds our tables. @throws IngestionError with the fault of the database */
export async function hasLedger(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ isThere: boolean }>(FIND_LEDGER).catch((error: unknown) => {
    throw asIngestionError(error);
  });
  return rows[0]?.isThere === true;
}

/**
 * What would keep `migrateDatabase` from making our tables, as far as can be told without trying.
 *
 * @returns null when nothing would @throws IngestionError with the fault of the database
 */
export async function whatBarsLedger(pool: Pool): Promise<Fault | null> {
  const client = await pool.connect().catch((error: unknown) => {
    throw asIngestionError(error);
  });
  try {
    const { rows } = await client.query<{ schema: string | null; mayCreate: boolean | null }>(
      `SELECT current_schema AS schema, has_schema_privilege(current_schema, 'CREATE') AS "mayCreate"`,
    );
    const [right] = rows;
    if (right?.mayCreate !== true) {
      const message = `permission denied for schema ${right?.schema ?? 'public'}`;
      return faultFromDatabaseError({ code: '42501', message });
    }
    return await checkEventsTable(client);
  } catch (error) {
    throw asIngestionError(error);
  } finally {
    client.release();
  }
}

async function applyPending(
  client: ClientBase,
  migrations: readonly Migration[],
): Promise<string[]> {
  const newest = migrations.length;
  if ((await readVersion(client, newest)) === newest) return [];
  await lockMigrations(client);
  await client.query(`CREATE TABLE IF NOT EXISTS ingestion_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
  )`);
  const version = await readVersion(client, newest);
  if (version === 0) {
    const fault = await checkEventsTable(client);
    if (fault !== null) throw new IngestionError(fault);
  }
  const pending = migrations.slice(version);
  for (const migration of pending) await apply(client, migration);
  await client.query('SELECT pg_advisory_unlock($1)', [LOCK_KEY]);
  return pending.map(({ name }) => name);
}

/** @throws IngestionError, DATABASE_CONFLICT when another program keeps the lock */
async function lockMigrations(client: ClientBase): Promise<void> {
  const deadlineMs = performance.now() + LOCK_PATIENCE_MS;
  for (;;) {
    const { rows } = await client.query<{ isTaken: boolean }>(
      'SELECT pg_try_advisory_lock($1) AS "isTaken"',
      [LOCK_KEY],
    );
    if (rows[0]?.isTaken === true) return;
    if (performance.now() >= deadlineMs) break;
    await delay(LOCK_POLL_MS);
  }
  throw new IngestionError({
    code: 'DATABASE_CONFLICT',
    message: `another program has been changing the tables for ${LOCK_PATIENCE_MS / 60_000} minutes`,
    retryable: false,
    remedy: `Find it by its lock in pg_locks (advisory, objid ${LOCK_KEY % 2 ** 32}), and end it`,
  });
}

async function apply(client: ClientBase, { number, name, sql }: Migration): Promise<void> {
  await client.query('BEGIN');
  permitSilence(client, LONG_SILENCE_MS);
  await client.query(sql);
  permitSilence(client, null);
  const values = [number, name];
  await client.query('INSERT INTO ingestion_migrations (number, name) VALUES ($1, $2)', values);
  await client.query('COMMIT');
}

/** @returns 0 for a database without our tables */
async function readVersion(client: ClientBase, newest: number): Promise<number> {
  const found = await client.query<{ isThere: boolean }>(FIND_LEDGER);
  if (found.rows[0]?.isThere !== true) return 0;
  const { rows } = await client.query<{ version: number }>(
    'SELECT coalesce(max(number), 0) AS version FROM ingestion_migrations',
  );
  const version = rows[0]?.version ?? 0;
  if (version > newest) {
    throw new IngestionError({
      code: 'DATABASE_REFUSED',
      message: `the database is at migration ${version}, and this program knows only ${newest}`,
      retryable: false,
      remedy: 'Update the program, or name another database',
    });
  }
  return version;
}
