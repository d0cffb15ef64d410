/** Statements that the server gives up in mid-run: conflicts, timeouts, and whatever else can pass. */
import { describe, expect, test } from 'vitest';
import { Dataset } from '../../src/simulator/dataset.js';
import { expectRefused, faultRun, refuseEvery, untilBlocked } from '../support/fault-run.js';
import { useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { useOwnPostgres } from '../support/own-postgres.js';

const postgres = useOwnPostgres();
const simulate = useSimulator();
const folder = useIngestFolder();

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
    await postgres.session(async (client) => {
      // A page's rows are written in their order, so that one of two crosses a row in between.
      await client.query("SET deadlock_timeout = '1min'; BEGIN");
      const insert = (place: number) =>
        client.query("INSERT INTO ingested_events VALUES ($1, now(), '{}')", [events.idAt(place)]);
      await insert(5_900);
      const child = run.start();
      await untilBlocked(postgres, 1);
      await insert(5_100);
      await client.query('ROLLBACK');
      await run.expectHealed(child);
    });
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
