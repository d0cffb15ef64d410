/** When attempts of a schedule begin: ticks, jitter, other tries, lateness. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AttemptEnd,
  everyTicks,
  JITTER_MAX_MS,
  Schedule,
  type ScheduleOptions,
} from '../../src/core/schedule.js';
import { cronTicks } from '../../src/session/schedule/cron-ticks.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = Date.UTC(2026, 11, 1, 6);

const COMPLETE: AttemptEnd = { type: 'complete' };
const FAILED: AttemptEnd = { type: 'failed' };

function every(everyMs: number, changes: Partial<ScheduleOptions> = {}): Schedule {
  return new Schedule({
    ticks: everyTicks(everyMs, START_MS),
    startsAtOnce: true,
    jitterShare: 0,
    seed: 1,
    lateAfterMs: null,
    nowMs: START_MS,
    ...changes,
  });
}

/** Attempts that take so long each and end so. @returns when each began, in minutes */
function starts(
  schedule: Schedule,
  attempts: readonly (readonly [minutes: number, end: AttemptEnd])[],
): number[] {
  const begun = attempts.map(([minutes, end]) => {
    const { atMs } = schedule.next;
    schedule.began();
    schedule.ended(end, atMs + minutes * MINUTE_MS);
    return atMs;
  });
  return [...begun, schedule.next.atMs].map((atMs) => (atMs - START_MS) / MINUTE_MS);
}

describe('every 15 minutes', () => {
  test('the first attempt begins at once, the others at their ticks, however long they take', () => {
    expect(
      starts(every(15 * MINUTE_MS), [
        [1, COMPLETE],
        [14, COMPLETE],
        [3, COMPLETE],
      ]),
    ).toEqual([0, 15, 30, 45]);
  });

  test('ticks that pass while an attempt is at work are skipped and counted', () => {
    const schedule = every(15 * MINUTE_MS);
    schedule.began();
    expect(schedule.ended(COMPLETE, START_MS + 46 * MINUTE_MS)).toMatchObject({ skipped: 3 });
    expect(schedule.next).toEqual({ atMs: START_MS + 60 * MINUTE_MS, why: 'tick' });
  });

  test('a failure is tried again after 1, 2, 4 … minutes, at the latest at the next tick', () => {
    const failures = Array.from({ length: 5 }, () => [0, FAILED] as const);
    expect(starts(every(15 * MINUTE_MS), failures)).toEqual([0, 1, 3, 7, 15, 30]);
  });

  test('a complete run ends the doubling', () => {
    const ends = [FAILED, FAILED, COMPLETE, FAILED].map((end) => [0, end] as const);
    expect(starts(every(15 * MINUTE_MS), ends)).toEqual([0, 1, 3, 15, 16]);
  });

  test('what only a person can help is left for the next tick', () => {
    expect(starts(every(15 * MINUTE_MS), [[2, { type: 'refused' }]])).toEqual([0, 15]);
  });

  test('a paused run is gone on with when its pause is over, if that is before the next tick', () => {
    const paused = (minutes: number | null): AttemptEnd => ({
      type: 'paused',
      resumeAtMs: minutes === null ? null : START_MS + minutes * MINUTE_MS,
    });
    expect(starts(every(HOUR_MS), [[2, paused(40)]])).toEqual([0, 40]);
    expect(starts(every(HOUR_MS), [[2, paused(61)]])).toEqual([0, 60]);
    expect(starts(every(HOUR_MS), [[2, paused(null)]])).toEqual([0, 60]);
    // Over already: it is not tried again and again.
    expect(starts(every(HOUR_MS), [[2, paused(1)]])).toEqual([0, 3]);
  });

  test('a short interval bounds the wait after a failure', () => {
    expect(
      starts(every(MINUTE_MS / 2), [
        [0.1, FAILED],
        [0.1, FAILED],
      ]),
    ).toEqual([0, 0.5, 1]);
  });
});

test('where the schedule names the times, the first attempt waits for one', () => {
  const ticks = everyTicks(HOUR_MS, START_MS + 20 * MINUTE_MS);
  const schedule = every(HOUR_MS, { ticks, startsAtOnce: false });
  expect(schedule.next).toEqual({ atMs: START_MS + 20 * MINUTE_MS, why: 'tick' });
});

test('a tick that a failed attempt took up is skipped once, however many tries follow', () => {
  const schedule = every(15 * MINUTE_MS);
  schedule.began();
  expect(schedule.ended(FAILED, START_MS + 31 * MINUTE_MS).skipped).toBe(2);
  expect(schedule.next).toEqual({ atMs: START_MS + 32 * MINUTE_MS, why: 'retry' });
  schedule.began();
  expect(schedule.ended(COMPLETE, START_MS + 33 * MINUTE_MS).skipped).toBe(0);
});

describe('a cron expression', () => {
  const ZURICH = 'Europe/Zurich';
  const ticksFrom = (expression: string, from: string, count: number): string[] => {
    const ticks = cronTicks({ expression, timeZone: ZURICH });
    let ms = Date.parse(from);
    return Array.from({ length: count }, () => {
      ms = ticks.after(ms);
      return new Date(ms).toISOString();
    });
  };

  test('names instants of its time zone, and the one behind each', () => {
    // A Friday.
    expect(ticksFrom('0 6 * * 1-5', '2026-12-04T05:00:00Z', 2)).toEqual([
      '2026-12-07T05:00:00.000Z',
      '2026-12-08T05:00:00.000Z',
    ]);
  });

  test('in the hour that comes twice, a time comes once, and a pattern twice', () => {
    expect(ticksFrom('30 2 * * *', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
    expect(ticksFrom('*/30 * * * *', '2026-10-25T00:00:00Z', 4)).toEqual(
      ['00:30', '01:00', '01:30', '02:00'].map((time) => `2026-10-25T${time}:00.000Z`),
    );
  });

  test('in the hour that is left out, a time comes behind the gap', () => {
    expect(ticksFrom('30 2 * * *', '2027-03-27T12:00:00Z', 2)).toEqual([
      '2027-03-28T01:00:00.000Z',
      '2027-03-29T00:30:00.000Z',
    ]);
  });
});

describe('lateness', () => {
  test('is a run that is not complete when the next is due', () => {
    const schedule = every(15 * MINUTE_MS);
    expect(schedule.lateAtMs).toBe(START_MS + 15 * MINUTE_MS);
    starts(schedule, [
      [1, FAILED],
      [1, FAILED],
      [1, COMPLETE],
    ]);
    expect(schedule.dueAtMs).toBe(START_MS + 15 * MINUTE_MS);
    expect(schedule.lateAtMs).toBe(START_MS + 30 * MINUTE_MS);
  });

  test('is told once, until a run is complete', () => {
    const schedule = every(15 * MINUTE_MS, { lateAfterMs: 5 * MINUTE_MS });
    expect(schedule.lateAtMs).toBe(START_MS + 5 * MINUTE_MS);
    schedule.began();
    schedule.late();
    expect(schedule.lateAtMs).toBeNull();
    expect(schedule.ended(FAILED, START_MS + 6 * MINUTE_MS).wasLate).toBe(false);
    expect(schedule.lateAtMs).toBeNull();
    expect(schedule.dueAtMs).toBe(START_MS);
    schedule.began();
    expect(schedule.ended(COMPLETE, START_MS + 8 * MINUTE_MS).wasLate).toBe(true);
    expect(schedule.lateAtMs).toBe(START_MS + 20 * MINUTE_MS);
  });
});

test('two attempts at once are a bug', () => {
  const schedule = every(HOUR_MS);
  schedule.began();
  expect(() => schedule.began()).toThrow(/another one is at work/);
});

describe('whatever attempts do', () => {
  const attempt = fc.record({
    tookMs: fc.integer({ min: 0, max: 5 * HOUR_MS }),
    end: fc.oneof(
      fc.constantFrom<AttemptEnd>(COMPLETE, FAILED, { type: 'refused' }),
      fc.integer({ min: -HOUR_MS, max: 48 * HOUR_MS }).map((inMs) => inMs),
    ),
  });
  const history = fc.record({
    everyMs: fc.integer({ min: 1_000, max: 30 * HOUR_MS }),
    jitterShare: fc.double({ min: 0, max: 0.5, noNaN: true }),
    seed: fc.nat(),
    attempts: fc.array(attempt, { maxLength: 40 }),
  });

  test('they never overlap, and none waits longer than for the next tick and its jitter', () => {
    fc.assert(
      fc.property(history, ({ everyMs, jitterShare, seed, attempts }) => {
        const schedule = every(everyMs, { jitterShare, seed });
        const jitterMs = Math.min(jitterShare * everyMs, JITTER_MAX_MS);
        let nowMs = START_MS;
        for (const { tookMs, end } of attempts) {
          const { atMs, why } = schedule.next;
          expect(atMs).toBeGreaterThanOrEqual(nowMs);
          expect(atMs - nowMs).toBeLessThanOrEqual(everyMs + jitterMs);
          const behindTickMs = (atMs - START_MS) % everyMs;
          if (why === 'tick') expect(behindTickMs).toBeLessThanOrEqual(jitterMs);
          schedule.began();
          nowMs = atMs + tookMs;
          schedule.ended(
            typeof end === 'number' ? { type: 'paused', resumeAtMs: nowMs + end } : end,
            nowMs,
          );
        }
      }),
    );
  });

  test('the jitter of a tick is the same for a seed, and spreads over seeds', () => {
    const jitterOf = (seed: number): number => {
      const schedule = every(15 * MINUTE_MS, { jitterShare: 0.1, seed });
      starts(schedule, [[0, COMPLETE]]);
      return schedule.next.atMs - START_MS - 15 * MINUTE_MS;
    };
    const drawn = Array.from({ length: 400 }, (_, seed) => jitterOf(seed));
    expect(drawn).toEqual(Array.from({ length: 400 }, (_, seed) => jitterOf(seed)));
    // A tenth of the interval is longer than the most that is drawn.
    expect(Math.max(...drawn)).toBeLessThan(JITTER_MAX_MS);
    for (let quarter = 0; quarter < 4; quarter++) {
      const from = (quarter * JITTER_MAX_MS) / 4;
      const inQuarter = drawn.filter((ms) => ms >= from && ms < from + JITTER_MAX_MS / 4);
      expect(inQuarter.length).toBeGreaterThan(70);
    }
  });
});
