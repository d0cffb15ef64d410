/** The limiter by single answers: what each teaches, and what a refusal stops. */
import { describe, expect, test } from 'vitest';
import type { LimitObservation } from '../../src/core/limit-headers.js';
import { type LimitLog, NO_LIMITS } from '../../src/core/limit-log.js';
import { limitStatement } from '../../src/core/limit-statement.js';
import { Limiter } from '../../src/core/limiter.js';
import { limitsSaid } from '../support/limits-said.js';

const T0 = 1_800_000_000_000;
const DAY = { quota: 10, windowMs: 86_400_000 };

function limiterOf(limits: Partial<LimitLog> = {}): Limiter {
  return new Limiter({ assumed: null, nowMs: T0, log: { ...NO_LIMITS, ...limits } });
}

/** A request that is answered at once. */
function ask(limiter: Limiter, atMs: number, observed: LimitObservation | null = null): void {
  const request = limiter.take(atMs);
  limiter.accepted(request, { sentAtMs: atMs, headAtMs: atMs + 1, dateMs: null, observed });
}

/** A request that is refused at once. @returns whether that was news */
function refuse(limiter: Limiter, atMs: number, observed: LimitObservation | null = null): boolean {
  const request = limiter.take(atMs);
  const answer = { sentAtMs: atMs, headAtMs: atMs + 1, dateMs: null, observed };
  return limiter.refused(request, answer, atMs + 1);
}

const waitMs = (limiter: Limiter, nowMs: number) => limiter.nextStartMs(nowMs) - nowMs;

describe('several limits', () => {
  test('each has its own log, and a start needs a token of every one', () => {
    const limiter = limiterOf();
    const said = (short: number, long: number): LimitObservation => ({
      limits: [
        limitStatement({ name: 'short', quota: 2, remaining: short, windowMs: 1_000 }),
        limitStatement({ name: 'long', quota: 3, remaining: long, windowMs: 10_000 }),
      ],
      retryAfter: null,
    });
    ask(limiter, T0, said(1, 2));
    ask(limiter, T0 + 10, said(0, 1));
    expect(waitMs(limiter, T0 + 20)).toBeGreaterThan(970);
    ask(limiter, T0 + 1_100, said(1, 0));
    expect(waitMs(limiter, T0 + 1_110)).toBeGreaterThan(8_880);
    expect(limiter.limits()).toMatchObject([
      { name: 'short', quota: 2, windowMs: 1_000, from: 'measured' },
      { name: 'long', quota: 3, windowMs: 10_000 },
    ]);
    expect(limiter.policy).toEqual({ quota: 3, windowMs: 10_000 });
  });

  test('another quota in a refusal is a limit of its own, behind the one that is announced', () => {
    const limiter = limiterOf();
    ask(limiter, T0, limitsSaid({ quota: 30, remaining: 29, windowMs: 12_000 }));
    refuse(limiter, T0 + 10, limitsSaid({ quota: 10, remaining: 0, windowMs: 2_000 }));
    expect(limiter.limits().map(({ quota }) => quota)).toEqual([30, 10]);
  });
});

describe('after a refusal', () => {
  test('one request looks, and nothing else leaves until it is answered', () => {
    const limiter = limiterOf();
    ask(limiter, T0);
    refuse(limiter, T0 + 10);
    const untilMs = limiter.nextStartMs(T0 + 20);
    const probe = limiter.take(untilMs);
    expect(limiter.nextStartMs(untilMs)).toBe(Number.POSITIVE_INFINITY);
    const answer = { sentAtMs: untilMs, headAtMs: untilMs + 1, dateMs: null, observed: null };
    limiter.accepted(probe, answer);
    expect(limiter.nextStartMs(untilMs + 1)).toBeLessThan(untilMs + 1_000);
  });

  test('one that had started before, and was written later, is awaited no longer once it has failed', () => {
    const limiter = limiterOf();
    ask(limiter, T0);
    const first = limiter.take(T0 + 10);
    const late = limiter.take(T0 + 10);
    const answer = { dateMs: null, observed: null };
    limiter.refused(first, { ...answer, sentAtMs: T0 + 10, headAtMs: T0 + 12 }, T0 + 12);
    expect(limiter.nextStartMs(T0 + 20)).toBe(Number.POSITIVE_INFINITY);
    limiter.failed(late, { ...answer, sentAtMs: T0 + 15, headAtMs: T0 + 30 });
    expect(limiter.nextStartMs(T0 + 30)).toBeLessThan(T0 + 60_000);
  });

  test('while others use the limit too, a whole window is waited for, not its reset alone', () => {
    const limiter = limiterOf();
    ask(limiter, T0, limitsSaid({ quota: 8, remaining: 0, windowMs: 4_000, resetMs: 2_000 }));
    const lookMs = limiter.nextStartMs(T0 + 10);
    expect(lookMs - T0).toBeLessThan(2_100);
    refuse(
      limiter,
      lookMs,
      limitsSaid({ quota: 8, remaining: 0, windowMs: 4_000, resetMs: 1_000 }),
    );
    expect(waitMs(limiter, lookMs)).toBeGreaterThanOrEqual(4_000);
  });

  test('silence doubles until one is accepted, whatever Retry-After says', () => {
    const limiter = limiterOf();
    for (let page = 0; page < 10; page++) ask(limiter, T0 + page);
    const waits: number[] = [];
    let nowMs = T0 + 100;
    for (let refusal = 0; refusal < 4; refusal++) {
      refuse(limiter, nowMs, limitsSaid({ retryAfterMs: 0 }));
      waits.push(waitMs(limiter, nowMs + 1));
      nowMs = limiter.nextStartMs(nowMs + 1);
    }
    expect(waits).toEqual([2_000, 4_000, 8_000, 16_000]);
    expect(limiter.refusedSinceMs).toBe(T0 + 101);
    ask(limiter, nowMs);
    expect(limiter.refusedSinceMs).toBeNull();
  });

  test('the longer word of the server holds', () => {
    const limiter = limiterOf();
    ask(limiter, T0);
    refuse(limiter, T0 + 10, limitsSaid({ retryAfterMs: 30_000 }));
    expect(waitMs(limiter, T0 + 11)).toBe(30_000);
  });

  test('the others of a burst are no news, but their word counts', () => {
    const limiter = limiterOf();
    for (let page = 0; page < 10; page++) ask(limiter, T0 + page);
    const burst = [0, 1, 2].map((offset) => limiter.take(T0 + 50 + offset));
    const news = burst.map((request, index) => {
      const observed = limitsSaid({ retryAfterMs: index * 10_000 });
      const times = { sentAtMs: T0 + 50 + index, headAtMs: T0 + 60, dateMs: null };
      return limiter.refused(request, { ...times, observed }, T0 + 60 + index);
    });
    expect(news).toEqual([true, false, false]);
    expect(limiter.nextStartMs(T0 + 70)).toBe(T0 + 62 + 20_000);
  });
});

describe('what an answer shows', () => {
  test('requests that others made leave only what the server says is left, until its reset', () => {
    const limiter = limiterOf();
    ask(limiter, T0, limitsSaid({ quota: 10, remaining: 1, resetMs: 20_000 }));
    expect(waitMs(limiter, T0 + 10)).toBeLessThanOrEqual(0);
    ask(limiter, T0 + 10, limitsSaid({ quota: 10, remaining: 0, resetMs: 20_000 }));
    expect(waitMs(limiter, T0 + 20)).toBeGreaterThan(19_900);
    expect(waitMs(limiter, T0 + 20)).toBeLessThan(20_100);
  });

  test('resets that fall as fast as the milliseconds pass are told in these', () => {
    const limiter = limiterOf();
    ask(limiter, T0, limitsSaid({ quota: 10, remaining: 9, resetMs: 2_000_000 }));
    for (const [index, fell] of [20, 45, 60].entries()) {
      const resetMs = (2_000 - fell) * 1_000;
      ask(limiter, T0 + fell, limitsSaid({ quota: 10, remaining: 8 - index, resetMs }));
    }
    expect(limiter.policy?.windowMs).toBeCloseTo(2_000, -1);
  });

  test('a bare pause of many seconds that is not round is looked behind once', () => {
    const limiter = limiterOf();
    ask(limiter, T0);
    refuse(limiter, T0 + 10, limitsSaid({ retryAfterMs: 1_998_000 }));
    const lookMs = limiter.nextStartMs(T0 + 20);
    expect(lookMs - T0).toBeLessThan(3_000);
    refuse(limiter, lookMs, limitsSaid({ retryAfterMs: 1_996_000 }));
    expect(waitMs(limiter, lookMs + 1)).toBe(1_996_000);
  });

  test('a bare pause of each request of a burst is looked behind once', () => {
    const limiter = limiterOf();
    ask(limiter, T0);
    const burst = [limiter.take(T0 + 10), limiter.take(T0 + 11)];
    for (const [index, request] of burst.entries()) {
      const observed = limitsSaid({ retryAfterMs: 1_998_000 - index * 1_000 });
      const times = { sentAtMs: T0 + 10 + index, headAtMs: T0 + 15 + index, dateMs: null };
      limiter.refused(request, { ...times, observed }, T0 + 15 + index);
    }
    expect(waitMs(limiter, T0 + 20)).toBeLessThan(3_000);
  });

  const ROUND_MS = [120_000, 240_000, 600_000, 1_800_000, 3_600_000];
  test.each(ROUND_MS)('a round pause of %i ms is waited for', (pauseMs) => {
    const limiter = limiterOf();
    ask(limiter, T0);
    refuse(limiter, T0 + 10, limitsSaid({ retryAfterMs: pauseMs }));
    expect(waitMs(limiter, T0 + 11)).toBe(pauseMs);
  });

  test('a reset without a count is no limit, and a pause where it refuses', () => {
    const limiter = limiterOf();
    ask(limiter, T0, limitsSaid({ resetMs: 30_000 }));
    expect(limiter.limits()).toEqual([]);
    refuse(limiter, T0 + 10, limitsSaid({ resetMs: 30_000 }));
    expect(waitMs(limiter, T0 + 11)).toBe(30_000);
  });

  test('an answer without headers shows nothing, two that there is no limit', () => {
    const limiter = new Limiter({ assumed: { quota: 1, windowMs: 60_000 }, nowMs: T0 });
    ask(limiter, T0);
    expect(waitMs(limiter, T0 + 10)).toBeGreaterThan(59_000);
    ask(limiter, T0 + 61_000);
    expect(limiter.policy).toBeNull();
    expect(waitMs(limiter, T0 + 61_010)).toBeLessThanOrEqual(0);
  });

  test('whole seconds are looked behind from the second window on: a source may fit into one', () => {
    const limiter = limiterOf();
    const said = (remaining: number) => limitsSaid({ quota: 3, remaining, resetMs: 10_000 });
    for (const [index, left] of [2, 1, 0].entries()) {
      expect(waitMs(limiter, T0 + index)).toBeLessThanOrEqual(0);
      ask(limiter, T0 + index, said(left));
    }
    ask(limiter, T0 + 10_100, said(2));
    ask(limiter, T0 + 10_101, said(1));
    expect(waitMs(limiter, T0 + 10_102)).toBeGreaterThan(8_000);
  });

  test('an answer without headers, after others that had them, changes nothing', () => {
    const limiter = limiterOf();
    ask(limiter, T0, limitsSaid({ quota: 10, remaining: 9, resetMs: 60_000 }));
    for (let answer = 1; answer < 5; answer++) ask(limiter, T0 + answer);
    expect(limiter.policy).toEqual({ quota: 10, windowMs: 60_000 });
  });

  test('what was learned is said once, and again when it is another', () => {
    const limiter = limiterOf();
    ask(limiter, T0, limitsSaid({ quota: 10, remaining: 9, windowMs: 2_000 }));
    expect(limiter.takeChanges()).toEqual([
      'the API permits 10 requests in 2 s (x-ratelimit, a window)',
    ]);
    ask(limiter, T0 + 3_000, limitsSaid({ quota: 10, remaining: 9, windowMs: 2_000 }));
    expect(limiter.takeChanges()).toEqual([]);
    ask(limiter, T0 + 6_000, limitsSaid({ quota: 20, remaining: 19, windowMs: 2_000 }));
    expect(limiter.takeChanges()).toEqual([
      'the API permits 20 requests in 2 s, not 10 in 2 s: its answers show it (x-ratelimit, a window)',
    ]);
  });
});

describe('the log of an earlier process', () => {
  test('brings back limits, starts and pace', () => {
    const first = limiterOf();
    for (let page = 0; page < 4; page++) {
      ask(first, T0 + page * 10, limitsSaid({ quota: 5, remaining: 4 - page, windowMs: 10_000 }));
    }
    const second = new Limiter({ assumed: null, nowMs: T0 + 50, log: first.log(T0 + 50) });
    expect(second.policy).toEqual({ quota: 5, windowMs: 10_000 });
    second.take(T0 + 60);
    expect(waitMs(second, T0 + 70)).toBeGreaterThan(9_900);
    expect(limiterOf({ pace: { quota: 1, windowMs: 250 }, isLearned: true }).policy).toMatchObject({
      quota: 1,
    });
  });

  test('tries a little faster only, for what is faster was refused before', () => {
    const limiter = limiterOf({ pace: { quota: 5, windowMs: 1_000 }, isLearned: true });
    expect(limiter.takeChanges()).toEqual([
      expect.stringMatching(/5.00 requests.s, for an earlier/),
    ]);
    for (let request = 0, atMs = T0; request < 300; request++) {
      atMs = Math.max(atMs + 1, limiter.nextStartMs(atMs));
      ask(limiter, atMs);
      expect(waitMs(limiter, atMs)).toBeGreaterThan(180);
    }
  });

  test('knows what was only assumed for that', () => {
    const first = limiterOf();
    ask(first, T0, limitsSaid({ quota: 100, remaining: 99 }));
    expect(first.limits()).toMatchObject([{ from: 'assumed' }]);
    expect(limiterOf(first.log(T0 + 10)).limits()).toMatchObject([{ from: 'assumed' }]);
  });

  test('holds no start of the future: the clock was set back, and an hour is not waited for', () => {
    const startsMs = Array.from({ length: 10 }, (_, start) => T0 + 3_600_000 + start);
    const limit = { name: 'x-ratelimit', policy: { quota: 10, windowMs: 60_000 }, isLeaky: false };
    const limiter = limiterOf({ limits: [{ ...limit, startsMs }], isLearned: true });
    expect(waitMs(limiter, T0)).toBeGreaterThan(59_000);
    expect(waitMs(limiter, T0)).toBeLessThan(62_000);
  });

  test('keeps a quota of a day in steps that a table holds', () => {
    const policy = { ...DAY, quota: 100_000 };
    const limit = { name: 'day', policy, isLeaky: false, startsMs: [] };
    const limiter = limiterOf({ limits: [limit], isLearned: true });
    for (let start = 0; start < 5_000; start++) ask(limiter, T0 + start * 1_000);
    const [saved] = limiter.log(T0 + 5_000_000).limits;
    expect(saved?.startsMs).toHaveLength(5_000);
    expect(new Set(saved?.startsMs).size).toBeLessThan(100);
  });
});
