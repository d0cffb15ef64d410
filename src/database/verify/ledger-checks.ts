/**
 * What the ledger must hold by itself, whatever is in the table. Pure.
 *
 * Numbers missing from a segment are no fault: pages commit out of order, and what a stop left open
 * is fetched by another segment. What counts is that the intervals of all pages tile the source.
 */
import { comparePositions } from '../../core/position.js';
import { type CoveredInterval, findGaps } from '../../core/resume.js';
import { number, pageName, stretchName } from './page-names.js';
import type { Difference, Orphans, Unfetched, VerifiedPage, VerifiedRun } from './verify-types.js';

/** @param pages of this run, by segment and page */
export function checkLedger(
  run: VerifiedRun,
  pages: readonly VerifiedPage[],
  orphans: readonly Orphans[],
): Difference[] {
  return [
    ...pages.flatMap((page) => [...checkCounts(page), ...checkQuarantine(page)]),
    ...orphans.map(orphanDifference),
    ...checkChains(pages),
    ...(run.status === 'complete' ? checkCover(pages) : []),
  ];
}

/** What no page of the run covers. */
export function uncovered(pages: readonly VerifiedPage[]): Unfetched[] {
  const intervals = pages.map(
    ({ after, through }): CoveredInterval => ({
      after,
      through,
      nextCursor: null,
      nextCursorExpiresAtMs: null,
    }),
  );
  return findGaps(intervals).map(({ after, bound }) => ({ after, through: bound }));
}

function checkCounts(page: VerifiedPage): Difference[] {
  const { returned, inserted, duplicate, quarantined, covered, untimed } = page;
  const differences = page.unreadable.map((what) => inLedger(page, what));
  if (returned !== inserted + duplicate + quarantined) {
    const sum = `${number(inserted)} inserted + ${number(duplicate)} duplicate + ${number(quarantined)} quarantined`;
    differences.push(inLedger(page, `returned ${number(returned)} is not ${sum}`));
  }
  if (Math.min(returned, inserted, duplicate, quarantined, untimed, covered - untimed) < 0) {
    differences.push(inLedger(page, 'a count is negative'));
  }
  if (covered > inserted + duplicate) {
    const stored = number(inserted + duplicate);
    differences.push(inLedger(page, `it covers ${number(covered)} rows but stored ${stored}`));
  }
  return differences;
}

function checkQuarantine(page: VerifiedPage): Difference[] {
  if (page.kept === page.quarantined) return [];
  const message = `the quarantine holds ${number(page.kept)} records, the ledger counts ${number(page.quarantined)}`;
  return [{ ...inLedger(page, message), kind: 'quarantine' }];
}

function orphanDifference({ segment, page, count }: Orphans): Difference {
  return {
    kind: 'quarantine',
    where: `segment ${segment}, page ${page}`,
    message: `the quarantine holds ${number(count)} records of a page that the ledger does not have`,
    segment,
    page,
  };
}

function checkChains(pages: readonly VerifiedPage[]): Difference[] {
  const differences: Difference[] = [];
  pages.forEach((page, index) => {
    const { after, through, hasMore, named } = page;
    const next = pages[index + 1];
    const isFollowed = next?.segment === page.segment;
    const isReversed = after !== null && through !== null && comparePositions(after, through) > 0;
    // The pages of a source without order lead to and fro, and name their rows.
    if (isReversed && named === 0) {
      differences.push(inChain(page, 'it ends before it starts'));
    }
    if (hasMore && through === null) {
      differences.push(inChain(page, 'it reaches the end, and yet says that there is more'));
    }
    if (!isFollowed) return;
    if (!hasMore) differences.push(inChain(page, `page ${next.page} follows its last page`));
    const isOverlap =
      next.after === null || through === null || comparePositions(next.after, through) < 0;
    if (isOverlap) differences.push(inChain(next, `it starts before page ${page.page} has ended`));
  });
  return differences;
}

/** A finished run covers the source from its beginning to its end, where the API said so. */
function checkCover(pages: readonly VerifiedPage[]): Difference[] {
  const differences = uncovered(pages).map((gap): Difference => {
    const before = pages.find(({ through }) => isSame(through, gap.after));
    const behind = before === undefined ? '' : `, behind ${pageName(before, before.run)}`;
    return {
      kind: 'chain',
      where: before === undefined ? 'the chain of pages' : pageName(before, before.run),
      message: `no page covers the stretch ${stretchName(gap)}${behind}`,
      ...(before === undefined ? {} : { segment: before.segment, page: before.page }),
    };
  });
  if (differences.length === 0 && !pages.some((page) => page.through === null && !page.hasMore)) {
    differences.push({
      kind: 'chain',
      where: 'the chain of pages',
      message: 'no page says that it is the last',
    });
  }
  return differences;
}

function isSame(a: VerifiedPage['through'], b: VerifiedPage['after']): boolean {
  return a !== null && b !== null && comparePositions(a, b) === 0;
}

function inLedger(page: VerifiedPage, message: string): Difference {
  return {
    kind: 'ledger',
    where: pageName(page, page.run),
    message,
    segment: page.segment,
    page: page.page,
  };
}

function inChain(page: VerifiedPage, message: string): Difference {
  return { ...inLedger(page, message), kind: 'chain' };
}
