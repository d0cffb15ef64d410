/** How limiters announce themselves: small functions from the state to headers, to be joined. */

/** What a limiter knows when it answers, the request itself counted. */
export interface LimitState {
  readonly accepted: boolean;
  readonly quota: number;
  readonly remaining: number;
  readonly windowMs: number;
  /** Until the window ends, its oldest request leaves, or the bucket is full. */
  readonly resetMs: number;
  /** Until one more request would be accepted; 0 when that is now. */
  readonly retryMs: number;
}

type Headers = Readonly<Record<string, string>>;
export type Announcer = (state: LimitState, nowMs: number) => Headers;

export const silent: Announcer = () => ({});

export function together(...announcers: readonly Announcer[]): Announcer {
  return (state, nowMs) => Object.assign({}, ...announcers.map((one) => one(state, nowMs)));
}

export function whenRefused(announcer: Announcer): Announcer {
  return (state, nowMs) => (state.accepted ? {} : announcer(state, nowMs));
}

/** The limiter is wrong about its own window. */
export function withWindow(windowMs: number, announcer: Announcer): Announcer {
  return (state, nowMs) =>
    announcer({ ...state, windowMs, resetMs: state.resetMs + windowMs - state.windowMs }, nowMs);
}

/** Limit and remaining, and no word of a reset. */
export const limitAndRemaining: Announcer = ({ quota, remaining }) => ({
  'X-RateLimit-Limit': String(quota),
  'X-RateLimit-Remaining': String(remaining),
});

/** The forms in which `X-RateLimit-Reset` and its kin are found. */
export const RESETS = {
  seconds: (spanMs: number) => String(Math.ceil(spanMs / 1000)),
  secondsRoundedDown: (spanMs: number) => String(Math.floor(spanMs / 1000)),
  milliseconds: (spanMs: number) => String(Math.ceil(spanMs)),
  epochSecondsRoundedUp: (spanMs: number, nowMs: number) =>
    String(Math.ceil((nowMs + spanMs) / 1000)),
  epochMilliseconds: (spanMs: number, nowMs: number) => String(Math.ceil(nowMs + spanMs)),
  iso: (spanMs: number, nowMs: number) => new Date(nowMs + spanMs).toISOString(),
  httpDate: (spanMs: number, nowMs: number) => new Date(nowMs + spanMs).toUTCString(),
  /** What becomes of a Date that is set as a header: `Thu Jan 01 2026 00:00:02 GMT+0000 (…)`. */
  dateText: (spanMs: number, nowMs: number) => String(new Date(nowMs + spanMs)),
  zero: () => '0',
} as const;

export type ResetForm = keyof typeof RESETS;

/** `X-RateLimit-Limit`, `-Remaining` and `-Reset`. */
export function xRateLimit(form: ResetForm): Announcer {
  return (state, nowMs) => ({
    ...limitAndRemaining(state, nowMs),
    'X-RateLimit-Reset': RESETS[form](state.resetMs, nowMs),
  });
}

/** With the refusals alone. */
export function retryAfter(form: ResetForm): Announcer {
  return whenRefused((state, nowMs) => ({ 'Retry-After': RESETS[form](state.retryMs, nowMs) }));
}

/** Names of one of several limits: `x-ratelimit-limit-short`, `retry-after-short`. */
export function suffixed(suffix: string, form: ResetForm): Announcer {
  return (state, nowMs) => ({
    [`X-RateLimit-Limit-${suffix}`]: String(state.quota),
    [`X-RateLimit-Remaining-${suffix}`]: String(state.remaining),
    [`X-RateLimit-Reset-${suffix}`]: RESETS[form](state.resetMs, nowMs),
    ...(state.accepted ? {} : { [`Retry-After-${suffix}`]: RESETS[form](state.retryMs, nowMs) }),
  });
}

/** `x-ratelimit-pathlimit`, `x-ratelimit-pathremaining`, `x-ratelimit-pathreset`. */
export function infixed(infix: string, form: ResetForm): Announcer {
  return (state, nowMs) => ({
    [`X-RateLimit-${infix}Limit`]: String(state.quota),
    [`X-RateLimit-${infix}Remaining`]: String(state.remaining),
    [`X-RateLimit-${infix}Reset`]: RESETS[form](state.resetMs, nowMs),
  });
}

/** The window in whole seconds, as drafts up to 07 have it. */
export const policyAlone: Announcer = ({ quota, windowMs }) => ({
  'RateLimit-Policy': `${quota};w=${wholeSeconds(windowMs)}`,
});

/** Drafts 01 to 06: plain names, the window in a policy. */
export const draft06: Announcer = together(policyAlone, ({ quota, remaining, resetMs }) => ({
  'RateLimit-Limit': String(quota),
  'RateLimit-Remaining': String(remaining),
  'RateLimit-Reset': RESETS.seconds(resetMs),
}));

export const draft07: Announcer = together(policyAlone, ({ quota, remaining, resetMs }) => ({
  RateLimit: `limit=${quota}, remaining=${remaining}, reset=${RESETS.seconds(resetMs)}`,
}));

/** @param name of the policy */
export function draft08(name: string): Announcer {
  return ({ quota, remaining, resetMs, windowMs }) => ({
    'RateLimit-Policy': `"${name}";q=${quota};w=${wholeSeconds(windowMs)}`,
    RateLimit: `"${name}";r=${remaining};t=${RESETS.seconds(resetMs)}`,
  });
}

/** A leaky bucket's `used/size`. */
export const shopify: Announcer = ({ quota, remaining }) => ({
  'X-Shopify-Shop-Api-Call-Limit': `${quota - remaining}/${quota}`,
});

function wholeSeconds(spanMs: number): number {
  return Math.ceil(spanMs / 1000);
}
