/**
 * A database that refuses: what an operator must mend ends the run with exit 5 and the remedy, after
 * a bounded wait where it may heal by itself; the next start completes.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { Dataset } from '../../src/simulator/dataset.js';
import { expectRefused, faultRun } from '../support/fault-run.js';
import { holdingCommits } from '../support/hold-commits.js';
import { useSimulator } from '../support/ingest-check.js';
import { type IngestProcess, useIngestFolder } from '../support/ingest-process.js';
import { useOwnPostgres } from '../support/own-postgres.js';

const simulate = useSimulator();
const folder = useIngestFolder();
const SLOW = { eventsQuota: 10, eventsWindowMs: 500 };

describe('at the start', () => {
  const postgres = useOwnPostgres();

  const wrongUrls: readonly [string, (url: URL) => void, RegExp][] = [
    [
      'a wrong password',
      (url) => {
        url.password = 'wr0ng_s3cret_9';
      },
      /Check the user and password/,
    ],
    [
      'an unknown user',
      (url) => {
        url.username = 'nobody_here';
      },
      /Check the user and password/,
    ],
    [
      'no such database',
      (url) => {
        url.pathname = '/none_of_that_name';
      },
      /Create it with createdb/,
    ],
  ];

  test.each(wrongUrls)('%s ends it at once', async (_, spoil, remedy) => {
    const simulator = await simulate();
    const url = new URL(postgres.connectionString);
    spoil(url);
    const exit = await faultRun(postgres, folder, simulator)
      .start({ DATABASE_URL: url.href })
      .end();
    expectRefused(exit, postgres, remedy);
    expect(exit.stdout + exit.stderr).not.toContain('wr0ng_s3cret_9');
    expect(exit.tookMs).toBeLessThan(10_000);
    expect(simulator.stats().requests).toEqual({});
  });

  test('a user who may not make tables ends it at once', async () => {
    const simulator = await simulate();
    await postgres.query(
      "DROP ROLE IF EXISTS weak; CREATE ROLE weak LOGIN PASSWORD 'weak_s3cret_77'",
    );
    const url = new URL(postgres.connectionString);
    url.username = 'weak';
    url.password = 'weak_s3cret_77';
    const exit = await faultRun(postgres, folder, simulator)
      .start({ DATABASE_URL: url.href })
      .end();
    expectRefused(exit, postgres, /Grant the user of DATABASE_URL CREATE/);
    expect(exit.stdout + exit.stderr).not.toContain('weak_s3cret_77');
    expect(simulator.stats().requests).toEqual({});
  });

  test.each([
    ['empty', false],
    ['half full', true],
  ])('a standby that is %s ends it at once, and once promoted takes all', async (_, isBegun) => {
    const simulator = await simulate();
    const faults = faultRun(postgres, folder, simulator);
    if (isBegun) await faults.start({ MAX_EVENTS: '5000' }).end();
    const before = simulator.stats().pagesServed;
    await postgres.crash();
    const signal = join(postgres.dataFolder, 'standby.signal');
    await writeFile(signal, '');
    await postgres.start();
    try {
      const exit = await faults.start().end();
      expectRefused(exit, postgres, /read only.*Point DATABASE_URL at the primary/s);
      expect(exit.tookMs).toBeLessThan(10_000);
      expect(simulator.stats().pagesServed).toBe(before);
    } finally {
      await rm(signal);
      await postgres.crash();
      await postgres.start();
    }
    expect((await faults.start().end()).code).toBe(0);
    await faults.expectProven();
  });

  test('a table that holds rows already is filled up, and its own rows stay as they are', async () => {
    const simulator = await simulate();
    const { events } = new Dataset(simulator.settings);
    const known = Array.from({ length: 1_500 }, (_, i) => i * 13);
    await postgres.query(
      'CREATE TABLE ingested_events (id uuid PRIMARY KEY, occurred_at timestamptz, data jsonb NOT NULL)',
    );
    await postgres.query(
      `INSERT INTO ingested_events SELECT id, to_timestamp(ms / 1000), '{"own": true}'
       FROM unnest($1::uuid[], $2::float8[]) AS t (id, ms)`,
      [known.map((place) => events.idAt(place)), known.map((place) => events.msAt(place))],
    );
    await postgres.query(
      `INSERT INTO ingested_events SELECT gen_random_uuid(), now(), '{"foreign": true}'
       FROM generate_series(1, 500)`,
    );
    const faults = faultRun(postgres, folder, simulator);
    const exit = await faults.start().end();
    expect(exit.code, exit.stderr).toBe(0);
    expect(exit.result).toMatchObject({ inserted: 18_500, eventsIngested: 20_000 });
    const sums = await faults.ledger();
    expect(sums).toMatchObject({ inserted: 18_500, unbalanced: 0 });
    expect(sums.duplicate).toBeGreaterThanOrEqual(1_500);
    const kinds = await postgres.query<{ own: number; foreign: number }>(
      `SELECT count(*) FILTER (WHERE data = '{"own": true}')::int AS own,
         count(*) FILTER (WHERE data = '{"foreign": true}')::int AS foreign FROM ingested_events`,
    );
    expect(kinds).toEqual([{ own: 1_500, foreign: 500 }]);
    await postgres.query(`DELETE FROM ingested_events WHERE data = '{"foreign": true}'`);
    await faults.expectExact();
  });
});

describe('in mid-run', () => {
  const postgres = useOwnPostgres();
  const setReadOnly = async (isOn: boolean): Promise<void> => {
    await postgres.query(`ALTER SYSTEM SET default_transaction_read_only = ${isOn ? 'on' : 'off'}`);
    await postgres.query('SELECT pg_reload_conf()');
    // Nothing announces that it is in force; once a new session has it, all have been told.
    await vi.waitFor(
      async () => {
        const [shown] = await postgres.query<{ isOn: boolean }>(
          `SELECT current_setting('default_transaction_read_only')::boolean AS "isOn"`,
        );
        expect(shown).toEqual({ isOn });
      },
      { timeout: 20_000, interval: 20 },
    );
  };

  /** After a few commits, and before the run gets on with the others. */
  async function turnReadOnly(child: IngestProcess): Promise<void> {
    const committed = child.untilLog('page_committed', { count: 5 });
    await holdingCommits(postgres, async (hold) => {
      await committed;
      await hold();
      await setReadOnly(true);
    });
  }

  test('a server that turns read only and back again is waited for', async () => {
    const simulator = await simulate(SLOW);
    const faults = faultRun(postgres, folder, simulator);
    const child = faults.start();
    await turnReadOnly(child);
    await child.untilLog('database_awaited', { count: 3 });
    await setReadOnly(false);
    await faults.expectHealed(child);
  });

  test('a server that stays read only ends it with exit 5, and the next start completes', async () => {
    const simulator = await simulate(SLOW);
    const faults = faultRun(postgres, folder, simulator);
    const child = faults.start({ DATABASE_PATIENCE: '1' });
    try {
      await turnReadOnly(child);
      expectRefused(await child.end(), postgres, /Point DATABASE_URL at the primary/);
    } finally {
      await setReadOnly(false);
    }
    await faults.expectResumed();
  });
});
