/**
 * Limit headers: what one answer says about the API's limits, whichever dialect it speaks.
 *
 * Every family of headers that is present becomes a statement; the answer is the most binding one.
 * Nothing is assumed: what a header does not say, or says nonsensically, is null and never zero.
 *
 *   RateLimit, RateLimit-Policy                   structured fields (draft 08 and later), draft 07
 *   RateLimit-Limit, -Remaining, -Reset           drafts up to 06, policy text in the limit included
 *   X-RateLimit-*, X-Rate-Limit-*, X-Rate-Limit   GitHub, Zendesk, DataSync and most others
 *   X-HubSpot-RateLimit-*                         with the interval in milliseconds, and daily
 *   X-Shopify-Shop-Api-Call-Limit                 used/size
 *   Zendesk-RateLimit-*                           total=; remaining=; resets=
 *   Retry-After                                   seconds, an instant in any form of header-time
 */
import { readDate, SPAN_MS_MAX, spanUntil } from './header-time.js';
import { type BareItem, type Item, parseDictionary, parseList } from './structured-fields.js';

type Headers = Readonly<Record<string, string>>;

/** What one answer says. Null: not said, or not believable. */
export interface LimitObservation {
  /** Requests that a window permits. At least 1. */
  readonly quota: number | null;
  /** Requests that are left. A positive number guarantees nothing: others may share the limit. */
  readonly remaining: number | null;
  /** Span from the answer's receipt until more quota; 0 when that is now. */
  readonly resetMs: number | null;
  readonly windowMs: number | null;
  /** Span from the answer's receipt in which nothing may be sent; overrides `resetMs`. */
  readonly retryAfterMs: number | null;
}

type Statement = Omit<LimitObservation, 'retryAfterMs'>;

const DAY_MS = 86_400_000;
const LIMIT_HEADER = /^(?:date|retry-after|x-shopify-shop-api-call-limit)$|rate-?limit/;

/** Whether `readLimitHeaders` may want the header. @param name lower-case */
export function isLimitHeader(name: string): boolean {
  return LIMIT_HEADER.test(name);
}

/**
 * Reads every limit dialect.
 *
 * Of several limits the most binding is told: an exhausted one before others (the one that returns
 * last), then the one with the fewest requests left, for it refuses first.
 *
 * @param headers lower-case names; `date` gives the server's clock, so that a skew between the two
 *   clocks does not shift a reset that is told as an instant
 * @param receivedAtMs when the answer came, epoch ms: used where the answer has no Date
 * @returns null when the answer says nothing about limits
 */
export function readLimitHeaders(headers: Headers, receivedAtMs: number): LimitObservation | null {
  if (Object.keys(headers).every((name) => name === 'date')) return null;
  const answerMs = answerTime(headers, receivedAtMs);
  const statements = [
    ...structuredStatements(headers, answerMs),
    ...plainStatements(headers, answerMs),
    ...hubspotStatements(headers),
    ...shopifyStatements(headers),
    ...zendeskStatements(headers, answerMs),
  ].filter(saysSomething);
  const retryAfterMs = readRetryAfter(headers, receivedAtMs);
  const binding = mostBinding(statements);
  if (binding === null && retryAfterMs === null) return null;
  return { ...completed(binding ?? statement({}), statements), retryAfterMs };
}

/**
 * Retry-After as a span from the answer's receipt, in ms; null where it is missing, makes no sense, or
 * is longer than `SPAN_MS_MAX`.
 */
export function readRetryAfter(headers: Headers, receivedAtMs: number): number | null {
  const text = headers['retry-after'];
  return text === undefined ? null : spanUntil(text, answerTime(headers, receivedAtMs));
}

function answerTime(headers: Headers, receivedAtMs: number): number {
  return readDate(headers.date ?? '') ?? receivedAtMs;
}

function structuredStatements(headers: Headers, answerMs: number): Statement[] {
  const policies = parseList(headers['ratelimit-policy'] ?? '') ?? [];
  const text = headers.ratelimit ?? '';
  const isDraft07 = /^\s*(?:limit|remaining|reset)\s*=/.test(text);
  if (isDraft07) return [dictionaryStatement(text, answerMs), ...policies.map(policyStatement)];

  const named = new Map(policies.map((policy) => [policy.value, policy]));
  const statements: Statement[] = [];
  for (const item of parseList(text) ?? []) {
    const policy = named.get(item.value);
    named.delete(item.value);
    if (policy !== undefined && !countsRequests(policy)) continue;
    const left = item.parameters.get('t');
    statements.push({
      ...(policy === undefined ? statement({}) : policyStatement(policy)),
      ...consistent(
        policy === undefined ? null : policyQuota(policy),
        count(item.parameters.get('r')),
      ),
      // The standard fixes `t` as seconds, so that no magnitude needs to be judged.
      resetMs: secondsAsMs(left),
    });
  }
  for (const policy of named.values()) {
    if (countsRequests(policy)) statements.push(policyStatement(policy));
  }
  return statements;
}

/** Draft 07: `limit=100, remaining=50, reset=5`. */
function dictionaryStatement(text: string, answerMs: number): Statement {
  const members = parseDictionary(text);
  const reset = members?.get('reset')?.value;
  return statement({
    quota: positive(members?.get('limit')?.value),
    remaining: count(members?.get('remaining')?.value),
    resetMs: reset === undefined ? null : spanUntil(String(reset), answerMs),
  });
}

function policyStatement(policy: Item): Statement {
  const windowMs = secondsAsMs(policy.parameters.get('w'));
  return statement({ quota: policyQuota(policy), windowMs: windowMs === 0 ? null : windowMs });
}

/** Up to draft 07 the item itself is the quota: `100;w=60`. Later it is a name, with `q`. */
function policyQuota(policy: Item): number | null {
  return positive(typeof policy.value === 'number' ? policy.value : policy.parameters.get('q'));
}

/** Bytes and connections have limits of their own, which pacing requests cannot keep. */
function countsRequests(policy: Item): boolean {
  const unit = policy.parameters.get('qu');
  return unit === undefined || unit === 'requests';
}

function plainStatements(headers: Headers, answerMs: number): Statement[] {
  return ['ratelimit', 'x-ratelimit', 'x-rate-limit'].map((prefix) => {
    // Drafts up to 06: the first number is the limit in force, the items after it are policies.
    const [limit = '', ...policyTexts] = (
      headers[`${prefix}-limit`] ?? (prefix === 'x-rate-limit' ? (headers[prefix] ?? '') : '')
    ).split(',');
    const quota = positive(limit.split(';')[0]);
    const policies = [limit, ...policyTexts].flatMap((text) => parseList(text) ?? []);
    const policy = policies
      .filter((item) => item.parameters.has('w'))
      .find((item) => policyQuota(item) === quota);
    const used = count(headers[`${prefix}-used`]);
    const reset = headers[`${prefix}-reset`];
    return statement({
      quota,
      remaining:
        count(headers[`${prefix}-remaining`]) ??
        (quota === null || used === null ? null : Math.max(0, quota - used)),
      resetMs: reset === undefined ? null : spanUntil(reset, answerMs),
      windowMs: policy === undefined ? null : policyStatement(policy).windowMs,
    });
  });
}

function hubspotStatements(headers: Headers): Statement[] {
  const prefix = 'x-hubspot-ratelimit';
  const intervalMs = positive(headers[`${prefix}-interval-milliseconds`]);
  return [
    statement({
      quota: positive(headers[`${prefix}-max`]),
      remaining: count(headers[`${prefix}-remaining`]),
      windowMs: intervalMs !== null && intervalMs <= SPAN_MS_MAX ? intervalMs : null,
    }),
    statement({
      quota: positive(headers[`${prefix}-daily`]),
      remaining: count(headers[`${prefix}-daily-remaining`]),
      windowMs: headers[`${prefix}-daily`] === undefined ? null : DAY_MS,
    }),
  ];
}

/** A leaky bucket: it has a size, but its answer does not say how fast it empties. */
function shopifyStatements(headers: Headers): Statement[] {
  const match = /^\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(headers['x-shopify-shop-api-call-limit'] ?? '');
  const used = count(match?.[1]);
  const quota = positive(match?.[2]);
  if (used === null || quota === null) return [];
  return [statement({ quota, remaining: Math.max(0, quota - used) })];
}

function zendeskStatements(headers: Headers, answerMs: number): Statement[] {
  const triples = Object.keys(headers).filter((name) => name.startsWith('zendesk-ratelimit-'));
  return triples.map((name) => {
    const fields = new Map(
      (headers[name] ?? '').split(';').map((field) => {
        const [key = '', value = ''] = field.split('=');
        return [key.trim().toLowerCase(), value.trim()];
      }),
    );
    const resets = fields.get('resets');
    return statement({
      quota: positive(fields.get('total')),
      remaining: count(fields.get('remaining')),
      resetMs: resets === undefined ? null : spanUntil(resets, answerMs),
    });
  });
}

function statement(said: Partial<Statement>): Statement {
  const { quota = null, remaining = null, resetMs = null, windowMs = null } = said;
  return { ...consistent(quota, remaining), resetMs, windowMs };
}

/** More left than there is contradicts itself: the quota stands, the rest is not believed. */
function consistent(quota: number | null, remaining: number | null) {
  const isBelievable = quota === null || remaining === null || remaining <= quota;
  return { quota, remaining: isBelievable ? remaining : null };
}

function saysSomething({ quota, remaining, resetMs }: Statement): boolean {
  return quota !== null || remaining !== null || resetMs !== null;
}

function mostBinding(statements: readonly Statement[]): Statement | null {
  return statements.reduce<Statement | null>(
    (binding, next) => (binding === null || bindsMore(next, binding) ? next : binding),
    null,
  );
}

function bindsMore(a: Statement, b: Statement): boolean {
  const left = (of: Statement) => of.remaining ?? Number.POSITIVE_INFINITY;
  if (left(a) !== left(b)) return left(a) < left(b);
  if (a.remaining === 0) return (a.resetMs ?? 0) > (b.resetMs ?? 0);
  return (a.quota ?? Number.POSITIVE_INFINITY) < (b.quota ?? Number.POSITIVE_INFINITY);
}

/** Two families that name the same quota tell of one limit: each may know what the other omits. */
function completed(binding: Statement, statements: readonly Statement[]): Statement {
  const same = statements.filter(({ quota }) => quota !== null && quota === binding.quota);
  const firstKnown = (field: keyof Statement) =>
    binding[field] ?? same.find((other) => other[field] !== null)?.[field] ?? null;
  return {
    quota: binding.quota,
    remaining: binding.remaining,
    resetMs: firstKnown('resetMs'),
    windowMs: firstKnown('windowMs'),
  };
}

/** A whole number of requests from 0; fractions are rounded down, for half a request is none. */
function count(value: BareItem | undefined): number | null {
  const isText = typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value);
  const number = isText ? Number(value) : value;
  if (typeof number !== 'number' || !(number >= 0)) return null;
  return number <= Number.MAX_SAFE_INTEGER ? Math.floor(number) : null;
}

function positive(value: BareItem | undefined): number | null {
  const number = count(value);
  return number === 0 ? null : number;
}

function secondsAsMs(value: BareItem | undefined): number | null {
  const isSpan = typeof value === 'number' && value >= 0 && value * 1000 <= SPAN_MS_MAX;
  return isSpan ? Math.round(value * 1000) : null;
}
