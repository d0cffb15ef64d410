/** Kinds of paging where only the page before says where the next one is. */
import { cursorChain } from './cursor-chain.js';
import type { PageKind, PageKindOptions } from './page-kind.js';

/** Ten years: longer than any run, and still a safe number when added to the time of day. */
export const CURSOR_LIFE_MAX_MS = 315_360_000_000;

export function chainKind(
  acts: Pick<PageKind, 'request' | 'next'> & Partial<PageKind>,
  { cursorTtlMs }: PageKindOptions,
): PageKind {
  return {
    paging: cursorChain({ cursorLifeMs: cursorTtlMs ?? CURSOR_LIFE_MAX_MS }),
    totalOf: () => null,
    ordinalOf: null,
    ...acts,
  };
}
