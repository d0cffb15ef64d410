/**
 * A database of its own for each test file, on one embedded server that all files share.
 *
 * The server runs in the temporary folder and is started by the first file that needs it. Each file
 * gets a fresh copy of a migrated template. `stop-postgres.ts` ends the server after the last one.
 */
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { IngestionError } from '../../src/core/fault.js';
import { openPool } from '../../src/database/connect.js';
import { loadMigrations, migrateDatabase } from '../../src/database/migrate.js';
import { findBinaries } from '../../src/database/postgres-binaries.js';
import { accountFor } from '../../src/database/server-account.js';
import { KEEPER_NAME, startSharedServer } from './postgres-server.js';

const DATABASE_PREFIX = 'datasync_test_';
const TEMPLATE_LOCK = 7_310_294_456;
const LEAK_GRACE_MS = 20_000;

export interface TestDatabase {
  /** Of the file's own database, as a superuser. Only within hooks and tests. */
  readonly connectionString: string;
  /** Ended by itself after the last test. */
  readonly pool: pg.Pool;
}

/**
 * Skips the tests of a file or `describe`, with the reason, on a machine without any PostgreSQL.
 *
 * @returns whether there is one; known once the first hook has run
 */
export function skipWithoutPostgres(): () => boolean {
  let reason: string | null = null;
  beforeAll(async () => {
    try {
      await findBinaries(await accountFor(tmpdir()), null, tmpdir());
    } catch (error) {
      if (!(error instanceof IngestionError)) throw error;
      reason = error.message;
      console.warn(`Tests that need PostgreSQL are skipped: ${reason}`);
    }
  });
  beforeEach((context) => {
    if (reason !== null) context.skip(`without a database: ${reason}`);
  });
  return () => reason === null;
}

/**
 * Called at the top of a test file, or of a `describe`; skips as `skipWithoutPostgres` does. After
 * the last test, a connection that is still open fails the file.
 */
export function usePostgres(): TestDatabase {
  let opened: OpenedDatabase | null = null;
  const hasPostgres = skipWithoutPostgres();
  beforeAll(async () => {
    if (hasPostgres()) opened = await openDatabase();
  });
  afterAll(async () => {
    await opened?.close();
  });

  const current = (): OpenedDatabase => {
    if (opened === null) throw new Error('the database is there only within hooks and tests');
    return opened;
  };
  return {
    get connectionString() {
      return current().connectionString;
    },
    get pool() {
      return current().pool;
    },
  };
}

interface OpenedDatabase extends TestDatabase {
  close(): Promise<void>;
}

async function openDatabase(): Promise<OpenedDatabase> {
  const server = await startSharedServer();
  const keeper = new pg.Client({
    connectionString: server.connectionString,
    application_name: KEEPER_NAME,
  });
  await keeper.connect();
  const template = await makeTemplate(keeper, server.connectionString);
  const name = `${DATABASE_PREFIX}${process.pid}_${randomBytes(4).toString('hex')}`;
  await keeper.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const connectionString = inDatabase(server.connectionString, name);
  const pool = openPool(connectionString, { max: 4, applicationName: 'datasync-test' });
  return {
    connectionString,
    pool,
    async close() {
      await pool.end();
      try {
        expect(await findLeaks(keeper, name), 'connections left open by the tests').toEqual([]);
      } finally {
        await keeper.query(`DROP DATABASE ${name} WITH (FORCE)`);
        await keeper.end();
      }
    },
  };
}

/** Made once for each set of migrations; test files that start at the same time wait for it. */
async function makeTemplate(keeper: pg.Client, serverString: string): Promise<string> {
  const migrations = loadMigrations();
  const name = `datasync_template_${digestOf(migrations.map(({ sql }) => sql).join())}`;
  await keeper.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  try {
    const { rowCount } = await keeper.query(
      'SELECT FROM pg_database WHERE datname = $1 AND datistemplate',
      [name],
    );
    if (rowCount === 1) return name;
    // A file that was killed in the middle has left one that is not marked as whole.
    await keeper.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await keeper.query(`CREATE DATABASE ${name}`);
    const pool = openPool(inDatabase(serverString, name), { max: 1, applicationName: KEEPER_NAME });
    await migrateDatabase(pool, migrations).finally(() => pool.end());
    await keeper.query(`ALTER DATABASE ${name} IS_TEMPLATE true`);
    return name;
  } finally {
    await keeper.query('SELECT pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  }
}

/** A closed connection is listed until its server process has noticed, so the list is polled. */
async function findLeaks(keeper: pg.Client, database: string): Promise<string[]> {
  const deadlineMs = performance.now() + LEAK_GRACE_MS;
  for (;;) {
    const { rows } = await keeper.query<{ leak: string }>(
      `SELECT format('%s: %s', application_name, left(query, 80)) AS leak
       FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'`,
      [database],
    );
    if (rows.length === 0 || performance.now() > deadlineMs) return rows.map(({ leak }) => leak);
    await delay(25);
  }
}

function inDatabase(connectionString: string, database: string): string {
  const url = new URL(connectionString);
  url.pathname = `/${database}`;
  return url.href;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
