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
export interface SampleAnswer {
  readonly url: URL;
  /** JSON text. */
  readonly text: string;
  /** By lower-case name; null: absent. */
  header(name: string): string | null;
}

export interface PagingGuess {
  readonly plan: PaginatorPlan;
  /** False: the answer has to be looked at by a person, and `auto` will not do. */
  readonly isFound: boolean;
  /** A sentence about the answer. */
  readonly because: string;
}

export interface SourceGuess {
  readonly address: GuessedAddress;
  /** JSONPath to the records. */
  readonly recordsPath: string;
  readonly recordCount: number;
  /** It holds no list: the whole is taken for one record. */
  readonly isOneRecord: boolean;
  readonly key: FieldGuess | null;
  readonly time: FieldGuess | null;
  readonly paging: PagingGuess;
  /** The parameter that asks for a size of pages, and the size that was asked for; null: not seen. */
  readonly pageSize: { readonly param: string; readonly max: number } | null;
}

const ERROR_CHARS_MAX = 100;

/**
 * What an answer says that reports a failure in spite of its status; null: it reports none.
 *
 * @param body without a list of records: there, such members may mean anything
 */
export function failureIn(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const members: Readonly<Record<string, unknown>> = { ...body };
  const { error, errors, ok, success } = members;
  const said = error ?? errors;
  if (said == null && ok !== false && success !== false) return null;
  const text = typeof said === 'string' ? said : JSON.stringify(said ?? { ok, success });
  return text.slice(0, ERROR_CHARS_MAX);
}

/** @returns null: the text is no JSON */
export function guessSource(answer: SampleAnswer): SourceGuess | null {
  const { url, text } = answer;
  const exact = parseExact(text);
  if (exact === undefined) return null;
  const body: unknown = JSON.parse(text);
  const steps = recordListIn(parsedPage(body));
  const list = valueAt(steps, exact);
  const records = Array.isArray(list) ? list : [list];
  const names = steps.flatMap((step) => (step.type === 'name' ? [step.name] : []));
  const address = guessAddress(url);
  const last = records.at(-1);
  const seen: PageFacts = {
    ...{ body, url: url.href, cursor: null, size: null, status: 200 },
    bodyText: () => text,
    header: (name) => answer.header(name),
    recordCount: records.length,
    lastRecordText: () => (last === undefined ? null : writeExact(last)),
    fingerprint: () => null,
  };
  const paging = guessPaging(seen, address.params);
  return {
    address,
    recordsPath: pathOfNames(names),
    recordCount: records.length,
    isOneRecord: !Array.isArray(list),
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
    if (plan.type !== 'single_page') return found(plan, `the answer shows it: ${because}`);
    // A list that fits on one page today may grow: each run is to look again.
    const words = `this answer is the only page, for ${because}; each run finds out again`;
    return found({ type: 'auto' }, words);
  }
  const asked = askedPaging({ seen, values: namedValues(seen.body), params });
  if (asked !== null) {
    const because = `the request has the parameter ${asked.param}; an empty page is taken for the end`;
    return found(asked.plan, because);
  }
  const because = `NOT FOUND OUT: the answer ${detection.reasons.join(', and it ')}`;
  return { plan: { type: 'auto' }, isFound: false, because };
}

function found(plan: PaginatorPlan, because: string): PagingGuess {
  return { plan, isFound: true, because };
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
  const size = sizeParam(params) ?? (linked === undefined ? null : sizeParam(linked));
  return size === null || size.value < 1 ? null : { param: size.name, max: size.value };
}
