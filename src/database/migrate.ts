/**
 * Migrations: the numbered SQL files of `migrations/`, each applied once, in order, in a transaction
 * of its own, by one program at a time.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase, Pool } from 'pg';
import { assert, type Fault, IngestionError } from '../core/fault.js';
import { LONG_SILENCE_MS, permitSilence } from '../postgres/client.js';
import { faultFromDatabaseError } from '../postgres/sql-fault.js';
import { asIngestionError } from './connect.js';
import { checkEventsTable } from './events-table.js';

const FOLDER = new URL('./migrations/', import.meta.url);

/** Of an advisory lock of this program's own; any number that nobody else uses. */
const LOCK_KEY = 7_310_294_455;
const LOCK_POLL_MS = 100;
/** Another program may be at a migration of a large table. */
const LOCK_PATIENCE_MS = LONG_SILENCE_MS;

const FIND_EVENTS = `SELECT to_regclass('ingested_events') IS NOT NULL AS "isThere"`;
const FIND_LEDGER = `SELECT to_regclass('ingestion_migrations') IS NOT NULL AS "isThere"`;

/** Those of the migrations that make `ingested_events` what it is. */
const EVENTS_STATEMENTS =
  /(?:CREATE TABLE IF NOT EXISTS ingested_events|ALTER TABLE ingested_events)[^;]*;/g;
const NO_UNOWNED_ROWS = 'UPDATE ingestion_unowned_rows SET count = 0, counted_at = now()';
/** The migration that gives rows owners. */
const OWNERS = 2;

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
  return withClientOf(pool, (client) => applyPending(client, migrations));
}

/** Whether the database holds our tables. @throws IngestionError with the fault of the database */
export async function hasLedger(pool: Pool): Promise<boolean> {
  return withClientOf(pool, (client) => isThere(client, FIND_LEDGER));
}

/**
 * What would keep a run from writing into the database, as far as can be told without trying.
 *
 * @returns null when nothing would @throws IngestionError with the fault of the database
 */
export async function whatBarsRun(pool: Pool): Promise<Fault | null> {
  return withClientOf(pool, async (client) => {
    const encoding = await checkEncoding(client);
    if (encoding !== null) return encoding;
    if (await isThere(client, FIND_LEDGER)) return checkEventsThere(client);
    const { rows } = await client.query<{ schema: string | null; mayCreate: boolean | null }>(
      `SELECT current_schema AS schema, has_schema_privilege(current_schema, 'CREATE') AS "mayCreate"`,
    );
    const [right] = rows;
    if (right?.mayCreate !== true) {
      const message = `permission denied for schema ${right?.schema ?? 'public'}`;
      return faultFromDatabaseError({ code: '42501', message });
    }
    return checkEventsTable(client);
  });
}

/** @throws IngestionError, DATABASE_REFUSED, where events could not be stored in the database */
export async function requireUtf8(pool: Pool): Promise<void> {
  const fault = await withClientOf(pool, checkEncoding);
  if (fault !== null) throw new IngestionError(fault);
}

/**
 * Makes `ingested_events` again where somebody has dropped it and the ledger is still there: for who
 * begins a new run.
 *
 * @throws IngestionError with the fault of the database
 */
export async function remakeEventsTable(pool: Pool): Promise<void> {
  await withClientOf(pool, async (client) => {
    if (!(await isThere(client, FIND_LEDGER)) || (await isThere(client, FIND_EVENTS))) return;
    const statements = loadMigrations().flatMap(({ sql }) => sql.match(EVENTS_STATEMENTS) ?? []);
    assert(statements.length > 0, 'the migrations make the table of events');
    await client.query(`BEGIN; ${statements.join('')} ${NO_UNOWNED_ROWS}; COMMIT`);
  });
}

async function withClientOf<T>(pool: Pool, use: (client: ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw asIngestionError(error);
  });
  let isUsable = false;
  try {
    const result = await use(client);
    isUsable = true;
    return result;
  } catch (error) {
    throw asIngestionError(error);
  } finally {
    // After a failure it may hold a lock or an open transaction: closing it frees both.
    client.release(!isUsable);
  }
}

async function isThere(client: ClientBase, find: string): Promise<boolean> {
  const { rows } = await client.query<{ isThere: boolean }>(find);
  return rows[0]?.isThere === true;
}

/** Any other encoding lacks characters that an event may hold, and would refuse them in mid-run. */
async function checkEncoding(client: ClientBase): Promise<Fault | null> {
  const { rows } = await client.query<{ encoding: string; name: string }>(
    `SELECT current_setting('server_encoding') AS encoding, current_database() AS name`,
  );
  const { encoding, name } = rows[0] ?? { encoding: 'unknown', name: 'ingestion' };
  if (encoding === 'UTF8') return null;
  return {
    code: 'DATABASE_REFUSED',
    message: `the database ${name} has the encoding ${encoding}, which cannot hold every character of an event`,
    retryable: false,
    remedy:
      'Make one with createdb --encoding=UTF8 --template=template0 --locale=C.UTF-8 NAME, and name it in DATABASE_URL',
  };
}

/** The ledger is there, and says what the table holds. */
async function checkEventsThere(client: ClientBase): Promise<Fault | null> {
  if (await isThere(client, FIND_EVENTS)) return null;
  return faultFromDatabaseError({
    code: '42P01',
    message: 'relation "ingested_events" does not exist',
  });
}

async function applyPending(
  client: ClientBase,
  migrations: readonly Migration[],
): Promise<string[]> {
  const newest = migrations.length;
  if ((await readVersion(client, newest)) === newest) {
    const fault = await checkEventsThere(client);
    if (fault !== null) throw new IngestionError(fault);
    return [];
  }
  await lockMigrations(client);
  await client.query(`CREATE TABLE IF NOT EXISTS ingestion_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
  )`);
  const version = await readVersion(client, newest);
  if (version < OWNERS) {
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
  if (!(await isThere(client, FIND_LEDGER))) return 0;
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
