/**
 * Resume: from the page ledger to the segments that are still to be walked.
 *
 * Every committed page covers an interval (after, through] of the source's order. What no interval
 * covers is work; each gap becomes a segment of its own. So gaps are filled and nothing committed is
 * asked for again, whatever the segments of earlier processes were.
 *
 *   beginning ├──page──┼──page──┤  gap  ├──page──┤   rest    end
 *                               └segment┘        └─segment──▶
 *
 * A source may serve the rows of one instant in any order. So where a page ends within an instant, and
 * none goes on from its last row, the rest of that instant is walked too, unless others have all of it.
 */
import { comparePositions, endOfInstant, formatPosition, type Position } from './position.js';

/** What a committed page covers, and the cursor that it gave. */
export interface CoveredInterval {
  /** Null: from the beginning. */
  readonly after: Position | null;
  /** Null: to the end of the source. */
  readonly through: Position | null;
  readonly nextCursor: string | null;
  readonly nextCursorExpiresAtMs: number | null;
}

/** A stretch that no page covers; where to start it if the source cannot seek. */
export interface Gap {
  readonly after: Position | null;
  readonly bound: Position | null;
  readonly cursor?: string;
  readonly cursorExpiresAtMs?: number;
}

/** A cursor with less life than this is not worth a request. */
const CURSOR_LIFE_MIN_MS = 2000;

/** All gaps, in the source's order; none: the run is complete. */
export function findGaps(pages: readonly CoveredInterval[]): Gap[] {
  const sorted = [...pages].sort(byStart);
  const gaps: Gap[] = [];
  let reached: CoveredInterval | null = null;
  for (const page of sorted) {
    if (reached !== null && reached.through === null) return gaps;
    const isGap = reached === null ? page.after !== null : isBefore(reached.through, page.after);
    if (isGap) gaps.push(gapBehind(reached, page.after));
    if (reached === null || reached.through === null || reachesFurther(page, reached)) {
      reached = page;
    }
  }
  if (reached === null || reached.through !== null) gaps.push(gapBehind(reached, null));
  return gaps;
}

/**
 * The segments that a resume walks.
 *
 * @param canSeek whether a position alone is enough to go on from
 * @returns `restarts`: a cursor that was needed has died, so that the walk begins again at the start
 */
export function planResume(
  pages: readonly CoveredInterval[],
  options: { canSeek: boolean; nowMs: number },
): { readonly gaps: readonly Gap[]; readonly restarts: boolean } {
  const found = findGaps(pages);
  const gaps = [...found, ...findOpenInstants(pages, found)];
  if (options.canSeek) {
    return { gaps: gaps.map(({ after, bound }) => ({ after, bound })), restarts: false };
  }
  const isReachable = gaps.every(
    (gap) =>
      gap.after === null || (gap.cursorExpiresAtMs ?? 0) - options.nowMs > CURSOR_LIFE_MIN_MS,
  );
  if (isReachable) return { gaps, restarts: false };
  return { gaps: [{ after: null, bound: null }], restarts: true };
}

/**
 * The rests of instants that no chain of pages is known to go through, where by the order of ids it
 * would seem that one does; one gap an instant.
 */
function findOpenInstants(pages: readonly CoveredInterval[], gaps: readonly Gap[]): Gap[] {
  const byStart = new Map<string, CoveredInterval[]>();
  for (const page of pages) {
    const place = placeOf(page.after);
    byStart.set(place, [...(byStart.get(place) ?? []), page]);
  }
  const open = new Map<number, Gap>();
  const walked = new Set(gaps.map(({ after }) => placeOf(after)));
  for (const page of pages) {
    const { through } = page;
    if (through === null || isEndOfInstant(through) || open.has(through.ms)) continue;
    const isFollowed = byStart.has(placeOf(through)) || walked.has(placeOf(through));
    if (isFollowed || isWalkedThrough(through.ms, pages, byStart)) continue;
    open.set(through.ms, gapBehind(page, endOfInstant(through)));
  }
  return [...open.values()];
}

/** Whether pages that follow one another lead from before an instant to behind it. */
function isWalkedThrough(
  ms: number,
  pages: readonly CoveredInterval[],
  byStart: ReadonlyMap<string, readonly CoveredInterval[]>,
): boolean {
  const next = pages.filter(({ after }) => after === null || after.ms > ms);
  const seen = new Set<CoveredInterval>();
  for (let page = next.pop(); page !== undefined; page = next.pop()) {
    const { through } = page;
    if (through === null || through.ms < ms) return true;
    if (through.ms > ms || seen.has(page)) continue;
    if (isEndOfInstant(through)) return true;
    seen.add(page);
    next.push(...(byStart.get(placeOf(through)) ?? []));
  }
  return false;
}

function isEndOfInstant(position: Position): boolean {
  return comparePositions(position, endOfInstant(position)) === 0;
}

function placeOf(position: Position | null): string {
  return position === null ? '' : formatPosition(position);
}

function gapBehind(page: CoveredInterval | null, bound: Position | null): Gap {
  if (page === null) return { after: null, bound };
  const range = { after: page.through, bound };
  if (page.nextCursor === null) return range;
  return {
    ...range,
    cursor: page.nextCursor,
    cursorExpiresAtMs: page.nextCursorExpiresAtMs ?? 0,
  };
}

function byStart(a: CoveredInterval, b: CoveredInterval): number {
  if (a.after === null || b.after === null)
    return (a.after === null ? 0 : 1) - (b.after === null ? 0 : 1);
  return comparePositions(a.after, b.after);
}

/** Whether there is room between the end of one page and the start of another. */
function isBefore(end: Position | null, start: Position | null): boolean {
  return end !== null && start !== null && comparePositions(end, start) < 0;
}

function reachesFurther(page: CoveredInterval, than: CoveredInterval): boolean {
  if (page.through === null) return true;
  return than.through !== null && comparePositions(page.through, than.through) > 0;
}
