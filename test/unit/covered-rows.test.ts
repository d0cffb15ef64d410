import { describe, expect, test } from 'vitest';
import { type CountedPage, coveredRows } from '../../src/core/covered-rows.js';
import type { Position } from '../../src/core/position.js';

/** Row n of the source; newer rows come first. */
const place = (row: number): Position => ({ ms: 1_000_000 - row, id: 'a' });

/** A page over the rows (from, to]; null is an open end. */
function page(from: number | null, to: number | null) {
  return {
    after: from === null ? null : place(from),
    through: to === null ? null : place(to),
    covered: (to ?? 100) - (from ?? 0),
  } satisfies CountedPage;
}

describe('covered rows', () => {
  test('add up over pages that touch, in whatever order', () => {
    const pages = [page(20, 30), page(null, 10), page(30, null)];
    expect(coveredRows(pages)).toBe(90);
    expect(coveredRows([...pages, page(10, 20)].reverse())).toBe(100);
    expect(coveredRows([])).toBe(0);
  });

  test('count once where a segment was walked again', () => {
    const first = [page(null, 10), page(10, 20)];
    const second = [page(null, 10)];
    expect(coveredRows([...first, ...second])).toBe(20);
    second.push(page(10, 60), page(60, null));
    expect(coveredRows([...first, ...second])).toBe(100);
  });

  test('are exact where one walk is through, whichever pages of another lie over it', () => {
    const through = [page(null, 10), page(10, 20), page(20, 30)];
    expect(coveredRows([...through, page(null, 17)])).toBe(30);
    expect(coveredRows([page(7, 17), page(17, 25), ...through])).toBe(30);
  });

  test('are exact where a walk takes over from another that has other borders', () => {
    const seeking = [page(50, 60), page(60, 70)];
    const chain = [page(null, 45), page(45, 75), page(75, null)];
    expect(coveredRows([...seeking, ...chain])).toBe(100);
  });

  test('fall short where no walk is through, and are never too high', () => {
    expect(coveredRows([page(null, 10), page(5, 20)])).toBe(15);
    const stairs = Array.from({ length: 50 }, (_, step) => page(step * 6, step * 6 + 10));
    expect(coveredRows(stairs)).toBe(250);
  });

  test('of a page that leads back are none', () => {
    expect(coveredRows([page(null, 10), { ...page(10, 8), covered: 0 }, page(8, null)])).toBe(92);
  });

  test('a page that covers nothing neither counts nor hides another', () => {
    const empty = { ...page(10, 10), covered: 0 };
    expect(coveredRows([page(null, 10), page(10, null), empty])).toBe(100);
  });

  test('15,000 pages over which as many others lie are counted in a moment', () => {
    const walks = [0, 5].flatMap((shift) =>
      Array.from({ length: 15_000 }, (_, index) =>
        page(index * 20 + shift, index * 20 + shift + 20),
      ),
    );
    expect(coveredRows(walks)).toBe(300_000);
  });

  test('pages of 30,000 are counted in a moment', () => {
    const pages = Array.from({ length: 30_000 }, (_, index) => page(index, index + 1));
    expect(coveredRows(pages)).toBe(30_000);
  });
});
