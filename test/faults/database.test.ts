/**
 * A database that goes away, is cut off or is locked in mid-run: the run heals by itself, asks the
 * API for no page twice, and ends with exactly its rows.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { startCuttingProxy } from '../support/cutting-proxy.js';
import { expectRefused, faultRun } from '../support/fault-run.js';
import { type Simulation, useSimulator } from '../support/ingest-check.js';
import { type IngestProcess, useIngestFolder } from '../support/ingest-process.js';
import { useOwnPostgres } from '../support/own-postgres.js';

const postgres = useOwnPostgres();
const simulate = useSimulator();
const folder = useIngestFolder();

/** Slow enough that a run is still at work when the next fault comes. */
const SLOW = { eventsQuota: 10, eventsWindowMs: 500 };

async function outage(during: () => Promise<unknown>): Promise<void> {
  await postgres.crash();
  try {
    await during();
  } finally {
    await postgres.start();
  }
}

/** The run waits for the database: nothing more is asked of the API. */
async function untilStill(simulator: Simulation, quietMs = 700): Promise<void> {
  const arrivals = () => simulator.stats().eventsArrivalsMs;
  await vi.waitFor(
    () =>
      expect(performance.timeOrigin + performance.now() - (arrivals().at(-1) ?? 0)).toBeGreaterThan(
        quietMs,
      ),
    { timeout: 20_000, interval: 20 },
  );
}

describe('a database that goes away in mid-run', () => {
  test('and comes back, four times, costs no page', async () => {
    const simulator = await simulate({ ...SLOW, events: 150_000 });
    const run = faultRun(postgres, folder, simulator);
    const child = run.start();
    for (let crash = 0; crash < 4; crash++) {
      await child.untilLog('page_committed', { count: 7 });
      const back = child.untilLog('lock_regained');
      await outage(async () => {});
      await back;
    }
    await run.expectHealed(child);
  });

  test('leaves the API in peace once the credits are used up', async () => {
    const simulator = await simulate({ eventsQuota: 0 });
    const run = faultRun(postgres, folder, simulator);
    const child = run.start({ CREDIT_BYTES: '2000000', WORKER_CONCURRENCY: '4' });
    await child.untilLog('page_committed', { count: 5 });
    await outage(async () => {
      const before = simulator.stats().eventsArrivalsMs.length;
      await untilStill(simulator);
      // A page of 1,000 events has about 380,000 bytes.
      expect(simulator.stats().eventsArrivalsMs.length - before).toBeLessThanOrEqual(6);
    });
    await run.expectHealed(child);
  });

  test('for longer than is waited ends with exit 5, and the next start completes', async () => {
    const simulator = await simulate(SLOW);
    const run = faultRun(postgres, folder, simulator);
    const child = run.start({ DATABASE_PATIENCE: '1' });
    await child.untilLog('page_committed', { count: 5 });
    await outage(async () => {
      const exit = await child.end();
      expectRefused(exit, postgres, /Check that PostgreSQL runs/);
      expect(exit.result).toMatchObject({ status: 'failed' });
      expect(folder.readState()).toMatchObject({ status: 'failed' });
      const again = await run.start({ DATABASE_WAIT: '0.3' }).end();
      expectRefused(again, postgres, /Check that PostgreSQL runs/);
    });
    await run.expectResumed();
  });

  test('for longer than opaque cursors live is healed, if need be by a new walk', async () => {
    const simulator = await simulate({ ...SLOW, opaqueCursors: true, cursorTtlMs: 1_500 });
    const run = faultRun(postgres, folder, simulator);
    const child = run.start({ CREDIT_BYTES: '1000000', CURSOR_REFRESH_THRESHOLD: '0.5' });
    await child.untilLog('page_committed', { count: 5 });
    await outage(() => delay(2_500));
    expect((await child.end()).code).toBe(0);
    await run.expectProven();
  });

  test('and outlasts the process and its opaque cursors is walked again, exactly', async () => {
    const simulator = await simulate({ ...SLOW, opaqueCursors: true, cursorTtlMs: 1_500 });
    const run = faultRun(postgres, folder, simulator);
    const child = run.start({ DATABASE_PATIENCE: '0.5' });
    await child.untilLog('page_committed', { count: 5 });
    await outage(async () => {
      expectRefused(await child.end(), postgres, /Check that PostgreSQL runs/);
      await delay(1_500);
    });
    const { inserted } = await run.ledger();
    expect((await run.start().end()).code).toBe(0);
    const sums = await run.expectProven();
    expect(sums.duplicate).toBeGreaterThanOrEqual(inserted);
  });
});

describe('connections that are cut', () => {
  test('by the server in mid-COPY, twelve times, cost no page', async () => {
    const simulator = await simulate({ ...SLOW, events: 100_000 });
    const run = faultRun(postgres, folder, simulator);
    const child = run.start({ BATCH_SIZE: '5000', WRITE_METHOD: 'copy' });
    const cuts = await cutCopies(child, 12);
    await run.expectHealed(child);
    expect(cuts).toBeGreaterThan(0);
  });

  test('on our side alone, the server not knowing, cost no page and no lock', async () => {
    const simulator = await simulate({ ...SLOW, events: 40_000 });
    const run = faultRun(postgres, folder, simulator);
    const proxy = await startCuttingProxy(postgres.connectionString);
    try {
      const child = run.start({ DATABASE_URL: proxy.connectionString });
      for (let cut = 0; cut < 4; cut++) {
        await child.untilLog('page_committed', { count: 5 });
        const back = child.untilLog('lock_regained');
        proxy.cutClients();
        await back;
      }
      await run.expectHealed(child);
    } finally {
      await proxy.close();
    }
  });

  test('to another instance that waits for the lock end the run, and name the other', async () => {
    const simulator = await simulate({ ...SLOW, events: 60_000 });
    const run = faultRun(postgres, folder, simulator);
    const child = run.start();
    await child.untilLog('page_committed', { count: 5 });
    await postgres.session(async (other) => {
      await other.query("SET application_name = 'the other instance'");
      const [lock] = await postgres.query<{ key: string }>(
        `SELECT ((classid::bigint << 32) | objid::bigint)::text AS key FROM pg_locks
         WHERE locktype = 'advisory' AND database =
           (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      const taken = other.query('SELECT pg_advisory_lock($1::bigint)', [lock?.key]);
      await vi.waitFor(
        async () => {
          const waiting = await postgres.query('SELECT FROM pg_locks WHERE NOT granted');
          expect(waiting).toHaveLength(1);
        },
        { timeout: 20_000, interval: 20 },
      );
      await postgres.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name LIKE 'datasync-ingestion process%'`,
      );
      await taken;
      const exit = await child.end();
      expect(exit.code).toBe(1);
      expect(exit.stderr + exit.stdout).toMatch(/already being run by the other instance/);
    });
    await run.expectResumed();
  });
});

/** Ends the sessions of the writer that are in a COPY, until `count` were. @returns how many */
async function cutCopies(child: IngestProcess, count: number): Promise<number> {
  let cuts = 0;
  let hasEnded = false;
  void child.exited.then(() => {
    hasEnded = true;
  });
  await postgres.session(async (client) => {
    while (cuts < count && !hasEnded) {
      const { rowCount } = await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name LIKE 'datasync-writer%' AND state = 'active' AND query LIKE 'COPY%'
           AND datname = current_database()`,
      );
      cuts += rowCount ?? 0;
      if (rowCount !== 0) await child.untilLog('page_committed').catch(() => null);
    }
  });
  return cuts;
}
