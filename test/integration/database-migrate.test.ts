import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openPool } from '../../src/database/connect.js';
import { loadMigrations, migrateDatabase } from '../../src/database/migrate.js';
import { usePostgres } from '../support/postgres.js';
import { refusalOf } from '../support/refusal.js';

const database = usePostgres();
const ALL = loadMigrations();
const NAMES = ALL.map(({ name }) => name);

/** A database that nobody has migrated. */
let pool: pg.Pool;

beforeEach(async () => {
  await database.pool.query('CREATE DATABASE datasync_bare');
  const url = new URL(database.connectionString);
  url.pathname = '/datasync_bare';
  pool = openPool(url.href, { max: 2, applicationName: 'datasync-bare' });
});
afterEach(async () => {
  await pool.end();
  await database.pool.query('DROP DATABASE datasync_bare WITH (FORCE)');
});

async function tableNames(): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** A table that was rewritten has another. */
async function fileOf(): Promise<unknown> {
  const { rows } = await pool.query(`SELECT pg_relation_filepath('ingested_events') AS file`);
  return rows[0]?.file;
}

describe('migrateDatabase', () => {
  test('an empty database gets every table, and a second time nothing is done', async () => {
    expect(await migrateDatabase(pool)).toEqual(NAMES);
    expect(await migrateDatabase(pool)).toEqual([]);
    expect(await tableNames()).toEqual([
      'ingested_events',
      'ingestion_credentials',
      'ingestion_database',
      'ingestion_field_changes',
      'ingestion_fields',
      'ingestion_limits',
      'ingestion_members',
      'ingestion_migrations',
      'ingestion_pages',
      'ingestion_quarantine',
      'ingestion_runs',
      'ingestion_segments',
      'ingestion_superseded',
      'ingestion_unowned_rows',
      'ingestion_watermarks',
    ]);
  });

  test('two programs at the same time apply each migration once', async () => {
    const applied = await Promise.all([migrateDatabase(pool), migrateDatabase(pool)]);
    expect(applied.flat().sort()).toEqual(NAMES);
  });

  test('a database that is up to date is not written to, so a read-only one passes', async () => {
    await migrateDatabase(pool);
    await pool.query('ALTER DATABASE datasync_bare SET default_transaction_read_only = on');
    const url = new URL(database.connectionString);
    url.pathname = '/datasync_bare';
    const readOnly = openPool(url.href, { max: 1, applicationName: 'datasync-read-only' });
    expect(await migrateDatabase(readOnly)).toEqual([]);
    await readOnly.end();
  });

  test('a migration that fails leaves nothing of itself, keeps those before it, and can be repeated', async () => {
    const number = ALL.length + 1;
    const broken = { number, name: 'broken', sql: 'CREATE TABLE half (n integer); SELECT 1 / 0' };
    const mended = { number, name: 'mended', sql: 'CREATE TABLE whole (n integer)' };
    const { fault } = await refusalOf(migrateDatabase(pool, [...ALL, broken]));
    expect(fault.message).toContain('22012');
    expect(await tableNames()).not.toContain('half');
    expect(await migrateDatabase(pool, [...ALL, mended])).toEqual(['mended']);
  });

  test('a database that is newer than the program is refused', async () => {
    const next = { number: ALL.length + 1, name: 'next', sql: 'SELECT 1' };
    await migrateDatabase(pool, [...ALL, next]);
    const { fault } = await refusalOf(migrateDatabase(pool, ALL));
    expect(fault.code).toBe('DATABASE_REFUSED');
    expect(fault.message).toContain(`at migration ${next.number}`);
  });

  test('a table ingested_events from elsewhere is used with its rows when it fits', async () => {
    await pool.query(`
      CREATE TABLE ingested_events (
        id uuid PRIMARY KEY, data jsonb NOT NULL, occurred_at timestamptz, note text);
      INSERT INTO ingested_events (id, data) VALUES (gen_random_uuid(), '{}')`);
    expect(await migrateDatabase(pool)).toEqual(NAMES);
    expect((await pool.query('SELECT FROM ingested_events')).rowCount).toBe(1);
  });

  test('a table ingested_events of another form is refused with each difference, and nothing is made', async () => {
    await pool.query('CREATE TABLE ingested_events (id text PRIMARY KEY, data jsonb)');
    const { fault } = await refusalOf(migrateDatabase(pool));
    expect(fault.message).toContain('id is text, not uuid');
    expect(fault.message).toContain('it has no column occurred_at');
    expect(fault.remedy).toContain('RENAME');
    expect(await tableNames()).not.toContain('ingestion_pages');
  });

  test('a table ingested_events with a column page that is not ours is refused', async () => {
    await pool.query(`CREATE TABLE ingested_events (
      id uuid PRIMARY KEY, data jsonb NOT NULL, occurred_at timestamptz, page integer)`);
    const { fault } = await refusalOf(migrateDatabase(pool));
    expect(fault.message).toContain("its column page is not the program's own");
  });

  test('rows get owners without being written anew, and those that are there are counted', async () => {
    await migrateDatabase(pool, ALL.slice(0, 1));
    await pool.query(`INSERT INTO ingested_events
      SELECT gen_random_uuid(), now(), '{}' FROM generate_series(1, 1000)`);
    const placesOf = async () =>
      (await pool.query('SELECT id, ctid::text, xmin::text FROM ingested_events ORDER BY id')).rows;
    const [before, file] = [await placesOf(), await fileOf()];
    expect(await migrateDatabase(pool)).toEqual(NAMES.slice(1));
    expect(await placesOf()).toEqual(before);
    expect(await fileOf()).toBe(file);
    const { rows } = await pool.query('SELECT count::int FROM ingestion_unowned_rows');
    expect(rows).toEqual([{ count: 1_000 }]);
  });

  test('a partial or deferred unique index over id does not count as unique', async () => {
    await pool.query(`
      CREATE TABLE ingested_events (id uuid NOT NULL, occurred_at timestamptz, data jsonb);
      CREATE UNIQUE INDEX ON ingested_events (id) WHERE data IS NOT NULL;
      ALTER TABLE ingested_events ADD UNIQUE (id) DEFERRABLE`);
    expect((await refusalOf(migrateDatabase(pool))).fault.message).toContain('no unique index');
  });
});
