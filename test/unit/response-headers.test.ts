import { describe, expect, test } from 'vitest';
import { readLimitHeaders } from '../../src/core/limit-headers.js';
import {
  contentEncodings,
  contentLength,
  isJsonType,
  limitHeaders,
  mediaType,
  requestId,
  toldLimits,
} from '../../workers/fetch/response-headers.js';

const AT_MS = 0;

describe('headers that a file names', () => {
  const said = {
    'x-complexity': '12',
    'x-ratelimit-complexity-limit': '1000',
    'x-ratelimit-complexity-remaining': '991',
    'x-ratelimit-limit': '60',
    'retry-after': '3',
  };
  const cost = {
    type: 'cost',
    request: 'x-complexity',
    available: 'x-ratelimit-complexity-remaining',
    maximum: 'x-ratelimit-complexity-limit',
  } as const;

  test('mean what it says, and no limit of requests', () => {
    const { limits } = toldLimits(said, AT_MS, [cost]);
    expect(limits?.limits).toMatchObject([
      { name: 'x-ratelimit', quota: 60 },
      { name: cost.available, quota: 83, remaining: 82 },
    ]);
    expect(limits?.retryAfter?.spanMs).toBe(3_000);
    expect(toldLimits(said, AT_MS, []).limits?.limits).toMatchObject([
      { quota: 1000, remaining: 991 },
      { quota: 60 },
    ]);
  });

  test('may be those of HTTP, which keep their meaning', () => {
    const names = { type: 'counts', limit: null, remaining: 'x-left', window: null } as const;
    const named = [{ ...names, reset: 'retry-after', unit: 's' }] as const;
    const { limits } = toldLimits({ 'x-left': '0', 'retry-after': '3' }, AT_MS, named);
    expect(limits).toMatchObject({
      limits: [{ remaining: 0, reset: { spanMs: 3_000 } }],
      retryAfter: { spanMs: 3_000 },
    });
  });
});

describe('limit headers', () => {
  test('are those of every dialect, and the date', () => {
    const kept = {
      'x-ratelimit-remaining': '9',
      'x-rate-limit': '700',
      'x-rate-limit-remaining': '699',
      ratelimit: '"default";r=50;t=30',
      'ratelimit-policy': '"default";q=100;w=60',
      'retry-after': '3',
      'x-shopify-shop-api-call-limit': '32/40',
      'x-hubspot-ratelimit-daily-remaining': '10',
      'zendesk-ratelimit-tickets-index': 'total=100;remaining=99;resets=41',
      date: 'Tue, 27 Jan 2026 19:20:12 GMT',
    };
    const other = { 'set-cookie': ['a=b'], 'x-api-key': 'secret', 'x-cache': 'HIT' };
    expect(limitHeaders({ ...kept, ...other }, AT_MS)).toEqual(kept);
  });

  test('that come twice are joined, the same value being one', () => {
    const headers = { ratelimit: ['"a";r=1', '"b";r=2'], 'x-ratelimit-remaining': ['7', '7'] };
    expect(limitHeaders(headers, AT_MS)).toEqual({
      ratelimit: '"a";r=1, "b";r=2',
      'x-ratelimit-remaining': '7',
    });
  });

  test('of a chain of proxies keep what each says, though they say the same of one thing', () => {
    const headers = { 'x-ratelimit-limit': ['10', '10'], 'x-ratelimit-remaining': ['5', '4'] };
    const found = limitHeaders(headers, AT_MS);
    expect(found).toEqual({ 'x-ratelimit-limit': '10, 10', 'x-ratelimit-remaining': '5, 4' });
    const { limits = [] } = readLimitHeaders(found, AT_MS) ?? {};
    expect(limits.map(({ remaining }) => remaining)).toEqual([5, 4]);
  });

  test('Date counts by its first line', () => {
    const date = ['Tue, 27 Jan 2026 19:20:12 GMT', 'Tue, 27 Jan 2026 19:00:00 GMT'];
    expect(limitHeaders({ date }, AT_MS)).toEqual({ date: date[0] });
  });

  test.each([
    [['3', '57', '5'], '57'],
    [['57', '3'], '57'],
    [['Thu, 01 Jan 1970 00:01:40 GMT', '3'], 'Thu, 01 Jan 1970 00:01:40 GMT'],
    [['soon', '3'], '3'],
  ])('Retry-After counts by the longest of %j', (lines, longest) => {
    const date = 'Thu, 01 Jan 1970 00:00:00 GMT';
    expect(limitHeaders({ date, 'retry-after': lines }, AT_MS)['retry-after']).toBe(longest);
  });
});

test.each([
  ['application/json', true],
  ['application/json; charset=utf-8', true],
  ['Application/JSON', true],
  ['application/problem+json', true],
  [undefined, true],
  ['text/html', false],
  ['text/plain', false],
  ['application/jsonp', false],
])('the content type %s is JSON: %s', (type, isJson) => {
  expect(isJsonType(type === undefined ? {} : { 'content-type': type })).toBe(isJson);
});

test.each([
  [['application/json', 'application/json'], true],
  [['text/html', 'application/json; charset=utf-8'], true],
  ['application/json, application/json', true],
  [['text/html', 'text/plain'], false],
])('content types %j are JSON: %s', (lines, isJson) => {
  expect(isJsonType({ 'content-type': lines })).toBe(isJson);
});

test('the first content type is the one that a message names', () => {
  expect(mediaType({ 'content-type': ['Text/HTML; charset=x', 'text/plain'] })).toBe('text/html');
});

test.each([
  [undefined, []],
  ['', []],
  ['identity', []],
  ['none', []],
  ['GZIP', ['gzip']],
  ['identity, gzip', ['gzip']],
  [
    ['gzip', 'br'],
    ['gzip', 'br'],
  ],
  [
    ['gzip, br', 'identity'],
    ['gzip', 'br'],
  ],
])('content encodings %j are %j', (lines, encodings) => {
  expect(contentEncodings(lines === undefined ? {} : { 'content-encoding': lines })).toEqual(
    encodings,
  );
});

test.each([
  ['5', 5],
  [['5', '5'], 5],
  ['5, 5', 5],
  [['5', '6'], null],
  ['-1', null],
  ['5e3', null],
  [undefined, null],
])('a content length of %j is %s', (lines, length) => {
  expect(contentLength(lines === undefined ? {} : { 'content-length': lines })).toBe(length);
});

test.each([
  [{ 'x-request-id': ['a', 'b'] }, 'a'],
  [{ 'x-request-id': '', 'request-id': 'c' }, 'c'],
  [{}, null],
])('the request id of %j is %s', (headers, id) => {
  expect(requestId(headers)).toBe(id);
});
