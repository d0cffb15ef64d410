/** How a limit is announced: one small function a dialect, from the same verdict. */
import type { LimitVerdict } from './limiter.js';

export const LIMIT_DIALECTS = [
  'datasync',
  'ietf',
  'ietf-plain',
  'github',
  'iso',
  'http-date',
  'shopify',
  'hubspot',
  'zendesk',
  'none',
] as const;

export type LimitDialect = (typeof LIMIT_DIALECTS)[number];
type Headers = Record<string, string>;

/** Whole seconds remaining, never too few. */
export function wholeSeconds(spanMs: number): number {
  return Math.ceil(Math.max(0, spanMs) / 1000);
}

const WRITERS: Readonly<Record<LimitDialect, (limit: LimitVerdict, nowMs: number) => Headers>> = {
  datasync: (limit) => xRateLimit(limit, String(wholeSeconds(limit.resetMs))),
  ietf: (limit) => ({
    'RateLimit-Policy': `"default";q=${limit.quota};w=${wholeSeconds(limit.windowMs)}`,
    RateLimit: `"default";r=${limit.remaining};t=${wholeSeconds(limit.resetMs)}`,
  }),
  'ietf-plain': (limit) => ({
    'RateLimit-Policy': `${limit.quota};w=${wholeSeconds(limit.windowMs)}`,
    'RateLimit-Limit': String(limit.quota),
    'RateLimit-Remaining': String(limit.remaining),
    'RateLimit-Reset': String(wholeSeconds(limit.resetMs)),
  }),
  github: (limit, nowMs) => ({
    ...xRateLimit(limit, String(wholeSeconds(nowMs + limit.resetMs))),
    'X-RateLimit-Used': String(limit.quota - limit.remaining),
    'X-RateLimit-Resource': 'core',
  }),
  iso: (limit, nowMs) => xRateLimit(limit, new Date(nowMs + limit.resetMs).toISOString()),
  'http-date': (limit, nowMs) =>
    xRateLimit(limit, new Date(wholeSeconds(nowMs + limit.resetMs) * 1000).toUTCString()),
  shopify: (limit) => ({
    'X-Shopify-Shop-Api-Call-Limit': `${limit.quota - limit.remaining}/${limit.quota}`,
  }),
  hubspot: (limit) => ({
    'X-HubSpot-RateLimit-Max': String(limit.quota),
    'X-HubSpot-RateLimit-Remaining': String(limit.remaining),
    'X-HubSpot-RateLimit-Interval-Milliseconds': String(limit.windowMs),
  }),
  zendesk: (limit) => ({
    'Zendesk-RateLimit-Events': `total=${limit.quota}; remaining=${limit.remaining}; resets=${wholeSeconds(limit.resetMs)}`,
  }),
  none: () => ({}),
};

function xRateLimit(limit: LimitVerdict, reset: string): Headers {
  return {
    'X-RateLimit-Limit': String(limit.quota),
    'X-RateLimit-Remaining': String(limit.remaining),
    'X-RateLimit-Reset': reset,
  };
}

/** @param nowMs the server's clock: dialects that name an instant are in it. */
export function limitHeaders(dialect: LimitDialect, limit: LimitVerdict, nowMs: number): Headers {
  return WRITERS[dialect](limit, nowMs);
}

const NONSENSE: readonly Headers[] = [
  { 'X-RateLimit-Limit': 'banana', 'X-RateLimit-Remaining': '', 'X-RateLimit-Reset': 'soon' },
  { 'X-RateLimit-Limit': '-1', 'X-RateLimit-Remaining': '-7', 'X-RateLimit-Reset': '-60' },
  { 'X-RateLimit-Limit': '0', 'X-RateLimit-Remaining': '999999', 'X-RateLimit-Reset': '1e99' },
  { 'X-RateLimit-Limit': 'NaN', 'X-RateLimit-Remaining': '0x10', 'X-RateLimit-Reset': '1.5.2' },
];

/** Limit headers that mean nothing; `draw` chooses which. */
export function nonsenseLimitHeaders(draw: number): Headers {
  return NONSENSE[Math.floor(draw * NONSENSE.length)] ?? {};
}
