import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endOfInstant, type Position } from '../../src/core/position.js';
import { type CoveredInterval, findGaps, planResume } from '../../src/core/resume.js';

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

describe('resume', () => {
  test('a source that can seek goes on from every gap by its position', () => {
    const pages = [page(null, 5, 'c5'), page(9, 12, 'c12')];
    const plan = planResume(pages, { canSeek: true, nowMs: 0 });
    expect(plan).toEqual({
      gaps: [
        { after: at(5), bound: at(9) },
        { after: at(12), bound: null },
      ],
      restarts: false,
    });
  });

  test('behind living opaque cursors it goes on with the cursor that led there', () => {
    const plan = planResume([page(null, 5, 'c5')], { canSeek: false, nowMs: 0 });
    expect(plan.gaps).toEqual([
      { after: at(5), bound: null, cursor: 'c5', cursorExpiresAtMs: 10_000 },
    ]);
  });

  test('behind a dead opaque cursor the walk begins again', () => {
    const plan = planResume([page(null, 5, 'c5')], { canSeek: false, nowMs: 9000 });
    expect(plan).toEqual({ gaps: [{ after: null, bound: null }], restarts: true });
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
    planResume(committed, { canSeek, nowMs: 0 }).gaps;
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

  test('is not behind the last page: the rest of the source begins there', () => {
    expect(gapsOf(pages(FIRST))).toEqual([{ after: tie('b'), bound: null }]);
  });
});
