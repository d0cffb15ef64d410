import { describe, expect, test } from 'vitest';
import { spanUntil } from '../../src/core/header-time.js';
import { readLimitHeaders } from '../../src/core/limit-headers.js';
import { wordsOf } from '../support/limits-said.js';

const NOW_MS = Date.UTC(2026, 0, 27, 19, 20, 12);

function wordsRead(headers: Record<string, string>) {
  const observed = readLimitHeaders(headers, NOW_MS);
  return observed && wordsOf(observed);
}

describe('the form of a reset', () => {
  test.each([
    ['delta seconds', '59', 59_000],
    ['fractional seconds', '0.125', 125],
    ['epoch seconds', String(NOW_MS / 1000 + 45), 45_000],
    ['fractional epoch seconds', `${NOW_MS / 1000 + 45}.500`, 45_500],
    ['epoch milliseconds', String(NOW_MS + 45_250), 45_250],
    ['ISO 8601', '2026-01-27T19:21:12.500Z', 60_500],
    ['ISO 8601 with an offset', '2026-01-27T21:21:12+02:00', 60_000],
    ['ISO 8601 without a zone is UTC', '2026-01-27T19:21:12', 60_000],
    ['HTTP-date', 'Tue, 27 Jan 2026 19:21:12 GMT', 60_000],
    ['an instant that has passed', String(NOW_MS / 1000 - 5), 0],
    ['one day', '86400', 86_400_000],
    ['a duration with units', '6m0s', 360_000],
    ['a duration in milliseconds', '20ms', 20],
    [
      'the text of a Date',
      'Tue Jan 27 2026 19:21:12 GMT+0000 (Coordinated Universal Time)',
      60_000,
    ],
  ])('%s', (_form, text, expectedMs) => {
    expect(spanUntil(text, NOW_MS)).toBe(expectedMs);
  });

  test.each(['-5', 'NaN', 'Infinity', '', 'soon', '2678401', '9999999', '1e3', '0x10', '5, 5'])(
    'nonsense is not believed: %s',
    (text) => {
      expect(spanUntil(text, NOW_MS)).toBeNull();
    },
  );

  test('a clock that starts at zero does not turn seconds into epochs', () => {
    expect(spanUntil('60', 0)).toBe(60_000);
  });
});

describe('a unit in the name of the header', () => {
  test('a reset whose name ends in its unit is read in it, and is no limit of its own', () => {
    const both = { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '7' };
    const whole = { ...both, 'x-ratelimit-reset': '2' };
    for (const name of ['x-ratelimit-reset-ms', 'x-ratelimit-reset-milliseconds']) {
      expect(readLimitHeaders({ ...whole, [name]: '1500' }, NOW_MS)?.limits).toHaveLength(1);
      expect(wordsRead({ ...whole, [name]: '1500' })?.resetMs).toBe(1_500);
      expect(wordsRead({ [name]: '1500', ...whole })?.resetMs).toBe(1_500);
      expect(wordsRead({ ...both, [name]: String(NOW_MS + 4_000) })?.resetMs).toBe(4_000);
    }
    expect(wordsRead({ ...both, 'x-ratelimit-reset-seconds': '2' })?.resetMs).toBe(2_000);
  });

  test('Retry-After-Ms is in milliseconds', () => {
    expect(wordsRead({ 'retry-after-ms': '1500' })?.retryAfterMs).toBe(1_500);
    expect(wordsRead({ 'retry-after': '2', 'retry-after-ms': '1500' })?.retryAfterMs).toBe(2_000);
  });
});
