/** Plain plans of offsets and page numbers, and where their pages lead. */
import { pageKind } from '../../src/paging/page-kinds.js';
import type { PaginatorPlan } from '../../src/paging/paginator-plan.js';
import { pageFacts, type SampleFacts } from './page-facts.js';

export type OffsetPlan = Extract<PaginatorPlan, { type: 'offset' }>;
export type PagePlan = Extract<PaginatorPlan, { type: 'page_number' }>;

export const END = { type: 'end' };

export const offset: OffsetPlan = {
  ...{ type: 'offset', limit: 50, start: 0, totalPath: null, maximumOffset: null },
  ...{ stopAfterEmptyPage: true, hasMorePath: null },
  offsetPlace: { in: 'query', name: 'offset' },
  limitPlace: { in: 'query', name: 'limit' },
};
export const pages: PagePlan = {
  ...{ type: 'page_number', start: 1, base: 1, totalPath: null, maximumPage: null },
  ...{ stopAfterEmptyPage: true, hasMorePath: null },
  place: { in: 'query', name: 'page' },
};

export function kindOf(plan: PaginatorPlan) {
  return pageKind(plan, { cursorTtlMs: 1000 });
}

export function nextOf(plan: PaginatorPlan, sample: SampleFacts) {
  return kindOf(plan).next(pageFacts(sample));
}

export function goOn(cursor: string) {
  return { type: 'next', cursor };
}
