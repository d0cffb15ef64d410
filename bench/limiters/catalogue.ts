/**
 * The servers of the scenario `limiters`: each with the limits that it keeps, what its answers tell of
 * them, and what is promised for it.
 */
import {
  type Announcer,
  infixed,
  limitAndRemaining,
  policyAlone,
  retryAfter,
  shopify,
  suffixed,
  together,
  whenRefused,
  xRateLimit,
} from './announce.js';
import {
  concurrency,
  fixedWindow,
  inTurn,
  type LimiterModel,
  leakyBucket,
  slidingLog,
  tokenBucket,
} from './models.js';
import type { Permit } from './permits.js';

/** Which headers express-rate-limit sends; `silent` none at all. */
export type ExpressHeaders = 'legacy' | 'draft-6' | 'draft-7' | 'draft-8' | 'silent';

/** What stands behind a name. */
export type Serving =
  | { readonly with: 'express-rate-limit'; readonly headers: ExpressHeaders }
  | { readonly with: '@fastify/rate-limit'; readonly isDraft: boolean }
  | {
      readonly with: 'model';
      readonly limiter: () => LimiterModel;
      /** From the arrival to the answer; 0 is at once. */
      readonly answerMs: number;
    };

export interface LimiterSpec {
  readonly name: string;
  readonly limits: readonly Permit[];
  /** Whether the answers tell all limits, quota and reset, before the first refusal. */
  readonly isTold: boolean;
  readonly serving: Serving;
}

const SHORT = { quota: 10, windowMs: 2_000 } as const;
const LONG = { quota: 30, windowMs: 12_000 } as const;
const MEDIUM = { quota: 30, windowMs: 6_000 } as const;
const SLOW = { quota: 20, windowMs: 10_000 } as const;
/** express-rate-limit rounds it up to 3 s. */
const UNEVEN = { quota: 10, windowMs: 2_500 } as const;
/** In whole seconds, so that the rounding of the reset costs nothing. */
const BEGUN = { quota: 20, windowMs: 6_000, beganBeforeMs: 3_000 } as const;
const PROXY = { perSecond: 5 } as const;
const SHOPIFY = { capacity: 40, perSecond: 2 } as const;
const BUCKET = { capacity: 10, perSecond: 5 } as const;
const ANSWER_MS = 100;

type Window = Omit<Extract<Permit, { kind: 'window' }>, 'kind'>;

function express(
  name: string,
  headers: ExpressHeaders,
  windows: readonly Window[],
  isTold: boolean,
): LimiterSpec {
  const serving = { with: 'express-rate-limit', headers } as const;
  return { name: `express-${name}`, limits: windows.map(windowed), isTold, serving };
}

function own(
  name: string,
  limits: readonly Permit[],
  isTold: boolean,
  limiter: () => LimiterModel,
  answerMs = 0,
): LimiterSpec {
  return { name, limits, isTold, serving: { with: 'model', limiter, answerMs } };
}

function windowed(window: Window): Permit {
  return { kind: 'window', ...window };
}

/** A fixed window of 10 in 2 s, which a request opens: only what is announced differs. */
function announcing(
  name: string,
  isTold: boolean,
  announce: Announcer,
  refusalStatus = 429,
): LimiterSpec {
  return own(name, [windowed(SHORT)], isTold, () =>
    fixedWindow({ ...SHORT, opensWith: 'request', announce, refusalStatus }),
  );
}

function proxy(refusalStatus: number): LimiterSpec {
  const limits = [{ kind: 'bucket', capacity: 1, ...PROXY }] as const;
  return own(`leaky-bucket-${refusalStatus}`, limits, false, () =>
    leakyBucket({ ...PROXY, refusalStatus }),
  );
}

function atOnce(inFlightMax: number, refusalStatus: number): LimiterSpec {
  const limits = [{ kind: 'inFlight', inFlightMax, answerMs: ANSWER_MS }] as const;
  const name = `concurrency-${inFlightMax}-${refusalStatus}`;
  return own(name, limits, false, () => concurrency({ inFlightMax, refusalStatus }), ANSWER_MS);
}

function bucket(name: string, options: typeof SHOPIFY | typeof BUCKET, announce: Announcer) {
  return own(name, [{ kind: 'bucket', ...options }], false, () =>
    tokenBucket({ ...options, announce }),
  );
}

export const LIMITERS: readonly LimiterSpec[] = [
  express('legacy', 'legacy', [SHORT], true),
  express('legacy-30-6', 'legacy', [MEDIUM], true),
  express('draft-6', 'draft-6', [SHORT], true),
  express('draft-7', 'draft-7', [SHORT], true),
  express('draft-8', 'draft-8', [SHORT], true),
  express('silent', 'silent', [SHORT], false),
  express('silent-20-10', 'silent', [SLOW], false),
  // Of two middlewares the last writes the headers: the other limit shows at its first refusal.
  express('legacy-twice', 'legacy', [SHORT, LONG], false),
  express('draft-7-twice', 'draft-7', [SHORT, LONG], false),
  express('draft-7-twice-turned', 'draft-7', [LONG, SHORT], false),
  express('draft-8-twice', 'draft-8', [SHORT, LONG], true),
  express('wrong-window', 'draft-7', [UNEVEN], false),
  {
    name: 'fastify',
    limits: [windowed(SHORT)],
    isTold: true,
    serving: { with: '@fastify/rate-limit', isDraft: false },
  },
  {
    name: 'fastify-draft',
    limits: [windowed(SHORT)],
    isTold: true,
    serving: { with: '@fastify/rate-limit', isDraft: true },
  },
  own('sliding-log', [windowed(SHORT)], false, () =>
    slidingLog({ ...SHORT, refusedCallsCount: false }),
  ),
  own('sliding-log-all-count', [windowed(SHORT)], false, () =>
    slidingLog({ ...SHORT, refusedCallsCount: true }),
  ),
  own('sliding-log-20-10-all-count', [windowed(SLOW)], false, () =>
    slidingLog({ ...SLOW, refusedCallsCount: true }),
  ),
  proxy(503),
  proxy(429),
  bucket('shopify', SHOPIFY, shopify),
  bucket('token-bucket', BUCKET, limitAndRemaining),
  atOnce(4, 503),
  atOnce(4, 429),
  atOnce(2, 503),
  atOnce(2, 429),
  announcing('no-reset', false, limitAndRemaining),
  announcing('reset-date-text', true, xRateLimit('dateText')),
  announcing('reset-ms', true, xRateLimit('milliseconds')),
  announcing('retry-after-ms', false, retryAfter('milliseconds')),
  announcing('retry-after-0', false, retryAfter('zero')),
  announcing('retry-after-floor', false, retryAfter('secondsRoundedDown')),
  announcing('reset-epoch-seconds', true, xRateLimit('epochSecondsRoundedUp')),
  announcing('names-infix', true, together(infixed('path', 'seconds'), retryAfter('seconds'))),
  own('names-suffix', [windowed(SHORT), windowed(LONG)], true, () =>
    inTurn(
      fixedWindow({ ...SHORT, opensWith: 'request', announce: suffixed('short', 'seconds') }),
      fixedWindow({ ...LONG, opensWith: 'request', announce: suffixed('long', 'seconds') }),
    ),
  ),
  announcing('refusal-403', false, whenRefused(xRateLimit('epochSecondsRoundedUp')), 403),
  announcing('refusal-529', false, retryAfter('seconds'), 529),
  // The policy is rounded, the reset is exact.
  own('policy-rounded-up', [windowed(UNEVEN)], true, () =>
    fixedWindow({
      ...UNEVEN,
      opensWith: 'request',
      announce: together(policyAlone, xRateLimit('epochMilliseconds')),
    }),
  ),
  own('window-begun-before', [windowed(BEGUN)], true, () =>
    fixedWindow({ ...BEGUN, opensWith: 'grid', announce: xRateLimit('seconds') }),
  ),
];

/** @throws RangeError for a name that none has */
export function limiterNamed(name: string): LimiterSpec {
  const found = LIMITERS.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`no limiter is called "${name}"`);
  return found;
}
