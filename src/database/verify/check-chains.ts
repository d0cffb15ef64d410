/**
 * Do the pages of a run lead from the beginning of the source to its end? Pure.
 *
 *   beginning ──page──▶ place ──page──▶ place ── … ──▶ end
 *
 * Where the source's order held for all pages, they have to tile it: one goes on from another where it
 * starts at the place at which that one ends, or before it. Else the end has to be reached from the
 * beginning by the cursors that pages gave (core/chains.ts).
 *
 * Numbers missing from a segment are no fault by themselves: pages commit out of order, and what a stop
 * left open is fetched by another segment.
 */

import { Chains } from '../../core/chains.js';
import { type CoveredInterval, type Stretch, uncoveredByOrder } from '../../core/resume.js';
import {
  comparePositions,
  isReached,
  type Position,
  parsePosition,
} from '../../paging/position.js';
import { pageDifference, stretchName } from './page-names.js';
import type { Difference, Unfetched, VerifiedPage } from './verify-types.js';

/** @param pages of one run, by segment and page @param asked.within what it was to read; null: all */
export function checkChains(
  pages: readonly VerifiedPage[],
  { isComplete, within }: { readonly isComplete: boolean; readonly within: Stretch | null },
): Difference[] {
  const unreadable = pages.flatMap(checkPlaces);
  if (unreadable.length > 0) return unreadable;
  const isOrdered = isInOrder(pages);
  const links = pages.flatMap((page, index) => checkLink(page, pages[index + 1], isOrdered));
  return isComplete ? [...links, ...checkCover(pages, isOrdered, within)] : links;
}

/** What no page of the run covers of what it was to read, as a resume would find it. */
export function uncovered(
  pages: readonly VerifiedPage[],
  within: Stretch | null = null,
): Unfetched[] {
  if (pages.every(({ isOrdered }) => isOrdered)) {
    return uncoveredByOrder(pages.map(intervalOf), within).map(({ after, bound }) => ({
      after,
      through: bound,
    }));
  }
  const { ends, tips } = new Chains(pages).walk();
  if (ends.length > 0) return [];
  const [behind] = tips;
  return [{ after: null, through: null, ...(behind === undefined ? {} : { behind }) }];
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
  if (page.isOrdered && hasMore && through === null) {
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

function checkCover(
  pages: readonly VerifiedPage[],
  isOrdered: boolean,
  within: Stretch | null,
): Difference[] {
  const differences = isOrdered ? checkTiles(pages, within) : checkPath(pages, within);
  // What ends at a place has no last page of the source.
  if (within?.bound != null) return differences;
  const hasEnd = pages.some(({ hasMore, through }) => !hasMore && through === null);
  if (differences.length > 0 || hasEnd) return differences;
  const message = 'no page says that it is the last';
  return [{ kind: 'chain', where: 'the chain of pages', message }];
}

/**
 * Whether all pages lead on in the source's order, within one instant in whichever. Pages from before the
 * ledger said so have to show it.
 */
function isInOrder(pages: readonly VerifiedPage[]): boolean {
  return pages.every((page) => {
    const { after, through } = intervalOf(page);
    return page.isOrdered && (after === null || through === null || after.ms >= through.ms);
  });
}

function checkTiles(pages: readonly VerifiedPage[], within: Stretch | null): Difference[] {
  return uncovered(pages, within).map((gap) => {
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
function checkPath(pages: readonly VerifiedPage[], within: Stretch | null): Difference[] {
  const { ends, tips } = new Chains(pages).walk();
  const isThrough = ({ through }: VerifiedPage): boolean => {
    const end = positionOf(through);
    return end !== null && isReached(end, within?.bound ?? null);
  };
  if (ends.length > 0 || tips.some(isThrough)) return [];
  if (tips.length > 0) return tips.map((page) => inChain(page, 'no page goes on from its end'));
  return [{ kind: 'chain', where: 'the chain of pages', message: 'it leads to no end' }];
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
