/** Which dialect an answer's limit headers are, and when they say that the window ends. */
import { readDate } from '../../core/header-time.js';

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
  readonly resetText: string | null;
  /** The window's length where the dialect has it. */
  readonly windowMs: number | null;
}

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
    reset: (headers) => /;\s*t=([\d.]+)/.exec(headers.ratelimit ?? '')?.[1],
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
  const resetText = found.reset(headers)?.trim() ?? null;
  return {
    name: found.name,
    resetForm: resetText === null ? null : formOf(resetText),
    resetText,
    windowMs: announcedWindow(headers),
  };
}

function announcedWindow(headers: Headers): number | null {
  const intervalMs = Number(headers['x-hubspot-ratelimit-interval-milliseconds']);
  if (intervalMs > 0) return intervalMs;
  const seconds = Number(/;\s*w=(\d+)/.exec(headers['ratelimit-policy'] ?? '')?.[1]);
  return seconds > 0 ? seconds * 1000 : null;
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

/** One answer with its dialect, as far as the end of the window goes. */
export interface ResetSeen {
  readonly sentAtMs: number;
  readonly headAtMs: number;
  readonly date: string | undefined;
  readonly dialect: Dialect;
}

/** How far the server's clock is ahead of ours: at least and at most. */
export interface Skew {
  readonly lowMs: number;
  readonly highMs: number;
}

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

/** When the answer says that the oldest logged request leaves, by our clock; null: it does not. */
export function windowEnd(
  { sentAtMs, headAtMs, dialect }: ResetSeen,
  skew: Skew,
): { readonly lowMs: number; readonly highMs: number } | null {
  const { resetForm, resetText } = dialect;
  if (resetText === null) return null;
  const value = Number(resetText);
  switch (resetForm) {
    case null:
      return null;
    case 'seconds left': {
      const unitMs = resetText.includes('.') ? 10 : 1000;
      // Whether it counts from the request's arrival or from the answer is not said.
      return { lowMs: sentAtMs + value * 1000 - unitMs, highMs: headAtMs + value * 1000 };
    }
    case 'epoch seconds':
      return instant(value * 1000, 1000, skew);
    case 'epoch milliseconds':
      return instant(value, 1, skew);
    case 'ISO 8601':
      return instant(readDate(resetText) ?? 0, resetText.includes('.') ? 1 : 1000, skew);
    case 'HTTP-date':
      return instant(readDate(resetText) ?? 0, 1000, skew);
  }
}

/** The unit may have been rounded either way. */
function instant(serverMs: number, unitMs: number, skew: Skew) {
  const slackMs = unitMs === 1 ? 1 : unitMs - 1;
  return { lowMs: serverMs - slackMs - skew.highMs, highMs: serverMs + slackMs - skew.lowMs };
}
