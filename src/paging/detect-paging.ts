/**
 * Detection: which kind of paging a stream has, by its first answer, where the source file does not
 * say. A guess that is wrong ends a walk too early, without a trace; so one page is taken for all
 * there is only where the answer says it.
 */
import { detectAsked } from './detect-asked.js';
import { announcedTotal, detectOffsets, detectPageNumbers } from './detect-counted.js';
import {
  detectCursor,
  detectKeyset,
  hasMoreValue,
  isCursorPlace,
  placeOfPage,
} from './detect-cursors.js';
import { detectHeaderLink, detectJsonLink, NEXT_LINK_NAMES } from './detect-links.js';
import {
  type Detection,
  type Detector,
  detected,
  type FirstAnswer,
  SINGLE_PAGE,
  unsure,
} from './detection.js';
import { parseLinks } from './link-header.js';
import { type NamedValue, namedValues, parentOf, pathOf } from './named-values.js';
import type { PageFacts } from './page-kind.js';

const NEXT_PAGE_HEADER = 'x-next-page';
const OTHER_PAGES: readonly string[] = ['first', 'last', 'prev', 'previous'];

/** The surest signs first: a link says all, a cursor not its parameter, a number not its meaning. */
const DETECTORS: readonly Detector[] = [
  detectHeaderLink,
  detectJsonLink,
  detectPageHeader,
  detectCursor,
  detectKeyset,
  detectPageNumbers,
  detectOffsets,
  detectAsked,
];

/**
 * @param seen the first answer
 * @param request.params the parameters that it was asked for with
 */
export function detectPaging(
  seen: PageFacts,
  request: { readonly params: Readonly<Record<string, unknown>> },
): Detection {
  const answer = { seen, values: namedValues(seen.body), params: request.params };
  const reasons: string[] = [];
  for (const detect of DETECTORS) {
    const found = detect(answer);
    if (found?.type === 'detected') return found;
    reasons.push(...(found?.reasons ?? []));
  }
  return reasons.length > 0 ? unsure(...reasons) : theOnlyPage(answer);
}

function detectPageHeader(answer: FirstAnswer): Detection | null {
  if (!/^\d+$/.test(answer.seen.header(NEXT_PAGE_HEADER) ?? '')) return null;
  return detected(
    { type: 'header_cursor', header: NEXT_PAGE_HEADER, place: placeOfPage(answer) },
    `its header ${NEXT_PAGE_HEADER} has the number of the next page`,
  );
}

/** No page behind this one is seen: whether the answer says that there is none. */
function theOnlyPage(answer: FirstAnswer): Detection {
  const { seen, values } = answer;
  const { recordCount } = seen;
  const total = announcedTotal(answer);
  const flag = hasMoreValue(values);
  if (total !== undefined && total > recordCount) {
    return unsure(`says that there are ${total} records, holds ${recordCount}, and leads nowhere`);
  }
  if (flag?.value === true)
    return unsure(`says at ${pathOf(flag)} that there is more, and leads nowhere`);
  const end = signOfEnd(answer, total);
  if (end !== null) return detected(SINGLE_PAGE, end);
  return unsure(`holds ${recordCount} records, and nothing that says whether there are more`);
}

/** Why there is no further page; null: the answer does not say that. */
function signOfEnd({ seen, values }: FirstAnswer, total: number | undefined): string | null {
  const flag = hasMoreValue(values);
  if (flag !== undefined) return `it says at ${pathOf(flag)} that there is no more`;
  if (total === seen.recordCount) return `it holds all of the ${total} records that it announces`;
  const next = values.find(isEmptyNext);
  if (next !== undefined)
    return `it leaves ${pathOf(next)} empty, where a next page would be named`;
  if (seen.header(NEXT_PAGE_HEADER) === '') return `its header ${NEXT_PAGE_HEADER} is empty`;
  const rels = (parseLinks(seen.header('link') ?? '') ?? []).flatMap((link) => link.rels);
  const isLink = (value: NamedValue) => parentOf(value) === 'links';
  rels.push(...values.filter(isLink).map(({ plain }) => plain));
  if (rels.some((rel) => OTHER_PAGES.includes(rel))) return 'it links to pages, but to no next one';
  if (seen.recordCount === 0) return 'its first page holds no record';
  return seen.recordCount === 1 && !holdsList(seen.body) ? 'it is one record' : null;
}

function isEmptyNext(value: NamedValue): boolean {
  const isEmpty = value.value === null || value.value === '' || value.value === false;
  return isEmpty && (NEXT_LINK_NAMES.includes(value.plain) || isCursorPlace(value));
}

function holdsList(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.values(value).some(holdsList);
}
