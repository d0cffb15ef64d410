/**
 * A source from one answer of its API: where the records are, their key and time, how pages follow one
 * another. What is guessed says why, so that a person can judge it. Pure.
 */
import { askedPaging, sizeParam } from '../../paging/detect-asked.js';
import { detectPaging } from '../../paging/detect-paging.js';
import { pathOfNames, valueAt } from '../../paging/json-path.js';
import { parseExact, writeExact } from '../../paging/json-text.js';
import { namedValues } from '../../paging/named-values.js';
import type { PageFacts } from '../../paging/page-kind.js';
import { pageKind } from '../../paging/page-kinds.js';
import type { PaginatorPlan } from '../../paging/paginator-plan.js';
import { parsedPage, recordListIn } from '../record-list.js';
import { type GuessedAddress, guessAddress } from './guess-address.js';
import { type FieldGuess, guessKey, guessTime } from './guess-fields.js';

/** A 200 of the API. */
export interface FirstAnswer {
  readonly url: URL;
  /** JSON text. */
  readonly text: string;
  /** By lower-case name; null: absent. */
  header(name: string): string | null;
}

export interface PagingGuess {
  /** `auto`: it was not found out. */
  readonly plan: PaginatorPlan;
  /** A sentence about the answer. */
  readonly because: string;
}

export interface SourceGuess {
  readonly address: GuessedAddress;
  /** JSONPath to the records. */
  readonly recordsPath: string;
  readonly recordCount: number;
  readonly key: FieldGuess | null;
  readonly time: FieldGuess | null;
  readonly paging: PagingGuess;
  /** The parameter that asks for a size of pages, and the size that was asked for; null: not seen. */
  readonly pageSize: { readonly param: string; readonly max: number } | null;
}

/** @returns null: the text is no JSON */
export function guessSource(answer: FirstAnswer): SourceGuess | null {
  const { url, text } = answer;
  const exact = parseExact(text);
  if (exact === undefined) return null;
  const body: unknown = JSON.parse(text);
  const steps = recordListIn(parsedPage(body));
  const found = valueAt(steps, exact);
  const records = Array.isArray(found) ? found : [found];
  const names = steps.flatMap((step) => (step.type === 'name' ? [step.name] : []));
  const address = guessAddress(url);
  const last = records.at(-1);
  const seen: PageFacts = {
    ...{ body, url: url.href, cursor: null, size: null, status: 200 },
    bodyText: () => text,
    header: (name) => answer.header(name),
    recordCount: records.length,
    lastRecordText: () => (last === undefined ? null : writeExact(last)),
  };
  const paging = guessPaging(seen, address.params);
  return {
    address,
    recordsPath: pathOfNames(names),
    recordCount: records.length,
    key: records.length === 0 ? null : guessKey(records, address.resource),
    time: guessTime(records),
    paging,
    pageSize: guessSize(seen, paging.plan, address.params),
  };
}

function guessPaging(seen: PageFacts, params: GuessedAddress['params']): PagingGuess {
  const detection = detectPaging(seen, { params });
  if (detection.type === 'detected') {
    const { plan, because } = detection;
    if (plan.type !== 'single_page') return { plan, because: `of the answer, ${because}` };
    // A list that fits on one page today may grow: each run is to look again.
    const words = `this answer is the only page, for ${because}; each run finds out again`;
    return { plan: { type: 'auto' }, because: words };
  }
  const asked = askedPaging({ seen, values: namedValues(seen.body), params });
  if (asked !== null) {
    const because = `the request has the parameter ${asked.param}; an empty page is taken for the end`;
    return { plan: asked.plan, because };
  }
  const because = `NOT FOUND OUT: the answer ${detection.reasons.join(', and it ')}`;
  return { plan: { type: 'auto' }, because };
}

/** From the request; else from the link to the next page, which repeats what the API knows. */
function guessSize(
  seen: PageFacts,
  plan: PaginatorPlan,
  params: GuessedAddress['params'],
): SourceGuess['pageSize'] {
  const isLink = plan.type === 'header_link' || plan.type === 'json_link';
  const way = isLink ? pageKind(plan, { cursorTtlMs: null }).next(seen) : null;
  const linked =
    way?.type === 'next' ? Object.fromEntries(new URL(way.cursor).searchParams) : undefined;
  const found = sizeParam(params) ?? (linked === undefined ? null : sizeParam(linked));
  return found === null || found.value < 1 ? null : { param: found.name, max: found.value };
}
