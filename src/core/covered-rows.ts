/**
 * Covered rows: how many rows of a run its pages have put, or found, in the table.
 *
 * Pages cover intervals of the source's order. Where a stretch was walked twice (a cursor died, a
 * seek proved false, a commit landed after its process), intervals of both walks overlap, and their
 * counts do not add up. What does are the pages of any one way through the stretch, from its
 * beginning to its end, on which each page begins where the one before ends:
 *
 *   first walk   ├──1000──┼──1000──┼──1000──┤    a way through: 3000
 *   second walk  ├──1000──┼─700─┤                ends on the way
 *
 * Every walk that is through is such a way, so that the count of a complete run is exact. Where no
 * way leads through, newer pages count, and older ones only where no newer one has been: that may fall
 * short by less than a page at each end of a walk.
 */
import { comparePositions, formatPosition, type Position } from './position.js';

export interface CountedPage {
  readonly segment: number;
  readonly page: number;
  /** Null: from the beginning. */
  readonly after: Position | null;
  /** Null: to the end of the source. */
  readonly through: Position | null;
  /** Distinct rows within (after, through]. */
  readonly covered: number;
}

interface Interval {
  after: Position | null;
  through: Position | null;
}

export function coveredRows(pages: readonly CountedPage[]): number {
  let rows = 0;
  for (const stretch of stretchesOf(pages)) {
    rows += rowsOnWay(stretch) ?? rowsNewestFirst(stretch.pages);
  }
  return rows;
}

/** Pages that overlap or touch, and what they cover together. */
interface Stretch extends Interval {
  readonly pages: CountedPage[];
}

function stretchesOf(pages: readonly CountedPage[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (const page of [...pages].sort(byStart)) {
    const last = stretches.at(-1);
    if (last === undefined || !touches(last, page)) {
      stretches.push({ after: page.after, through: page.through, pages: [page] });
      continue;
    }
    last.pages.push(page);
    if (endsBehind(page.through, last.through)) last.through = page.through;
  }
  return stretches;
}

/** Rows of one way from the beginning of a stretch to its end; null: there is none. */
function rowsOnWay({ pages, after, through }: Stretch): number | null {
  const rowsAt = new Map([[nameOf(after), 0]]);
  // By their starts: whatever leads to a page's start comes before it.
  for (const page of pages) {
    const rows = rowsAt.get(nameOf(page.after));
    const end = nameOf(page.through, 'end');
    const isOnward = precedes(page.after, page.through, -1);
    if (rows !== undefined && isOnward && !rowsAt.has(end)) rowsAt.set(end, rows + page.covered);
  }
  return rowsAt.get(nameOf(through, 'end')) ?? null;
}

/** Later segments are newer, for each walk opens its own. */
function rowsNewestFirst(pages: readonly CountedPage[]): number {
  const newestFirst = [...pages].sort((a, b) => b.segment - a.segment || b.page - a.page);
  let known: Interval[] = [];
  let rows = 0;
  for (const page of newestFirst) {
    const isNewGround = !known.some((interval) => overlaps(interval, page));
    if (isNewGround) rows += page.covered;
    known = join(known, page);
  }
  return rows;
}

/** Pages of one chain touch one another, so that the list stays as short as the gaps are few. */
function join(intervals: readonly Interval[], added: Interval): Interval[] {
  const joined: Interval = { after: added.after, through: added.through };
  const apart: Interval[] = [];
  for (const interval of intervals) {
    if (!touches(interval, joined)) {
      apart.push(interval);
      continue;
    }
    if (startsBefore(interval.after, joined.after)) joined.after = interval.after;
    if (endsBehind(interval.through, joined.through)) joined.through = interval.through;
  }
  return [...apart, joined];
}

function nameOf(position: Position | null, open = 'begin'): string {
  return position === null ? open : formatPosition(position);
}

function byStart(a: Interval, b: Interval): number {
  if (startsBefore(a.after, b.after)) return -1;
  return startsBefore(b.after, a.after) ? 1 : 0;
}

function overlaps(a: Interval, b: Interval): boolean {
  return precedes(a.after, b.through, -1) && precedes(b.after, a.through, -1);
}

function touches(a: Interval, b: Interval): boolean {
  return precedes(a.after, b.through, 0) && precedes(b.after, a.through, 0);
}

/** Whether a start comes before an end; `most` 0 lets them be the same place. */
function precedes(start: Position | null, end: Position | null, most: 0 | -1): boolean {
  return start === null || end === null || comparePositions(start, end) <= most;
}

function startsBefore(a: Position | null, b: Position | null): boolean {
  return b !== null && (a === null || comparePositions(a, b) < 0);
}

function endsBehind(a: Position | null, b: Position | null): boolean {
  return b !== null && (a === null || comparePositions(a, b) > 0);
}
