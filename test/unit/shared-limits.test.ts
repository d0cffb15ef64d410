/** Limits of each kind where other processes on the same key start as well. */
import { describe, expect, test } from 'vitest';
import type { LimitObservation } from '../../src/core/limit-headers.js';
import { limitStatement } from '../../src/core/limit-statement.js';
import { Limiter } from '../../src/core/limiter.js';
import { limitsSaid } from '../support/limits-said.js';

const T0 = 1_800_000_000_000;
const NAME = 'x-ratelimit';

/** A request that is answered after 10 ms. */
function ask(limiter: Limiter, sentAtMs: number, observed: LimitObservation | null): void {
  const start = limiter.take(sentAtMs);
  limiter.accepted(start, { sentAtMs, headAtMs: sentAtMs + 10, dateMs: null, observed });
}

function repeat(count: number, atMs: number): number[] {
  return Array.from({ length: count }, () => atMs);
}

describe('a window', () => {
  const told = (remaining: number) => limitsSaid({ quota: 10, remaining, windowMs: 60_000 });

  test('whose count the starts of others explain is paced by the log', () => {
    const limiter = new Limiter({ assumed: null, nowMs: T0 });
    limiter.others = new Map([[NAME, repeat(5, T0 - 55_000)]]);
    ask(limiter, T0, told(4));
    for (let left = 3; left >= 0; left--) ask(limiter, T0 + 20 + left, told(left));
    // All are used; the first to come back are those of others.
    const nextMs = limiter.nextStartMs(T0 + 100);
    expect(nextMs - T0).toBeGreaterThanOrEqual(5_000);
    expect(nextMs - T0).toBeLessThan(5_200);
  });

  test('whose count nobody of ours explains holds until its reset', () => {
    const limiter = new Limiter({ assumed: null, nowMs: T0 });
    limiter.others = new Map([[NAME, repeat(2, T0 - 55_000)]]);
    ask(limiter, T0, limitsSaid({ quota: 10, remaining: 0, windowMs: 60_000, resetMs: 30_000 }));
    expect(limiter.nextStartMs(T0 + 100)).toBe(T0 + 30_010);
  });

  test('is taken for no longer because others are counted', () => {
    const limiter = new Limiter({ assumed: null, nowMs: T0 });
    const said = (remaining: number) => limitsSaid({ quota: 10, remaining, resetMs: 2_000 });
    ask(limiter, T0, said(9));
    expect(limiter.policy).toEqual({ quota: 10, windowMs: 2_000 });
    limiter.others = new Map([[NAME, [T0 + 29_500]]]);
    // Two are counted: this one, and not our first but that of somebody else.
    ask(limiter, T0 + 30_000, said(8));
    expect(limiter.policy?.windowMs).toBeLessThan(3_000);
  });

  test('that is only assumed counts them, and so does one that has just been described', () => {
    const limiter = new Limiter({ assumed: { quota: 10, windowMs: 60_000 }, nowMs: T0 });
    limiter.others = new Map([['assumed', repeat(10, T0 - 1_000)]]);
    expect(limiter.nextStartMs(T0)).toBeGreaterThanOrEqual(T0 + 59_000);
    limiter.others = new Map([['assumed', repeat(9, T0 - 1_000)]]);
    expect(limiter.nextStartMs(T0)).toBe(0);
    ask(limiter, T0, told(0));
    expect(limiter.nextStartMs(T0 + 100)).toBeGreaterThanOrEqual(T0 + 59_000);
  });
});

describe('a bucket that leaks', () => {
  const level = (remaining: number): LimitObservation => ({
    limits: [limitStatement({ name: NAME, quota: 10, remaining, isLeaky: true })],
    retryAfter: null,
  });

  test('is filled by the starts of others, whom it serves in turns', () => {
    const limiter = new Limiter({
      assumed: null,
      nowMs: T0,
      log: {
        limits: [
          {
            ...{ name: NAME, policy: { quota: 10, windowMs: 2_000 }, startsMs: [] },
            ...{ isLeaky: true, from: 'measured' },
          },
        ],
        ...{ pace: null, isLearned: true },
      },
    });
    ask(limiter, T0, level(3));
    expect(limiter.nextStartMs(T0 + 20)).toBeLessThanOrEqual(T0 + 20);
    limiter.others = new Map([[NAME, repeat(4, T0 + 15)]]);
    // One more than the three that were left: it leaks one in 200 ms.
    const waitMs = limiter.nextStartMs(T0 + 20) - T0;
    expect(waitMs).toBeGreaterThan(200);
    expect(waitMs).toBeLessThan(500);
    expect(limiter.sharesAt(T0 + 300)).toEqual([{ name: NAME, free: 1, spanMs: 200 }]);
  });
});

test('a pace is kept by all together', () => {
  const log = { limits: [], pace: { quota: 5, windowMs: 1_000 }, isLearned: true };
  const limiter = new Limiter({ assumed: null, nowMs: T0, log });
  ask(limiter, T0, null);
  expect(limiter.nextStartMs(T0 + 20)).toBeLessThan(T0 + 300);
  limiter.others = new Map([['', [T0 + 150]]]);
  expect(limiter.nextStartMs(T0 + 20)).toBeGreaterThanOrEqual(T0 + 350);
  expect(limiter.sharesAt(T0 + 400)).toEqual([{ name: '', free: 1, spanMs: 200 }]);
});
