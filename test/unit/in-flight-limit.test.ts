import { describe, expect, test } from 'vitest';
import { InFlightLimit } from '../../src/core/in-flight-limit.js';

describe('requests in flight', () => {
  test("under a limit Little's law says how many are of use", () => {
    const limit = new InFlightLimit(20);
    limit.answered(4000, 0);
    expect(limit.useful({ quota: 10, windowMs: 60_000 })).toBe(1);
    expect(limit.useful({ quota: 100, windowMs: 60_000 })).toBe(8);
    expect(limit.useful({ quota: 10_000, windowMs: 60_000 })).toBe(20);
  });

  /** How many are of use in each round, and the share of them in all that were accepted before. */
  const roundsOf = (latencyMs: number, count: number) => {
    const limit = new InFlightLimit(20);
    let accepted = 0;
    return Array.from({ length: count }, (_, round) => {
      const useful = limit.useful(null);
      const share = useful / Math.max(1, accepted);
      for (let answer = 0; answer < useful; answer++) {
        limit.answered(latencyMs, (round + 1) * latencyMs);
        accepted++;
      }
      return { useful, accepted, share };
    });
  };

  test('without one requests in flight grow with what was accepted: few meet a limit that comes', () => {
    const rounds = roundsOf(100, 30);
    expect(rounds[0]?.useful).toBe(1);
    expect(rounds.at(-1)?.useful).toBe(20);
    for (const { accepted, share } of rounds) {
      if (accepted > 8) expect(share).toBeLessThanOrEqual(0.4);
    }
  });

  test('a quick server is asked one after the other while few were accepted', () => {
    expect(roundsOf(5, 12).every(({ useful }) => useful === 1)).toBe(true);
  });

  test('no more than the API bears at once, whatever is of use', () => {
    const limit = new InFlightLimit(20);
    for (let answer = 0; answer < 60; answer++) limit.answered(100, answer * 100);
    expect(limit.useful(null, 3)).toBe(3);
    expect(limit.useful({ quota: 1000, windowMs: 1000 }, 3)).toBe(3);
  });

  test('without one it grows with clean answers and shrinks when the server slows', () => {
    const limit = new InFlightLimit(50);
    for (let answer = 0; answer < 60; answer++) limit.answered(100, answer * 100);
    const grown = limit.useful(null);
    expect(grown).toBeGreaterThan(5);
    for (let answer = 0; answer < 20; answer++) limit.answered(1500, 10_000 + answer * 1500);
    expect(limit.useful(null)).toBeLessThan(grown / 2);
  });

  test('a slower server never makes it faster', () => {
    const limit = new InFlightLimit(50);
    for (let answer = 0; answer < 10; answer++) limit.answered(100, answer * 100);
    const before = limit.useful(null);
    limit.answered(5000, 10_000);
    expect(limit.useful(null)).toBeLessThanOrEqual(before);
  });
});
