import { describe, expect, test } from 'vitest';
import {
  concurrency,
  draft07,
  fixedWindow,
  inTurn,
  type LimiterModel,
  leakyBucket,
  RESETS,
  retryAfter,
  shopify,
  silent,
  slidingLog,
  suffixed,
  together,
  tokenBucket,
  withWindow,
  xRateLimit,
} from '../support/limiter-models.js';

/** A whole second, so that rounding shows. */
const START_MS = 1_700_000_000_000;

/** `+` for an accepted request, `-` for a refused one. */
function verdicts(limiter: LimiterModel, timesMs: readonly number[]): string {
  return timesMs.map((ms) => (limiter.accept(START_MS + ms).accepted ? '+' : '-')).join('');
}

describe('which requests are let in', () => {
  test('a window that a request opens ends a window later, whatever came in it', () => {
    const limiter = fixedWindow({ quota: 2, windowMs: 1_000, opensWith: 'request' });
    expect(verdicts(limiter, [100, 900, 950, 1_099, 1_100, 1_101, 1_102])).toBe('++--++-');
  });

  test('a window on the grid of the clock ends there', () => {
    const limiter = fixedWindow({ quota: 2, windowMs: 1_000, opensWith: 'grid' });
    expect(verdicts(limiter, [900, 950, 999, 1_000, 1_001, 1_999, 2_000])).toBe('++-++-+');
  });

  test('a window that began earlier ends earlier, and the grid follows it', () => {
    const options = { quota: 1, windowMs: 1_000, beganBeforeMs: 700 } as const;
    const times = [0, 299, 300, 500, 1_299, 1_300, 1_301];
    expect(verdicts(fixedWindow({ ...options, opensWith: 'grid' }), times)).toBe('+-+--+-');
    const late = [0, 600, 1_300, 1_600];
    expect(verdicts(fixedWindow({ ...options, opensWith: 'request' }), late)).toBe('++-+');
  });

  test('a sliding log holds what was accepted, and where it is so, what was refused', () => {
    const times = [0, 100, 500, 1_000, 1_050, 1_100];
    const options = { quota: 2, windowMs: 1_000 };
    expect(verdicts(slidingLog({ ...options, refusedCallsCount: false }), times)).toBe('++-+-+');
    expect(verdicts(slidingLog({ ...options, refusedCallsCount: true }), times)).toBe('++----');
  });

  test('a bucket has its burst, then its rate; a leaky one without burst only the rate', () => {
    const burst = tokenBucket({ capacity: 3, perSecond: 2 });
    expect(verdicts(burst, [0, 0, 0, 0, 499, 500, 501, 1_000])).toBe('+++--+-+');
    const steady = leakyBucket({ perSecond: 5 });
    expect(verdicts(steady, [0, 1, 199, 200, 399, 400, 1_000, 1_001])).toBe('+--+-++-');
  });

  test('what is in flight counts until it is answered', () => {
    const limiter = concurrency({ inFlightMax: 2 });
    expect(verdicts(limiter, [0, 0, 0])).toBe('++-');
    limiter.release(START_MS);
    expect(verdicts(limiter, [1, 1])).toBe('+-');
  });

  test('of several limiters each counts until one refuses, whose status is told', () => {
    const limiter = inTurn(
      fixedWindow({ quota: 3, windowMs: 1_000, opensWith: 'request' }),
      concurrency({ inFlightMax: 1, refusalStatus: 503 }),
    );
    expect(verdicts(limiter, [0])).toBe('+');
    expect(limiter.accept(START_MS)).toMatchObject({ accepted: false, status: 503 });
    limiter.release(START_MS);
    expect(verdicts(limiter, [0, 0])).toBe('+-');
    expect(limiter.accept(START_MS)).toMatchObject({ accepted: false, status: 429 });
  });

  test('a refusal by a later limiter does not hold the place in an earlier one', () => {
    const limiter = inTurn(concurrency({ inFlightMax: 1 }), leakyBucket({ perSecond: 1 }));
    expect(verdicts(limiter, [0])).toBe('+');
    limiter.release(START_MS);
    expect(verdicts(limiter, [1, 1_000])).toBe('-+');
  });
});

describe('what is announced', () => {
  const window = { quota: 2, windowMs: 2_500, opensWith: 'request' } as const;

  test('nothing by default, nor to what a limiter keeps silent about', () => {
    const limiter = fixedWindow(window);
    expect(limiter.accept(START_MS).headers).toEqual({});
    expect(silent({} as never, 0)).toEqual({});
  });

  test('draft 7, and the window that the limiter believes it has', () => {
    const told = fixedWindow({ ...window, announce: draft07 });
    told.accept(START_MS);
    expect(told.accept(START_MS + 1_000).headers).toEqual({
      'RateLimit-Policy': '2;w=3',
      RateLimit: 'limit=2, remaining=0, reset=2',
    });
    const wrong = fixedWindow({ ...window, announce: withWindow(4_000, draft07) });
    expect(wrong.accept(START_MS).headers['RateLimit-Policy']).toBe('2;w=4');
  });

  test('resets in every form, Retry-After with refusals alone', () => {
    const announce = together(
      xRateLimit('epochSecondsRoundedUp'),
      suffixed('short', 'milliseconds'),
      retryAfter('secondsRoundedDown'),
    );
    const limiter = fixedWindow({ ...window, quota: 1, announce });
    expect(limiter.accept(START_MS).headers).toEqual({
      'X-RateLimit-Limit': '1',
      'X-RateLimit-Remaining': '0',
      'X-RateLimit-Reset': '1700000003',
      'X-RateLimit-Limit-short': '1',
      'X-RateLimit-Remaining-short': '0',
      'X-RateLimit-Reset-short': '2500',
    });
    const refusal = limiter.accept(START_MS + 1_600);
    expect(refusal.headers).toMatchObject({ 'Retry-After': '0', 'Retry-After-short': '900' });
    expect(RESETS.dateText(2_000, START_MS)).toMatch(/^Tue Nov 14 2023 .* GMT[+-]\d{4}/);
    expect(RESETS.iso(2_000, START_MS)).toBe('2023-11-14T22:13:22.000Z');
    expect(RESETS.httpDate(2_000, START_MS)).toBe('Tue, 14 Nov 2023 22:13:22 GMT');
  });

  test('used/size of a bucket', () => {
    const limiter = tokenBucket({ capacity: 40, perSecond: 2, announce: shopify });
    limiter.accept(START_MS);
    expect(limiter.accept(START_MS).headers).toEqual({ 'X-Shopify-Shop-Api-Call-Limit': '2/40' });
    expect(limiter.accept(START_MS + 500).headers['X-Shopify-Shop-Api-Call-Limit']).toBe('2/40');
  });
});
