/** What the ledger says of all members of shared runs, in one statement. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  HELD_LISTED,
  loadClusterView,
  loadSharedProgress,
} from '../../src/database/cluster-view.js';
import { openMemberStore } from '../../src/database/members.js';
import { openRunStore } from '../../src/database/run-store.js';
import { openSegmentStore } from '../../src/database/segment-store.js';
import { EVENTS_TABLE } from '../../src/postgres/stream-table.js';
import { useEmptyTables } from '../support/ingest-check.js';

const database = useEmptyTables();

const FACTS = { version: '0.2.0', sourceDigest: 'digest' };
const LEASE_MS = 60_000;
const WHOLE = { after: null, bound: null };

async function createRun(stream = 'events'): Promise<number> {
  const { run } = await openRunStore(database.pool).createRun({
    ...{ source: 'datasync', stream, origin: 'http://api.example' },
    ...{ table: EVENTS_TABLE, settings: {} },
  });
  return run;
}

function join(run: number, name: string, isShared = true) {
  const members = openMemberStore(database.pool);
  return members.join(run, { ...FACTS, name }, { leaseMs: LEASE_MS, isShared });
}

/** The lease of a member was over so long ago. */
async function die(run: number, epoch: number, ago = '1 minute'): Promise<void> {
  await database.pool.query(
    `UPDATE ingestion_members SET lease_until = clock_timestamp() - $3::interval
     WHERE run = $1 AND epoch = $2`,
    [run, epoch, ago],
  );
}

function hold(run: number, epoch: number, ...segments: number[]): Promise<void> {
  const held = segments.map((segment) => ({ segment, ...WHOLE }));
  return openSegmentStore(database.pool).open({ run, epoch }, held);
}

describe('the cluster', () => {
  const view = () => loadClusterView(database.pool);

  test('is empty where no run is shared', async () => {
    expect(await view()).toEqual({ atMs: expect.any(Number), runs: [] });
    const { epoch } = await join(await createRun(), 'alone', false);
    expect(epoch).toBe(1);
    expect((await view()).runs).toEqual([]);
  });

  test('has each shared run with its members, and those with what they say and hold', async () => {
    const first = await createRun();
    const second = await createRun('others');
    const one = await join(first, 'one');
    const two = await join(first, 'two');
    const three = await join(second, 'three');
    const figures = { requests: 3, rows: 3_000, rowsPerSecond: 12.5, inFlight: 2, heldRecords: 0 };
    await openMemberStore(database.pool).renew(
      { run: first, epoch: two.epoch },
      { phase: 'atEnd', shareable: 0, figures },
      LEASE_MS,
    );
    await hold(first, one.epoch, 7, 3, 5);
    await hold(first, 0, 9);
    await hold(second, three.epoch, 3);
    const { atMs, runs } = await view();
    expect(runs).toMatchObject([
      {
        ...{ run: first, source: 'datasync', stream: 'events', origin: 'http://api.example' },
        members: [
          { name: 'one', phase: 'idle', isDead: false, segments: 3, held: [3, 5, 7] },
          { name: 'two', phase: 'atEnd', version: '0.2.0', figures, segments: 0, held: [] },
        ],
      },
      { run: second, stream: 'others', members: [{ name: 'three', segments: 1, held: [3] }] },
    ]);
    const [member] = runs[0]?.members ?? [];
    // It has not said anything yet.
    expect(member?.figures).toEqual({
      requests: 0,
      rows: 0,
      rowsPerSecond: 0,
      inFlight: 0,
      heldRecords: 0,
    });
    expect(member?.joinedAtMs).toBeLessThanOrEqual(atMs);
    expect(member?.leaseUntilMs).toBeGreaterThan(atMs);
    expect(JSON.stringify(runs)).not.toContain('digest');
  });

  test('counts all that a member holds, and lists the first of it', async () => {
    const run = await createRun();
    const { epoch } = await join(run, 'one');
    const all = Array.from({ length: 50 }, (_, index) => 2 * index);
    await hold(run, epoch, ...all);
    await openSegmentStore(database.pool).end({ run, epoch }, [0]);
    const [member] = (await view()).runs[0]?.members ?? [];
    expect(member?.segments).toBe(49);
    expect(member?.held).toEqual(all.slice(1, 1 + HELD_LISTED));
  });

  test('keeps the dead with what they hold for ten minutes', async () => {
    const run = await createRun();
    const { epoch } = await join(run, 'one');
    const long = await join(run, 'long dead');
    await hold(run, epoch, 1);
    await die(run, epoch, '9 minutes');
    await die(run, long.epoch, '11 minutes');
    const { runs, atMs } = await view();
    expect(runs[0]?.members).toMatchObject([{ name: 'one', isDead: true, segments: 1 }]);
    expect(atMs - (runs[0]?.members[0]?.leaseUntilMs ?? 0)).toBeGreaterThan(500_000);
  });

  test('has a run that nobody works on, and none that is over', async () => {
    const run = await createRun();
    const { epoch } = await join(run, 'one');
    await openMemberStore(database.pool).leave({ run, epoch });
    expect((await view()).runs).toMatchObject([{ run, members: [] }]);
    await openRunStore(database.pool).setRunStatus(run, 'paused', {});
    expect((await view()).runs).toEqual([]);
  });

  test('has a run that is not shared, where two are at it all the same', async () => {
    const run = await createRun();
    await join(run, 'frozen', false);
    const { epoch } = await join(run, 'successor', false);
    expect((await view()).runs[0]?.members).toHaveLength(2);
    await die(run, epoch);
    expect((await view()).runs).toEqual([]);
  });
});

test('progress is that of the pages of all, with what the source says', async () => {
  const run = await createRun();
  const alone = await createRun('alone');
  await join(run, 'one');
  await join(alone, 'two', false);
  const store = openRunStore(database.pool);
  expect(await loadSharedProgress(database.pool)).toEqual([{ run, rows: 0, total: null }]);
  await store.setSourceFacts(run, { total: 500, firstRequestAtMs: null });
  expect(await loadSharedProgress(database.pool)).toEqual([{ run, rows: 0, total: 500 }]);
});

describe('who claims segments', () => {
  const store = () => openSegmentStore(database.pool);
  let run = 0;
  beforeEach(async () => {
    run = await createRun();
  });

  test('learns which of them a member held that is dead', async () => {
    const dead = await join(run, 'dead');
    const { epoch } = await join(run, 'me');
    await hold(run, 0, 1);
    await hold(run, dead.epoch, 2);
    await hold(run, epoch, 3);
    await die(run, dead.epoch);
    const claimed = await store().claim(
      { run, epoch },
      { first: 1, last: 3 },
      { steadyMs: 0, plan: 0 },
    );
    expect(claimed.map(({ segment, wasHeld }) => [segment, wasHeld])).toEqual([
      [1, false],
      [2, true],
      [3, false],
    ]);
  });

  test('takes nothing of one who lives', async () => {
    const other = await join(run, 'other');
    const { epoch } = await join(run, 'me');
    await hold(run, other.epoch, 2);
    expect(
      await store().claim({ run, epoch }, { first: 1, last: 3 }, { steadyMs: 0, plan: 0 }),
    ).toEqual([]);
  });
});
