import { describe, expect, test } from 'vitest';
import { type CountedPage, coveredRows } from '../../src/core/covered-rows.js';
import type { Position } from '../../src/core/position.js';

/** Row n of the source; newer rows come first. */
const place = (row: number): Position => ({ ms: 1_000_000 - row, id: 'a' });

/** A page over the rows (from, to]; null is an open end. */
function page(segment: number, number: number, from: number | null, to: number | null) {
  return {
    segment,
    page: number,
    after: from === null ? null : place(from),
    through: to === null ? null : place(to),
    covered: (to ?? 100) - (from ?? 0),
  } satisfies CountedPage;
}

describe('covered rows', () => {
  test('add up over pages that touch, in whatever order', () => {
    const pages = [page(0, 3, 20, 30), page(0, 1, null, 10), page(1, 1, 30, null)];
    expect(coveredRows(pages)).toBe(90);
    expect(coveredRows([...pages, page(0, 2, 10, 20)].reverse())).toBe(100);
    expect(coveredRows([])).toBe(0);
  });

  test('count once where a segment was walked again', () => {
    const first = [page(0, 1, null, 10), page(0, 2, 10, 20)];
    const second = [page(1, 1, null, 10)];
    expect(coveredRows([...first, ...second])).toBe(20);
    second.push(page(1, 2, 10, 60), page(1, 3, 60, null));
    expect(coveredRows([...first, ...second])).toBe(100);
  });

  test('are exact where one walk is through, whichever pages of another lie over it', () => {
    const through = [page(0, 1, null, 10), page(0, 2, 10, 20), page(0, 3, 20, 30)];
    expect(coveredRows([...through, page(1, 1, null, 17)])).toBe(30);
    expect(coveredRows([page(4, 1, 7, 17), page(4, 2, 17, 25), ...through])).toBe(30);
  });

  test('are exact where a walk takes over from another that has other borders', () => {
    const seeking = [page(2, 1, 50, 60), page(2, 2, 60, 70)];
    const chain = [page(1, 1, null, 45), page(1, 2, 45, 75), page(1, 3, 75, null)];
    expect(coveredRows([...seeking, ...chain])).toBe(100);
  });

  test('fall short of the table by less than a page where no walk is through', () => {
    const pages = [page(0, 1, null, 10), page(1, 1, 5, 20)];
    expect(coveredRows(pages)).toBe(15);
  });

  test('of pages that lead back are those of the newest walk', () => {
    const pages = [page(0, 1, null, 10), page(0, 3, 8, null), { ...page(0, 2, 10, 8), covered: 0 }];
    expect(coveredRows(pages)).toBe(92);
  });

  test('a page that covers nothing neither counts nor hides another', () => {
    const empty = { ...page(1, 1, 10, 10), covered: 0 };
    expect(coveredRows([page(0, 1, null, 10), page(0, 2, 10, null), empty])).toBe(100);
  });

  test('pages of 30,000 are counted in a moment', () => {
    const pages = Array.from({ length: 30_000 }, (_, index) => page(0, index, index, index + 1));
    expect(coveredRows(pages)).toBe(30_000);
  });
});
