/**
 * Do the pages of a run lead from the beginning of the source to its end? Pure.
 *
 *   beginning ──page──▶ place ──page──▶ place ── … ──▶ end
 *
 * A page goes on from another where it starts at the place at which that one ends, where it was asked
 * for with the cursor that that one gave, or as the next of its segment. Where the places of all pages
 * follow the source's order, one goes on from another also where it starts before its end.
 *
 * Numbers missing from a segment are no fault by themselves: pages commit out of order, and what a stop
 * left open is fetched by another segment.
 */
import { comparePositions, type Position, parsePosition } from '../../core/position.js';
import { type CoveredInterval, findGaps } from '../../core/resume.js';
import { pageDifference, stretchName } from './page-names.js';
import type { Difference, Unfetched, VerifiedPage } from './verify-types.js';

/** @param pages of one run, by segment and page */
export function checkChains(pages: readonly VerifiedPage[], isComplete: boolean): Difference[] {
  const unreadable = pages.flatMap(checkPlaces);
  if (unreadable.length > 0) return unreadable;
  const isOrdered = isInOrder(pages);
  const links = pages.flatMap((page, index) => checkLink(page, pages[index + 1], isOrdered));
  return isComplete ? [...links, ...checkCover(pages, isOrdered)] : links;
}

/** What no page of the run covers, as a resume would find it. */
export function uncovered(pages: readonly VerifiedPage[]): Unfetched[] {
  return findGaps(pages.map(intervalOf)).map(({ after, bound }) => ({ after, through: bound }));
}

function checkPlaces(page: VerifiedPage): Difference[] {
  return (['after', 'through'] as const).flatMap((name) => {
    const text = page[name];
    if (text === null || parsePosition(text) !== null) return [];
    const message = `${name}_position is no place of the form ms/id`;
    return pageDifference('ledger', page, page.run, message);
  });
}

/** What a page and the next one of its segment say of one another. */
function checkLink(
  page: VerifiedPage,
  next: VerifiedPage | undefined,
  isOrdered: boolean,
): Difference[] {
  const { hasMore, through } = page;
  const differences: Difference[] = [];
  if (hasMore && through === null) {
    differences.push(inChain(page, 'it reaches the end, and yet says that there is more'));
  }
  if (next?.segment !== page.segment) return differences;
  // Short of the end it only says where its segment ends, or was asked for again and told wrong.
  if (!hasMore && through === null) {
    differences.push(inChain(page, `page ${next.page} follows its last page`));
  }
  // A page that was asked for again may end earlier: the rest is then a segment of its own.
  if (isOrdered && isOverlap(positionOf(through), positionOf(next.after))) {
    differences.push(inChain(next, `it starts before page ${page.page} has ended`));
  }
  return differences;
}

/** Of rows of one instant nobody knows the order. */
function isOverlap(end: Position | null, start: Position | null): boolean {
  return start === null || end === null || start.ms > end.ms;
}

function checkCover(pages: readonly VerifiedPage[], isOrdered: boolean): Difference[] {
  const differences = isOrdered ? checkTiles(pages) : checkPath(pages);
  const hasEnd = pages.some(({ hasMore, through }) => !hasMore && through === null);
  if (differences.length > 0 || hasEnd) return differences;
  const message = 'no page says that it is the last';
  return [{ kind: 'chain', where: 'the chain of pages', message }];
}

/** Whether all pages lead on in the source's order; one without records may end where it starts. */
function isInOrder(pages: readonly VerifiedPage[]): boolean {
  return pages.map(intervalOf).every(({ after, through }, index) => {
    if (after === null || through === null) return true;
    const direction = comparePositions(after, through);
    return direction < 0 || (direction === 0 && pages[index]?.returned === 0);
  });
}

function checkTiles(pages: readonly VerifiedPage[]): Difference[] {
  return uncovered(pages).map((gap) => {
    const stretch = `no page covers the stretch ${stretchName(gap)}`;
    const before = pages.find(({ through }) => {
      const end = positionOf(through);
      return end !== null && gap.after !== null && comparePositions(end, gap.after) === 0;
    });
    if (before !== undefined) return inChain(before, `behind it ${stretch}`);
    return { kind: 'chain', where: 'the chain of pages', message: stretch };
  });
}

/** Where places say nothing of an order, the last page has to be reached from the first. */
function checkPath(pages: readonly VerifiedPage[]): Difference[] {
  const links = new Links(pages);
  const reached = new Set<VerifiedPage>();
  const dead: VerifiedPage[] = [];
  const next = pages.filter(({ after, cursor }) => after === null && cursor === null);
  for (let page = next.pop(); page !== undefined; page = next.pop()) {
    if (reached.has(page)) continue;
    reached.add(page);
    if (!page.hasMore) return [];
    const followers = links.behind(page);
    if (followers.length === 0) dead.push(page);
    next.push(...followers);
  }
  if (dead.length > 0) return dead.map((page) => inChain(page, 'no page goes on from its end'));
  return [{ kind: 'chain', where: 'the chain of pages', message: 'it leads to no end' }];
}

function groupBy<Key>(
  pages: readonly VerifiedPage[],
  keyOf: (page: VerifiedPage) => Key,
): Map<Key, VerifiedPage[]> {
  const groups = new Map<Key, VerifiedPage[]>();
  for (const page of pages) {
    const group = groups.get(keyOf(page));
    if (group === undefined) groups.set(keyOf(page), [page]);
    else group.push(page);
  }
  return groups;
}

/** Which pages go on from which. */
class Links {
  readonly #byPlace: ReadonlyMap<string | null, VerifiedPage[]>;
  readonly #byCursor: ReadonlyMap<string | null, VerifiedPage[]>;
  readonly #byNumber: ReadonlyMap<string, VerifiedPage[]>;

  constructor(pages: readonly VerifiedPage[]) {
    this.#byPlace = groupBy(pages, ({ after }) => after);
    this.#byCursor = groupBy(pages, ({ cursor }) => cursor);
    this.#byNumber = groupBy(pages, ({ segment, page }) => `${segment}/${page}`);
  }

  behind({ segment, page, nextCursor, after, through }: VerifiedPage): VerifiedPage[] {
    // A page that ends where it starts says nothing of its place.
    const isPlaced = through !== null && through !== after;
    return [
      ...(this.#byNumber.get(`${segment}/${page + 1}`) ?? []),
      ...(nextCursor === null ? [] : (this.#byCursor.get(nextCursor) ?? [])),
      ...(isPlaced ? (this.#byPlace.get(through) ?? []) : []),
    ];
  }
}

function intervalOf({ after, through }: VerifiedPage): CoveredInterval {
  const none = { nextCursor: null, nextCursorExpiresAtMs: null };
  return { after: positionOf(after), through: positionOf(through), ...none };
}

function positionOf(text: string | null): Position | null {
  return text === null ? null : parsePosition(text);
}

function inChain(page: VerifiedPage, message: string): Difference {
  return pageDifference('chain', page, page.run, message);
}
