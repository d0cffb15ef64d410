/** What becomes of segments that a member holds, and of all when the run is planned. */
import { beforeEach, describe, expect, test } from 'vitest';
import { openSegmentStore, type SegmentStore } from '../../src/database/segment-store.js';
import { formatPosition } from '../../src/paging/position.js';
import { usePostgres } from '../support/postgres.js';
import {
  beginRun,
  joinRun,
  makeChildren,
  makePage,
  numbersOf,
  place,
  type RunMember,
  segmentsOf,
  untilLockWaits,
  withPageUnderWay,
  writesPage,
} from '../support/run-members.js';

const database = usePostgres();
let store: SegmentStore;
let run: number;
let member: RunMember;

const at = (ms: number): string => formatPosition(place(ms));
const stored = () => segmentsOf(database.pool, run);
const NOT_HELD = { fault: { code: 'LEASE_LOST', retryable: false } };
const NO_HOLDER = { code: 'DSL01' };

/** Two that tile the source, held by the member. */
async function openTwo(): Promise<void> {
  await store.open(member.holder, [
    { segment: 0, after: null, bound: place(100) },
    { segment: 1, after: place(100), bound: null },
  ]);
}

beforeEach(async () => {
  store = openSegmentStore(database.pool);
  run = await beginRun(database.pool);
  member = await joinRun(database.pool, run);
});

describe('the segments of a member', () => {
  test('are held by it from the start, and nobody else writes pages of them', async () => {
    const other = await joinRun(database.pool, run);
    await openTwo();
    const held = { status: 'open', epoch: member.epoch };
    expect(await stored()).toEqual([
      { segment: 0, after: null, bound: at(100), ...held },
      { segment: 1, after: at(100), bound: null, ...held },
    ]);
    await writesPage(database.pool, member.holder, 0);
    await expect(writesPage(database.pool, other.holder, 0)).rejects.toMatchObject(NO_HOLDER);
  });

  test('a split hands the part after the new bound to the new segment, and nothing is nobody’s', async () => {
    await openTwo();
    await store.split(member.holder, 1, place(50), 2);
    const held = { status: 'open', epoch: member.epoch };
    expect(await stored()).toEqual([
      { segment: 0, after: null, bound: at(100), ...held },
      { segment: 1, after: at(100), bound: at(50), ...held },
      { segment: 2, after: at(50), bound: null, ...held },
    ]);
  });

  test('a split into a number that is taken changes nothing', async () => {
    await openTwo();
    const before = await stored();
    await expect(store.split(member.holder, 0, place(500), 1)).rejects.toMatchObject(NOT_HELD);
    expect(await stored()).toEqual(before);
  });

  test('what was told of them can be told again, as when the answer was lost', async () => {
    const { holder } = member;
    const twice = async (tell: () => Promise<void>) => {
      await tell();
      const once = await stored();
      await tell();
      expect(await stored()).toEqual(once);
    };
    await twice(() => store.open(holder, [{ segment: 0, after: null, bound: place(9) }]));
    await twice(() => store.split(holder, 0, place(50), 1));
    await twice(() => store.setBound(holder, 1, place(10)));
    const kept = { segment: 1, after: place(50), bound: place(20) };
    const rest = { segment: 2, after: place(20), bound: place(10) };
    await twice(() => store.divide(holder, { segment: 1, kept, others: [rest] }));
    await twice(() => store.end(holder, [0]));
    await twice(() => store.supersede(holder, 1));
    await twice(() => store.release(holder, [2]));
    const { epoch } = member;
    expect(await stored()).toEqual([
      { segment: 0, after: null, bound: at(50), status: 'ended', epoch: 0 },
      { segment: 1, after: at(50), bound: at(20), status: 'superseded', epoch },
      { segment: 2, after: at(20), bound: at(10), status: 'open', epoch: 0 },
    ]);
  });

  test('only open ones that it holds can be split, bounded, divided, ended or superseded', async () => {
    const { holder } = await joinRun(database.pool, run);
    await store.open(member.holder, [{ segment: 0, after: null, bound: place(7) }]);
    await store.open(holder, [{ segment: 1, after: place(7), bound: null }]);
    await store.end(holder, [1]);
    const before = await stored();
    for (const segment of [0, 1]) {
      const range = { segment, after: place(9), bound: place(8) };
      const others = [{ segment: 5, after: place(8), bound: null }];
      await expect(store.split(holder, segment, place(9), 2)).rejects.toMatchObject(NOT_HELD);
      await expect(store.setBound(holder, segment, null)).rejects.toMatchObject(NOT_HELD);
      await expect(
        store.divide(holder, { segment: range.segment, kept: range, others }),
      ).rejects.toMatchObject(NOT_HELD);
      await expect(store.supersede(holder, segment)).rejects.toMatchObject(NOT_HELD);
      await store.end(holder, [segment]);
      await store.release(holder, [segment]);
    }
    expect(await stored()).toEqual(before);
  });

  test('one that has ended takes no page any more; one that is superseded takes those under way', async () => {
    await openTwo();
    await store.end(member.holder, [0]);
    await store.supersede(member.holder, 1);
    await expect(writesPage(database.pool, member.holder, 0)).rejects.toMatchObject(NO_HOLDER);
    await writesPage(database.pool, member.holder, 1);
  });

  test('are free once they are released: some, or all that it holds', async () => {
    const other = await joinRun(database.pool, run);
    await openTwo();
    await store.open(member.holder, [{ segment: 2, after: null, bound: place(500) }]);
    await store.open(other.holder, [{ segment: 3, after: place(1), bound: null }]);
    await store.supersede(member.holder, 2);
    const holders = async () => (await stored()).map(({ epoch }) => epoch);
    const { epoch } = member;
    await store.release(member.holder, [0, 3]);
    expect(await holders()).toEqual([0, epoch, epoch, other.epoch]);
    await store.release(member.holder);
    expect(await holders()).toEqual([0, 0, 0, other.epoch]);
  });

  test('one whose rest lies in several stretches keeps the first, and the others are held too', async () => {
    await store.open(member.holder, [{ segment: 0, after: place(900), bound: null }]);
    await store.divide(member.holder, {
      segment: 0,
      kept: { segment: 0, after: place(900), bound: place(700) },
      others: [
        { segment: 1, after: place(500), bound: place(300) },
        { segment: 2, after: place(100), bound: null },
      ],
    });
    const held = { status: 'open', epoch: member.epoch };
    expect(await stored()).toEqual([
      { segment: 0, after: at(900), bound: at(700), ...held },
      { segment: 1, after: at(500), bound: at(300), ...held },
      { segment: 2, after: at(100), bound: null, ...held },
    ]);
  });
});

describe('a plan', () => {
  const planOf = async () => (await store.look(run, false)).plan;

  test('supersedes what is open, leaves what has ended, and opens what is to be walked', async () => {
    await openTwo();
    await store.end(member.holder, [0]);
    const first = await store.plan(run, [
      { after: place(90), bound: place(20) },
      { after: place(20), bound: null },
    ]);
    expect(await stored()).toEqual([
      { segment: 0, after: null, bound: at(100), status: 'ended', epoch: 0 },
      { segment: 1, after: at(100), bound: null, status: 'superseded', epoch: 0 },
      { segment: first, after: at(90), bound: at(20), status: 'open', epoch: 0 },
      { segment: first + 1, after: at(20), bound: null, status: 'open', epoch: 0 },
    ]);
  });

  test('numbers them behind all segments, pages, and numbers that members were given', async () => {
    const range = { after: null, bound: null };
    const lone = await beginRun(database.pool);
    expect(await store.plan(lone, [range])).toBe(0);
    expect(await store.plan(lone, [range])).toBe(1);
    await makePage(database.pool, lone, 7, 1);
    expect(await store.plan(lone, [range, range])).toBe(8);
    const { firstSegment } = await joinRun(database.pool, lone);
    expect(firstSegment).toBe(10);
    expect(await store.plan(lone, [])).toBeGreaterThan(firstSegment + 1_000);
  });

  test('lets go of all, also of what was superseded before, and refuses the pages of before', async () => {
    await openTwo();
    await store.supersede(member.holder, 1);
    await makeChildren(database.pool, run, 2, 5);
    await store.claim(member.holder, { first: 5, last: 5 }, { steadyMs: 0, plan: member.plan });
    for (const segment of [0, 1, 5]) await writesPage(database.pool, member.holder, segment);
    await store.plan(run, []);
    for (const segment of [0, 1, 5]) {
      await expect(writesPage(database.pool, member.holder, segment)).rejects.toMatchObject(
        NO_HOLDER,
      );
    }
    const free = (segment: number, status: string) => ({ segment, status, epoch: 0 });
    expect(await stored()).toMatchObject([
      ...[free(0, 'superseded'), free(1, 'superseded')],
      // Children stay as they are.
      ...[free(5, 'open'), free(6, 'open')],
    ]);
  });

  test.each(['open', 'superseded'] as const)(
    'waits for pages that are under way, of segments that are %s',
    async (status) => {
      await openTwo();
      if (status === 'superseded') await store.supersede(member.holder, 0);
      await withPageUnderWay(database.pool, member.holder, 0, async (page) => {
        let isPlanned = false;
        const planning = store.plan(run, []).then(() => {
          isPlanned = true;
        });
        await untilLockWaits(database.pool);
        expect(isPlanned).toBe(false);
        await page.commit();
        await planning;
      });
    },
  );

  test('is counted, so that who works by an old one knows', async () => {
    const before = await planOf();
    await store.plan(run, []);
    expect(await planOf()).toBe(before + 1);
  });

  test('keeps that the order was left, whatever is planned later', async () => {
    expect(await store.hasLeftOrder(run)).toBe(false);
    await store.plan(run, [], true);
    await store.plan(run, []);
    expect(await store.hasLeftOrder(run)).toBe(true);
  });

  test('leaves other runs alone', async () => {
    const lone = await beginRun(database.pool);
    await openTwo();
    await store.plan(lone, []);
    expect(numbersOf((await stored()).filter(({ epoch }) => epoch === member.epoch))).toEqual([
      0, 1,
    ]);
  });
});
