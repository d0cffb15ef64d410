/** What a run waits for, and when its next starts are permitted. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenBucket } from '../../src/core/token-bucket.js';
import { WAIT_REASONS, WaitTimes } from '../../src/core/wait-times.js';

const T0 = 1_800_000_000_000;

test('the time between two steps counts for what the first one waited for', () => {
  const waits = new WaitTimes();
  expect(waits.reason).toBeNull();
  waits.waitFor('answer', T0);
  waits.waitFor('permit', T0 + 30);
  waits.waitFor('permit', T0 + 40);
  waits.waitFor('credit', T0 + 100);
  expect(waits.reason).toBe('credit');
  expect(waits.totalMs('answer', T0 + 105)).toBe(30);
  expect(waits.totalMs('permit', T0 + 105)).toBe(70);
  expect(waits.totalMs('credit', T0 + 105)).toBe(5);
});

test('property: the waits add up to the time since the first step', () => {
  const steps = fc.array(
    fc.record({ reason: fc.constantFrom(...WAIT_REASONS), afterMs: fc.nat(1_000) }),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(steps, fc.nat(1_000), (all, restMs) => {
      const waits = new WaitTimes();
      let nowMs = T0;
      for (const { reason, afterMs } of all) {
        waits.waitFor(reason, nowMs);
        nowMs += afterMs;
      }
      nowMs += restMs;
      const sum = WAIT_REASONS.reduce((total, reason) => total + waits.totalMs(reason, nowMs), 0);
      expect(sum).toBe(nowMs - T0);
    }),
  );
});

test('property: each coming start is when the bucket then permits one', () => {
  const pauses = fc.array(fc.nat(800), { maxLength: 30 });
  fc.assert(
    fc.property(pauses, fc.integer({ min: 1, max: 5 }), (all, quota) => {
      const bucket = new TokenBucket({ policy: { quota, windowMs: 1_000 } });
      let nowMs = T0;
      for (const pauseMs of all) {
        nowMs = Math.max(nowMs + pauseMs, bucket.nextStartMs(nowMs));
        bucket.take(nowMs);
      }
      const coming = bucket.comingStartsMs(nowMs, quota);
      expect(coming).toHaveLength(quota);
      for (const startMs of coming) {
        const atMs = Math.max(nowMs, startMs);
        if (atMs > nowMs) expect(bucket.nextStartMs(atMs - 0.5)).toBeGreaterThan(atMs - 0.5);
        expect(bucket.nextStartMs(atMs)).toBeLessThanOrEqual(atMs);
        bucket.take(atMs);
        nowMs = atMs;
      }
    }),
  );
});

test('no more instants than asked for', () => {
  const bucket = new TokenBucket({ policy: { quota: 100, windowMs: 1_000 } });
  expect(bucket.comingStartsMs(T0, 10)).toHaveLength(10);
});
