/**
 * A database that stands still: it keeps its connections, accepts new ones, and says nothing, as a
 * stopped server or a proxy that no longer forwards. Whatever waits for it ends, and says why.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.js';
import { expectRefused, faultRun } from '../support/fault-run.js';
import { environmentFor, useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { useOwnPostgres } from '../support/own-postgres.js';

const postgres = useOwnPostgres();
const simulate = useSimulator();
const folder = useIngestFolder();

let proxy: CuttingProxy;
beforeEach(async () => {
  proxy = await startCuttingProxy(postgres.connectionString);
});
afterEach(() => proxy.close());

/** So that what waits longest, an answer, is given up after 3 s. */
const QUICK = { STATEMENT_TIMEOUT: '1', DATABASE_PATIENCE: '1', DATABASE_WAIT: '1' };
const STANDS_STILL = /nothing came from the server|timeout/;

describe('a database that stands still', () => {
  test('in mid-run ends it, the process with it, and the next start completes', async () => {
    const simulator = await simulate({ eventsQuota: 0, events: 60_000 });
    const run = faultRun(postgres, folder, simulator);
    const child = run.start({ ...QUICK, DATABASE_URL: proxy.connectionString });
    await child.untilLog('page_committed', { count: 5 });
    proxy.freeze();
    const exit = await child.end();
    expectRefused(exit, postgres, STANDS_STILL);
    expect(exit.result).toMatchObject({ status: 'failed' });
    // Until then the server holds the lock for who is gone.
    await proxy.close();
    expect((await run.start().end()).code).toBe(0);
    await run.expectProven();
  });

  test.each([
    ['while the tables are made', 'ingestion_migrations'],
    ['while the lock is taken', 'pg_try_advisory_lock(hashtextextended'],
    ['before the status is on record', 'UPDATE ingestion_runs'],
  ])('%s ends the process with the reason', async (_when, text) => {
    const simulator = await simulate({ events: 1_000 });
    const run = faultRun(postgres, folder, simulator);
    const frozen = proxy.freezeAtRequest(text);
    const child = run.start({ ...QUICK, DATABASE_URL: proxy.connectionString });
    await frozen;
    expectRefused(await child.end(), postgres, STANDS_STILL);
  });

  test('when the run lock is given back keeps no finished run from ending', async () => {
    const simulator = await simulate({ events: 1_000 });
    const run = faultRun(postgres, folder, simulator);
    const ofRun = 'datasync-ingestion datasync ';
    const frozen = proxy.freezeAtRequest('pg_advisory_unlock(hashtextextended', ofRun);
    const child = run.start({ ...QUICK, DATABASE_URL: proxy.connectionString });
    await frozen;
    const exit = await child.end();
    expect(exit.code, exit.stderr.slice(-2_000)).toBe(0);
    expect(exit.result).toMatchObject({ status: 'complete' });
  });
});

test.each([
  [['status'], 'to_regclass'],
  [['verify'], 'GROUP BY page'],
  [['export-ids', '--output', '-', '--order', 'ingested'], 'SET LOCAL'],
])('%j ends when the database stands still at "%s"', async (command, text) => {
  const simulator = await simulate({ events: 2_000 });
  expect((await faultRun(postgres, folder, simulator).start().end()).code).toBe(0);
  const frozen = proxy.freezeAtRequest(text);
  const environment = environmentFor(simulator, proxy, QUICK);
  const child = folder.start(command, environment);
  await frozen;
  expectRefused(await child.end(), postgres, STANDS_STILL);
});
