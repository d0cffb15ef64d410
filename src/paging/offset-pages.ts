/**
 * Pages that are asked for by the number of records before them.
 *
 * The walk goes on by the records that came: a server that grants fewer than asked for is left no gap.
 * A page that is shorter than asked for is no end.
 */
import { assert } from './assert.js';
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
import { joinParts, requestPart } from './value-place.js';
import { END, goOn } from './ways.js';

type OffsetPlan = Extract<PaginatorPlan, { readonly type: 'offset' }>;

/**
 * What ends it: an empty page, if the file says so; an answer that there is no more; the maximum, which
 * is the first offset that is not asked for; the total, where the answer does not say whether there is
 * more. A total that the walk has passed is wrong, and the empty page is awaited. One that it comes to
 * exactly may be as far as the API counts, or count the one page that came: then the page behind it is
 * asked for. An empty page that is no end is passed over by the size that was asked for.
 */
export function offsetPages(plan: OffsetPlan): PageKind {
  const { start, limit, maximumOffset, offsetPlace, limitPlace } = plan;
  assert(limit > 0, 'an offset has a limit');
  const readSigns = endSignReader(plan);
  const offsetOf = (cursor: string | null) => (cursor === null ? start : ordinalOfCursor(cursor));

  function next(seen: PageFacts): Way {
    const { body, recordCount } = seen;
    if (recordCount === 0 && plan.stopAfterEmptyPage) return END;
    const signs = readSigns(body);
    if (signs.type === 'broken') return signs;
    const { hasMore, total } = signs;
    const step = recordCount > 0 ? recordCount : (seen.size ?? limit);
    const offset = offsetOf(seen.cursor) + step;
    const isWrong = isPassed(total, seen);
    const isTotalReached =
      total !== null && offset >= total && !(isWrong && plan.stopAfterEmptyPage);
    const isOver = hasMore === null ? isTotalReached : !hasMore;
    if (offset >= (maximumOffset ?? Infinity)) return END;
    if (!isOver) return goOn(String(offset));
    const isDoubted =
      hasMore === null && plan.stopAfterEmptyPage && isDoubtedAt(offset, total, seen);
    return isDoubted ? goOn(doubtedEnd(offset, seen.fingerprint())) : END;
  }

  function isPassed(total: number | null, { cursor, recordCount }: PageFacts): boolean {
    return total !== null && recordCount > 0 && offsetOf(cursor) + recordCount - start > total;
  }

  function isDoubtedAt(offset: number, total: number | null, seen: PageFacts): boolean {
    const { cursor, recordCount, size } = seen;
    const isExact = offset === total || offset - start === total;
    if (total === null || !isExact || recordCount === 0) return false;
    const isOfPage = cursor === null && total === recordCount && recordCount >= (size ?? limit);
    return isOfPage || mayBeCap(total, 'records');
  }

  return {
    paging: ordinalPaging,
    request(cursor, size) {
      const part = requestPart(offsetPlace, String(offsetOf(cursor)));
      if (limitPlace === null) return part;
      return joinParts(part, requestPart(limitPlace, String(size ?? limit)));
    },
    next,
    looksBehindEnd: lookBehindEnd,
    passesTotal(seen) {
      const signs = readSigns(seen.body);
      return signs.type === 'signs' && isPassed(signs.total, seen);
    },
    totalOf({ body }) {
      const signs = readSigns(body);
      if (signs.type === 'broken' || signs.total === null) return null;
      // The last page before a maximum may reach over it, by an unknown number of records.
      return signs.total > (maximumOffset ?? Infinity) ? null : Math.max(0, signs.total - start);
    },
    ordinalOf: (cursor, nth) => offsetOf(cursor) + nth,
    lastOrdinalOf({ body }) {
      const signs = readSigns(body);
      return lastOrdinal(signs.type === 'broken' ? null : signs.total, maximumOffset);
    },
  };
}
