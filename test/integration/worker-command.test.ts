/** `datasync worker` as somebody starts it: what it refuses, and which runs it helps with. */
import { expect, test } from 'vitest';
import {
  environmentFor,
  expectExactly,
  runStatus,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { useRedisServer } from '../support/redis-server.js';

const database = useEmptyTables();
const redis = useRedisServer();
const folder = useIngestFolder();
const simulate = useSimulator();

/** A run of five seconds at least. */
const SLOW = { events: 10_000, eventsQuota: 20, eventsWindowMs: 1_000 };
const PAGES = { BATCH_SIZE: '100' };

test('it needs a Redis, and says which one cannot be reached without its password', async () => {
  const DATABASE_URL = database.connectionString;
  const without = await folder.run(['worker'], { DATABASE_URL });
  expect(without.code).toBe(2);
  expect(without.stderr).toMatch(/needs the Redis .+ --redis redis:\/\/HOST:6379, or REDIS_URL/);
  const away = { DATABASE_URL, REDIS_URL: 'redis://:s3cr3t@127.0.0.1:1' };
  const refused = await folder.run(['worker'], away);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/Redis at 127\.0\.0\.1:1: .+ Check REDIS_URL/);
  expect(refused.stderr).not.toContain('s3cr3t');
});

test('it ends a run whose beginner was killed, and itself with a signal', async () => {
  const simulator = await simulate(SLOW);
  const shared = { ...PAGES, REDIS_URL: redis.url, MEMBER_LEASE: '2' };
  const environment = environmentFor(simulator, database, shared);
  const first = folder.start(['ingest', '--json'], environment);
  await first.untilLog('page_committed');
  const worker = folder.start(['worker'], environment);
  await worker.untilLog('run_served');
  await first.kill();
  await worker.untilLog('run_completed');
  await worker.untilLog('run_left');
  worker.signal('SIGTERM');
  const { code, stderr } = await worker.end();
  expect(code, stderr).toBe(0);
  await expectExactly(database.pool, simulator.settings);
});

test('what ends its share does not end the run, and is not tried again at once', async () => {
  const simulator = await simulate({ ...SLOW, events: 60_000 });
  const environment = environmentFor(simulator, database, { ...PAGES, REDIS_URL: redis.url });
  const worker = folder.start(['worker'], { ...environment, TARGET_API_KEY: 'another-key' });
  const first = folder.start(['ingest', '--json'], environment);
  await worker.untilLog('run_not_served');
  // By the limit these take three seconds, in which it looks for runs.
  await first.untilLog('page_committed', { count: 60 });
  expect(await runStatus(database.pool)).toBe('running');
  worker.signal('SIGTERM');
  const { code, stderr } = await worker.end();
  expect(code, stderr).toBe(0);
  expect(stderr.match(/"event":"run_served"/g)).toHaveLength(1);
  expect(simulator.stats().requests.events?.['401']).toBe(1);
});
