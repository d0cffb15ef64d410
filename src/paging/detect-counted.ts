/** Signs of paging by numbers: pages and their total, offsets and the total of records. */
import { type Detector, detected, type FirstAnswer, SINGLE_PAGE, unsure } from './detection.js';
import { wholeNumber } from './end-signs.js';
import { firstNamed, isBeside, type NamedValue, pathOf, plainName } from './named-values.js';
import type { ValuePlace } from './paginator-plan.js';

const TOTAL_PAGES: readonly string[] = [
  ...[
    'totalpages',
    'pagecount',
    'pagescount',
    'numpages',
    'nbpages',
    'pagetotal',
    'lastpage',
    'pages',
  ],
];
const CURRENT_PAGE: readonly string[] = [
  'currentpage',
  'page',
  'pagenumber',
  'pageindex',
  'number',
];
/** Parameters that ask for a page by its number, by their plain names. */
export const PAGE_PARAMS: readonly string[] = [...CURRENT_PAGE, 'pageno', 'p'];
const TOTAL_RECORDS: readonly string[] = [
  ...['total', 'totalcount', 'totalresults', 'totalrecords', 'totalitems', 'totalhits'],
  ...['totalelements', 'totalsize', 'numfound'],
];
/** Members and parameters that are offsets, by their plain names. */
export const OFFSET_NAMES: readonly string[] = [
  'offset',
  'skip',
  'startat',
  'startindex',
  'start',
  'from',
];
/** The same of sizes of pages. */
export const LIMIT_NAMES: readonly string[] = [
  ...['limit', 'maxresults', 'take', 'itemsperpage', 'perpage', 'pagesize', 'size', 'rows'],
];

/** Records in all, as the answer says; undefined: it does not, or not for sure. */
export function announcedTotal({ seen, values }: FirstAnswer): number | undefined {
  const found = totalValue(values) ?? firstNamed(values, ['count'], isMoreThan(seen.recordCount));
  if (found !== undefined) return wholeNumber(found.value);
  return wholeNumber(seen.header('x-total-count') ?? seen.header('x-total') ?? undefined);
}

export const detectPageNumbers: Detector = (answer) => {
  const { values, params } = answer;
  const total = firstNamed(values, TOTAL_PAGES, isNumber);
  const current = firstNamed(
    values,
    CURRENT_PAGE,
    (value) => isNumber(value) && isPaging(value, answer),
  );
  if (total === undefined && current === undefined) return null;
  const records = announcedTotal(answer);
  if (total === undefined && (records === undefined || records <= answer.seen.recordCount))
    return null;
  const param = Object.keys(params).find((name) => PAGE_PARAMS.includes(plainName(name)));
  const first = wholeNumber(current?.value) ?? wholeNumber(param && params[param]);
  const isLastNumber = total?.plain === 'lastpage';
  if (total !== undefined && Number(total.value) <= (isLastNumber ? (first ?? 0) : 1)) {
    return detected(SINGLE_PAGE, `it says at ${pathOf(total)} that there is no further page`);
  }
  if (first === undefined) {
    return unsure(
      `has a number of pages at ${total && pathOf(total)}, but not which of them it is`,
    );
  }
  const base = Math.min(first, 1);
  // The number of the last page is the number of pages only where they are counted from 1.
  const isCount = total !== undefined && (!isLastNumber || base === 1);
  const place: ValuePlace = { in: 'query', name: param ?? paramOfPage(current) };
  return detected(
    {
      ...{ type: 'page_number', start: first, base, place, maximumPage: null, hasMorePath: null },
      ...{ totalPath: isCount ? pathOf(total) : null, stopAfterEmptyPage: true },
    },
    total === undefined
      ? `it says that it is page ${first}, and that there are ${records} records`
      : `it says at ${pathOf(total)} that there are ${Number(total.value)} pages`,
  );
};

export const detectOffsets: Detector = (answer) => {
  const { values, seen, params } = answer;
  const records = announcedTotal(answer);
  if (records === undefined) return null;
  const offset = firstNamed(values, OFFSET_NAMES, isNumber);
  if (offset === undefined) return null;
  const start = Number(offset.value);
  if (start + seen.recordCount >= records) return null;
  const limit = firstNamed(
    values,
    LIMIT_NAMES,
    (value) => isNumber(value) && isBeside(value, offset),
  );
  const offsetName = offset.names.at(-1) ?? '';
  const total = totalValue(values) ?? firstNamed(values, ['count'], isMoreThan(seen.recordCount));
  // Where the first record is number 1, the offset of the last one is the total.
  const isFromZero = start === 0 || offsetName in params;
  return detected(
    {
      ...{
        type: 'offset',
        start,
        maximumOffset: null,
        stopAfterEmptyPage: true,
        hasMorePath: null,
      },
      limit: Math.max(1, wholeNumber(limit?.value) || seen.recordCount),
      offsetPlace: { in: 'query', name: offsetName },
      limitPlace: limit === undefined ? null : { in: 'query', name: limit.names.at(-1) ?? '' },
      totalPath: isFromZero && total !== undefined ? pathOf(total) : null,
    },
    `it says at ${pathOf(offset)} where it begins, and that there are ${records} records`,
  );
};

export function totalValue(values: readonly NamedValue[]): NamedValue | undefined {
  return firstNamed(values, TOTAL_RECORDS, isNumber);
}

function isNumber({ value }: NamedValue): boolean {
  return typeof value === 'number' && wholeNumber(value) !== undefined;
}

function isMoreThan(records: number): (value: NamedValue) => boolean {
  return ({ value }) => typeof value === 'number' && (wholeNumber(value) ?? 0) > records;
}

/** Whether a number that is called a page is one: something beside it counts pages or records. */
function isPaging(value: NamedValue, { values }: FirstAnswer): boolean {
  const beside = [...TOTAL_PAGES, ...TOTAL_RECORDS, ...LIMIT_NAMES];
  return values.some((other) => beside.includes(other.plain) && isBeside(other, value));
}

/** `pageNumber` and `pageIndex` are sent as they are; the other names are sent as `page`. */
function paramOfPage(current: NamedValue | undefined): string {
  const isOwnName = current?.plain === 'pagenumber' || current?.plain === 'pageindex';
  return isOwnName ? (current.names.at(-1) ?? 'page') : 'page';
}
