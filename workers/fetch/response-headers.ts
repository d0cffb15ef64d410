/**
 * What is read from an answer's headers. Pure; names are lower-case.
 *
 * Any header may come more than once, by mistake or by a proxy's. The rule for each:
 *
 *   Content-Encoding    joined: the encodings in the order in which they were applied
 *   Content-Type        JSON if one of them is; the body decides in any case
 *   Content-Length      believed where all say the same; else the length is not known
 *   Date, request id    the first
 *   Retry-After         the longest
 *   limit headers       joined as HTTP joins lists; where all lines say the same, said once
 */
import {
  type LimitHeaders,
  namesOfHeaders,
  statementsOfHeaders,
  withStatements,
} from '../../src/core/declared-statements.js';
import { readDate } from '../../src/core/header-time.js';
import {
  isLimitHeader,
  type LimitObservation,
  readLimitHeaders,
  readRetryAfter,
} from '../../src/core/limit-headers.js';

/** A header that came more than once has all its values. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

const JSON_TYPE = /^(?:application\/(?:[\w.+-]+\+)?json|text\/json)$/;
/** An honest media type is shorter; a longer one is not repeated in messages. */
const TYPE_LENGTH_MAX = 60;
/** Words that some servers use where nothing is encoded. */
const NO_ENCODING = new Set(['', 'identity', 'none']);

/** Several values are joined as HTTP joins lists. @param name in lower case @returns null: it is not there */
export function headerOf(headers: AnswerHeaders, name: string): string | null {
  const values = valuesOf(headers, name);
  return values.length === 0 ? null : values.join(', ');
}

/** For a header whose values make no list. @param name in lower case @returns null: it is not there */
export function firstOf(headers: AnswerHeaders, name: string): string | null {
  return valuesOf(headers, name)[0] ?? null;
}

/**
 * What an answer says of limits, and its date, epoch ms; null: nothing.
 *
 * @param named headers whose names a source file gives: what they mean is the file's to say, whatever
 *   their names resemble
 */
export function toldLimits(
  headers: AnswerHeaders,
  receivedAtMs: number,
  named: readonly LimitHeaders[],
): { readonly limits: LimitObservation | null; readonly dateMs: number | null } {
  const taken = namesOfHeaders(named);
  const others = Object.entries(headers).filter(([name]) => isOneOfHttp(name) || !taken.has(name));
  const told = limitHeaders(Object.fromEntries(others), receivedAtMs);
  const dateMs = readDate(told.date ?? '');
  const header = (name: string): string | null => firstOf(headers, name);
  const own = statementsOfHeaders(named, header, dateMs ?? receivedAtMs);
  return { limits: withStatements(readLimitHeaders(told, receivedAtMs), own), dateMs };
}

/** Mean the same wherever a file names them. */
function isOneOfHttp(name: string): boolean {
  return name === 'date' || name === 'retry-after';
}

/** The limit headers, Retry-After and the date. @param receivedAtMs when the answer came, epoch ms */
export function limitHeaders(headers: AnswerHeaders, receivedAtMs: number): Record<string, string> {
  const found: Record<string, string> = {};
  const names = Object.keys(headers).filter(isLimitHeader);
  const differs = (name: string) => new Set(valuesOf(headers, name)).size > 1;
  // Of two limits in a chain of proxies one header may say the same: its place tells whose it is.
  const chains = new Set(names.filter(differs).map(familyOf));
  for (const name of names) {
    const values = valuesOf(headers, name);
    const kept = chains.has(familyOf(name)) ? values : [...new Set(values)];
    if (kept.length > 0) found[name] = name === 'date' ? (kept[0] as string) : kept.join(', ');
  }
  const waits = valuesOf(headers, 'retry-after');
  if (waits.length > 1) found['retry-after'] = longestWait(waits, found, receivedAtMs);
  return found;
}

/** `x-ratelimit` of `x-ratelimit-remaining`. */
function familyOf(name: string): string {
  return name.replace(/-(?:limit|remaining|reset|used)\b.*$/, '');
}

function longestWait(
  waits: readonly string[],
  told: Readonly<Record<string, string>>,
  receivedAtMs: number,
): string {
  const waitMs = (text: string) =>
    readRetryAfter({ ...told, 'retry-after': text }, receivedAtMs)?.spanMs ?? -1;
  return waits.reduce((longest, wait) => (waitMs(wait) > waitMs(longest) ? wait : longest));
}

/** Whether the body claims to be JSON; a missing type is left to the page reader to judge. */
export function isJsonType(headers: AnswerHeaders): boolean {
  const types = mediaTypes(headers);
  return types.length === 0 || types.some((type) => JSON_TYPE.test(type));
}

/** The media type for a message; `''` when there is none. */
export function mediaType(headers: AnswerHeaders): string {
  return (mediaTypes(headers)[0] ?? '').slice(0, TYPE_LENGTH_MAX);
}

function mediaTypes(headers: AnswerHeaders): string[] {
  return listOf(headers, 'content-type')
    .map((type) => (type.split(';', 1)[0] ?? '').trim())
    .filter((type) => type !== '');
}

/** The encodings of the body, lower-case, in the order in which they were applied. */
export function contentEncodings(headers: AnswerHeaders): string[] {
  return listOf(headers, 'content-encoding').filter((encoding) => !NO_ENCODING.has(encoding));
}

/** The body's length as announced; null when it is not, or makes no sense. */
export function contentLength(headers: AnswerHeaders): number | null {
  const [text, ...others] = new Set(listOf(headers, 'content-length'));
  const isLength = text !== undefined && others.length === 0 && /^\d{1,15}$/.test(text);
  return isLength ? Number(text) : null;
}

/** The id that the server gave the request; null when it gave none. */
export function requestId(headers: AnswerHeaders): string | null {
  const ids = [...valuesOf(headers, 'x-request-id'), ...valuesOf(headers, 'request-id')];
  return ids.find((id) => id !== '') ?? null;
}

/** The members of a header that is a list, over all its lines, lower-case. */
function listOf(headers: AnswerHeaders, name: string): string[] {
  return valuesOf(headers, name)
    .flatMap((value) => value.split(','))
    .map((member) => member.trim().toLowerCase());
}

function valuesOf(headers: AnswerHeaders, name: string): readonly string[] {
  const value = headers[name];
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
