/**
 * What is left of one child, from its committed pages: as of a stream that is one chain, but that the chain
 * begins with the cursor which carries the parent's values.
 *
 *   start ──page──▶ page ──▶ tip        goes on there
 *   start ──page──▶ page ──▶ end        finished: it is not asked for again
 *   start ──page──▶ (dead cursor)       begins again
 */
import { Chains } from './chains.js';
import type { CommittedPage } from './committed-page.js';
import { livingTip } from './resume.js';
import type { SegmentSeed } from './segment.js';

export interface CommittedChild<Page> {
  readonly segment: number;
  /** What its first page is asked for with. */
  readonly startCursor: string;
  readonly pages: readonly Page[];
}

export interface ChildPlan<Page> {
  /** Null: it is finished. */
  readonly seed: SegmentSeed | null;
  /** Pages that the walk comes to again, for rows without a key. */
  readonly walkedAgain: readonly Page[];
}

export function planChild<Page extends CommittedPage>(
  { segment, startCursor, pages }: CommittedChild<Page>,
  nowMs: number,
): ChildPlan<Page> {
  const begin = { segment, after: null, bound: null, startCursor };
  const last = pages.reduce((most, { page }) => Math.max(most, page), 0);
  const page = last + 1;
  const walked = new Chains(pages).walkBehind(startCursor);
  const anew = { seed: { ...begin, page, cursor: startCursor }, walkedAgain: pages };
  if (walked === null) return anew;
  const { ends, tips, pathTo } = walked;
  if (ends.length > 0) return { seed: null, walkedAgain: [] };
  const tip = livingTip(tips, nowMs);
  if (tip === null) return anew;
  const { nextCursor: cursor, nextCursorExpiresAtMs: cursorExpiresAtMs } = tip;
  const kept = new Set<Page>(pathTo(tip));
  return {
    seed: { ...begin, page, cursor, cursorExpiresAtMs },
    walkedAgain: pages.filter((one) => !kept.has(one)),
  };
}
