/** SIGTERM and SIGINT: what is in flight is committed, the state saved, and the next start goes on. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  environmentFor,
  expectExactly,
  ledgerSums,
  runStatus,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

/** A second signal counts only after this long, as a terminal can deliver one twice. */
const SECOND_SIGNAL_MS = 500;

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('commits what is in flight, saves the state and exits 130; the next start completes', async () => {
    const simulator = await simulate({ latencyMs: 300 });
    const environment = environmentFor(simulator, database);
    const child = folder.start(['ingest', '--json'], environment);
    // Of more than 20, so that the run cannot be over. One at least is in flight: each takes 300 ms.
    await child.untilLog('page_requested', { count: 12 });
    child.signal(signal);
    const signalledAtMs = performance.now();
    const { code, result, stderr } = await child.end();
    expect(performance.now() - signalledAtMs).toBeLessThan(10_000);
    expect(code, stderr).toBe(130);
    expect(result).toMatchObject({ status: 'interrupted', run: 1 });
    expect(stderr).not.toMatch('ingestion complete');

    const { pages, inserted } = await ledgerSums(database.pool);
    const served = simulator.stats().pagesServed;
    expect(served).toBe(pages);
    expect(served).toBe(simulator.stats().eventsArrivalsMs.length);
    expect(await runStatus(database.pool)).toBe('paused');
    expect(folder.readState()).toMatchObject({ status: 'paused', eventsIngested: inserted });

    const second = await folder.run(['ingest', '--json'], environment);
    expect(second.code).toBe(0);
    expect(second.result).toMatchObject({ status: 'complete', resumedFrom: pages });
    await expectExactly(database.pool, simulator.settings);
    expect(simulator.stats().pagesServed).toBe((await ledgerSums(database.pool)).pages);
  });
});

describe('with an API that takes 5 s an answer', () => {
  test('a second signal after half a second leaves at once', async () => {
    const simulator = await simulate({ latencyMs: 5_000 });
    const environment = environmentFor(simulator, database);
    const child = folder.start(['ingest', '--json'], environment);
    await child.untilLog('page_requested');
    child.signal('SIGINT');
    const drain = await child.untilLog('drain_started');
    expect(drain.message).toMatch(/a second one ends it at once/);
    await delay(SECOND_SIGNAL_MS + 50);
    child.signal('SIGINT');
    const { code, stderr, result } = await child.end();
    expect(code).toBe(130);
    expect(stderr).toMatch(/^Ended at once: a second signal\. Start again to go on/m);
    expect(result).toMatchObject({ status: 'interrupted', exitCode: 130 });
    // It did not wait for its answer.
    expect(simulator.stats().pagesServed).toBe(0);
  });

  test('two signals at once still drain', async () => {
    const simulator = await simulate({ latencyMs: 1_500, events: 5_000 });
    const environment = environmentFor(simulator, database);
    const child = folder.start(['ingest', '--json'], environment);
    await child.untilLog('page_requested');
    // Two that differ: of two alike the system may deliver one.
    child.signal('SIGINT');
    child.signal('SIGTERM');
    const { code } = await child.end();
    expect(code).toBe(130);
    expect(await ledgerSums(database.pool)).toMatchObject({ pages: 1, inserted: 1_000 });
  });

  test('a drain cuts off an answer that does not come, and ends within 10 s', async () => {
    const simulator = await simulate({ stallHead: 1 });
    const environment = environmentFor(simulator, database);
    const child = folder.start(['ingest', '--json'], environment);
    await child.untilLog('page_requested');
    child.signal('SIGTERM');
    const signalledAtMs = performance.now();
    const { code, result } = await child.end();
    expect(code).toBe(130);
    expect(performance.now() - signalledAtMs).toBeLessThan(10_500);
    expect(result).toMatchObject({ status: 'interrupted', pages: 0 });
    expect(await runStatus(database.pool)).toBe('paused');
  });
});

test('a signal while nothing may start, for the quota is used up, ends the run at once', async () => {
  const simulator = await simulate({ eventsQuota: 3, eventsWindowMs: 30_000 });
  const child = folder.start(['ingest', '--json'], environmentFor(simulator, database));
  await child.untilLog('page_committed', { count: 3 });
  child.signal('SIGTERM');
  const signalledAtMs = performance.now();
  const { code } = await child.end();
  expect(code).toBe(130);
  // Neither the window of 30 s nor the patience of a drain.
  expect(performance.now() - signalledAtMs).toBeLessThan(6_000);
  expect(await ledgerSums(database.pool)).toMatchObject({ pages: 3 });
});

test('a signal while the database is waited for ends with the same code', async () => {
  const child = folder.start(['ingest', '--json', '--simulate'], {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
  });
  await child.untilLog('database_awaited');
  child.signal('SIGTERM');
  const { code, signal, tookMs } = await child.end();
  expect({ code, signal }).toEqual({ code: 130, signal: null });
  expect(tookMs).toBeLessThan(10_000);
});
