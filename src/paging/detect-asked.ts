/**
 * Paging that the request shows: it has a parameter for a page's number or for an offset. The answer
 * has to say that there is more; that the parameter is there says only how to ask for it.
 */
import {
  announcedTotal,
  LIMIT_NAMES,
  OFFSET_NAMES,
  PAGE_PARAMS,
  totalValue,
} from './detect-counted.js';
import { hasMoreValue } from './detect-cursors.js';
import { type Detector, detected, type FirstAnswer } from './detection.js';
import { wholeNumber } from './end-signs.js';
import { pathOf, plainName } from './named-values.js';
import type { PaginatorPlan } from './paginator-plan.js';

/** A parameter whose value is a whole number. */
export interface CountedParam {
  readonly name: string;
  readonly value: number;
}

/** Names of parameters that ask for a size of pages, by their plain names. */
const SIZE_PARAMS: readonly string[] = [...LIMIT_NAMES, 'count', 'max', 'top', 'num', 'pagelimit'];

/** What is called `start` or `from` may be an instant, and epoch seconds are larger. */
const COUNT_MAX = 100_000_000;

type Params = Readonly<Record<string, unknown>>;
type CountedPlan = Extract<PaginatorPlan, { type: 'page_number' | 'offset' }>;

export function sizeParam(params: Params): CountedParam | null {
  return countedParam(params, SIZE_PARAMS);
}

export const detectAsked: Detector = (answer) => {
  const { seen, values, params } = answer;
  const found = askedPaging(answer);
  if (found === null) return null;
  const flag = hasMoreValue(values);
  const records = announcedTotal(answer);
  const before = found.plan.type === 'offset' ? found.plan.start : 0;
  const isMore =
    flag === undefined
      ? records !== undefined && records > before + seen.recordCount
      : flag.value === true;
  if (!isMore) return null;
  const says =
    flag === undefined ? `there are ${records} records` : `there is more, at ${pathOf(flag)}`;
  const { param } = found;
  return detected(
    found.plan,
    `it says that ${says}, and the request has the parameter ${param}=${params[param]}`,
  );
};

/**
 * How the parameters of a request page, whatever its answer says of the end: an empty page is one in any
 * case. Null: none of them is known to.
 */
export function askedPaging({
  seen,
  values,
  params,
}: FirstAnswer): { readonly plan: CountedPlan; readonly param: string } | null {
  const flag = hasMoreValue(values);
  const hasMorePath = flag === undefined ? null : pathOf(flag);
  const offset = countedParam(params, OFFSET_NAMES);
  if (offset !== null) {
    const size = sizeParam(params);
    const total = totalValue(values);
    const plan: CountedPlan = {
      ...{ type: 'offset', start: offset.value, maximumOffset: null, stopAfterEmptyPage: true },
      limit: Math.max(1, size?.value ?? seen.recordCount),
      offsetPlace: { in: 'query', name: offset.name },
      limitPlace: size === null ? null : { in: 'query', name: size.name },
      totalPath: total === undefined || hasMorePath !== null ? null : pathOf(total),
      hasMorePath,
    };
    return { plan, param: offset.name };
  }
  const page = countedParam(params, PAGE_PARAMS);
  if (page === null) return null;
  const plan: CountedPlan = {
    ...{ type: 'page_number', start: page.value, base: Math.min(page.value, 1), hasMorePath },
    place: { in: 'query', name: page.name },
    ...{ totalPath: null, maximumPage: null, stopAfterEmptyPage: true },
  };
  return { plan, param: page.name };
}

function countedParam(params: Params, names: readonly string[]): CountedParam | null {
  for (const [name, given] of Object.entries(params)) {
    const value = wholeNumber(given);
    if (names.includes(plainName(name)) && value !== undefined && value < COUNT_MAX)
      return { name, value };
  }
  return null;
}
