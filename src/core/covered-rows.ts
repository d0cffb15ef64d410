/**
 * Covered rows: how many rows of a run its pages have put, or found, in the table.
 *
 * Pages cover disjoint intervals, so that their counts add up, until an opaque segment is walked
 * again: then the pages of both walks cover the same ground. A newer page therefore counts before an
 * older one, and an older one only where no newer one has been.
 *
 *   first walk   ├──1000──┼──1000──┼──1000──┤
 *   second walk  ├──1000──┼─700─┤                counts 1000 + 700 + 1000
 *                         the old page under 700 is left out, though its last 300 rows are there
 *
 * So the count may fall short of the table by less than a page at each end of a new walk, and is
 * exact once that walk is through.
 */
import { comparePositions, type Position } from './position.js';

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

/** Later segments are newer, for each walk opens its own. */
export function coveredRows(pages: readonly CountedPage[]): number {
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
