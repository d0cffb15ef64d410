/**
 * Covered rows: how many rows of a run its pages have put, or found, in the table.
 *
 * Pages cover intervals of the source's order. Where a stretch was walked twice (a cursor died, a
 * seek proved false, a commit landed after its process), intervals overlap, and their counts do not
 * add up. What counts are the pages that hold the most rows without an overlap:
 *
 *   first walk   ├──1000──┼──1000──┼──1000──┤    3000
 *   second walk  ├──1000──┼─700─┤
 *
 * A walk from end to end is such a choice, and its count is exact. Where none is through it may fall
 * short, by what the pages left out have alone; it is never too high.
 */
import { comparePositions, type Position } from './position.js';

export interface CountedPage {
  /** Null: from the beginning. */
  readonly after: Position | null;
  /** Null: to the end of the source. */
  readonly through: Position | null;
  /** Distinct rows within (after, through]. */
  readonly covered: number;
}

/**
 * The same, where the source may be in another order: its intervals then hold next to none.
 *
 * @param least rows that are certain: each was inserted once
 */
export function countRows(pages: readonly CountedPage[], least: number): number {
  return Math.max(coveredRows(pages), least);
}

export function coveredRows(pages: readonly CountedPage[]): number {
  const byEnd = pages.filter(isOnward).sort((a, b) => compareEnds(a.through, b.through));
  /** The most rows that the first n pages hold without an overlap. */
  const mostOf = [0];
  for (const [index, page] of byEnd.entries()) {
    const without = mostOf[index] ?? 0;
    const before = mostOf[countEndingBy(byEnd, index, page.after)] ?? 0;
    mostOf.push(Math.max(without, before + page.covered));
  }
  return mostOf.at(-1) ?? 0;
}

/** How many of the first `count` pages end where another begins, or before. */
function countEndingBy(
  byEnd: readonly CountedPage[],
  count: number,
  start: Position | null,
): number {
  if (start === null) return 0;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareEnds(byEnd[middle]?.through ?? null, start) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Behind an opaque cursor a page of an earlier place may end before it begins. */
function isOnward({ after, through }: CountedPage): boolean {
  return after === null || through === null || comparePositions(after, through) < 0;
}

function compareEnds(a: Position | null, b: Position | null): number {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  return comparePositions(a, b);
}
