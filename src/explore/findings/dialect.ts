/** Which dialect an answer's limit headers are, and when they say that the window ends. */
import { readDate, type TimeSaid } from '../../core/header-time.js';
import type { Span } from './limit-kinds.js';

export type ResetForm =
  | 'seconds left'
  | 'epoch seconds'
  | 'epoch milliseconds'
  | 'ISO 8601'
  | 'HTTP-date';

export interface Dialect {
  readonly name: string;
  /** Null: the dialect says nothing of a reset, or not on this answer. */
  readonly resetForm: ResetForm | null;
}

const OWN_NAMES = /rate-?limit/;

type Headers = Readonly<Record<string, string>>;

/** Names as people know them, with where each keeps its reset. */
const FAMILIES: readonly {
  readonly name: string;
  readonly isPresent: (headers: Headers) => boolean;
  readonly reset: (headers: Headers) => string | undefined;
}[] = [
  {
    name: 'IETF RateLimit (structured fields)',
    isPresent: (headers) => 'ratelimit' in headers,
    reset: (headers) => /(?:;\s*t|\breset)\s*=\s*([\d.]+)/.exec(headers.ratelimit ?? '')?.[1],
  },
  family('IETF RateLimit-* (draft 06)', 'ratelimit'),
  {
    name: 'X-HubSpot-RateLimit-*',
    isPresent: (headers) => 'x-hubspot-ratelimit-max' in headers,
    reset: () => undefined,
  },
  {
    name: 'X-Shopify-Shop-Api-Call-Limit',
    isPresent: (headers) => 'x-shopify-shop-api-call-limit' in headers,
    reset: () => undefined,
  },
  {
    name: 'Zendesk-RateLimit-*',
    isPresent: (headers) => zendesk(headers) !== undefined,
    reset: (headers) => /resets=\s*([^;\s]+)/.exec(zendesk(headers) ?? '')?.[1],
  },
  family('X-RateLimit-*', 'x-ratelimit'),
  family('X-Rate-Limit-*', 'x-rate-limit'),
  {
    name: 'rate limit headers with names of their own',
    isPresent: (headers) => Object.keys(headers).some((name) => OWN_NAMES.test(name)),
    reset: (headers) => {
      const name = Object.keys(headers).find((one) => OWN_NAMES.test(one) && /reset/.test(one));
      return name === undefined ? undefined : headers[name];
    },
  },
];

function family(name: string, prefix: string) {
  return {
    name,
    isPresent: (headers: Headers) => `${prefix}-limit` in headers || `${prefix}-reset` in headers,
    reset: (headers: Headers) => headers[`${prefix}-reset`],
  };
}

function zendesk(headers: Headers): string | undefined {
  const name = Object.keys(headers).find((header) => header.startsWith('zendesk-ratelimit-'));
  return name === undefined ? undefined : headers[name];
}

/** @param headers lower-case names @returns null where no limit header is present */
export function readDialect(headers: Headers): Dialect | null {
  const found = FAMILIES.find(({ isPresent }) => isPresent(headers));
  if (found === undefined) return null;
  const resetText = found.reset(headers)?.trim();
  return { name: found.name, resetForm: resetText === undefined ? null : formOf(resetText) };
}

function formOf(text: string): ResetForm | null {
  if (/^\d+(\.\d+)?$/.test(text)) {
    const value = Number(text);
    if (value >= 1e11) return 'epoch milliseconds';
    return value >= 1e8 ? 'epoch seconds' : 'seconds left';
  }
  if (readDate(text) === null) return null;
  return /^\d{4}-/.test(text) ? 'ISO 8601' : 'HTTP-date';
}

/** One answer, as far as the clocks and the end of the window go. */
export interface ResetSeen {
  readonly sentAtMs: number;
  readonly headAtMs: number;
  readonly date: string | undefined;
  readonly reset: TimeSaid | null;
}

/** How far the server's clock is ahead of ours: at least and at most. */
export type Skew = Span;

/** From the Date of answers, which is in whole seconds; near zero it is taken for zero. */
export function readSkew(seen: readonly Pick<ResetSeen, 'sentAtMs' | 'headAtMs' | 'date'>[]): Skew {
  let lowMs = Number.NEGATIVE_INFINITY;
  let highMs = Number.POSITIVE_INFINITY;
  for (const { sentAtMs, headAtMs, date } of seen) {
    const dateMs = readDate(date ?? '');
    if (dateMs === null) continue;
    lowMs = Math.max(lowMs, dateMs - headAtMs);
    highMs = Math.min(highMs, dateMs + 1000 - sentAtMs);
  }
  const isUnknown = lowMs === Number.NEGATIVE_INFINITY || lowMs > highMs;
  if (isUnknown || (lowMs <= 0 && highMs >= 0)) return { lowMs: 0, highMs: 0 };
  return { lowMs, highMs };
}

/** Spans with a fraction are rounded to hundredths of a second at the coarsest. */
const FRACTION_MS = 10;

/** When the answer says that the oldest logged request leaves, by our clock; null: it does not. */
export function windowEnd(
  { sentAtMs, headAtMs, reset }: Omit<ResetSeen, 'date'>,
  skew: Skew,
): Span | null {
  if (reset === null) return null;
  const { atMs, spanMs, unitMs } = reset;
  if (atMs === null) {
    // Whether it counts from the request's arrival or from the answer is not said.
    return { lowMs: sentAtMs + spanMs - Math.max(unitMs, FRACTION_MS), highMs: headAtMs + spanMs };
  }
  // The unit may have been rounded either way.
  const slackMs = Math.max(1, unitMs - 1);
  return { lowMs: atMs - slackMs - skew.highMs, highMs: atMs + slackMs - skew.lowMs };
}
