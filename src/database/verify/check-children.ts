/**
 * Is there, for each row of the parent, a chain of pages from the start of its child to the end? Pure.
 *
 * Pages that several processes have asked for may be there beside the chain: that their rows are theirs is
 * proved as of all pages.
 */
import { Chains } from '../../core/chains.js';
import { childCursor, parentWords } from '../../paging/child-cursor.js';
import { pageDifference, rowCount } from './page-names.js';
import type { Difference, LedgerChild, LedgerChildren, VerifiedPage } from './verify-types.js';

/** @param pages of one run, by segment and page */
export function checkChildren(
  pages: readonly VerifiedPage[],
  { segments, missing, example }: LedgerChildren,
): Difference[] {
  const bySegment = pagesBySegment(pages);
  const known = new Set(segments.map(({ segment }) => segment));
  const strangers = pages.filter(({ segment }) => !known.has(segment));
  return [
    ...segments.flatMap((child) => checkChild(child, bySegment.get(child.segment) ?? [])),
    ...strangers.map((page) => inChain(page, 'its segment is the child of no parent')),
    ...(missing === 0 ? [] : [missingChildren(missing, example)]),
  ];
}

/** Children that are not finished. */
export function unfinishedChildren(
  pages: readonly VerifiedPage[],
  { segments }: LedgerChildren,
): number {
  const bySegment = pagesBySegment(pages);
  const isOpen = (child: LedgerChild) => !isFinished(child, bySegment.get(child.segment) ?? []);
  return segments.filter(isOpen).length;
}

function checkChild(child: LedgerChild, pages: readonly VerifiedPage[]): Difference[] {
  if (isFinished(child, pages)) return [];
  const last = pages.at(-1);
  const words = `the child with ${parentWords(child.parent)}`;
  if (last !== undefined)
    return [inChain(last, `no page goes on from here to the end of ${words}`)];
  return [{ kind: 'chain', where: `segment ${child.segment}`, message: `no page is of ${words}` }];
}

function isFinished({ parent }: LedgerChild, pages: readonly VerifiedPage[]): boolean {
  const walked = new Chains(pages).walkBehind(childCursor({ of: parent, at: null }));
  return walked !== null && walked.ends.length > 0;
}

function missingChildren(count: number, example: string | null): Difference {
  const message = `${rowCount(count)} of the parent without a child (one is ${example})`;
  return { kind: 'chain', where: 'the children', message };
}

function pagesBySegment(pages: readonly VerifiedPage[]): ReadonlyMap<number, VerifiedPage[]> {
  const bySegment = new Map<number, VerifiedPage[]>();
  for (const page of pages) {
    const known = bySegment.get(page.segment);
    if (known === undefined) bySegment.set(page.segment, [page]);
    else known.push(page);
  }
  return bySegment;
}

function inChain(page: VerifiedPage, message: string): Difference {
  return pageDifference('chain', page, page.run, message);
}
