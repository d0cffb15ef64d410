/** Pages that give a value which asks for the next one, in the body or in a header. */
import { chainKind } from './chain-kind.js';
import { endSignReader } from './end-signs.js';
import { pathSteps, valueAt } from './json-path.js';
import { parseExact } from './json-text.js';
import type { PageFacts, PageKind, PageKindOptions } from './page-kind.js';
import type { PaginatorPlan, ValuePlace } from './paginator-plan.js';
import type { Way } from './paging.js';
import { cursorText, requestPart } from './value-place.js';
import { broken, END, goOn } from './ways.js';

type CursorPlan = Extract<PaginatorPlan, { readonly type: 'cursor' }>;
type HeaderCursorPlan = Extract<PaginatorPlan, { readonly type: 'header_cursor' }>;

/**
 * The value stands in the body: text, a number, or an object whose members go back as parameters.
 * Absent, null, false, 0, empty text or an empty object: the end, unless the page says that there is
 * more. A page that says that there is no more is the end, whatever cursor it gives; so is an empty page,
 * if the file says so.
 */
export function bodyCursor(plan: CursorPlan, options: PageKindOptions): PageKind {
  const { cursorPath, place, hasMorePath, stopAfterEmptyPage = false } = plan;
  const steps = pathSteps(cursorPath);
  const readSigns = endSignReader({ hasMorePath, totalPath: null });
  function next(seen: PageFacts): Way {
    if (seen.recordCount === 0 && stopAfterEmptyPage) return END;
    const signs = readSigns(seen.body);
    if (signs.type === 'broken') return signs;
    const { hasMore } = signs;
    if (hasMore === false) return END;
    const value = valueAt(steps, seen.body);
    if (isNone(value)) {
      return hasMore ? broken(`says that there is more but gives no cursor at ${cursorPath}`) : END;
    }
    const exact = typeof value === 'string' ? value : valueAt(steps, parseExact(seen.bodyText()));
    const cursor = value === true || exact === undefined ? null : cursorText(place, exact);
    return cursor === null
      ? broken(`gives a cursor at ${cursorPath} that cannot be sent`)
      : goOn(cursor);
  }
  return chainKind({ request: (cursor) => partOf(place, cursor), next }, options);
}

/** The value stands in a header. Absent or empty: the end. */
export function headerCursor(plan: HeaderCursorPlan, options: PageKindOptions): PageKind {
  const { place } = plan;
  const header = plan.header.toLowerCase();
  function next(seen: PageFacts): Way {
    const value = seen.header(header)?.trim() ?? '';
    const cursor = value === '' ? null : cursorText(place, value);
    return cursor === null ? END : goOn(cursor);
  }
  return chainKind({ request: (cursor) => partOf(place, cursor), next }, options);
}

function partOf(place: ValuePlace, cursor: string | null) {
  return cursor === null ? {} : requestPart(place, cursor);
}

function isNone(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true;
  if (value === '' || value === 0) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
