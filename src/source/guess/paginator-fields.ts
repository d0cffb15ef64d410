/** A paginator as a source file writes it. Pure. */
import { assert } from '../../core/fault.js';
import type { PaginatorPlan, ValuePlace } from '../../paging/paginator-plan.js';
import type { Json } from '../plan.js';

/** @param plan as detection gives it: no time window */
export function paginatorFields(plan: PaginatorPlan): Json {
  switch (plan.type) {
    case 'auto':
    case 'single_page':
      return plan.type;
    case 'header_link':
      return plan.rel === 'next' ? plan.type : { type: plan.type, links_next_key: plan.rel };
    case 'json_link':
      return { type: plan.type, next_url_path: plan.nextUrlPath };
    case 'header_cursor':
      return { type: plan.type, cursor_key: plan.header, ...placeFields('cursor', plan.place) };
    case 'cursor':
      return {
        ...{ type: plan.type, cursor_path: plan.cursorPath },
        ...placeFields('cursor', plan.place),
        ...hasMore(plan.hasMorePath),
      };
    case 'offset':
      return {
        ...{ type: plan.type, limit: plan.limit },
        // A walk begins at the first record, wherever the answer began that was looked at.
        ...(plan.start === 1 ? { offset: 1 } : {}),
        ...placeFields('offset', plan.offsetPlace),
        ...(plan.limitPlace === null ? {} : placeFields('limit', plan.limitPlace)),
        ...total(plan),
      };
    case 'page_number':
      return {
        type: plan.type,
        base_page: plan.base,
        ...placeFields('page', plan.place),
        ...total(plan),
      };
    case 'keyset':
      return {
        ...{ type: plan.type, key_path: plan.keyPath },
        ...placeFields('key', plan.place),
        ...hasMore(plan.hasMorePath),
      };
    case 'time_window':
      assert(false, 'no answer shows a time window');
  }
}

/** Names of the parameters that a paginator sends. */
export function paginatorParams(plan: PaginatorPlan): readonly string[] {
  const places: (ValuePlace | null)[] = [];
  if ('place' in plan) places.push(plan.place);
  if (plan.type === 'offset') places.push(plan.offsetPlace, plan.limitPlace);
  return places.flatMap((place) => (place?.in === 'query' ? [place.name] : []));
}

function placeFields(what: string, place: ValuePlace): Readonly<Record<string, string>> {
  return place.in === 'query'
    ? { [`${what}_param`]: place.name }
    : { [`${what}_body_path`]: place.path };
}

/** Left out, `total_path` would be `total`. */
function total(plan: Extract<PaginatorPlan, { type: 'offset' | 'page_number' }>) {
  const { totalPath, hasMorePath } = plan;
  return hasMorePath === null ? { total_path: totalPath } : hasMore(hasMorePath);
}

function hasMore(path: string | null): Readonly<Record<string, string>> {
  return path === null ? {} : { has_more_path: path };
}
