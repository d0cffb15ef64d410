/** The database at the start: out of reach, the wrong password, or taken by another instance. */
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { holdingCommits } from '../support/hold-commits.js';
import {
  environmentFor,
  expectExactly,
  runStatus,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { expectPaced } from '../support/own-starts.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

let mute: Server | null = null;
afterEach(() => {
  mute?.close();
  mute = null;
});

/** A port that takes connections and says nothing. */
async function mutePort(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  mute = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('a database out of reach', () => {
  test('is waited for as long as DATABASE_WAIT says, then exit 5 names it and the remedy', async () => {
    const simulator = await simulate();
    const { code, stderr, tookMs } = await folder.run(
      ['ingest', '--json'],
      environmentFor(
        simulator,
        { connectionString: 'postgres://me:hunter2@127.0.0.1:1/events' },
        { DATABASE_WAIT: '1' },
      ),
    );
    expect(code, stderr).toBe(5);
    expect(tookMs).toBeLessThan(8_000);
    expect(stderr).toMatch(/"event":"database_awaited"/);
    expect(stderr).toMatch(/no connection to 127\.0\.0\.1:1\/events in 1 s/);
    expect(stderr).toMatch(/Check that PostgreSQL runs/);
    expect(stderr).not.toMatch('hunter2');
    expect(simulator.stats().requests).toEqual({});
  });

  test('that takes connections but does not answer is out of reach too', async () => {
    const simulator = await simulate();
    const connectionString = `postgres://me:hunter2@127.0.0.1:${await mutePort()}/events`;
    const { code, stderr, tookMs } = await folder.run(
      ['ingest', '--json'],
      environmentFor(simulator, { connectionString }, { DATABASE_WAIT: '1' }),
    );
    expect(code, stderr).toBe(5);
    expect(tookMs).toBeLessThan(8_000);
  });
});

test('a second instance on the same run is refused by name with exit 1; the first is undisturbed', async () => {
  const simulator = await simulate({ eventsQuota: 15, eventsWindowMs: 1_000 });
  const environment = environmentFor(simulator, database);
  const first = await holdingCommits(database, async (hold) => {
    const running = folder.start(['ingest', '--json'], environment);
    await running.untilLog('page_requested');
    await hold();

    const second = await folder.run(['ingest', '--json'], environment);
    expect(second.code, second.stderr).toBe(1);
    expect(second.stderr).toMatch(`already being run by datasync-ingestion process ${running.pid}`);
    expect(second.stderr).toMatch(/Wait until it ends, or stop it/);
    expect(second.stderr).not.toMatch('page_requested');
    expect(await runStatus(database.pool)).toBe('running');
    return running;
  });

  const exit = await first.end();
  expect(exit.code).toBe(0);
  expect(exit.result).toMatchObject({ inserted: 20_000 });
  expectPaced([exit], simulator.settings);
  await expectExactly(database.pool, simulator.settings);
});

test('a role with array_nulls = off stores rows without a timestamp all the same', async () => {
  const { pool } = database;
  const { rows } = await pool.query<{ name: string }>('SELECT current_database() AS name');
  const alter = (change: string) => pool.query(`ALTER DATABASE "${rows[0]?.name}" ${change}`);
  await alter('SET array_nulls = off');
  try {
    const simulator = await simulate({ hostileRows: 0.05, events: 5_000 });
    const environment = environmentFor(simulator, database, { QUARANTINE_LIMIT: '1' });
    const { code, stderr } = await folder.run(['ingest', '--json'], environment);
    expect(code, stderr).toBe(0);
    await expectExactly(pool, simulator.settings);
    const untimed = 'SELECT FROM ingested_events WHERE occurred_at IS NULL';
    expect((await pool.query(untimed)).rowCount).toBeGreaterThan(0);
    const named = `SELECT FROM ingestion_segments WHERE 'NULL' IN (after_position, bound_position)`;
    expect((await pool.query(named)).rowCount).toBe(0);
    expect((await folder.run(['verify', '--json'], environment)).code).toBe(0);
  } finally {
    await alter('RESET array_nulls');
  }
});
