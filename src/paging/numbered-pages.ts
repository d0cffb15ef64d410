/** Pages that are asked for by their number. What they hold hangs on the size of a page, which must not change. */
import { endSignReader } from './end-signs.js';
import {
  doubtedEnd,
  lastOrdinal,
  lookBehindEnd,
  mayBeCap,
  ordinalOfCursor,
  ordinalPaging,
} from './ordinals.js';
import type { PageFacts, PageKind } from './page-kind.js';
import type { PaginatorPlan } from './paginator-plan.js';
import type { Way } from './paging.js';
import { requestPart } from './value-place.js';
import { END, goOn } from './ways.js';

type PageNumberPlan = Extract<PaginatorPlan, { readonly type: 'page_number' }>;

/**
 * What ends it: an empty page, if the file says so; an answer that there is no more; the maximum, which
 * is the first number that is not asked for; the total of pages, counted from the API's first page,
 * where the answer does not say whether there is more. A total that the walk has passed is wrong, and the
 * empty page is awaited. One that may be as far as the API counts, or the number of records of a page, is
 * doubted: the page behind it is asked for.
 */
export function numberedPages(plan: PageNumberPlan): PageKind {
  const { start, base, maximumPage, place } = plan;
  const readSigns = endSignReader(plan);
  const numberOf = (cursor: string | null) => (cursor === null ? start : ordinalOfCursor(cursor));

  function next(seen: PageFacts): Way {
    if (seen.recordCount === 0 && plan.stopAfterEmptyPage) return END;
    const signs = readSigns(seen.body);
    if (signs.type === 'broken') return signs;
    const { hasMore, total: pages } = signs;
    const page = numberOf(seen.cursor) + 1;
    if (page >= (maximumPage ?? Infinity)) return END;
    const isWrong = plan.stopAfterEmptyPage && isPassed(pages, seen);
    const isOver = hasMore === null ? pages !== null && page >= pages + base && !isWrong : !hasMore;
    if (!isOver) return goOn(String(page));
    const isExact = hasMore === null && pages !== null && page === pages + base;
    const isDoubted = isExact && plan.stopAfterEmptyPage && isDoubtedOf(pages, seen);
    return isDoubted ? goOn(doubtedEnd(page, seen.fingerprint())) : END;
  }

  function isPassed(pages: number | null, { cursor, recordCount }: PageFacts): boolean {
    return pages !== null && recordCount > 0 && numberOf(cursor) >= pages + base;
  }

  function isDoubtedOf(pages: number, { recordCount, size }: PageFacts): boolean {
    if (recordCount === 0) return false;
    const isOfPage = pages === recordCount && recordCount >= (size ?? 0);
    return isOfPage || mayBeCap(pages, 'pages');
  }

  return {
    paging: ordinalPaging,
    request: (cursor) => requestPart(place, String(numberOf(cursor))),
    next,
    looksBehindEnd: lookBehindEnd,
    passesTotal(seen) {
      const signs = readSigns(seen.body);
      return signs.type === 'signs' && isPassed(signs.total, seen);
    },
    // The format's total counts pages; how many records the last one holds is not said.
    totalOf: () => null,
    ordinalOf: (cursor) => numberOf(cursor),
    lastOrdinalOf({ body }) {
      const signs = readSigns(body);
      const pages = signs.type === 'broken' ? null : signs.total;
      return lastOrdinal(pages === null ? null : base + pages, maximumPage);
    },
  };
}
