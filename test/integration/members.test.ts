/** The members of a run: what each is given, how long it lives, and what others see of it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { NO_FIGURES } from '../../src/core/cluster-view.js';
import { NUMBERS_OF_MEMBER } from '../../src/core/member-numbers.js';
import {
  databaseId,
  listSharedRuns,
  type MemberState,
  type MemberStore,
  openMemberStore,
} from '../../src/database/members.js';
import { openRunStore } from '../../src/database/run-store.js';
import { openSegmentStore } from '../../src/database/segment-store.js';
import { usePostgres } from '../support/postgres.js';
import {
  beginRun,
  joinRun,
  LEASE_MS,
  lapse,
  makePage,
  neighbours,
  type RunMember,
  STREAM,
  steadyFor,
  untilLockWaits,
} from '../support/run-members.js';

const database = usePostgres();
let members: MemberStore;
let run: number;

const FACTS = { name: 'host process 7', version: '1.2.3', sourceDigest: 'abc' };
const LEASE = { leaseMs: LEASE_MS, isShared: true };
const WALKING: MemberState = { phase: 'walking', shareable: 0, figures: NO_FIGURES };

const renew = ({ holder }: RunMember, state: MemberState = WALKING) =>
  members.renew(holder, state, LEASE_MS);

beforeEach(async () => {
  await database.pool.query('TRUNCATE ingestion_runs, ingestion_members CASCADE');
  members = openMemberStore(database.pool);
  run = await beginRun(database.pool);
});

describe('who joins', () => {
  test('gets an epoch that nobody had, and numbers that nobody else gives to segments', async () => {
    const first = await members.join(run, FACTS, LEASE);
    const second = await members.join(run, FACTS, LEASE);
    await members.leave({ run, epoch: second.epoch });
    const third = await members.join(run, FACTS, LEASE);
    expect([first.epoch, second.epoch, third.epoch]).toEqual([1, 2, 3]);
    expect(second.firstSegment - first.firstSegment).toBeGreaterThanOrEqual(NUMBERS_OF_MEMBER);
    expect(third.firstSegment - second.firstSegment).toBeGreaterThanOrEqual(NUMBERS_OF_MEMBER);
  });

  test('gets numbers behind all segments and pages that there are', async () => {
    const { holder, firstSegment } = await joinRun(database.pool, run);
    expect(firstSegment).toBe(0);
    await openSegmentStore(database.pool).open(holder, neighbours(300_000, 1));
    expect((await joinRun(database.pool, run)).firstSegment).toBe(300_001);
    await makePage(database.pool, run, 900_000, 1);
    expect((await joinRun(database.pool, run)).firstSegment).toBe(900_001);
  });

  test('at the same instant as others gets what these did not', async () => {
    const blocker = await database.pool.connect();
    try {
      await blocker.query('BEGIN');
      await blocker.query('SELECT FROM ingestion_runs WHERE run = $1 FOR UPDATE', [run]);
      const joining = [1, 2].map(() => members.join(run, FACTS, LEASE));
      // All have begun: each would give what the row says now.
      await untilLockWaits(database.pool, joining.length);
      await blocker.query('COMMIT');
      const joined = await Promise.all(joining);
      joined.sort((a, b) => a.epoch - b.epoch);
      expect(joined.map(({ epoch }) => epoch)).toEqual([1, 2]);
      expect(joined.map(({ firstSegment }) => firstSegment)).toEqual([0, NUMBERS_OF_MEMBER]);
    } finally {
      blocker.release(true);
    }
  });

  test('is told of the plan that there is', async () => {
    const segments = openSegmentStore(database.pool);
    await segments.plan(run, []);
    await segments.plan(run, []);
    expect((await members.join(run, FACTS, LEASE)).plan).toBe(2);
  });

  test('forgets who died more than an hour ago, and no other', async () => {
    const lapsedSince = async (minutes: number) => {
      const { epoch } = await members.join(run, FACTS, LEASE);
      await database.pool.query(
        `UPDATE ingestion_members SET lease_until = clock_timestamp() - $3 * interval '1 minute'
         WHERE run = $1 AND epoch = $2`,
        [run, epoch, minutes],
      );
      return { run, epoch };
    };
    const [lately, long] = [await lapsedSince(59), await lapsedSince(61)];
    await members.join(run, FACTS, LEASE);
    expect(await members.renew(long, WALKING, LEASE_MS)).toBeNull();
    expect(await members.renew(lately, WALKING, LEASE_MS)).not.toBeNull();
  });
});

describe('who renews its lease', () => {
  test('lives on, and dies when it stops', async () => {
    const member = await joinRun(database.pool, run);
    await lapse(database.pool, member);
    expect(await members.list(run)).toMatchObject([{ epoch: 1, isDead: true }]);
    await renew(member);
    expect(await members.list(run)).toMatchObject([{ epoch: 1, isDead: false }]);
    await members.renew(member.holder, WALKING, -1);
    expect(await members.list(run)).toMatchObject([{ epoch: 1, isDead: true }]);
  });

  test('is steady since it joined, until a lapse: then since it is back', async () => {
    const member = await joinRun(database.pool, run);
    const steadyMs = async () => {
      const { rows } = await database.pool.query<{ ms: number }>(
        `SELECT (extract(epoch FROM clock_timestamp() - steady_since) * 1000)::float8 AS ms
         FROM ingestion_members WHERE run = $1`,
        [run],
      );
      return rows[0]?.ms;
    };
    const HOUR_MS = 3_600_000;
    await steadyFor(database.pool, member, HOUR_MS);
    await renew(member);
    expect(await steadyMs()).toBeGreaterThanOrEqual(HOUR_MS);
    await lapse(database.pool, member);
    await renew(member);
    expect(await steadyMs()).toBeLessThan(HOUR_MS / 2);
  });

  test('is told of the others who live, of itself, of free segments and of the plan', async () => {
    const [one, two, dead] = [
      await joinRun(database.pool, run),
      await joinRun(database.pool, run),
      await joinRun(database.pool, run),
    ];
    const segments = openSegmentStore(database.pool);
    await segments.open(one.holder, neighbours(0, 5));
    await segments.release(one.holder, [1, 2, 3]);
    await segments.end(one.holder, [4]);
    await database.pool.query(
      `UPDATE ingestion_segments SET status = 'superseded' WHERE run = $1 AND segment = 3`,
      [run],
    );
    await renew(two, { ...WALKING, phase: 'idle', shareable: 3 });
    await lapse(database.pool, dead);
    expect(await renew(one, { ...WALKING, phase: 'atEnd', shareable: 9 })).toEqual({
      plan: 0,
      free: 2,
      isLeftBehind: false,
      members: [
        { epoch: one.epoch, phase: 'atEnd', shareable: 9 },
        { epoch: two.epoch, phase: 'idle', shareable: 3 },
      ],
    });
    await segments.plan(run, []);
    expect(await renew(one)).toMatchObject({ plan: 1, free: 0 });
  });

  test('is told whether dead members hold something, and not of what it held itself', async () => {
    const [one, dead] = [await joinRun(database.pool, run), await joinRun(database.pool, run)];
    const segments = openSegmentStore(database.pool);
    await segments.open(one.holder, neighbours(0, 1));
    await lapse(database.pool, one);
    await lapse(database.pool, dead);
    expect(await renew(one)).toMatchObject({ isLeftBehind: false });
    await segments.open(dead.holder, neighbours(1, 1));
    expect(await renew(one)).toMatchObject({ isLeftBehind: true });
    await segments.end(dead.holder, [1]);
    expect(await renew(one)).toMatchObject({ isLeftBehind: false });
  });

  test('is told nothing of the members of another run', async () => {
    const member = await joinRun(database.pool, run);
    const other = await beginRun(database.pool);
    for (let count = 0; count < 2; count++) await joinRun(database.pool, other);
    expect((await renew(member))?.members).toEqual([expect.objectContaining({ epoch: 1 })]);
  });

  test('learns that it is not known any more, or that its run is gone', async () => {
    const member = await joinRun(database.pool, run);
    await members.leave(member.holder);
    expect(await renew(member)).toBeNull();
    expect(await members.renew({ run: run + 1, epoch: 1 }, WALKING, LEASE_MS)).toBeNull();
  });
});

describe('the list of members', () => {
  test('shows each with what it has said of itself, and what it holds', async () => {
    const [one, two] = [await joinRun(database.pool, run), await joinRun(database.pool, run)];
    const segments = openSegmentStore(database.pool);
    await segments.open(one.holder, neighbours(0, 4));
    await segments.end(one.holder, [0]);
    await segments.supersede(one.holder, 1);
    const figures = { requests: 3, rows: 200, rowsPerSecond: 12.5, inFlight: 2, heldRecords: 0 };
    await renew(one, { phase: 'walking', shareable: 60_000, figures });
    const [first, second] = await members.list(run);
    expect(first).toEqual({
      ...{ epoch: one.epoch, phase: 'walking', shareable: 60_000, figures },
      ...{ name: 'host process 1', version: '1.0.0', sourceDigest: 'abc' },
      ...{ isDead: false, segments: 2, joinedAtMs: expect.any(Number) },
    });
    expect(Math.abs(Date.now() - Number(first?.joinedAtMs))).toBeLessThan(60_000);
    expect(second).toMatchObject({ epoch: two.epoch, phase: 'idle', shareable: 0, segments: 0 });
  });

  test('shows nobody who has left', async () => {
    const [one, two] = [await joinRun(database.pool, run), await joinRun(database.pool, run)];
    await members.leave(one.holder);
    expect(await members.list(run)).toMatchObject([{ epoch: two.epoch }]);
  });
});

describe('the shared runs', () => {
  const store = () => openRunStore(database.pool);

  test('are those that members share, that are running, with those who live', async () => {
    const [shared, lone, unjoined, over] = [
      run,
      await beginRun(database.pool),
      await beginRun(database.pool),
      await beginRun(database.pool),
    ];
    const [one, dead] = [
      await joinRun(database.pool, shared),
      await joinRun(database.pool, shared),
    ];
    await lapse(database.pool, dead);
    await members.join(lone, FACTS, { ...LEASE, isShared: false });
    await joinRun(database.pool, over);
    await store().setRunStatus(over, 'complete');
    expect(await listSharedRuns(database.pool)).toEqual([
      { run: shared, ...STREAM, living: [one.epoch] },
    ]);
    await joinRun(database.pool, unjoined);
    await members.leave(one.holder);
    expect(await listSharedRuns(database.pool)).toEqual([
      { run: shared, ...STREAM, living: [] },
      { run: unjoined, ...STREAM, living: [1] },
    ]);
  });

  test('are shared again once the time has come until which they were paused', async () => {
    await joinRun(database.pool, run);
    for (const until of [{}, { resumeAtMs: Date.now() + 3_600_000 }]) {
      await store().setRunStatus(run, 'paused', until);
      expect(await listSharedRuns(database.pool)).toEqual([]);
    }
    await store().setRunStatus(run, 'paused', { resumeAtMs: Date.now() - 60_000 });
    expect(await listSharedRuns(database.pool)).toMatchObject([{ run }]);
  });

  test('are shared no more once a lone process works on them', async () => {
    await joinRun(database.pool, run);
    await members.join(run, FACTS, { ...LEASE, isShared: false });
    expect(await listSharedRuns(database.pool)).toEqual([]);
  });

  test('keep their other settings', async () => {
    const settings = { concurrency: 4 };
    const other = await beginRun(database.pool, settings);
    await joinRun(database.pool, other);
    expect((await store().findRun(other))?.settings).toEqual({ ...settings, isShared: true });
  });
});

test('a database has an id of its own, which stays', async () => {
  const id = await databaseId(database.pool);
  expect(id).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  expect(await databaseId(database.pool)).toBe(id);
});
