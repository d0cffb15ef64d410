/** How pages follow one another, how later runs go on, and what limits requests, in words. */
import type { LimitObservation, LimitStatement } from '../../core/limit-headers.js';
import type { PaginatorPlan, ValuePlace } from '../../paging/paginator-plan.js';
import type { DeclaredLimit, StreamPlan } from '../../source/plan.js';
import { boundsOf, startSlots } from '../../source/request-values.js';

export function pagingWords(plan: PaginatorPlan): string {
  switch (plan.type) {
    case 'auto':
      return 'auto: found out by the first answer';
    case 'single_page':
      return 'single_page: one page is all there is';
    case 'json_link':
      return `json_link: the next page's URL at ${plan.nextUrlPath}`;
    case 'header_link':
      return `header_link: the header Link, rel ${plan.rel}`;
    case 'header_cursor':
      return `header_cursor: the header ${plan.header}, sent as ${placeWords(plan.place)}`;
    case 'cursor':
      return `cursor: ${plan.cursorPath}, sent as ${placeWords(plan.place)}`;
    case 'offset':
      return `offset: the records before the page, sent as ${placeWords(plan.offsetPlace)}`;
    case 'page_number':
      return `page_number: from ${plan.start} on, sent as ${placeWords(plan.place)}`;
    case 'keyset':
      return `keyset: ${plan.keyPath} of the last record, sent as ${placeWords(plan.place)}`;
    case 'time_window':
      return `time_window: from ${plan.start} to ${plan.end}; inside a window, ${pagingWords(plan.inner)}`;
  }
}

/** Null: nothing tells what is new. */
export function incrementalWords(stream: StreamPlan): string | null {
  const { incremental, paginator, slots } = stream;
  if (incremental === null) return null;
  const from = `from the highest ${incremental.cursorPath} on`;
  if (paginator.type === 'time_window') return `${from}: the windows begin there`;
  const asking = startSlots(slots).map(({ at }) => at.join('.'));
  if (asking.length > 0) return `${from}, sent in ${asking.join(', ')}`;
  if (boundsOf(stream).start) return `${from}: the newest come first, and the walk ends there`;
  return 'read all: incremental asks the API for nothing';
}

/** Null: the answer announces none. */
export function announcedWords(observed: LimitObservation | null): string | null {
  const statements = (observed?.limits ?? []).map(statementWords).filter((words) => words !== '');
  return statements.length === 0 ? null : statements.join('; ');
}

/** Null: none is declared. */
export function declaredWords(limits: readonly DeclaredLimit[]): string | null {
  if (limits.length === 0) return null;
  return limits
    .map(({ method, path, quota, windowMs, concurrency }) => {
      const where = [method, path].filter((part) => part !== null).join(' ');
      const counts = [
        ...(quota === null || windowMs === null ? [] : [`${quota} in ${seconds(windowMs)}`]),
        ...(concurrency === null ? [] : [`${concurrency} at once`]),
      ];
      return `${where === '' ? '' : `${where}: `}${counts.join(', ')}`;
    })
    .join('; ');
}

function statementWords({ name, quota, remaining, windowMs, reset }: LimitStatement): string {
  const parts = [
    ...(quota === null ? [] : [`${quota} requests`]),
    ...(windowMs === null ? [] : [`in ${seconds(windowMs)}`]),
    ...(remaining === null ? [] : [`${remaining} left`]),
    ...(reset === null ? [] : [`more in ${seconds(reset.spanMs)}`]),
  ];
  return parts.length === 0 ? '' : `${name}: ${parts.join(', ')}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

function placeWords(place: ValuePlace): string {
  return place.in === 'query' ? `the parameter ${place.name}` : `${place.path} of the body`;
}
