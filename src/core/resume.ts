/**
 * Resume: from the page ledger to the segments that are still to be walked. What no committed page covers
 * is work.
 *
 *   by order   each page covers an interval (after, through] of the source's order; each gap becomes a
 *              segment of its own, whatever the segments of earlier processes were
 *   by chain   where no order is declared, or a page has contradicted it: the walk goes on at the tip
 *              behind the last unbroken page, with the cursor that this one gave
 *
 *   beginning ├──page──┼──page──┤  gap  ├──page──┤   rest    end
 *                               └segment┘        └─segment──▶
 *
 * A source may serve the rows of one instant in any order. So where a page ends within an instant, and
 * none goes on from its last row, the rest of that instant is walked too, unless others have all of it.
 */
import type { Paging } from '../paging/paging.js';
import {
  comparePositions,
  endOfInstant,
  formatPosition,
  type Position,
} from '../paging/position.js';
import { wholeChains } from './chains.js';
import type { CommittedPage, PageLink } from './committed-page.js';
import { reachedPages } from './reached-pages.js';

/** What a page covers of the order, and the cursor that it gave. */
export type CoveredInterval = Pick<
  PageLink,
  'after' | 'through' | 'nextCursor' | 'nextCursorExpiresAtMs'
>;

/** A stretch that no page covers; where to start it if the source cannot seek. */
export interface Gap {
  readonly after: Position | null;
  readonly bound: Position | null;
  readonly cursor?: string;
  readonly cursorExpiresAtMs?: number;
}

/** A part of the order: what is strictly after `after`, up to and including `bound`; null: no end. */
export interface Stretch {
  readonly after: Position | null;
  readonly bound: Position | null;
}

/** What a process has to do of a run. */
export interface ResumePlan {
  /** None: the run is complete. */
  readonly gaps: readonly Gap[];
  /** A cursor that was needed has died: the walk begins again at the start. */
  readonly restarts: boolean;
  /** Whether the source declares an order that no page has contradicted. */
  readonly isOrdered: boolean;
  /** Whether a place alone is enough to go on from. */
  readonly canSeek: boolean;
  /** Records that the walk had been given where it goes on. */
  readonly returned: number;
}

/** A cursor with less life than this is not worth a request. */
const CURSOR_LIFE_MIN_MS = 2000;
const FROM_START: Gap = { after: null, bound: null };

export interface ResumeOptions {
  readonly paging: Paging;
  readonly nowMs: number;
  /** What the run is to read of the order; null: all of it. @default null */
  readonly within?: Stretch | null;
  /** A page has contradicted the order, and is not among those that are committed. @default false */
  readonly hasLeftOrder?: boolean;
}

/** What is left of a run with these pages. */
export function planResume(
  pages: readonly CommittedPage[],
  { paging, nowMs, within = null, hasLeftOrder = false }: ResumeOptions,
): ResumePlan {
  const holds = paging.order !== null && !hasLeftOrder;
  const isOrdered = holds && pages.every((page) => page.isOrdered);
  if (!isOrdered) return { ...planByChain(pages, nowMs), isOrdered, canSeek: false };
  const canSeek =
    paging.seek !== null &&
    pages.every(({ nextCursor }) => nextCursor === null || paging.placeOf(nextCursor) !== null);
  return { ...planByOrder(pages, { paging, canSeek, nowMs, within }), isOrdered, canSeek };
}

type Plan = Pick<ResumePlan, 'gaps' | 'restarts' | 'returned'>;

/** Whatever the order of its records, the walk goes on behind the last unbroken page. */
export function planByChain(pages: readonly CommittedPage[], nowMs: number): Plan {
  const { ends, tips, pathTo } = wholeChains(pages).walk();
  if (ends.length > 0) return { gaps: [], restarts: false, returned: 0 };
  const tip = livingTip(tips, nowMs);
  if (tip === null) return { gaps: [FROM_START], restarts: pages.length > 0, returned: 0 };
  const { nextCursor: cursor, nextCursorExpiresAtMs: cursorExpiresAtMs } = tip;
  const returned = recordsOf(pathTo(tip));
  return { gaps: [{ ...FROM_START, cursor, cursorExpiresAtMs }], restarts: false, returned };
}

/**
 * Committed pages that such a walk comes to again: all of them where it begins again, and without an order
 * those that lie ahead of the tip. For rows without a key, which nothing would know again.
 */
export function pagesWalkedAgain<Page extends CommittedPage>(
  pages: readonly Page[],
  known: ResumeOptions,
): readonly Page[] {
  const { gaps, restarts, isOrdered } = planResume(pages, known);
  if (gaps.length === 0) return [];
  if (restarts || isOrdered) return restarts ? pages : [];
  const { tips, pathTo } = wholeChains(pages).walk();
  const tip = livingTip(tips, known.nowMs);
  const kept = new Set<Page>(tip === null ? [] : pathTo(tip));
  return pages.filter((page) => !kept.has(page));
}

export type LivingTip<Page = CommittedPage> = Page & {
  nextCursor: string;
  nextCursorExpiresAtMs: number;
};

/** The first tip whose cursor is worth a request; null: none is. */
export function livingTip<Page extends CommittedPage>(
  tips: readonly Page[],
  nowMs: number,
): LivingTip<Page> | null {
  const isLiving = (page: Page): page is LivingTip<Page> =>
    page.nextCursor !== null && isAlive(page.nextCursorExpiresAtMs, nowMs);
  return tips.find(isLiving) ?? null;
}

/** @param how.canSeek whether a place alone is enough to go on from */
function planByOrder(
  pages: readonly CommittedPage[],
  how: Required<Omit<ResumeOptions, 'hasLeftOrder'>> & { readonly canSeek: boolean },
): Plan {
  const { paging, canSeek, nowMs, within } = how;
  const gaps = uncoveredByOrder(pages, within);
  const returned = recordsOf(pages);
  if (canSeek) {
    const places = gaps.map((gap) => (isWorthGiven(gap, paging) ? gap : placesOf(gap)));
    return { gaps: places, restarts: false, returned };
  }
  const isReachable = gaps.every(
    ({ after, cursorExpiresAtMs = 0 }) => after === null || isAlive(cursorExpiresAtMs, nowMs),
  );
  if (isReachable) return { gaps, restarts: false, returned };
  const fromStart = { after: null, bound: within?.bound ?? null };
  return { gaps: [fromStart], restarts: pages.length > 0, returned: 0 };
}

/** The page before may have left what lies behind its bound to another: then its cursor leads too far. */
function isWorthGiven({ after, cursor }: Gap, paging: Paging): boolean {
  if (paging.givenSaysMore !== true || after === null || cursor === undefined) return false;
  const place = paging.placeOf(cursor);
  return place !== null && comparePositions(place, after) === 0;
}

function placesOf({ after, bound }: Gap): Gap {
  return { after, bound };
}

export function recordsOf(pages: readonly CommittedPage[]): number {
  return pages.reduce((sum, { returned }) => sum + returned, 0);
}

function isAlive(expiresAtMs: number | null, nowMs: number): boolean {
  return (expiresAtMs ?? 0) - nowMs > CURSOR_LIFE_MIN_MS;
}

/** What no page covers of the order, or of a stretch of it; none: the run is complete. */
export function uncoveredByOrder(
  pages: readonly CoveredInterval[],
  within: Stretch | null = null,
): Gap[] {
  const covered = reachedPages(pages, outside(within));
  const gaps = findGaps(covered);
  return [...gaps, ...findOpenInstants(covered, gaps)];
}

/** What lies outside of a stretch, as pages that cover it. */
function outside(within: Stretch | null): CoveredInterval[] {
  const { after = null, bound = null } = within ?? {};
  const none = { nextCursor: null, nextCursorExpiresAtMs: null };
  return [
    ...(after === null ? [] : [{ after: null, through: after, ...none }]),
    ...(bound === null ? [] : [{ after: bound, through: null, ...none }]),
  ];
}

/** Gaps between the places of pages, in the source's order. */
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
 * The rests of instants that no chain of pages, or of gaps that are walked, is known to lead through, where by the
 * order of ids it would seem that one does. One gap an instant: from where a chain that leads into it breaks off.
 */
function findOpenInstants(pages: readonly CoveredInterval[], gaps: readonly Gap[]): Gap[] {
  const none = { nextCursor: null, nextCursorExpiresAtMs: null };
  const walked = gaps.map(({ after, bound }) => ({ after, through: bound, ...none }));
  const steps = [...pages, ...walked].filter(leadsOn);
  const byStart = new Map<string, CoveredInterval[]>();
  for (const step of steps) {
    const place = placeOf(step.after);
    const known = byStart.get(place);
    if (known === undefined) byStart.set(place, [step]);
    else known.push(step);
  }
  const tips = new Map<number, CoveredInterval | null>();
  for (const page of pages) {
    const { through } = page;
    if (through === null || isEndOfInstant(through) || tips.has(through.ms)) continue;
    if (byStart.has(placeOf(through))) continue;
    tips.set(through.ms, tipWithin(through.ms, page, steps, byStart));
  }
  return [...tips].flatMap(([ms, tip]) =>
    tip === null ? [] : gapBehind(tip, endOfInstant({ ms, id: '' })),
  );
}

/** Where a chain that leads into an instant breaks off, else one of it; null: one leads through it. */
function tipWithin(
  ms: number,
  other: CoveredInterval,
  steps: readonly CoveredInterval[],
  byStart: ReadonlyMap<string, readonly CoveredInterval[]>,
): CoveredInterval | null {
  const next = steps.filter(({ after }) => after === null || after.ms > ms);
  const seen = new Set<CoveredInterval>();
  let tip = other;
  for (let step = next.pop(); step !== undefined; step = next.pop()) {
    const { through } = step;
    if (through === null || through.ms < ms || isEndWithin(through, ms)) return null;
    if (through.ms > ms || seen.has(step)) continue;
    seen.add(step);
    const followers = byStart.get(placeOf(through)) ?? [];
    if (followers.length === 0) tip = step;
    next.push(...followers);
  }
  return tip;
}

function isEndWithin(place: Position, ms: number): boolean {
  return place.ms === ms && isEndOfInstant(place);
}

/** A page that ends where it starts leads nowhere. */
function leadsOn({ after, through }: CoveredInterval): boolean {
  return after === null || through === null || comparePositions(after, through) !== 0;
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
