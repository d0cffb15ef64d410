/**
 * Limit headers: what one answer says about the API's limits, whichever dialect it speaks.
 *
 * An API may have several limits at once, and each statement is about one of them, by name. Nothing
 * is assumed: what a header does not say, or says nonsensically, is null and never zero.
 *
 *   RateLimit, RateLimit-Policy                   structured fields (draft 08 and later), draft 07
 *   RateLimit-Limit, -Remaining, -Reset           drafts up to 06, policy text in the limit included
 *   X-RateLimit-*, X-Rate-Limit-*, X-Rate-Limit   GitHub, Zendesk, DataSync and most others; a word
 *                                                 before or behind the role (-limit-short, -pathlimit)
 *                                                 names one of several limits
 *   X-HubSpot-RateLimit-*                         with the interval in milliseconds, and daily
 *   X-Shopify-Shop-Api-Call-Limit                 used/size
 *   Zendesk-RateLimit-*                           total=; remaining=; resets=
 *   Retry-After, Retry-After-*                    seconds, an instant in any form of header-time
 */
import { readDate, readTime, type TimeSaid, withUnitOf } from './header-time.js';
import { limitStatements } from './limit-dialects.js';

type Headers = Readonly<Record<string, string>>;

/** What one answer says of one limit. Null: not said, or not believable. */
export interface LimitStatement {
  /** Tells the limits of an API apart: the family of headers, and the policy in it. */
  readonly name: string;
  /** Requests that a window permits. At least 1. */
  readonly quota: number | null;
  /** Requests that are left. A positive number guarantees nothing: others may share the limit. */
  readonly remaining: number | null;
  /** Until more quota. */
  readonly reset: TimeSaid | null;
  readonly windowMs: number | null;
  /** The window is told in units of this. */
  readonly windowUnitMs: number;
  /** A bucket that empties steadily, in its window, as far as the dialect itself says so. */
  readonly isLeaky: boolean;
}

/** What one answer says of all its limits. */
export interface LimitObservation {
  readonly limits: readonly LimitStatement[];
  /** For how long nothing may be sent; overrides the resets. */
  readonly retryAfter: TimeSaid | null;
}

const LIMIT_HEADER = /^(?:date|retry-after(?:-[\w-]+)?|x-shopify-shop-api-call-limit)$|rate-?limit/;

/** Whether `readLimitHeaders` may want the header. @param name lower-case */
export function isLimitHeader(name: string): boolean {
  return LIMIT_HEADER.test(name);
}

/**
 * Reads every limit dialect.
 *
 * @param headers lower-case names; `date` gives the server's clock, so that a skew between the two
 *   clocks does not shift a reset that is told as an instant
 * @param receivedAtMs when the answer came, epoch ms: used where the answer has no Date
 * @returns null when the answer says nothing about limits
 */
export function readLimitHeaders(headers: Headers, receivedAtMs: number): LimitObservation | null {
  if (Object.keys(headers).every((name) => name === 'date')) return null;
  const answerMs = answerTime(headers, receivedAtMs);
  const limits = withoutRepeats(limitStatements(headers, answerMs).filter(saysSomething));
  const retryAfter = readRetryAfter(headers, receivedAtMs);
  return limits.length === 0 && retryAfter === null ? null : { limits, retryAfter };
}

/** The longest Retry-After of an answer; null where it is missing or makes no sense. */
export function readRetryAfter(headers: Headers, receivedAtMs: number): TimeSaid | null {
  const answerMs = answerTime(headers, receivedAtMs);
  return Object.keys(headers)
    .filter((name) => name.startsWith('retry-after'))
    .flatMap((name) => readTime(withUnitOf(name, headers[name] ?? ''), answerMs) ?? [])
    .reduce<TimeSaid | null>(
      (longest, said) => (longest === null || said.spanMs > longest.spanMs ? said : longest),
      null,
    );
}

/**
 * The limit that binds first, where one must stand for all: an exhausted one before others (the one
 * that returns last), then the one with the fewest requests left.
 */
export function bindingLimit(observed: LimitObservation | null): LimitStatement | null {
  return (
    observed?.limits.reduce<LimitStatement | null>(
      (binding, next) => (binding === null || bindsMore(next, binding) ? next : binding),
      null,
    ) ?? null
  );
}

function answerTime(headers: Headers, receivedAtMs: number): number {
  return readDate(headers.date ?? '') ?? receivedAtMs;
}

function saysSomething({ quota, remaining, reset }: LimitStatement): boolean {
  return quota !== null || remaining !== null || reset !== null;
}

/** Two unnamed families with one quota tell of one limit: each may know what the other omits. */
function withoutRepeats(statements: readonly LimitStatement[]): LimitStatement[] {
  const kept: LimitStatement[] = [];
  for (const next of statements) {
    const at = kept.findIndex((known) => isSameLimit(known, next));
    const known = kept[at];
    if (known === undefined) kept.push(next);
    else kept[at] = completed(known, next);
  }
  return kept;
}

const UNNAMED = /^(?:x-)?rate-?limit(?: "\d+;w=.*")?$/;

function isSameLimit(one: LimitStatement, other: LimitStatement): boolean {
  if (!UNNAMED.test(one.name) || !UNNAMED.test(other.name)) return false;
  const agrees = (field: 'quota' | 'remaining') =>
    one[field] === null || other[field] === null || one[field] === other[field];
  return agrees('quota') && agrees('remaining');
}

function completed(known: LimitStatement, next: LimitStatement): LimitStatement {
  const hasWindow = known.windowMs !== null || next.windowMs === null;
  const quota = known.quota ?? next.quota;
  const remaining = known.remaining ?? next.remaining;
  return {
    ...known,
    quota,
    remaining: quota !== null && remaining !== null && remaining > quota ? null : remaining,
    reset: known.reset ?? next.reset,
    windowMs: hasWindow ? known.windowMs : next.windowMs,
    windowUnitMs: hasWindow ? known.windowUnitMs : next.windowUnitMs,
  };
}

function bindsMore(a: LimitStatement, b: LimitStatement): boolean {
  const left = (of: LimitStatement) => of.remaining ?? Number.POSITIVE_INFINITY;
  if (left(a) !== left(b)) return left(a) < left(b);
  if (a.remaining === 0) return (a.reset?.spanMs ?? 0) > (b.reset?.spanMs ?? 0);
  return (a.quota ?? Number.POSITIVE_INFINITY) < (b.quota ?? Number.POSITIVE_INFINITY);
}
