import { describe, expect, test } from 'vitest';
import { faultForStatus, isLimitedBy } from '../../src/source/http-fault.js';
import { datasync } from '../support/datasync.js';
import { limitsSaid } from '../support/limits-said.js';

const remedies = { credentials: 'the key', address: 'the address', redirect: 'the way' };
const silent = { code: null, isLimited: false, remedies };
const limited = { code: null, isLimited: true, remedies };

describe('a status', () => {
  test.each([429, 529])('%d is always a limit', (status) => {
    expect(faultForStatus(status, silent)).toMatchObject({ code: 'RATE_LIMITED', status });
  });

  test.each([
    [403, 'CREDENTIALS'],
    [420, 'HTTP_STATUS'],
    [430, 'HTTP_STATUS'],
    [503, 'HTTP_STATUS'],
    [509, 'HTTP_STATUS'],
  ])('%d is a limit where its headers say so, else %s', (status, code) => {
    expect(faultForStatus(status, limited).code).toBe('RATE_LIMITED');
    expect(faultForStatus(status, silent).code).toBe(code);
  });

  test.each([
    304, 408, 425, 500, 501, 502, 504, 505, 507, 511, 520, 521, 522, 523, 524, 525, 526, 527, 530,
    598, 599,
  ])('%d passes, whatever the headers say of a limit', (status) => {
    for (const signs of [silent, limited]) {
      const fault = faultForStatus(status, signs);
      expect(fault).toMatchObject({ code: 'HTTP_STATUS', retryable: true, status });
    }
  });

  test.each([201, 204, 206, 226, 400, 402, 404, 405, 406, 409, 411, 414, 418, 451, 494])(
    '%d is unexpected: what comes of it depends on whether a page has come',
    (status) => {
      expect(faultForStatus(status, silent)).toMatchObject({
        ...{ code: 'UNEXPECTED_STATUS', retryable: true, status },
        remedy: 'the address',
      });
    },
  );

  test('407 is the word of a proxy', () => {
    expect(faultForStatus(407, silent).remedy).toContain('HTTP_PROXY');
  });

  test.each([301, 302, 303, 307, 308])('%d is a redirect, and final', (status) => {
    expect(faultForStatus(status, silent)).toMatchObject({ code: 'REDIRECT', retryable: false });
  });

  test('401 is a refused key, even where a limit is exhausted', () => {
    expect(faultForStatus(401, limited)).toMatchObject({ code: 'CREDENTIALS', retryable: false });
  });

  test('may have a meaning of its own in a source', () => {
    const named = { 420: 'RATE_LIMITED', 404: 'CURSOR_EXPIRED', 451: 'CREDENTIALS' } as const;
    expect(faultForStatus(420, { ...silent, named }).code).toBe('RATE_LIMITED');
    expect(faultForStatus(404, { ...silent, named })).toMatchObject({
      ...{ code: 'CURSOR_EXPIRED', retryable: true, status: 404 },
    });
    expect(faultForStatus(451, { ...silent, named }).retryable).toBe(false);
  });
});

test.each([
  [null, false],
  [{}, false],
  [{ quota: 10, remaining: 3 }, false],
  [{ quota: 10, remaining: 0 }, true],
  [{ retryAfterMs: 0 }, true],
])('headers that say %j are a sign of a limit: %s', (words, isLimited) => {
  expect(isLimitedBy(words && limitsSaid(words))).toBe(isLimited);
});

describe('what DataSync means', () => {
  const read = (status: number, body: string) =>
    datasync.readError({ status, body, isLimited: false, header: () => null });

  test('by 410: the cursor has expired', () => {
    expect(read(410, '')).toMatchObject({ code: 'CURSOR_EXPIRED', retryable: true });
  });

  test.each([
    [400, '{"message":"limit must be less than or equal to 1000"}'],
    [400, '{"code":"INVALID_LIMIT"}'],
    [400, '{"code":"LIMIT_TOO_LARGE"}'],
    [422, '{"detail":[{"loc":["query","limit"],"msg":"ensure this value is less than 1001"}]}'],
    [400, 'page size exceeds 500'],
    [400, '{"error":"pageSize"}'],
    [413, 'per_page is too large'],
  ])('by %d with %s: fewer records are to be asked for', (status, body) => {
    expect(read(status, body)).toMatchObject({ code: 'LIMIT_REFUSED', retryable: true });
  });

  test.each([
    [400, ''],
    [400, '{"code":"RATE_LIMIT_EXCEEDED"}'],
    [400, 'rate limit reached'],
    [400, 'unlimited, limitless'],
    [404, 'limit'],
  ])('by %d with %j: nothing of its own', (status, body) => {
    expect(read(status, body).code).toBe('UNEXPECTED_STATUS');
  });

  test('by a code of its own goes before all that', () => {
    expect(read(400, '{"code":"CURSOR_EXPIRED","message":"limit"}').code).toBe('CURSOR_EXPIRED');
  });
});
