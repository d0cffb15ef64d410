/** Starts are reserved one after the other, by the server's clock: processes that share a key keep within its limits. */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { beforeEach, describe, expect, test } from 'vitest';
import { readLimitHeaders } from '../../src/core/limit-headers.js';
import { openPool } from '../../src/database/connect.js';
import type { LimitKey, StartsWanted } from '../../src/database/ledger-types.js';
import { loadMigrations, migrateDatabase } from '../../src/database/migrate.js';
import { openRunStore, type RunStore } from '../../src/database/run-store.js';
import { LimitStore } from '../../src/session/limit-store.js';
import { API_KEY, useSimulator } from '../support/ingest-check.js';
import { usePostgres } from '../support/postgres.js';
import { drainSharing, type Request } from '../support/sharing-process.js';
import { fullestWindow } from '../support/windows.js';

const database = usePostgres();
const simulate = useSimulator();
const KEY: LimitKey = { origin: 'http://api', keyHash: 'abc', bucket: 'events' };
const MINUTES_MS = 60_000;
/** Tests of another checkout may run on the same server. */
const OLD_DATABASE = `datasync_blind_${process.pid}_${randomBytes(4).toString('hex')}`;
let store: RunStore;

beforeEach(async () => {
  await database.pool.query('TRUNCATE ingestion_limits');
  store = openRunStore(database.pool);
});

/** In whole milliseconds, of which starts of others are told. */
async function serverNowMs(): Promise<number> {
  return Math.ceil((await store.loadLimits(KEY)).nowMs);
}

/** What a process asks for under one limit of 10 requests in 2 s. */
function wanted(owner: string, changes: Partial<StartsWanted> & { startsMs?: number[] }) {
  const { startsMs = [], ...others } = changes;
  const limit = {
    ...{ bucket: 'events/window/a', name: 'a', quota: 10, windowMs: 2_000 },
    ...{ startedAtMs: startsMs, startedCount: startsMs.map(() => 1) },
    ...{ free: 10 - startsMs.length, spanMs: 2_000 },
  };
  return { owner, heirOf: [], boot: null, limits: [limit], count: 4, untilMs: 0, ...others };
}

describe('one reservation', () => {
  test('grants what others leave, and tells of theirs, planned ones too', async () => {
    const nowMs = await serverNowMs();
    const untilMs = nowMs + 250;
    const first = await store.reserveStarts(KEY, wanted('a 1', { untilMs, startsMs: [nowMs] }));
    expect(first).toMatchObject({ granted: 4, others: { a: [] } });
    const second = await store.reserveStarts(KEY, wanted('b 1', { untilMs: untilMs + 50 }));
    expect(second).toMatchObject({
      granted: 4,
      others: {
        a: [
          [nowMs, 1],
          [untilMs, 4],
        ],
      },
    });
    const third = await store.reserveStarts(KEY, wanted('c 1', { untilMs }));
    expect(third).toMatchObject({ granted: 1 });
    expect(await store.reserveStarts(KEY, wanted('d 1', { untilMs }))).toMatchObject({
      granted: 0,
    });
    // What the first did not use it gives back.
    await store.reserveStarts(KEY, wanted('a 1', { count: 0, startsMs: [nowMs], untilMs }));
    expect(await store.reserveStarts(KEY, wanted('d 1', { untilMs }))).toMatchObject({
      granted: 4,
    });
  });

  test('is bounded by the limit that leaves the least, and by none that others do not use', async () => {
    const nowMs = await serverNowMs();
    const untilMs = nowMs + 250;
    const day = { bucket: 'events/window/day', name: 'day', quota: 9, windowMs: 86_400_000 };
    const hourAgoMs = nowMs - 3_600_000;
    const old = {
      ...day,
      startedAtMs: [hourAgoMs],
      startedCount: [7],
      free: 2,
      spanMs: 86_400_000,
    };
    const { limits } = wanted('a 1', {});
    const both = (startedCount: number[], free: number) => [
      ...limits,
      { ...old, startedCount, free },
    ];
    const alone = { untilMs, limits: both([7], 2) };
    // Nobody else is there: the process itself sees to it that it starts when it may.
    expect(await store.reserveStarts(KEY, wanted('a 1', alone))).toMatchObject({ granted: 4 });
    const shared = { untilMs, limits: both([0], 9) };
    expect(await store.reserveStarts(KEY, wanted('b 1', shared))).toMatchObject({ granted: 0 });
  });

  test('tells of many starts at the ends of steps, each as late as it was or a little later', async () => {
    const nowMs = await serverNowMs();
    const windowMs = 86_400_000;
    const startsMs = Array.from(
      { length: 5_000 },
      (_, index) => nowMs - index * 12_345.6,
    ).reverse();
    const limits = wanted('a 1', { startsMs }).limits.map((limit) => ({ ...limit, windowMs }));
    await store.reserveStarts(KEY, wanted('a 1', { limits, count: 0 }));
    const mine = wanted('b 1', { untilMs: nowMs });
    const asked = { ...mine, limits: mine.limits.map((limit) => ({ ...limit, windowMs })) };
    const { others } = await store.reserveStarts(KEY, asked);
    const told = (others.a ?? []).flatMap(([atMs, count]) => Array(count).fill(atMs) as number[]);
    expect(told).toHaveLength(5_000);
    expect(others.a?.length).toBeLessThan(2_200);
    for (const [index, atMs] of told.entries()) {
      const lateMs = atMs - (startsMs[index] ?? 0);
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThan(windowMs * 0.0005);
    }
  });

  test('counts the starts of those who do not know the limit yet', async () => {
    const untilMs = (await serverNowMs()) + 250;
    const assumed = wanted('a 1', {}).limits.map((limit) => ({
      ...{ ...limit, bucket: 'events/window?/assumed', name: 'assumed' },
      ...{ startedAtMs: [untilMs - 500], startedCount: [8] },
    }));
    await store.reserveStarts(KEY, wanted('a 1', { limits: assumed, count: 0, untilMs }));
    expect(await store.reserveStarts(KEY, wanted('b 1', { untilMs }))).toMatchObject({
      granted: 2,
      others: { a: [[untilMs - 500, 8]] },
    });
  });

  test('forgets others whose starts have all left a window that it knows, and no more', async () => {
    const nowMs = await serverNowMs();
    const owners = async () => {
      const { rows } = await store.loadLimits(KEY);
      return rows.map(({ owner, bucket }) => `${owner} ${bucket}`).sort();
    };
    const unknown = wanted('late 1', {}).limits.map((limit) => ({
      ...limit,
      ...{ bucket: 'events/window?/x', name: 'x', startedAtMs: [nowMs - 9_000], startedCount: [1] },
    }));
    await store.reserveStarts(KEY, wanted('old 1', { count: 0, startsMs: [nowMs - 9_000] }));
    await store.reserveStarts(KEY, wanted('new 1', { count: 0, startsMs: [nowMs - 1_000] }));
    await store.reserveStarts(KEY, wanted('late 1', { count: 0, limits: unknown }));
    const mine = wanted('me 1', { count: 0 });
    await store.reserveStarts(KEY, { ...mine, limits: [...mine.limits, ...unknown] });
    expect(await owners()).toEqual([
      'late 1 events/window?/x',
      'me 1 events/window/a',
      'me 1 events/window?/x',
      'new 1 events/window/a',
    ]);
  });
});

describe('several processes on one key', () => {
  const QUOTA = 40;
  const WINDOW_MS = 1_000;
  const PROCESSES = 8;
  const EACH = 15;

  test('never start more than the quota in any window, whatever their clocks say, and all end', async () => {
    const startsMs: number[] = [];
    const pools: pg.Pool[] = [];
    const drains = Array.from({ length: PROCESSES }, (_, index) => {
      const pool = openPool(database.connectionString, {
        max: 1,
        applicationName: 'datasync-test',
      });
      pools.push(pool);
      const clockAheadMs = (index - PROCESSES / 2) * 3 * MINUTES_MS;
      const request: Request = async (nowMs) => {
        const sentAtMs = nowMs();
        startsMs.push(sentAtMs - clockAheadMs);
        const answer = { sentAtMs, headAtMs: sentAtMs, dateMs: null, observed: observedOf() };
        return { answer, isAccepted: true };
      };
      const assumed = { quota: QUOTA, windowMs: WINDOW_MS };
      const common = { store: openRunStore(pool), key: KEY, assumed, request };
      return drainSharing(EACH, { ...common, work: `run${index}`, clockAheadMs });
    });
    const beganMs = Date.now();
    const reservations = await Promise.all(drains);
    await Promise.all(pools.map((pool) => pool.end()));
    expect(startsMs).toHaveLength(PROCESSES * EACH);
    // By the clock of this machine, which is the server's too.
    expect(fullestWindow(startsMs, WINDOW_MS)).toBeLessThanOrEqual(QUOTA);
    const leastMs = (PROCESSES * EACH * WINDOW_MS) / QUOTA - WINDOW_MS;
    expect(Math.max(...startsMs) - Math.min(...startsMs)).toBeGreaterThanOrEqual(leastMs);
    // Nobody asks again and again for what others have.
    const spanMs = Date.now() - beganMs;
    for (const count of reservations) expect(count).toBeLessThan(EACH + (4 * spanMs) / 250);
  });

  /** The limit as an answer tells it: its policy alone. */
  function observedOf() {
    return readLimitHeaders({ 'ratelimit-policy': `${QUOTA};w=${WINDOW_MS / 1000}` }, Date.now());
  }

  test('two before the simulator, of which neither knows its limit: none is refused', async () => {
    // Long enough that a busy machine does not shift an arrival by more than the safety of the pacing.
    const [quota, windowMs] = [8, 4_000];
    const simulator = await simulate({
      eventsQuota: quota,
      eventsWindowMs: windowMs,
      latencyMs: 5,
    });
    const request: Request = async (nowMs) => {
      const sentAtMs = nowMs();
      const response = await fetch(`${simulator.baseUrl}/events?limit=1`, {
        headers: { 'X-API-Key': API_KEY },
      });
      const headAtMs = nowMs();
      await response.arrayBuffer();
      const observed = readLimitHeaders(Object.fromEntries(response.headers), headAtMs);
      const answer = { sentAtMs, headAtMs, dateMs: null, observed };
      return { answer, isAccepted: response.status === 200 };
    };
    const common = { store, key: KEY, assumed: { quota: 10, windowMs: 60_000 }, request };
    await Promise.all([
      drainSharing(12, { ...common, work: 'one', clockAheadMs: 5 * MINUTES_MS }),
      drainSharing(12, { ...common, work: 'other', clockAheadMs: -2 * MINUTES_MS }),
    ]);
    const { refused, eventsArrivalsMs } = simulator.stats();
    expect(refused).toBe(0);
    expect(eventsArrivalsMs).toHaveLength(24);
    expect(fullestWindow(eventsArrivalsMs, windowMs)).toBeLessThanOrEqual(quota);
    const spanMs = Math.max(...eventsArrivalsMs) - Math.min(...eventsArrivalsMs);
    // Half of what the limit permits at the least, though neither alone can see how long its window is.
    expect(spanMs).toBeLessThan(2 * 2 * windowMs + windowMs);
  });
});

describe('the limits of a version that had no owners', () => {
  test('come along: their starts are those of whoever begins first, at the age that they had', async () => {
    await database.pool.query(`CREATE DATABASE ${OLD_DATABASE}`);
    const url = new URL(database.connectionString);
    url.pathname = `/${OLD_DATABASE}`;
    const pool = openPool(url.href, { max: 2, applicationName: 'datasync-old' });
    try {
      await migrateDatabase(pool, loadMigrations().slice(0, 3));
      // By the clock of the process then, which has been set forward by an hour since.
      const thenMs = Date.now() - 3_600_000;
      await pool.query(
        `INSERT INTO ingestion_limits VALUES
           ('http://api', 'abc', 'events/window!/a/b', 10, 30000, ARRAY[$1::float8], '{3}'),
           ('http://api', 'abc', 'events/pace/', 5, 1000, ARRAY[$1::float8], '{1}'),
           ('http://api', 'abc', 'events/boot/x', NULL, NULL, ARRAY[$1::float8 - 90000], '{1}'),
           ('http://api', 'abc', 'metrics', 3, 60000, '{}', '{}')`,
        [thenMs],
      );
      expect(await migrateDatabase(pool)).toEqual(
        loadMigrations()
          .slice(3)
          .map(({ name }) => name),
      );
      const old = openRunStore(pool);
      const bootAtMs = Date.now() - 90_000;
      const boot = () => ({ id: 'x', atMs: bootAtMs });
      const limits = new LimitStore({ store: old, key: KEY, work: 'datasync', boot });
      const log = await limits.load();
      expect(log).toMatchObject({
        limits: [{ name: 'a/b', from: 'measured', policy: { quota: 10, windowMs: 30_000 } }],
        ...{ pace: { quota: 5, windowMs: 1_000 }, isLearned: true },
      });
      for (const startMs of log?.limits[0]?.startsMs ?? []) {
        expect(Math.abs(startMs - bootAtMs - 90_000)).toBeLessThan(50);
      }
      expect(log?.limits[0]?.startsMs).toHaveLength(3);
      const untilMs = Date.now();
      await limits.reserve({
        log: log ?? { limits: [], pace: null, isLearned: false },
        ...{ count: 0, untilMs, shares: [] },
      });
      const { rows } = await old.loadLimits(KEY);
      expect(rows.map(({ bucket, name }) => [bucket, name]).sort()).toEqual([
        ['events/pace/', ''],
        ['events/window!/a/b', 'a/b'],
      ]);
      for (const { owner } of rows) expect(owner).toMatch(/^datasync [-0-9a-f]{36}$/);
      const metrics = new LimitStore({
        ...{ store: old, key: { ...KEY, bucket: 'metrics' }, work: 'datasync', boot },
      });
      expect((await metrics.load())?.limits).toMatchObject([{ name: 'x-ratelimit' }]);
    } finally {
      await pool.end();
      await database.pool.query(`DROP DATABASE ${OLD_DATABASE} WITH (FORCE)`);
    }
  });
});
