/** Real processes whose plan lock is lost while they enter a run, or put its end on record: all is as if it were not. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.js';
import {
  environmentFor,
  expectExactly,
  type Simulation,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { useRedisServer } from '../support/redis-server.js';
import { untilLockWaits } from '../support/run-members.js';

const database = useEmptyTables();
const redis = useRedisServer();
const folder = useIngestFolder();
const simulate = useSimulator();
let proxy: CuttingProxy;
let simulator: Simulation;
beforeEach(async () => {
  proxy = await startCuttingProxy(database.connectionString);
  simulator = await simulate({ events: 5_000 });
});
afterEach(() => proxy.close());

/** A member of the run, at this address of the database. */
function start(connectionString: string, ...args: readonly string[]) {
  const shared = { REDIS_URL: redis.url, MEMBER_LEASE: '2', STATE_FILE: `data/${++started}.state` };
  const environment = environmentFor(simulator, { connectionString }, shared);
  return folder.start(['ingest', '--json', ...args], environment);
}
let started = 0;

/** Fails unless there is the one run, or as many as that, all of them complete, and nobody is left in it. */
async function expectOne(runs = 1): Promise<void> {
  const { rows } = await database.pool.query<{ status: string }>(
    'SELECT status FROM ingestion_runs',
  );
  expect(rows).toEqual(Array(runs).fill({ status: 'complete' }));
  await expectExactly(database.pool, simulator.settings);
}

test.each([
  ['before its run has begun', 'request', 'INSERT INTO ingestion_runs'],
  ['behind that, unknown to it', 'answer', 'running'],
  ['before it has planned', 'request', 'SET plan = plan + 1'],
  ['before it has joined', 'request', 'INSERT INTO ingestion_members'],
  ['as it joins', 'answer', 'firstSegment'],
  ['behind all of that', 'request', 'pg_advisory_unlock_all'],
] as const)('an entering is done again that is cut off %s', async (_, side, text) => {
  const cut = side === 'request' ? proxy.cutAtRequest(text) : proxy.cutAtAnswer(text);
  const child = start(proxy.connectionString);
  await cut;
  const { code, stderr } = await child.end();
  expect(code, stderr).toBe(0);
  await expectOne();
});

test.each([
  ['before it is on record', 'finished_at = CASE'],
  ['behind that', 'pg_advisory_unlock_all'],
])('the end of a run is put on record though the lock is lost %s', async (_, text) => {
  const child = start(proxy.connectionString);
  await child.untilLog('page_committed');
  const cut = proxy.cutAtRequest(text);
  const { code, stderr, result } = await child.end();
  await cut;
  expect(code, stderr).toBe(0);
  expect(result).toMatchObject({ status: 'complete', eventsIngested: 5_000 });
  await expectOne();
});

test('a run that was asked for anew is begun once', async () => {
  expect((await start(database.connectionString).end()).code).toBe(0);
  const cut = proxy.cutAtRequest('SET plan = plan + 1');
  const child = start(proxy.connectionString, '--restart');
  await cut;
  const { code, stderr } = await child.end();
  expect(code, stderr).toBe(0);
  await expectOne(2);
});

test('a process that is frozen while it enters a run keeps nobody from it, and finds it done', async () => {
  const blocker = await database.pool.connect();
  await blocker.query('BEGIN; LOCK TABLE ingestion_members IN EXCLUSIVE MODE');
  const frozen = start(database.connectionString);
  await untilLockWaits(database.pool);
  frozen.signal('SIGSTOP');
  // What it was at is carried out, and it hears nothing of that.
  await blocker.query('COMMIT');
  blocker.release();
  const other = start(database.connectionString);
  await other.untilLog('holder_frozen');
  const { code, stderr } = await other.end();
  expect(code, stderr).toBe(0);
  frozen.signal('SIGCONT');
  const exit = await frozen.end();
  expect(exit.code, exit.stderr).toBe(0);
  await expectOne();
});
