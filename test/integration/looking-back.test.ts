/** Commands that look at runs make nothing where there is none: no server, no database, no table. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openPool } from '../../src/database/connect.js';
import { addressOf, untilReady } from '../support/http-client.js';
import { environmentFor, useEmptyTables, useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

const NOBODY = { baseUrl: 'http://127.0.0.1:1/api/v1' };
/** Each with its exit code where there is no run. */
const COMMANDS: readonly (readonly [command: string, code: number])[] = [
  ['status', 0],
  ['verify', 1],
  ['export-ids', 1],
  ['report', 1],
  ['doctor', 0],
];

describe('a database that is not ours', () => {
  const NAME = 'datasync_not_ours';
  let foreign: { readonly connectionString: string; readonly pool: pg.Pool };

  beforeEach(async () => {
    await database.pool.query(`DROP DATABASE IF EXISTS ${NAME} WITH (FORCE)`);
    await database.pool.query(`CREATE DATABASE ${NAME}`);
    const url = new URL(database.connectionString);
    url.pathname = `/${NAME}`;
    const pool = openPool(url.href, { max: 1, applicationName: 'datasync-test' });
    foreign = { connectionString: url.href, pool };
  });
  afterEach(async () => {
    await foreign.pool.end();
    await database.pool.query(`DROP DATABASE ${NAME} WITH (FORCE)`);
  });

  async function relations(): Promise<number> {
    const { rows } = await foreign.pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
    );
    return rows[0]?.count ?? -1;
  }

  test.each(COMMANDS)('%s says that no run is there, and makes no table', async (command, code) => {
    // Only doctor asks it anything.
    const simulator = await simulate({ events: 0 });
    const exit = await folder.run([command], environmentFor(simulator, foreign));
    expect(exit.code, exit.stderr).toBe(code);
    const said = `${exit.stdout}${exit.stderr}`;
    expect(said).toMatch(`/${NAME}: \`datasync ingest\` begins one`);
    expect(await relations()).toBe(0);
  });

  test('serve says so too, is ready, and shows the run that begins', async () => {
    const simulator = await simulate({ events: 2_000 });
    const environment = environmentFor(simulator, foreign);
    const child = folder.start(['serve', '--port', '0'], environment);
    const url = await addressOf(child);
    await untilReady(url);
    const runs = async () => (await fetch(`${url}/api/runs`)).json();
    expect(await runs()).toMatchObject({ runs: [] });
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
    expect(await relations()).toBe(0);
    expect((await folder.run(['ingest', '--json'], environment)).code).toBe(0);
    expect(await runs()).toMatchObject({ runs: [{ run: 1, inserted: 2_000 }] });
    child.signal('SIGINT');
    const { code, stderr } = await child.end();
    expect(code).toBe(0);
    expect(stderr).toMatch(/No run yet in /);
  });

  test('status --watch waits for the run, and follows it to its end', async () => {
    const simulator = await simulate({ events: 2_000 });
    const watching = folder.start(['status', '--watch'], {
      DATABASE_URL: foreign.connectionString,
    });
    await watching.untilOutput(/No run yet in /);
    expect(await relations()).toBe(0);
    const run = await folder.run(['ingest', '--json'], environmentFor(simulator, foreign));
    expect(run.code, run.stderr).toBe(0);
    const { code, stdout } = await watching.end();
    expect(code).toBe(0);
    expect(stdout).toMatch(/run 1 complete/);
  });

  test('doctor names what would keep a run from it', async () => {
    await foreign.pool.query('CREATE TABLE ingested_events (id bigint)');
    const other = await folder.run(['doctor'], environmentFor(NOBODY, foreign));
    expect([other.code, other.stdout]).toEqual([
      1,
      expect.stringMatching(/id is bigint, not uuid/),
    ]);
    await foreign.pool.query('DROP TABLE ingested_events');
    const url = await readerOf(foreign);
    const barred = await folder.run(['doctor'], environmentFor(NOBODY, { connectionString: url }));
    expect([barred.code, barred.stdout]).toEqual([
      1,
      expect.stringMatching(/lacks a right.*schema public/),
    ]);
    expect(await relations()).toBe(0);
  });
});

describe('an embedded database that is not made yet', () => {
  test.each([...COMMANDS, ['serve', 1] as const])('%s makes none', async (command, code) => {
    const exit = await folder.run([command], {});
    expect(exit.code, exit.stderr).toBe(code);
    expect(`${exit.stdout}${exit.stderr}`).toMatch(
      /postgres.*`datasync ingest`|`datasync ingest`.*postgres/,
    );
    expect(existsSync(join(folder.path, 'data', 'postgres'))).toBe(false);
  });
});

test('who may only read sees the runs of a ledger, and all ids', async () => {
  const simulator = await simulate({ events: 2_000 });
  expect((await folder.run(['ingest'], environmentFor(simulator, database))).code).toBe(0);
  const reader = { DATABASE_URL: await readerOf(database) };
  for (const [command] of COMMANDS.filter(([name]) => name !== 'doctor')) {
    const exit = await folder.run([command], reader);
    expect(exit.code, `${command}: ${exit.stderr}`).toBe(0);
  }
});

/** @returns the address of a role that may read the tables, and make none */
async function readerOf({
  connectionString,
  pool,
}: {
  readonly connectionString: string;
  readonly pool: pg.Pool;
}): Promise<string> {
  await pool.query(
    `DO $$ BEGIN
       IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'datasync_reader') THEN
         CREATE ROLE datasync_reader LOGIN PASSWORD 'reader';
       END IF;
     END $$;
     GRANT SELECT ON ALL TABLES IN SCHEMA public TO datasync_reader`,
  );
  const url = new URL(connectionString);
  url.username = 'datasync_reader';
  url.password = 'reader';
  return url.href;
}
