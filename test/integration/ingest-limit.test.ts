/** The API's limit: never overshot, not by restarts in mid-window, and honoured after a refusal. */
import { expect, test, vi } from 'vitest';
import {
  API_KEY,
  environmentFor,
  expectExactly,
  type Simulation,
  untilDisconnected,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { drawInteger, seededRandom } from '../support/random.js';
import { fullestWindow } from '../support/windows.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();
const random = seededRandom(7);

/** Long enough that a busy machine does not shift an arrival by more than the safety of the pacing. */
const WINDOW_MS = 4_000;
const QUOTA = 8;

/** Another client on the same key. @returns its statuses */
async function ask(simulator: Simulation, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let request = 0; request < times; request++) {
    const response = await fetch(`${simulator.baseUrl}/events?limit=1`, {
      headers: { 'X-API-Key': API_KEY },
    });
    await response.arrayBuffer();
    statuses.push(response.status);
  }
  return statuses;
}

/** Arrivals that found more than the quota in their window, themselves included: the refused ones. */
function refusedArrivals(arrivalsMs: readonly number[]): number[] {
  return arrivalsMs.filter((atMs, index) => {
    const inWindow = arrivalsMs.slice(0, index + 1).filter((other) => other > atMs - WINDOW_MS);
    return inWindow.length > QUOTA;
  });
}

test('restarts in mid-window never overshoot', async () => {
  const simulator = await simulate({
    events: 9_000,
    eventsQuota: QUOTA,
    eventsWindowMs: WINDOW_MS,
  });
  const environment = environmentFor(simulator, database, { BATCH_SIZE: '500' });
  for (let kill = 0; kill < 5; kill++) {
    const child = folder.start(['ingest', '--json'], environment);
    await child.untilLog('page_requested', { count: drawInteger(random, 1, QUOTA) });
    await child.kill();
    await untilDisconnected(database.pool);
  }
  const { code, result, stderr } = await folder.run(['ingest', '--json'], environment);
  expect(code, stderr).toBe(0);
  expect(result).toMatchObject({ refused: 0 });
  const { refused, eventsArrivalsMs } = simulator.stats();
  expect(refused).toBe(0);
  expect(fullestWindow(eventsArrivalsMs, WINDOW_MS)).toBeLessThanOrEqual(QUOTA);
  await expectExactly(database.pool, simulator.settings);
});

test('a wider quota is not overshot by restarts either', async () => {
  const simulator = await simulate({ eventsQuota: 80, eventsWindowMs: 4_000, latencyMs: 3 });
  const environment = environmentFor(simulator, database, { BATCH_SIZE: '200' });
  for (let kill = 0; kill < 3; kill++) {
    const child = folder.start(['ingest', '--json'], environment);
    await child.untilLog('page_requested', { count: drawInteger(random, 5, 25) });
    await child.kill();
    await untilDisconnected(database.pool);
  }
  const { code, stderr } = await folder.run(['ingest', '--json'], environment);
  expect(code, stderr).toBe(0);
  expect(simulator.stats().refused).toBe(0);
  await expectExactly(database.pool, simulator.settings);
});

test('a refusal that another client provoked is followed by silence until the log has drained', async () => {
  const simulator = await simulate({
    events: 6_000,
    eventsQuota: QUOTA,
    eventsWindowMs: WINDOW_MS,
  });
  const environment = environmentFor(simulator, database, { BATCH_SIZE: '500' });
  const child = folder.start(['ingest', '--json'], environment);
  // Its first burst is spent, so that its next request comes after the other client's last.
  await child.untilLog('page_committed', { count: QUOTA });
  const refusal = child.untilLog('rate_limited');
  await ask(simulator, QUOTA);
  await refusal;
  const { code, result, stderr } = await child.end();
  expect(code, stderr).toBe(0);
  expect(result).toMatchObject({ refused: 1 });

  const { eventsArrivalsMs } = simulator.stats();
  const refused = refusedArrivals(eventsArrivalsMs);
  expect(refused).toHaveLength(simulator.stats().refused);
  const lastRefusedMs = refused.at(-1) ?? 0;
  const nextMs = eventsArrivalsMs.find((atMs) => atMs > lastRefusedMs) ?? 0;
  // The refused request is in the log as well: a shorter silence would be refused again.
  expect(nextMs - lastRefusedMs).toBeGreaterThanOrEqual(WINDOW_MS);
  await expectExactly(database.pool, simulator.settings);
});

test('a log that is full at the start costs one request', async () => {
  const simulator = await simulate({
    events: 3_000,
    eventsQuota: QUOTA,
    eventsWindowMs: WINDOW_MS,
  });
  const environment = environmentFor(simulator, database);
  // Learns the window: of an API that it does not know the program thinks the worst, a minute.
  await folder.run(['ingest', '--json', '--max-events', '1'], environment);
  const client = await database.pool.connect();
  try {
    // No request leaves before its start is saved: meanwhile another client fills the log.
    await client.query('BEGIN; LOCK TABLE ingestion_limits IN SHARE MODE');
    const child = folder.start(['ingest', '--json'], environment);
    await untilSaving();
    expect((await ask(simulator, QUOTA + 1)).at(-1)).toBe(429);
    const before = simulator.stats();
    await client.query('ROLLBACK');
    const { code, result } = await child.end();
    expect(code).toBe(0);
    expect(result).toMatchObject({ eventsIngested: 3_000, refused: 1 });
    expect(simulator.stats().refused).toBe(before.refused + 1);
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
});

/** The program waits for the lock on the limits. */
async function untilSaving(): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rowCount } = await database.pool.query(
        `SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      expect(rowCount).toBe(1);
    },
    { timeout: 60_000, interval: 20 },
  );
}
