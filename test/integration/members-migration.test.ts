/** A database of the version before runs had members, with a run that is half done: it goes on, and loses nothing. */
import { describe, expect, test } from 'vitest';
import { openPool } from '../../src/database/connect.js';
import { loadMigrations, migrateDatabase } from '../../src/database/migrate.js';
import { useFamilyRuns } from '../support/family-runs.js';
import {
  environmentFor,
  expectExactly,
  ledgerSums,
  runStatus,
  untilDisconnected,
  useSimulator,
} from '../support/ingest-check.js';
import { breaking, useIngestFolder } from '../support/ingest-process.js';
import { usePostgres } from '../support/postgres.js';

const MEMBERS = loadMigrations().findIndex(({ sql }) => sql.includes('ingestion_members'));

/** What migration 012 has made. */
const UNDO = `
  DROP TABLE ingestion_members, ingestion_database;
  DROP FUNCTION ingestion_hold_segment;
  DROP INDEX ingestion_segments_open, ingestion_segments_left_behind;
  ALTER TABLE ingestion_segments DROP COLUMN epoch;
  ALTER TABLE ingestion_runs DROP COLUMN last_epoch, DROP COLUMN plan, DROP COLUMN next_segment,
    DROP COLUMN has_left_order;
  UPDATE ingestion_runs SET settings = settings - 'isShared';
  DELETE FROM ingestion_migrations WHERE number > ${MEMBERS}`;

/** Columns and indexes of the ledger. */
const FORM = `
  SELECT table_name || '.' || column_name || ' ' || data_type AS line FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name LIKE 'ingestion%'
  UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename LIKE 'ingestion%'
  UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  ORDER BY 1`;

interface Database {
  readonly connectionString: string;
  readonly pool: ReturnType<typeof openPool>;
}

async function formOf({ pool }: Pick<Database, 'pool'>): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(FORM);
  return rows.map(({ line }) => line);
}

/** As the version before has it. */
async function formBefore({ connectionString, pool }: Database): Promise<string[]> {
  const name = `datasync_version_before_${process.pid}`;
  await pool.query(`CREATE DATABASE ${name}`);
  const url = new URL(connectionString);
  url.pathname = `/${name}`;
  const before = openPool(url.href, { max: 1, applicationName: 'datasync-before' });
  try {
    await migrateDatabase(before, loadMigrations().slice(0, MEMBERS));
    return await formOf({ pool: before });
  } finally {
    await before.end();
    await pool.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }
}

/** Makes the database as the version before has left it. */
async function takeBack(database: Database): Promise<void> {
  await untilDisconnected(database.pool);
  await database.pool.query(UNDO);
  expect(await formOf(database)).toEqual(await formBefore(database));
}

describe('a run over segments of an order', () => {
  const database = usePostgres();
  const simulate = useSimulator();
  const folder = useIngestFolder();

  test('goes on from its pages, and each row is there once', async () => {
    const simulator = await simulate({ latencyMs: 40 });
    const env = environmentFor(simulator, database, { BATCH_SIZE: '250' });
    const killed = await folder.run(['ingest'], env, breaking('kill=in:committed:25'));
    expect(killed.signal, killed.stderr.slice(-2_000)).toBe('SIGKILL');
    await takeBack(database);
    const before = await ledgerSums(database.pool);
    expect(before.pages).toBeGreaterThanOrEqual(24);
    expect(before.segments).toBeGreaterThan(1);

    const exit = await folder.run(['ingest', '--json'], env);
    expect(exit.code, exit.stderr.slice(-3_000)).toBe(0);
    expect(exit.result).toMatchObject({ run: 1, status: 'complete', resumedFrom: before.pages });
    await expectExactly(database.pool, simulator.settings);
    const after = await ledgerSums(database.pool);
    expect(after).toMatchObject({ unbalanced: 0, inserted: simulator.settings.events });
    // No page of before was written again.
    expect(after.returned - before.returned).toBeLessThan(
      simulator.settings.events - before.inserted + after.segments * 250,
    );
    const verified = await folder.run(['verify', '--json'], env);
    expect(verified.result, verified.stderr).toMatchObject({ ok: true, status: 'complete' });
  });
});

describe('a run over children', () => {
  const runs = useFamilyRuns();
  const { database } = runs;

  test('goes on with those that are left, and asks for none again that was finished', async () => {
    const orgs = ['one', 'two', 'three', 'four'].map((name) => ({ name }));
    const reposOf = () => 7;
    // One of them cannot be had until then.
    const statuses: Record<string, number> = { '/orgs/four/repos': 503 };
    const source = await runs.start(
      [
        { name: 'orgs', primary_key: 'name', endpoint: 'orgs' },
        {
          ...{ name: 'repos', primary_key: ['_orgs_name', 'id'], include_from_parent: ['name'] },
          endpoint: 'orgs/{resources.orgs.name}/repos',
        },
      ],
      { orgs, reposOf, issuesOf: () => 0, statuses },
    );
    // Two pages of the parents, and all of the other three.
    const killed = await source.run(['ingest'], breaking('kill=in:committed:14'));
    expect(killed.signal, killed.stderr.slice(-2_000)).toBe('SIGKILL');
    await takeBack(database);
    expect(await runStatus(database.pool, 2)).toBe('running');
    const { rows } = await database.pool.query<{ org: string }>(
      `SELECT s.parent ->> 'name' AS org FROM ingestion_segments s JOIN ingestion_pages p USING (run, segment)
       WHERE s.run = 2 AND NOT p.has_more`,
    );
    expect(rows.map(({ org }) => org).sort()).toEqual(['one', 'three', 'two']);
    delete statuses['/orgs/four/repos'];
    const asked = source.api.requests.length;

    const exit = await source.run(['ingest', '--json']);
    expect(exit.code, exit.stdout + exit.stderr.slice(-3_000)).toBe(0);
    const held = orgs.flatMap(({ name }) =>
      Array.from({ length: reposOf() }, (_, nth) => {
        return { id: nth + 1, name: `${name}-${nth + 1}`, _orgs_name: name };
      }),
    );
    expect(await runs.dataOf(source.name, 'repos')).toEqual(await runs.held(held));
    const again = source.api.requests.slice(asked).map(({ url }) => url.split('?')[0]);
    for (const { org } of rows) expect(again).not.toContain(`/orgs/${org}/repos`);
    const verified = await source.run(['verify', '--json']);
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  });
});
