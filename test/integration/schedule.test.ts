/** A schedule in the real program: one process, run after run, until a signal. */
import { describe, expect, test } from 'vitest';
import type { RunSnapshot } from '../../src/observe/snapshot.js';
import { useAlertReceiver } from '../support/alert-receiver.js';
import { addressOf, scrape, total, untilSnapshot } from '../support/http-client.js';
import {
  API_KEY,
  environmentFor,
  expectExactly,
  runStatus,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();
const receive = useAlertReceiver(() => [API_KEY]);

/** More than the listeners that an emitter bears before it warns of a leak. */
const RUNS = 12;
const SMALL = { events: 1_000, latencyMs: 1, latencyJitterMs: 0 };

interface Line {
  readonly status: string;
  readonly exitCode: number;
  readonly run?: number;
}

function lines(stdout: string): Line[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

describe('ingest --every', () => {
  test('runs again and again under one dashboard, and ends with exit 0 between two runs', async () => {
    const [simulator, receiver] = [await simulate(SMALL), await receive()];
    const child = folder.start(
      ['ingest', '--every', '1s', '--json'],
      environmentFor(simulator, database, {
        ...{ HTTP_PORT: '0', ALERT_WEBHOOK_URL: receiver.url, LOG_LEVEL: 'info' },
        // A busy machine may take longer for a run than a second.
        ALERT_LATE_AFTER: '1h',
      }),
    );
    const completed = child.untilLog('run_completed', { count: RUNS });
    const url = await addressOf(child);
    const waiting = await untilSnapshot<RunSnapshot>(
      url,
      ({ schedule, live }) => typeof schedule?.nextRunAtMs === 'number' && live !== null,
    );
    expect(waiting).toMatchObject({ schedule: { text: 'every 1 s' }, live: { state: 'complete' } });
    await completed;
    await child.untilLog('schedule_waiting');
    const metrics = await scrape(url);
    const runs = total(metrics, 'datasync_runs_total', { outcome: 'complete' });
    expect(runs).toBeGreaterThanOrEqual(RUNS);
    expect(total(metrics, 'datasync_runs_total')).toBe(runs);
    // Counters go on: each run but the first finds the newest record again.
    expect(total(metrics, 'datasync_rows_total', { outcome: 'inserted' })).toBe(1_000);
    expect(total(metrics, 'datasync_rows_total')).toBeGreaterThanOrEqual(1_000 + RUNS - 1);
    child.signal('SIGTERM');
    const { code, stdout, stderr } = await child.end();
    // A run may have begun just before the signal.
    const all = lines(stdout);
    expect([0, 130]).toContain(code);
    expect(all.at(-1)).toMatchObject({ status: code === 0 ? 'stopped' : 'interrupted' });
    const complete = all.filter(({ status }) => status === 'complete');
    expect(complete.map(({ run }) => run)).toEqual(complete.map((_, index) => index + 1));
    expect(stderr).not.toContain('MaxListenersExceededWarning');
    expect(receiver.told()).toEqual(['trigger finished']);
    await expectExactly(database.pool, simulator.settings);
  });

  test('tells a refused key once, tries again when the next run is due, and tells once that it is late', async () => {
    const [wrong, receiver] = [await simulate({ ...SMALL, apiKey: 'another' }), await receive()];
    const child = folder.start(
      ['ingest', '--restart', '--json'],
      environmentFor(wrong, database, {
        ...{ SCHEDULE_EVERY: '1s', ALERT_LATE_AFTER: '2s', ALERT_WEBHOOK_URL: receiver.url },
      }),
    );
    const failed = child.untilLog('run_failed', { count: 3 });
    const late = await receiver.until({ kind: 'late', action: 'trigger' });
    expect(late).toMatchObject({
      ...{ run: null, severity: 'error', rows: null },
      dedupKey: expect.stringMatching(/\/schedule\/late$/),
      reason: expect.stringMatching(/^a run was due at .* and is not complete/),
    });
    await failed;
    await child.untilLog('schedule_waiting');
    child.signal('SIGINT');
    const { code, stdout } = await child.end();
    const [first] = lines(stdout);
    expect(first).toMatchObject({ status: 'failed', exitCode: 4, run: 1 });
    expect([0, 4, 130]).toContain(code);
    expect(receiver.told().sort()).toEqual(['trigger failed', 'trigger late']);
    // Each attempt goes on with the same run: --restart was for the first.
    expect(await runStatus(database.pool, 2)).toBeUndefined();
  });
});

test('a signal during a run drains it, and the next process goes on with it', async () => {
  const simulator = await simulate({ latencyMs: 300 });
  const environment = environmentFor(simulator, database);
  const child = folder.start(['ingest', '--every', '1h', '--json'], environment);
  await child.untilLog('page_requested', { count: 12 });
  child.signal('SIGTERM');
  const { code, stdout } = await child.end();
  expect(code).toBe(130);
  expect(lines(stdout)).toMatchObject([{ status: 'interrupted', run: 1 }]);
  const second = folder.start(['ingest', '--every', '1h', '--json'], environment);
  await second.untilLog('schedule_waiting', { count: 2 });
  second.signal('SIGTERM');
  const end = await second.end();
  expect(end.code, end.stderr).toBe(0);
  expect(lines(end.stdout)).toMatchObject([
    { status: 'complete', run: 1, resumedFrom: expect.any(Number) },
    { status: 'stopped', exitCode: 0 },
  ]);
  await expectExactly(database.pool, simulator.settings);
});

test('a cron expression waits for its time, ready and without a database, and ends at once', async () => {
  const child = folder.start(['ingest', '--cron', '0 0 29 2 *', '--timezone', 'UTC', '--json'], {
    TARGET_API_KEY: API_KEY,
    HTTP_PORT: '0',
    DATABASE_URL: 'postgres://me@127.0.0.1:1/none',
  });
  const waits = child.untilLog('schedule_waiting');
  const url = await addressOf(child);
  const { nextRunAt } = await waits;
  expect(nextRunAt).toMatch(/^2\d{3}-02-29T00:0[01]:/);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ alive: true, nextRunAt });
  child.signal('SIGTERM');
  expect((await child.end()).result).toMatchObject({ status: 'stopped', exitCode: 0 });
});

test('a run that was given far fewer records than those before it is told', async () => {
  const receiver = await receive();
  const ingest = async (events: number) => {
    const simulator = await simulate({ ...SMALL, events, port });
    const environment = environmentFor(simulator, database, { ALERT_WEBHOOK_URL: receiver.url });
    const exit = await folder.run(['ingest', '--restart'], environment);
    expect(exit.code, exit.stderr).toBe(0);
    await simulator.close();
    return simulator.baseUrl;
  };
  let port = 0;
  port = Number(new URL(await ingest(1_000)).port);
  await ingest(900);
  expect(receiver.told()).not.toContain('trigger row_fall');
  await ingest(300);
  expect(await receiver.until({ kind: 'row_fall' })).toMatchObject({
    ...{ run: 3, severity: 'warning', state: 'complete' },
    dedupKey: expect.stringMatching(/\/stream-events\/row_fall$/),
    reason: 'the API returned 300 records, and 950 in the median of the runs before',
  });
});
