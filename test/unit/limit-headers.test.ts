import { describe, expect, test } from 'vitest';
import { isLimitHeader, readLimitHeaders, readRetryAfter } from '../../src/core/limit-headers.js';
import { wordsOf } from '../support/limits-said.js';

const NOW_MS = Date.UTC(2026, 0, 27, 19, 20, 12);
const NOTHING = {
  quota: null,
  remaining: null,
  resetMs: null,
  windowMs: null,
  retryAfterMs: null,
};

function read(headers: Record<string, string>) {
  const observed = readLimitHeaders(headers, NOW_MS);
  return observed && wordsOf(observed);
}

describe('plain headers', () => {
  test('DataSync: the reset is whole seconds remaining', () => {
    const headers = { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '7' };
    expect(read({ ...headers, 'x-ratelimit-reset': '42' })).toEqual({
      ...NOTHING,
      quota: 10,
      remaining: 7,
      resetMs: 42_000,
    });
  });

  test('a refused DataSync request adds Retry-After', () => {
    const said = read({
      'x-ratelimit-limit': '10',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '38',
      'retry-after': '38',
    });
    expect(said).toEqual({
      ...NOTHING,
      quota: 10,
      remaining: 0,
      resetMs: 38_000,
      retryAfterMs: 38_000,
    });
  });

  test('an answer without limit headers says nothing, which is not zero', () => {
    expect(read({ date: new Date(NOW_MS).toUTCString(), 'x-request-id': 'a' })).toBeNull();
  });

  test('what is missing beside what is there stays null', () => {
    expect(read({ 'x-ratelimit-limit': '10' })).toEqual({ ...NOTHING, quota: 10 });
    expect(read({ 'x-ratelimit-remaining': '0' })).toEqual({ ...NOTHING, remaining: 0 });
  });

  test('GitHub: the reset is an epoch second, and used stands in for remaining', () => {
    const resetAt = String(NOW_MS / 1000 + 1800);
    const github = {
      'x-ratelimit-limit': '5000',
      'x-ratelimit-reset': resetAt,
      'x-ratelimit-used': '13',
    };
    const expected = { ...NOTHING, quota: 5000, remaining: 4987, resetMs: 1_800_000 };
    expect(read(github)).toEqual(expected);
    expect(read({ ...github, 'x-ratelimit-remaining': '4987' })).toEqual(expected);
  });

  test('an instant is measured on the server clock when the answer has a Date', () => {
    const skewMs = 3_600_000;
    const said = read({
      date: new Date(NOW_MS + skewMs).toUTCString(),
      'x-ratelimit-reset': String((NOW_MS + skewMs) / 1000 + 30),
    });
    expect(said?.resetMs).toBe(30_000);
  });

  test('Zendesk: X-Rate-Limit is the quota, and its reset comes from another family', () => {
    const said = read({
      'x-rate-limit': '700',
      'x-rate-limit-remaining': '699',
      'ratelimit-limit': '700',
      'ratelimit-remaining': '699',
      'ratelimit-reset': '41',
    });
    expect(said).toEqual({ ...NOTHING, quota: 700, remaining: 699, resetMs: 41_000 });
  });

  test('X-Rate-Limit-Limit is the same dialect with a hyphen', () => {
    const said = read({
      'x-rate-limit-limit': '40',
      'x-rate-limit-remaining': '39',
      'x-rate-limit-reset': '1.5',
    });
    expect(said).toEqual({ ...NOTHING, quota: 40, remaining: 39, resetMs: 1500 });
  });

  test('draft 06: policy text in RateLimit-Limit gives the window of the quota in force', () => {
    const said = read({
      'ratelimit-limit': '100, 100;w=60, 1000;w=3600',
      'ratelimit-remaining': '50',
      'ratelimit-reset': '20',
    });
    expect(said).toEqual({
      ...NOTHING,
      quota: 100,
      remaining: 50,
      resetMs: 20_000,
      windowMs: 60_000,
    });
  });

  test('draft 06: RateLimit-Policy completes the quota of the plain headers', () => {
    const said = read({
      'ratelimit-limit': '50',
      'ratelimit-remaining': '12',
      'ratelimit-reset': '9',
      'ratelimit-policy': '50;w=60, 1000;w=3600',
    });
    expect(said).toMatchObject({ quota: 50, remaining: 12, resetMs: 9000, windowMs: 60_000 });
  });
});

describe('structured fields', () => {
  test('an item of RateLimit takes quota and window from its policy', () => {
    const said = read({
      'ratelimit-policy': '"default";q=100;w=60',
      ratelimit: '"default";r=72;t=13',
    });
    expect(said).toEqual({
      ...NOTHING,
      quota: 100,
      remaining: 72,
      resetMs: 13_000,
      windowMs: 60_000,
    });
  });

  test('of several policies the one with the fewest requests left binds', () => {
    const policies = { 'ratelimit-policy': '"burst";q=100;w=60,"hour";q=1000;w=3600' };
    const early = read({ ...policies, ratelimit: '"burst";r=50;t=30,"hour";r=900;t=3000' });
    expect(early).toMatchObject({ quota: 100, remaining: 50, windowMs: 60_000 });
    const late = read({ ...policies, ratelimit: '"burst";r=50;t=30,"hour";r=3;t=200' });
    expect(late).toMatchObject({ quota: 1000, remaining: 3, resetMs: 200_000 });
  });

  test('of two exhausted policies the one that returns last binds', () => {
    const said = read({ ratelimit: '"burst";r=0;t=3,"hour";r=0;t=1200,"day";r=9' });
    expect(said).toMatchObject({ remaining: 0, resetMs: 1_200_000 });
  });

  test('a policy of bytes or of connections does not pace requests', () => {
    const said = read({
      'ratelimit-policy':
        '"bytes";q=10;w=1;qu="content-bytes","open";q=2;qu="concurrent-requests","r";q=60;w=60',
      ratelimit: '"bytes";r=0;t=50, "open";r=1, "r";r=59;t=60',
    });
    expect(said).toMatchObject({ quota: 60, remaining: 59, windowMs: 60_000 });
  });

  test('partition keys and unknown parameters are passed over', () => {
    const said = read({ ratelimit: '"a";r=5;pk=:sdfjLJUOUH==:;new=?1;on=@1700000000;t=4' });
    expect(said).toEqual({ ...NOTHING, remaining: 5, resetMs: 4000 });
  });

  test('a policy alone still tells quota and window', () => {
    expect(read({ 'ratelimit-policy': '"d";q=30;w=10;qu="requests"' })).toEqual({
      ...NOTHING,
      quota: 30,
      windowMs: 10_000,
    });
  });

  test('draft 07: one dictionary with the policy beside it', () => {
    const said = read({
      ratelimit: 'limit=100, remaining=99, reset=58',
      'ratelimit-policy': '100;w=60',
    });
    expect(said).toEqual({
      ...NOTHING,
      quota: 100,
      remaining: 99,
      resetMs: 58_000,
      windowMs: 60_000,
    });
  });

  test('a malformed field is ignored whole', () => {
    expect(read({ ratelimit: '"a";r=5,' })).toBeNull();
  });
});

describe('vendors', () => {
  const hubspot = {
    'x-hubspot-ratelimit-max': '100',
    'x-hubspot-ratelimit-remaining': '98',
    'x-hubspot-ratelimit-interval-milliseconds': '10000',
  };

  test('HubSpot: the interval is in milliseconds', () => {
    expect(read(hubspot)).toEqual({ ...NOTHING, quota: 100, remaining: 98, windowMs: 10_000 });
  });

  test('HubSpot: the daily limit binds when less of it is left', () => {
    const daily = { ...hubspot, 'x-hubspot-ratelimit-daily': '250000' };
    const plenty = read({ ...daily, 'x-hubspot-ratelimit-daily-remaining': '249999' });
    expect(plenty).toMatchObject({ quota: 100, windowMs: 10_000 });
    const scarce = read({ ...daily, 'x-hubspot-ratelimit-daily-remaining': '4' });
    expect(scarce).toMatchObject({ quota: 250_000, remaining: 4, windowMs: 86_400_000 });
  });

  test('Shopify: used and size give what remains', () => {
    const name = 'x-shopify-shop-api-call-limit';
    expect(read({ [name]: '32/40' })).toEqual({ ...NOTHING, quota: 40, remaining: 8 });
    expect(read({ [name]: '41/40' })).toEqual({ ...NOTHING, quota: 40, remaining: 0 });
    expect(read({ [name]: '32 of 40' })).toBeNull();
  });

  test('Zendesk: a triple of an endpoint binds when it is the tighter', () => {
    const said = read({
      'x-rate-limit': '700',
      'x-rate-limit-remaining': '699',
      'zendesk-ratelimit-tickets-index': 'total=100; remaining=1; resets=41',
    });
    expect(said).toEqual({ ...NOTHING, quota: 100, remaining: 1, resetMs: 41_000 });
  });
});

const SERVER_DATE = 'Tue, 27 Jan 2026 19:20:12 GMT';

describe('Retry-After', () => {
  test.each([
    ['30', 30_000],
    ['0.25', 250],
    ['0', 0],
    ['Tue, 27 Jan 2026 19:21:12 GMT', 60_000],
    ['Tuesday, 27-Jan-26 19:21:12 GMT', 60_000],
    ['Tue Jan 27 19:21:12 2026', 60_000],
    ['Tue, 27 Jan 2026 19:19:12 GMT', 0],
  ])('%s', (text, expectedMs) => {
    expect(read({ 'retry-after': text })).toEqual({ ...NOTHING, retryAfterMs: expectedMs });
  });

  test.each([
    ["a date by the server's clock", 'Tue, 27 Jan 2026 19:20:42 GMT', SERVER_DATE, 30_000],
    ['a date by our clock', 'Tue, 27 Jan 2026 19:20:42 GMT', undefined, 40_000],
    ['an epoch, which is an instant as well', '1769541642', SERVER_DATE, 30_000],
    ['milliseconds by mistake, still a span of hours', '60000', undefined, 60_000_000],
    ['more than a month', '2678401', undefined, null],
    ['a date far off', 'Tue, 27 Jan 2099 19:20:42 GMT', SERVER_DATE, null],
    ['a negative number', '-5', undefined, null],
    ['no number', 'NaN', undefined, null],
    ['an empty value', ' ', undefined, null],
    ['two values', '5, 6', undefined, null],
  ])('alone: %s', (_form, text, date, expectedMs) => {
    const headers = { 'retry-after': text, ...(date === undefined ? {} : { date }) };
    expect(readRetryAfter(headers, Date.UTC(2026, 0, 27, 19, 20, 2))?.spanMs ?? null).toBe(
      expectedMs,
    );
  });

  test('stands beside a reset and does not replace it', () => {
    expect(read({ ratelimit: '"a";r=0;t=5', 'retry-after': '9' })).toMatchObject({
      resetMs: 5000,
      retryAfterMs: 9000,
    });
  });
});

describe('nonsense', () => {
  test.each([
    { 'x-ratelimit-limit': '-1', 'x-ratelimit-remaining': '-1', 'x-ratelimit-reset': '-1' },
    { 'x-ratelimit-limit': 'unlimited', 'x-ratelimit-remaining': 'NaN' },
    { 'x-ratelimit-limit': '0' },
    { 'x-ratelimit-limit': '99999999999999999999', 'x-ratelimit-reset': '99999999999999999999' },
    { 'ratelimit-policy': '"a";q=0;w=60' },
  ])('is ignored: %o', (headers) => {
    expect(read(headers)).toBeNull();
  });

  test('more left than the quota permits is not believed', () => {
    const headers = { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '500' };
    expect(read(headers)).toEqual({ ...NOTHING, quota: 10 });
  });

  test('a window of no length or of more than a month is not believed', () => {
    const windowOf = (seconds: number) => read({ 'ratelimit-policy': `"a";q=5;w=${seconds}` });
    expect(windowOf(0)?.windowMs).toBeNull();
    expect(windowOf(2_678_401)?.windowMs).toBeNull();
    expect(windowOf(1)?.windowMs).toBe(1000);
  });
});

test('every header that a dialect reads is asked for, and others are not', () => {
  const wanted = ['date', 'retry-after', 'ratelimit', 'ratelimit-policy', 'x-ratelimit-reset'];
  const vendors = ['x-rate-limit', 'x-hubspot-ratelimit-max', 'zendesk-ratelimit-search-index'];
  expect([...wanted, ...vendors, 'x-shopify-shop-api-call-limit'].every(isLimitHeader)).toBe(true);
  expect(['content-length', 'x-request-id', 'set-cookie'].some(isLimitHeader)).toBe(false);
});
