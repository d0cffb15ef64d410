/** What the engine does with children: it is fed, judges each by itself, and keeps none that has ended. */
import { describe, expect, test } from 'vitest';
import { planChild } from '../../src/core/child-resume.js';
import { Frontier } from '../../src/core/frontier.js';
import type { SegmentSeed } from '../../src/core/segment.js';
import { SegmentFeed } from '../../src/core/segment-feed.js';
import { childCursor } from '../../src/paging/child-cursor.js';
import { cursorChain } from '../../src/paging/cursor-chain.js';

const NOW = 1_000_000;
const paging = cursorChain({ cursorLifeMs: 60_000 });
const start = (id: number) => childCursor({ of: `{"id": ${id}}`, at: null });
const seed = (segment: number): SegmentSeed => {
  const cursor = start(segment);
  return { segment, after: null, bound: null, cursor, startCursor: cursor };
};
const seeds = (from: number, count: number) =>
  Array.from({ length: count }, (_, nth) => seed(from + nth));

describe('the feed', () => {
  test('asks once for the next block when few are left, and is exhausted with the last', () => {
    const feed = new SegmentFeed({ ofChildren: true });
    expect([feed.wanted(false), feed.wanted(true)]).toEqual([true, false]);
    feed.seeded(seeds(1, 260), false);
    expect(feed.wanted(true)).toBe(false);
    for (let taken = 0; taken < 11; taken++) feed.take();
    expect([feed.wanted(false), feed.wanted(false)]).toEqual([true, false]);
    feed.seeded(seeds(261, 1), true);
    expect(feed.wanted(true)).toBe(false);
    const rest = Array.from({ length: 250 }, () => feed.take()?.segment);
    expect(rest.at(0)).toBe(12);
    expect([feed.isExhausted, rest.at(-1), feed.take()]).toEqual([true, 261, null]);
  });

  test('a block of children that have all ended leads to the next one', () => {
    const feed = new SegmentFeed({ ofChildren: true });
    feed.wanted(true);
    feed.seeded([], false);
    expect([feed.isExhausted, feed.wanted(true)]).toEqual([false, true]);
  });
});

describe('the frontier', () => {
  const fed = (count: number) => {
    const feed = new SegmentFeed({ ofChildren: true });
    feed.seeded(seeds(1, count), true);
    return new Frontier(paging, { feed });
  };
  const openOf = (frontier: Frontier) =>
    [...frontier.segments.open()].map(({ segment }) => segment);

  test('takes a child only when no other page is ready, and forgets it with its last page', () => {
    const frontier = fed(2_000);
    const first = frontier.ready(NOW);
    expect(frontier.ready(NOW)).toBe(first);
    expect(openOf(frontier)).toEqual([1]);
    if (first === null) throw new Error('a child is ready');
    frontier.take(first, NOW, 0);
    expect(frontier.ready(NOW)?.segment).toBe(2);
    const end = { nextCursor: null, nextPosition: null, hasMore: false, expiresAtMs: 0 };
    expect(frontier.advance(first, end, NOW)).toEqual({ type: 'ended' });
    expect([frontier.segments.close(1), frontier.segments.close(1)]).toEqual([true, false]);
    expect(() => frontier.segmentOf(first)).toThrow('a known segment');
    expect(frontier.isExhausted).toBe(false);
  });

  test('children that rest do not pile up', () => {
    const frontier = fed(2_000);
    let taken = 0;
    for (let job = frontier.ready(NOW); job !== null; job = frontier.ready(NOW)) {
      frontier.take(job, NOW, 0);
      frontier.putBack(job, NOW + 60_000);
      taken++;
    }
    expect(taken).toBe(1_000);
  });
});

describe('what is left of a child', () => {
  const at = (cursor: string) => childCursor({ of: '{"id": 7}', at: cursor });
  const page = (
    number: number,
    cursor: string,
    next: string | null,
    livesUntilMs = NOW + 60_000,
  ) => ({
    ...{ segment: 7, page: number, cursor, nextCursor: next, hasMore: next !== null },
    nextCursorExpiresAtMs: next === null ? null : livesUntilMs,
    ...{ isOrdered: false, after: null, through: null, clipped: 0, returned: 5 },
  });
  const plan = (pages: ReturnType<typeof page>[]) =>
    planChild({ segment: 7, startCursor: start(7), pages }, NOW);

  test('nothing is committed: it begins', () => {
    expect(plan([]).seed).toMatchObject({ segment: 7, page: 1, cursor: start(7) });
  });

  test('its last page is there: nothing', () => {
    const pages = [page(1, start(7), at('a')), page(2, at('a'), null)];
    expect(plan(pages)).toEqual({ seed: null, walkedAgain: [] });
  });

  test('a page in between is missing: on behind the last unbroken one', () => {
    const [first, third] = [page(1, start(7), at('a')), page(3, at('b'), null)];
    const { seed: next, walkedAgain } = plan([first, third]);
    expect(next).toMatchObject({ page: 4, cursor: at('a'), startCursor: start(7) });
    expect(walkedAgain).toEqual([third]);
  });

  test('its cursor is dead: from its start, in pages of their own', () => {
    const pages = [page(1, start(7), at('a'), NOW)];
    expect(plan(pages)).toMatchObject({
      seed: { page: 2, cursor: start(7) },
      walkedAgain: pages,
    });
  });
});
