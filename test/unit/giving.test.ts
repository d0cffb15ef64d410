/** What a member leaves to another one that has nothing to do, through the scheduler that decides it. */
import { describe, expect, test } from 'vitest';
import { Frontier } from '../../src/core/frontier.js';
import type { SchedulerCommand } from '../../src/core/scheduler-types.js';
import type { SegmentSeed } from '../../src/core/segment.js';
import { SegmentFeed } from '../../src/core/segment-feed.js';
import { childCursor } from '../../src/paging/child-cursor.js';
import { cursorChain } from '../../src/paging/cursor-chain.js';
import type { Paging } from '../../src/paging/paging.js';
import { at, built, Played } from '../support/played-scheduler.js';
import { fetches, NOW_MS, opaque, schedulerOver } from '../support/stepped-scheduler.js';

const HELP = [{ type: 'helpWanted' }] as const;
const TOTAL = 100_000;
const WHOLE: SegmentSeed = { segment: 1, after: null, bound: null };
const FIRST: SegmentSeed = { segment: 1, after: null, bound: at(40_000) };
const SECOND: SegmentSeed = { segment: 2, after: at(40_000), bound: null };

/** @param concurrency of 1: it cuts nothing for itself */
const walk = (seeds: readonly SegmentSeed[], paging: Paging = built, concurrency = 1) =>
  new Played(seeds, paging, { concurrency });

const told = (said: readonly SchedulerCommand[], type: SchedulerCommand['type']) =>
  said.filter((command) => command.type === type);
const given = ({ said }: Played) =>
  said.flatMap((command) => (command.type === 'giveSegments' ? [command.segments] : []));
const cuts = ({ said }: Played) =>
  said.flatMap((command) => (command.type === 'splitSegment' ? [command] : []));

describe('where one segment is walked', () => {
  test('nothing can be shared before a page has come', () => {
    const played = walk([WHOLE]);
    expect(played.scheduler.shareable).toBe(0);
    played.step(HELP);
    expect([cuts(played), given(played)]).toEqual([[], []]);
  });

  test('it is cut in the middle of what is left', () => {
    const played = walk([WHOLE]);
    played.answer(1, 100, { total: TOTAL });
    expect(played.scheduler.shareable).toBeGreaterThan(90_000);
    played.step(HELP);
    const [cut] = cuts(played);
    expect(cut).toMatchObject({ segment: 1, newSegment: 9 });
    expect(Number(cut?.at.ms)).toBeGreaterThan(at(55_000).ms);
    expect(Number(cut?.at.ms)).toBeLessThan(at(45_000).ms);
    expect(given(played)).toEqual([]);
  });

  test('it is not cut again before what was cut off is reached', () => {
    const played = walk([WHOLE]);
    played.answer(1, 100, { total: TOTAL });
    played.step(HELP);
    expect(cuts(played)).toHaveLength(1);
    played.step(HELP);
    expect(cuts(played)).toEqual([]);
  });

  test('a rest of a few pages is not worth it', () => {
    const played = walk([WHOLE]);
    played.answer(1, 100, { total: 400 });
    played.step(HELP);
    expect(cuts(played)).toEqual([]);
  });

  test('nothing is cut off where no place can be sought', () => {
    const played = walk([WHOLE], opaque);
    played.answer(1, 100, { total: TOTAL });
    expect(played.scheduler.shareable).toBe(0);
    played.step(HELP);
    expect([cuts(played), given(played)]).toEqual([[], []]);
  });
});

describe('where several are walked', () => {
  /** A page of each has come, and the next one of each is asked for. */
  function walkTwo(): Played {
    const played = walk([FIRST, SECOND], built, 2);
    played.answer(1, 100, { total: TOTAL });
    played.answer(2, 40_100, { total: TOTAL });
    return played;
  }

  test('the largest is given once all of it that was asked for is committed, and asked for no more', () => {
    const played = walkTwo();
    expect(played.asks(2)).toBe(true);
    expect(played.scheduler.shareable).toBeGreaterThan(50_000);
    played.step(HELP);
    expect(given(played)).toEqual([]);
    expect(cuts(played)).toEqual([]);
    played.answer(1, 200, { total: TOTAL });
    expect(given(played)).toEqual([]);
    played.answer(2, 40_200, { total: TOTAL });
    expect(given(played)).toEqual([[2]]);
    // Behind the page that was written last.
    expect(played.said.findIndex(({ type }) => type === 'giveSegments')).toBeGreaterThan(
      played.said.findLastIndex(({ type }) => type === 'write'),
    );
    expect(
      told(played.said, 'fetch').map((fetch) => 'segment' in fetch && fetch.segment),
    ).not.toContain(2);
    for (let last = 300; last <= 600; last += 100) played.answer(1, last, { total: TOTAL });
    expect(played.asks(2)).toBe(false);
  });

  test('one at a time', () => {
    const played = walkTwo();
    played.step(HELP);
    expect(played.scheduler.shareable).toBe(0);
    played.step(HELP);
    played.answer(1, 200, { total: TOTAL });
    played.answer(2, 40_200, { total: TOTAL });
    expect(given(played)).toEqual([[2]]);
    expect(played.asks(1)).toBe(true);
  });

  test('the last one that is left is not given but cut', () => {
    const played = walkTwo();
    played.step(HELP);
    played.answer(2, 40_200, { total: TOTAL });
    expect(given(played)).toEqual([[2]]);
    played.step(HELP);
    expect(cuts(played)).toMatchObject([{ segment: 1, newSegment: 9 }]);
    played.answer(1, 200, { total: TOTAL });
    expect([given(played), played.outcome]).toEqual([[], undefined]);
  });
});

describe('children', () => {
  const chain = cursorChain({ cursorLifeMs: 60_000 });
  const start = (id: number) => childCursor({ of: `{"id": ${id}}`, at: null });
  const child = (segment: number): SegmentSeed => {
    const cursor = start(segment);
    return { segment, after: null, bound: null, cursor, startCursor: cursor };
  };

  function walkChildren(count: number) {
    const feed = new SegmentFeed({ ofChildren: true });
    feed.seeded(
      Array.from({ length: count }, (_, nth) => child(nth + 1)),
      false,
    );
    const scheduler = schedulerOver(new Frontier(chain, { feed }), undefined, { concurrency: 1 });
    expect(fetches(scheduler.step([], NOW_MS))).toHaveLength(1);
    const help = () =>
      scheduler
        .step(HELP, NOW_MS)
        .flatMap((command) => (command.type === 'giveSegments' ? [command.segments] : []));
    return { scheduler, help };
  }

  test('the later half of those that wait is given at once, and half of the rest later', () => {
    const { scheduler, help } = walkChildren(9);
    expect(scheduler.shareable).toBe(8);
    expect(help()).toEqual([[6, 7, 8, 9]]);
    expect(scheduler.shareable).toBe(4);
    expect(help()).toEqual([[4, 5]]);
    expect(help()).toEqual([[3]]);
  });

  test('the last that waits is kept', () => {
    const { scheduler, help } = walkChildren(2);
    expect(scheduler.shareable).toBe(0);
    expect(help()).toEqual([]);
  });
});

describe('the feed', () => {
  const seeds = (from: number, count: number): SegmentSeed[] =>
    Array.from({ length: count }, (_, nth) => ({ ...WHOLE, segment: from + nth }));
  const numbers = (given: readonly SegmentSeed[]) => given.map(({ segment }) => segment);

  test('gives the later half of what waits, and keeps what is taken next', () => {
    const feed = new SegmentFeed({ ofChildren: true });
    feed.seeded(seeds(1, 7), false);
    feed.take();
    feed.take();
    expect(numbers(feed.give())).toEqual([6, 7]);
    expect(feed.left).toBe(3);
    expect([1, 2, 3, 4].map(() => feed.take()?.segment ?? null)).toEqual([3, 4, 5, null]);
  });

  test('gives nothing of one, or of none', () => {
    const feed = new SegmentFeed({ ofChildren: true });
    expect(feed.give()).toEqual([]);
    feed.seeded(seeds(1, 1), false);
    expect([feed.give(), feed.left]).toEqual([[], 1]);
  });

  test('asks for more once it has given so much that few are left', () => {
    const feed = new SegmentFeed({ ofChildren: true });
    feed.seeded(seeds(1, 499), false);
    expect(feed.wanted(true)).toBe(false);
    expect(feed.give()).toHaveLength(249);
    expect(feed.wanted(true)).toBe(false);
    feed.take();
    expect(feed.wanted(true)).toBe(true);
  });

  test('of segments of their own asks for more only once none waits, and a request more could be made', () => {
    const feed = new SegmentFeed({ ofChildren: false });
    feed.seeded(seeds(1, 1), false);
    expect(feed.wanted(true)).toBe(false);
    feed.take();
    expect([feed.wanted(false), feed.wanted(true), feed.wanted(true)]).toEqual([
      false,
      true,
      false,
    ]);
  });

  test('is cleared of what waits, which it names, and takes more after that', () => {
    const feed = new SegmentFeed({ ofChildren: false });
    feed.seeded(seeds(1, 4), false);
    feed.take();
    expect(numbers(feed.clear())).toEqual([2, 3, 4]);
    expect([feed.left, feed.take(), numbers(feed.clear())]).toEqual([0, null, []]);
    feed.seeded(seeds(9, 1), true);
    expect([feed.isExhausted, feed.take()?.segment, feed.isExhausted]).toEqual([false, 9, true]);
  });
});
