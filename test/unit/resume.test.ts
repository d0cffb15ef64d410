import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CommittedPage } from '../../src/core/committed-page.js';
import {
  type CoveredInterval,
  findGaps,
  pagesWalkedAgain,
  planResume,
} from '../../src/core/resume.js';
import { cursorChain } from '../../src/paging/cursor-chain.js';
import { ordinalPaging, ordinalPlace } from '../../src/paging/ordinals.js';
import type { Paging } from '../../src/paging/paging.js';
import { placeCursor } from '../../src/paging/place-cursor.js';
import { endOfInstant, type Position } from '../../src/paging/position.js';

/** Position number n of the order; smaller comes first. */
const at = (n: number): Position => ({ ms: 1_000_000 - n, id: 'aa' });

function page(
  after: number | null,
  through: number | null,
  cursor: string | null = null,
): CoveredInterval {
  return {
    after: after === null ? null : at(after),
    through: through === null ? null : at(through),
    nextCursor: cursor,
    nextCursorExpiresAtMs: cursor === null ? null : 10_000,
  };
}

describe('gaps of the ledger', () => {
  test('nothing committed: the whole source is a gap', () => {
    expect(findGaps([])).toEqual([{ after: null, bound: null }]);
  });

  test('pages that join from the beginning to the end leave none', () => {
    expect(findGaps([page(5, 9), page(null, 5), page(9, null)])).toEqual([]);
  });

  test('the stretch behind the last page is one', () => {
    expect(findGaps([page(null, 5)])).toEqual([{ after: at(5), bound: null }]);
  });

  test('a page that is missing in the middle is one, bounded on both sides', () => {
    expect(findGaps([page(null, 5), page(9, null)])).toEqual([{ after: at(5), bound: at(9) }]);
  });

  test('a beginning that was never committed is one', () => {
    expect(findGaps([page(4, null)])).toEqual([{ after: null, bound: at(4) }]);
  });

  test('pages that overlap, as after a walk that began again, hide nothing', () => {
    const pages = [page(null, 5), page(null, 7), page(5, 6), page(7, 12), page(14, null)];
    expect(findGaps(pages)).toEqual([{ after: at(12), bound: at(14) }]);
  });

  test('property: the gaps are exactly the places that no page covers', () => {
    const end = 40;
    const intervals = fc.array(fc.tuple(fc.nat(end), fc.nat(end)), { maxLength: 12 });
    fc.assert(
      fc.property(intervals, (pairs) => {
        const pages = pairs.map(([a, b]) => {
          const [low, high] = a < b ? [a, b] : [b, a];
          return page(low === 0 ? null : low, high === end ? null : high);
        });
        const isIn = (n: number, interval: { after: Position | null; bound: Position | null }) =>
          (interval.after === null || n > 1_000_000 - interval.after.ms) &&
          (interval.bound === null || n <= 1_000_000 - interval.bound.ms);
        const gaps = findGaps(pages);
        for (let n = 1; n <= end; n++) {
          const isCovered = pages.some(({ after, through }) => isIn(n, { after, bound: through }));
          expect(gaps.filter((gap) => isIn(n, gap)).length).toBe(isCovered ? 0 : 1);
        }
      }),
    );
  });
});

const opaque = cursorChain({ cursorLifeMs: 120_000, order: 'newestFirst' });
const seeking = placeCursor({
  cursorLifeMs: 120_000,
  codec: { read: () => at(1), write: () => 'built' },
});

/** Pages of one segment, whatever their numbers, as the order has them. */
function planOf(pages: readonly CoveredInterval[], paging: Paging = opaque, nowMs = 0) {
  const committed = pages.map((one, index) => ({
    ...{ segment: 1, page: index + 1, cursor: `asked ${index}`, hasMore: one.through !== null },
    ...{ isOrdered: true, clipped: 0, returned: 10, ...one },
  }));
  return planResume(committed, { paging, nowMs });
}

describe('resume', () => {
  test('a source that can seek goes on from every gap by its position', () => {
    const pages = [page(null, 5, 'c5'), page(9, 12, 'c12')];
    const plan = planOf(pages, seeking);
    expect(plan).toMatchObject({
      gaps: [
        { after: at(5), bound: at(9) },
        { after: at(12), bound: null },
      ],
      ...{ restarts: false, isOrdered: true, canSeek: true },
    });
  });

  test('behind living opaque cursors it goes on with the cursor that led there', () => {
    const plan = planOf([page(null, 5, 'c5')]);
    expect(plan.gaps).toEqual([
      { after: at(5), bound: null, cursor: 'c5', cursorExpiresAtMs: 10_000 },
    ]);
  });

  test('behind a dead opaque cursor the walk begins again', () => {
    const plan = planOf([page(null, 5, 'c5')], opaque, 9000);
    expect(plan).toMatchObject({ gaps: [{ after: null, bound: null }], restarts: true });
  });
});

describe('resume by chain', () => {
  /** Page n of a chain: asked for with cursor n, it gives cursor n + 1. */
  const link = (page: number, changes: Partial<CommittedPage> = {}): CommittedPage => ({
    ...{ segment: 1, page, cursor: page === 1 ? null : `c${page}`, nextCursor: `c${page + 1}` },
    ...{ nextCursorExpiresAtMs: 90_000, hasMore: true, isOrdered: false },
    ...{ after: null, through: null, clipped: 0, returned: 10, ...changes },
  });
  const chain = cursorChain({ cursorLifeMs: 120_000 });
  const plan = (pages: readonly CommittedPage[], nowMs = 0) =>
    planResume(pages, { paging: chain, nowMs });
  const from = (cursor: string) => [
    { after: null, bound: null, cursor, cursorExpiresAtMs: 90_000 },
  ];

  test('goes on at the tip behind the last unbroken page', () => {
    expect(plan([link(1), link(2), link(4)])).toMatchObject({
      ...{ gaps: from('c3'), restarts: false, returned: 20, isOrdered: false, canSeek: false },
    });
  });

  test('begins again where its cursor is dead, or nothing is committed', () => {
    const begun = { gaps: [{ after: null, bound: null }], returned: 0 };
    expect(plan([link(1), link(2)], 89_000)).toMatchObject({ ...begun, restarts: true });
    expect(plan([])).toMatchObject({ ...begun, restarts: false });
  });

  test('is through where pages lead to the end', () => {
    const end = link(3, { hasMore: false, nextCursor: null });
    expect(plan([link(1), link(2), end]).gaps).toEqual([]);
    expect(plan([link(1), end]).gaps).toEqual(from('c2'));
  });

  test('follows a page whose cursor was renewed by its number', () => {
    expect(plan([link(1), link(2, { cursor: 'renewed' })]).gaps).toEqual(from('c3'));
    expect(plan([link(1), link(2, { cursor: 'renewed', segment: 2 })]).gaps).toEqual(from('c2'));
  });

  test('does not rest on a page that left records to another segment', () => {
    const ordered = link(2, { isOrdered: true, after: at(5), through: at(9), clipped: 3 });
    expect(plan([link(1), ordered, link(3)]).gaps).toEqual(from('c2'));
  });

  test('is what a source gets whose order one page has contradicted', () => {
    const first = link(1, { isOrdered: true, through: at(5) });
    const planned = planResume([first, link(2)], { paging: seeking, nowMs: 0 });
    expect(planned).toMatchObject({ gaps: from('c3'), isOrdered: false, canSeek: false });
  });

  test('comes to pages again that lie ahead of its tip, and to all where it begins again', () => {
    const pages = [link(1), link(2), link(4), link(5)];
    const again = (nowMs: number) => pagesWalkedAgain(pages, { paging: chain, nowMs });
    expect(again(0).map(({ page }) => page)).toEqual([4, 5]);
    expect(again(89_000)).toEqual(pages);
    const whole = [link(1), link(2, { hasMore: false, nextCursor: null }), link(4)];
    expect(pagesWalkedAgain(whole, { paging: chain, nowMs: 0 })).toEqual([]);
  });

  test('takes the furthest tip where a walk had begun again', () => {
    const again = [link(1, { segment: 2, nextCursor: 'x' }), link(2, { segment: 2, cursor: 'x' })];
    const pages = [link(1), link(2), link(3), ...again];
    // What the other walk was given does not count.
    expect(plan(pages)).toMatchObject({ gaps: from('c4'), returned: 30 });
  });
});

describe('an instant that several pages share', () => {
  const tie = (id: string): Position => ({ ms: 500_000, id });
  const FIRST = { after: at(5), through: tie('b') };
  const LAST = { after: tie('d'), through: at(900_000) };
  const pages = (...stretches: Pick<CoveredInterval, 'after' | 'through'>[]): CoveredInterval[] =>
    [page(null, 5), ...stretches].map((each) => ({
      ...each,
      nextCursor: `behind ${each.through?.id}`,
      nextCursorExpiresAtMs: 90_000,
    }));
  const gapsOf = (committed: readonly CoveredInterval[], canSeek = true) =>
    planOf(committed, canSeek ? seeking : opaque).gaps;
  const REST = { after: at(900_000), bound: null };
  const OPEN = { after: tie('b'), bound: endOfInstant(tie('b')) };

  test('is walked on where a page of it is missing, though its ids ascend', () => {
    expect(gapsOf(pages(FIRST, LAST))).toEqual([REST, OPEN]);
  });

  test('is so from the cursor behind what came last, where positions cannot be sought', () => {
    expect(gapsOf(pages(FIRST, LAST), false)).toContainEqual({
      ...OPEN,
      ...{ cursor: 'behind b', cursorExpiresAtMs: 90_000 },
    });
  });

  test.each([
    ['a page that joins both', { after: tie('b'), through: tie('d') }],
    ['a page that has the rest of it', { after: tie('b'), through: endOfInstant(tie('b')) }],
    ['a page that has all of it', { after: at(5), through: at(700_000) }],
  ])('is not where there is %s', (_, stretch) => {
    expect(gapsOf(pages(FIRST, LAST, stretch))).toEqual([REST]);
  });

  test('is walked on from where the chain that leads into it breaks off first', () => {
    // A page that an earlier process has committed behind two that it has not.
    const AHEAD = { after: tie('d'), through: tie('e') };
    const BEHIND = { after: tie('g'), through: at(900_000) };
    expect(gapsOf(pages(AHEAD, FIRST, BEHIND))).toEqual([REST, OPEN]);
  });

  test('is so behind a page that does not lead on', () => {
    const EMPTY = { after: tie('b'), through: tie('b') };
    expect(gapsOf(pages(FIRST, EMPTY, LAST))).toEqual([REST, OPEN]);
  });

  test('is not behind the last page: the rest of the source begins there', () => {
    expect(gapsOf(pages(FIRST))).toEqual([{ after: tie('b'), bound: null }]);
  });
});

describe('behind counted pages', () => {
  /** @param through ordinal of the last record that the page covers */
  const counted = (nextCursor: string, through: number): CommittedPage => ({
    ...{ segment: 1, page: 1, cursor: null, nextCursor, nextCursorExpiresAtMs: 1e15 },
    ...{ hasMore: true, isOrdered: true, after: null, through: ordinalPlace(through), clipped: 0 },
    returned: 1_000,
  });
  const planOf = (page: CommittedPage) => planResume([page], { paging: ordinalPaging, nowMs: 0 });

  test('a resume keeps that an end was doubted', () => {
    const { gaps, canSeek } = planOf(counted('1000~print', 999));
    expect(canSeek).toBe(true);
    expect(gaps).toMatchObject([{ after: ordinalPlace(999), bound: null, cursor: '1000~print' }]);
  });

  test('and goes by the place where the page left records to another', () => {
    expect(planOf(counted('1000', 949)).gaps).toEqual([{ after: ordinalPlace(949), bound: null }]);
  });
});
