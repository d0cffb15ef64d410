/** Statements that the server gives up in mid-run: conflicts, timeouts, and whatever else can pass. */
import type pg from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { Dataset } from '../../src/simulator/dataset.js';
import { expectRefused, faultRun, refuseEvery, untilBlocked } from '../support/fault-run.js';
import { useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { useOwnPostgres } from '../support/own-postgres.js';

const postgres = useOwnPostgres();
const simulate = useSimulator();
const folder = useIngestFolder();

/** Polls until this holds for the session $1: nothing announces that one session waits for another. */
async function untilSession(pid: number, condition: string): Promise<void> {
  await postgres.session((watcher) =>
    vi.waitFor(
      async () => {
        const { rows } = await watcher.query(`SELECT ${condition} AS "isSo"`, [pid]);
        expect(rows).toEqual([{ isSo: true }]);
      },
      { timeout: 20_000, interval: 10 },
    ),
  );
}

const IS_WAITED_FOR = 'EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))';
const WAITS = 'cardinality(pg_blocking_pids($1)) > 0';

/** Slow enough that a run is still at work when the fault comes. */
const SLOW = { eventsQuota: 10, eventsWindowMs: 500 };

describe('statements that are given up by the server', () => {
  test.each([
    ['statement_timeout', { STATEMENT_TIMEOUT: '0.2' }],
    ['lock_timeout', {}],
  ])('for %s, because the table is locked, are tried again', async (name, changes) => {
    const simulator = await simulate(SLOW);
    const run = faultRun(postgres, folder, simulator);
    if (name === 'lock_timeout') await postgres.setForAll("lock_timeout = '100ms'");
    const child = run.start(changes);
    await child.untilLog('page_committed', { count: 5 });
    await postgres.session(async (client) => {
      // The setting for all is one for this session too, which may have to wait for a commit.
      await client.query('SET lock_timeout = 0');
      await client.query('BEGIN; LOCK TABLE ingested_events IN ACCESS EXCLUSIVE MODE');
      await untilBlocked(postgres, 14);
    });
    await run.expectHealed(child);
  });

  test('as the victim of a deadlock are tried again', async () => {
    const simulator = await simulate({ ...SLOW, opaqueCursors: true });
    const run = faultRun(postgres, folder, simulator);
    await run.start({ MAX_EVENTS: '1' }).end();
    await postgres.setForAll("deadlock_timeout = '50ms'");
    const { events } = new Dataset(simulator.settings);
    /** @returns the session's process, once it has an uncommitted row that the API holds too */
    const beginWith = async (client: pg.Client, place: number): Promise<number> => {
      // The writer is to be the one that finds the deadlock, and so its victim.
      await client.query("SET deadlock_timeout = '1min'; BEGIN");
      await insert(client, place);
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      return rows[0]?.pid ?? 0;
    };
    const insert = (client: pg.Client, place: number) =>
      client.query("INSERT INTO ingested_events VALUES ($1, now(), '{}')", [events.idAt(place)]);
    await postgres.session((gate) =>
      postgres.session(async (client) => {
        const gatePid = await beginWith(gate, 5_500);
        const clientPid = await beginWith(client, 5_900);
        const child = run.start();
        // A page's rows are written in their order: those before the gate are written by now.
        await untilSession(gatePid, IS_WAITED_FOR);
        const crossed = insert(client, 5_100);
        await untilSession(clientPid, WAITS);
        // The server looks for a deadlock once a wait, 50 ms after it began, so it must be a wait of
        // the writer that closes the circle: the one for the row behind the gate.
        await gate.query('ROLLBACK');
        await crossed;
        await client.query('ROLLBACK');
        await run.expectHealed(child);
      }),
    );
    const [deadlocks] = await postgres.query<{ count: string }>(
      'SELECT deadlocks AS count FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(Number(deadlocks?.count)).toBeGreaterThan(0);
  });

  test('because they cannot be serialised are tried again', async () => {
    const simulator = await simulate(SLOW);
    const run = faultRun(postgres, folder, simulator);
    await run.start({ MAX_EVENTS: '1' }).end();
    await postgres.setForAll("default_transaction_isolation = 'serializable'");
    const { events } = new Dataset(simulator.settings);
    const known = await postgres.session(async (client) => {
      await client.query('BEGIN');
      const { rowCount } = await client.query(
        `INSERT INTO ingested_events SELECT id, to_timestamp(ms / 1000), '{}'
         FROM unnest($1::uuid[], $2::float8[]) AS t (id, ms) ON CONFLICT DO NOTHING`,
        [
          places(40).map((place) => events.idAt(place)),
          places(40).map((place) => events.msAt(place)),
        ],
      );
      const child = run.start({ WRITE_METHOD: 'insert' });
      await untilBlocked(postgres, 2);
      await client.query('COMMIT');
      expect((await child.end()).code).toBe(0);
      return rowCount ?? 0;
    });
    expect(await run.ledger()).toMatchObject({ inserted: 20_000 - known, unbalanced: 0 });
    await run.expectPaced();
  });

  /** Every 500th place: some in each page. */
  const places = (count: number): number[] => Array.from({ length: count }, (_, i) => i * 500);

  test.each(['40001', '40P01', '53300', '57P01', '53100'])(
    'with %s, one statement in three, are tried again',
    async (code) => {
      const simulator = await simulate();
      const run = faultRun(postgres, folder, simulator);
      await run.start({ MAX_EVENTS: '1' }).end();
      await refuseEvery(postgres, 3, code);
      const child = run.start();
      await run.expectHealed(child);
      const [attempts] = await postgres.query<{ count: string }>(
        'SELECT last_value AS count FROM attempts',
      );
      expect(Number(attempts?.count)).toBeGreaterThan(20);
    },
  );
});

test('that no patience heals end the run at once, with what the server said', async () => {
  const simulator = await simulate(SLOW);
  const run = faultRun(postgres, folder, simulator);
  await run.start({ MAX_EVENTS: '1' }).end();
  await refuseEvery(postgres, 3, 'XX000');
  const exit = await run.start().end();
  expectRefused(exit, postgres, /XX000: refused by a test.*log of PostgreSQL/s);
  expect(exit.tookMs).toBeLessThan(10_000);
});
