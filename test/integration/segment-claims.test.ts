/** Who may take which segments, and when. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { NO_FIGURES } from '../../src/core/cluster-view.js';
import { type MemberState, openMemberStore } from '../../src/database/members.js';
import { openSegmentStore, type SegmentStore } from '../../src/database/segment-store.js';
import { usePostgres } from '../support/postgres.js';
import {
  beginRun,
  claimAll,
  joinRun,
  LEASE_MS,
  lapse,
  makeChildren,
  makePage,
  neighbours,
  numbersOf,
  type RunMember,
  segmentsOf,
  steadyFor,
  untilLockWaits,
  withPageUnderWay,
  writesPage,
} from '../support/run-members.js';

const database = usePostgres();
let store: SegmentStore;
let run: number;
let first: RunMember;
let second: RunMember;

const NO_HOLDER = { code: 'DSL01' };
const STATE: MemberState = { phase: 'walking', shareable: 0, figures: NO_FIGURES };
/** As a share asks for it. */
const STEADY_MS = LEASE_MS / 2;
/** Long enough for a statement to begin within it. */
const SHORT_MS = 4_000;
const holders = async () => (await segmentsOf(database.pool, run)).map(({ epoch }) => epoch);
/** Its lease is over by the clock. */
async function untilDead({ epoch }: RunMember): Promise<void> {
  const isDead = async () => {
    const known = await openMemberStore(database.pool).list(run);
    expect(known.find((member) => member.epoch === epoch)?.isDead).toBe(true);
  };
  await vi.waitFor(isDead, { timeout: 20_000, interval: 20 });
}

beforeEach(async () => {
  store = openSegmentStore(database.pool);
  run = await beginRun(database.pool);
  first = await joinRun(database.pool, run);
  second = await joinRun(database.pool, run);
});

describe('a claim', () => {
  test('takes what nobody holds, and says where it starts, where it ends and whether it has pages', async () => {
    await store.open(first.holder, neighbours(0, 3));
    await store.end(first.holder, [1]);
    await store.release(first.holder);
    await makePage(database.pool, run, 2, 1);
    const [zero, , two] = neighbours(0, 3);
    expect(await claimAll(store, second)).toEqual([
      { ...zero, parent: null, hasPages: false, wasHeld: false },
      { ...two, parent: null, hasPages: true, wasHeld: false },
    ]);
    expect(await holders()).toEqual([second.epoch, 0, second.epoch]);
    await writesPage(database.pool, second.holder, 2);
  });

  test('takes of what it is asked for, and no other', async () => {
    await store.open(first.holder, neighbours(0, 4));
    await store.release(first.holder);
    const claimed = await store.claim(
      second.holder,
      { first: 1, last: 2 },
      { steadyMs: 0, plan: second.plan },
    );
    expect(numbersOf(claimed)).toEqual([1, 2]);
    expect(await holders()).toEqual([0, second.epoch, second.epoch, 0]);
  });

  test('that is repeated, as when its answer was lost, has the same answer', async () => {
    await store.open(first.holder, neighbours(0, 2));
    await store.release(first.holder);
    const once = await claimAll(store, second);
    expect(once).toHaveLength(2);
    expect(await claimAll(store, second)).toEqual(once);
  });

  test('leaves a member that lives what it holds, and takes it from one whose lease is over', async () => {
    await store.open(first.holder, neighbours(0, 1));
    expect(await claimAll(store, second)).toEqual([]);
    await writesPage(database.pool, first.holder, 0);
    await lapse(database.pool, first);
    expect(await claimAll(store, second)).toMatchObject([{ segment: 0, wasHeld: true }]);
    expect(await claimAll(store, second)).toMatchObject([{ segment: 0, wasHeld: false }]);
    await expect(writesPage(database.pool, first.holder, 0)).rejects.toMatchObject(NO_HOLDER);
  });

  test('takes what a member holds that is not known any more', async () => {
    await store.open(first.holder, neighbours(0, 1));
    await openMemberStore(database.pool).leave(first.holder);
    expect(numbersOf(await claimAll(store, second))).toEqual([0]);
  });

  test('of a member that was away itself takes what is free, and nothing of others', async () => {
    await store.open(first.holder, neighbours(0, 2));
    await store.release(first.holder, [1]);
    await lapse(database.pool, first);
    await lapse(database.pool, second);
    expect(await claimAll(store, second)).toEqual([]);
    await openMemberStore(database.pool).renew(second.holder, STATE, LEASE_MS);
    expect(numbersOf(await claimAll(store, second, STEADY_MS))).toEqual([1]);
    await steadyFor(database.pool, second, STEADY_MS + 1_000);
    expect(numbersOf(await claimAll(store, second, STEADY_MS))).toEqual([0, 1]);
  });

  test('whose own lease is nearly over takes nothing of others: it may have been away', async () => {
    await store.open(first.holder, neighbours(0, 1));
    await lapse(database.pool, first);
    await steadyFor(database.pool, second, LEASE_MS);
    await openMemberStore(database.pool).renew(second.holder, STATE, STEADY_MS / 2);
    await steadyFor(database.pool, second, LEASE_MS);
    expect(await claimAll(store, second, STEADY_MS)).toEqual([]);
    expect(
      await openMemberStore(database.pool).renew(first.holder, STATE, LEASE_MS),
    ).not.toBeNull();
  });

  test('gives its holder up: that one renews no lease any more, takes nothing, and counts for dead', async () => {
    await store.open(first.holder, neighbours(0, 2));
    await lapse(database.pool, first);
    await store.claim(second.holder, { first: 0, last: 0 }, { steadyMs: 0, plan: 0 });
    const members = openMemberStore(database.pool);
    expect(await members.renew(first.holder, STATE, LEASE_MS)).toBeNull();
    // As one whose renewal was under way.
    await database.pool.query(
      `UPDATE ingestion_members SET lease_until = clock_timestamp() + interval '1 hour' WHERE run = $1`,
      [run],
    );
    expect(await claimAll(store, first)).toEqual([]);
    expect((await members.list(run)).map(({ isDead }) => isDead)).toEqual([true, false]);
    expect(numbersOf(await claimAll(store, second))).toEqual([0, 1]);
  });

  test('leaves alone who is dead and holds nothing of what is asked for', async () => {
    await store.open(first.holder, neighbours(0, 1));
    await lapse(database.pool, first);
    await store.claim(second.holder, { first: 5, last: 9 }, { steadyMs: 0, plan: 0 });
    expect(
      await openMemberStore(database.pool).renew(first.holder, STATE, LEASE_MS),
    ).not.toBeNull();
    expect(await claimAll(store, second)).toEqual([]);
  });

  test('by a plan of before takes nothing', async () => {
    await makeChildren(database.pool, run, 2);
    await store.plan(run, []);
    expect(
      await store.claim(second.holder, { first: 1, last: 2 }, { steadyMs: 0, plan: 0 }),
    ).toEqual([]);
    expect(await holders()).toEqual([0, 0]);
  });

  test('waits for a page that is under way, and refuses the next one of its writer', async () => {
    await store.open(first.holder, neighbours(0, 1));
    await lapse(database.pool, first);
    await withPageUnderWay(database.pool, first.holder, 0, async (page) => {
      let isClaimed = false;
      const claiming = claimAll(store, second).then((claimed) => {
        isClaimed = true;
        return claimed;
      });
      await untilLockWaits(database.pool);
      expect(isClaimed).toBe(false);
      await page.commit();
      expect(await claiming).toMatchObject([{ segment: 0, hasPages: true }]);
    });
    await expect(writesPage(database.pool, first.holder, 0)).rejects.toMatchObject(NO_HOLDER);
  });

  test('that has waited for a page takes nothing from those who lived when it began', async () => {
    await lapse(database.pool, second);
    const claimer = await joinRun(database.pool, run);
    const living = await joinRun(database.pool, run, SHORT_MS);
    await store.open(first.holder, neighbours(0, 1));
    await store.open(living.holder, neighbours(1, 1));
    await lapse(database.pool, first);
    await withPageUnderWay(database.pool, first.holder, 0, async (page) => {
      const claiming = claimAll(store, claimer);
      await untilLockWaits(database.pool);
      await untilDead(living);
      await page.commit();
      expect(numbersOf(await claiming)).toEqual([0]);
    });
    expect(await holders()).toEqual([claimer.epoch, living.epoch]);
  });

  test('that has waited for a page takes nothing from those who joined meanwhile', async () => {
    await store.open(first.holder, neighbours(0, 2));
    await store.release(first.holder, [1]);
    await lapse(database.pool, first);
    await withPageUnderWay(database.pool, first.holder, 0, async (page) => {
      const claiming = claimAll(store, second);
      await untilLockWaits(database.pool);
      const late = await joinRun(database.pool, run);
      expect(
        numbersOf(
          await store.claim(late.holder, { first: 1, last: 1 }, { steadyMs: 0, plan: late.plan }),
        ),
      ).toEqual([1]);
      await page.commit();
      expect(numbersOf(await claiming)).toEqual([0]);
      expect(await holders()).toEqual([second.epoch, late.epoch]);
    });
  });

  test('is one of several at once: each segment has one holder, who was told so', async () => {
    await makeChildren(database.pool, run, 200);
    const members = await Promise.all(Array.from({ length: 4 }, () => joinRun(database.pool, run)));
    const claims = await Promise.all(members.map((member) => claimAll(store, member)));
    const told = claims.flatMap((claimed, nth) =>
      numbersOf(claimed).map((segment) => ({ segment, epoch: members[nth]?.epoch })),
    );
    told.sort((a, b) => a.segment - b.segment);
    const stored = await segmentsOf(database.pool, run);
    expect(told).toEqual(stored.map(({ segment, epoch }) => ({ segment, epoch })));
    expect(told).toHaveLength(200);
  });

  test('of children says whose they are, and which have pages', async () => {
    await makeChildren(database.pool, run, 3);
    await makePage(database.pool, run, 2, 1);
    const child = { after: null, bound: null };
    expect(await claimAll(store, second)).toEqual([
      { segment: 1, ...child, parent: '{"id": 1}', hasPages: false, wasHeld: false },
      { segment: 2, ...child, parent: '{"id": 2}', hasPages: true, wasHeld: false },
      { segment: 3, ...child, parent: '{"id": 3}', hasPages: false, wasHeld: false },
    ]);
  });

  test('lets go of what a dead member has superseded: none of its last pages comes any more', async () => {
    await store.open(first.holder, neighbours(0, 3));
    await store.supersede(first.holder, 0);
    await store.release(first.holder, [2]);
    expect(numbersOf(await claimAll(store, second))).toEqual([2]);
    await writesPage(database.pool, first.holder, 0);
    await lapse(database.pool, first);
    // It may have been away itself.
    expect(numbersOf(await claimAll(store, second, STEADY_MS))).toEqual([2]);
    await writesPage(database.pool, first.holder, 0);
    expect(numbersOf(await claimAll(store, second))).toEqual([1, 2]);
    await expect(writesPage(database.pool, first.holder, 0)).rejects.toMatchObject(NO_HOLDER);
  });
});
