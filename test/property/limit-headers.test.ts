import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLimitHeaders } from '../../src/core/limit-headers.js';
import { wordsOf } from '../support/limits-said.js';

const NOW_MS = Date.UTC(2026, 0, 27, 19, 20, 12);

test('whatever the headers say, what comes out is null or within its bounds', () => {
  const names = [
    'ratelimit',
    'ratelimit-policy',
    'ratelimit-limit',
    'x-ratelimit-remaining',
    'x-ratelimit-reset',
    'x-shopify-shop-api-call-limit',
    'zendesk-ratelimit-a',
    'retry-after',
    'date',
  ];
  const plausible = fc.stringMatching(/^[-"a-z0-9;=,. /:@?]{0,24}$/);
  const value = fc.oneof(fc.string(), plausible, fc.double().map(String), fc.nat().map(String));
  const headers = fc.dictionary(fc.constantFrom(...names), value);
  fc.assert(
    fc.property(headers, (said) => {
      const observed = readLimitHeaders(said, NOW_MS);
      if (observed === null) return;
      const { quota, remaining, resetMs, windowMs, retryAfterMs } = wordsOf(observed);
      if (quota !== null) expect(quota).toBeGreaterThanOrEqual(1);
      if (remaining !== null) expect(remaining).toBeGreaterThanOrEqual(0);
      if (quota !== null && remaining !== null) expect(remaining).toBeLessThanOrEqual(quota);
      if (windowMs !== null) expect(windowMs).toBeGreaterThan(0);
      for (const spanMs of [resetMs, retryAfterMs]) {
        if (spanMs === null) continue;
        expect(spanMs).toBeGreaterThanOrEqual(0);
        expect(spanMs).toBeLessThanOrEqual(31 * 86_400_000);
      }
    }),
    { numRuns: 2000 },
  );
});
