import { describe, expect, test } from 'vitest';
import { DatabaseClock } from '../../src/session/database-clock.js';

const T0 = 1_800_000_000_000;

/** @param answers how far the server is ahead, and how long the way there and back takes, ms */
function heard(...answers: readonly (readonly [number, number, number])[]): DatabaseClock {
  const clock = new DatabaseClock();
  for (const [aheadMs, thereMs, backMs] of answers) {
    clock.observe(T0 + thereMs + aheadMs, T0, T0 + thereMs + backMs);
  }
  return clock;
}

describe('the clock of the database server', () => {
  test('is not known before an answer, and then both ways', () => {
    expect(new DatabaseClock().isKnown).toBe(false);
    const clock = heard([60_000, 0, 0]);
    expect(clock.isKnown).toBe(true);
    expect(clock.toServer(T0)).toBe(T0 + 60_000);
    expect(clock.toOurs(T0 + 60_000)).toBe(T0);
  });

  test('a start is never thought to be earlier than it was, whichever way was the slow one', () => {
    const random = [0, 3, 40, 400];
    for (const thereMs of random) {
      for (const backMs of random) {
        const clock = heard([-700, thereMs, backMs]);
        expect(clock.toServer(T0)).toBeGreaterThanOrEqual(T0 - 700);
        expect(clock.toOurs(T0 - 700)).toBeGreaterThanOrEqual(T0);
        expect(clock.toServer(T0)).toBeLessThanOrEqual(T0 - 700 + thereMs);
        expect(clock.toOurs(T0 - 700)).toBeLessThanOrEqual(T0 + backMs);
      }
    }
  });

  test('each answer tells what it can: of each way the quickest counts', () => {
    const clock = heard([100, 40, 1], [100, 1, 400]);
    expect(clock.toServer(0)).toBe(101);
    expect(clock.toOurs(100)).toBe(1);
    expect(clock.about(0)).toBe(100);
  });

  test('a clock that was set is believed, whatever its answer took', () => {
    const clock = heard([100, 1, 1], [-5_000, 30, 30]);
    expect(clock.about(0)).toBe(-5_000);
    expect(clock.toServer(0)).toBe(-4_970);
  });
});
