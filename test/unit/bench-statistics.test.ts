/** The bench's arithmetic: medians, agreement, rounds, and how well a limit is used. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  permittedSteps,
  utilisationAfter,
  utilisationOf,
  windowsOf,
} from '../../bench/request-limits.js';
import { agree, median, rotated, summarise, summariseKnown } from '../../bench/statistics.js';

describe('a summary', () => {
  test('states the median, the ends and the distance that half of the values keep to it', () => {
    expect(summarise([5, 1, 9, 3, 100])).toEqual({ count: 5, median: 5, min: 1, max: 100, mad: 4 });
  });

  test('takes the middle between the two middle values of an even count', () => {
    expect(median([4, 1, 10, 2])).toBe(3);
  });

  test('orders numbers as numbers', () => {
    expect(median([10, 9, 100])).toBe(10);
  });

  test('refuses to say anything of no value', () => {
    expect(() => summarise([])).toThrow(/at least one/);
    expect(summariseKnown([null, null])).toBeNull();
  });

  test('leaves out what was not measured', () => {
    expect(summariseKnown([null, 7])?.median).toBe(7);
  });
});

describe('two series', () => {
  const series = (...values: number[]) => summarise(values);

  test('agree when one median lies within the spread of the other', () => {
    expect(agree(series(10, 11, 12), series(11.5, 12.5, 13))).toBe(false);
    expect(agree(series(10, 11, 12), series(11.5, 11.8, 13))).toBe(true);
    expect(agree(series(10, 11, 20), series(5, 15, 15))).toBe(true);
  });

  test('agree in either order or in none', () => {
    const values = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(values, values, (one, other) => {
        const [a, b] = [summarise(one), summarise(other)];
        expect(agree(a, b)).toBe(agree(b, a));
      }),
    );
  });
});

test('rounds begin at each item in turn and leave none out', () => {
  expect(rotated(['a', 'b', 'c'], 1)).toEqual(['b', 'c', 'a']);
  expect(rotated(['a', 'b', 'c'], 5)).toEqual(['c', 'a', 'b']);
  expect(rotated([], 3)).toEqual([]);
});

describe('under a limit of 2 per 1,000 ms', () => {
  const policy = { quota: 2, windowMs: 1000 };

  test('a walk that starts each request as soon as it may uses all of it', () => {
    expect(utilisationOf([0, 0, 1000, 1000, 2000], policy)).toBe(1);
  });

  test('one that is late by a tenth uses ten elevenths', () => {
    expect(utilisationOf([0, 0, 1100, 1100, 2200], policy)).toBeCloseTo(10 / 11);
  });

  test('nothing is said before a whole window is used up', () => {
    expect(utilisationOf([0, 0], policy)).toBeNull();
    expect(windowsOf([0, 0], policy)).toBe(0);
    expect(windowsOf([0, 0, 1000], policy)).toBe(1);
  });

  test('after a restart only the log of before may delay a request', () => {
    // Free again at 1,500 and 1,600; then a window after 1,500 and 1,600.
    expect(utilisationAfter([500, 600], [1500, 1600, 2500, 2600], policy)).toBe(1);
    expect(utilisationAfter([500, 600], [1500, 1600, 2500, 2900], policy)).toBeCloseTo(1100 / 1400);
  });

  test('after a long stop the window is empty, and a burst is expected again', () => {
    expect(utilisationAfter([0, 0], [9000, 9000, 10_000], policy)).toBe(1);
    expect(utilisationAfter([0, 0], [9000, 9500, 10_000], policy)).toBe(1);
    expect(utilisationAfter([0, 0], [9000, 9500, 10_500, 10_500], policy)).toBeCloseTo(1000 / 1500);
  });

  test('the permitted line climbs by the quota with each window', () => {
    expect(permittedSteps(policy, 2500)).toEqual([
      [0, 2],
      [1000, 4],
      [2000, 6],
      [2500, 6],
    ]);
  });

  test('no log that keeps the limit is over 100 %', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 3, maxLength: 60 });
    fc.assert(
      fc.property(gaps, (waits) => {
        const starts: number[] = [];
        for (const wait of waits) {
          const free = (starts.at(-policy.quota) ?? -policy.windowMs) + policy.windowMs;
          starts.push(Math.max(free, starts.at(-1) ?? 0) + (starts.length === 0 ? 0 : wait));
        }
        expect(utilisationOf(starts, policy) ?? 0).toBeLessThanOrEqual(1);
        const cut = Math.floor(starts.length / 2);
        const after = utilisationAfter(starts.slice(0, cut), starts.slice(cut), policy);
        expect(after ?? 0).toBeLessThanOrEqual(1);
      }),
    );
  });
});
