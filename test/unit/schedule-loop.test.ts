/** The loop of a schedule over a clock of the test's own: it waits, attempts, and ends at a signal. */
import { describe, expect, test } from 'vitest';
import { type AttemptEnd, everyTicks, Schedule } from '../../src/core/schedule.js';
import type { Alarms } from '../../src/session/schedule/alarm.js';
import { runSchedule } from '../../src/session/schedule/run-schedule.js';

const EVERY_MS = 10_000;

/** A clock that stands still until it is moved, alarm by alarm. */
class TestAlarms implements Alarms {
  #nowMs = 0;
  readonly #set = new Set<{ readonly atMs: number; readonly act: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  at(atMs: number, act: () => void): () => void {
    const alarm = { atMs, act };
    this.#set.add(alarm);
    return () => this.#set.delete(alarm);
  }

  get count(): number {
    return this.#set.size;
  }

  /** Everything that is due by `untilMs`, in order, each with what follows from it. */
  async moveTo(untilMs: number): Promise<void> {
    for (;;) {
      const [next] = [...this.#set].sort((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#set.delete(next);
      next.act();
      await settled();
    }
    this.#nowMs = untilMs;
    await settled();
  }
}

/** What follows from an event is done in microtasks. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function start(lateAfterMs: number | null = null) {
  const alarms = new TestAlarms();
  const told: string[] = [];
  const stops = new Set<() => void>();
  let finish: ((end: AttemptEnd | null) => void) | null = null;
  const ended = runSchedule({
    schedule: new Schedule({
      ticks: everyTicks(EVERY_MS, 0),
      ...{ startsAtOnce: true, jitterShare: 0, seed: 1, lateAfterMs, nowMs: 0 },
    }),
    alarms,
    onSignal(stop) {
      stops.add(stop);
      return () => stops.delete(stop);
    },
    attempt: () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
    watcher: {
      waits: ({ atMs, why }, skipped) => told.push(`waits for ${atMs}, ${why}, ${skipped} skipped`),
      begins: () => told.push(`begins at ${alarms.nowMs()}`),
      ended: ({ type }) => told.push(`${type} at ${alarms.nowMs()}`),
      late: (dueAtMs) => told.push(`late since ${dueAtMs}`),
      inTime: () => told.push('in time'),
    },
  });
  return {
    ...{ alarms, told, stops, ended },
    async finish(end: AttemptEnd | null): Promise<void> {
      finish?.(end);
      await settled();
    },
    signal: () => {
      for (const stop of [...stops]) stop();
    },
  };
}

describe('a schedule', () => {
  test('attempts at each tick, and skips those that pass meanwhile', async () => {
    const loop = start();
    await loop.alarms.moveTo(1_000);
    await loop.finish({ type: 'complete' });
    await loop.alarms.moveTo(35_000);
    await loop.finish({ type: 'complete' });
    expect(loop.told).toEqual([
      'waits for 0, tick, 0 skipped',
      'begins at 0',
      'complete at 1000',
      'waits for 10000, tick, 0 skipped',
      'begins at 10000',
      'late since 10000',
      'complete at 35000',
      'in time',
      'waits for 40000, tick, 2 skipped',
    ]);
  });

  test('that is stopped while it waits ends at once, and leaves no timer and no listener', async () => {
    const loop = start();
    await loop.alarms.moveTo(1_000);
    await loop.finish({ type: 'complete' });
    loop.signal();
    expect(await loop.ended).toBe('waiting');
    expect([loop.alarms.count, loop.stops.size]).toEqual([0, 0]);
  });

  test('listens to signals only while it waits: an attempt sees to them itself', async () => {
    const loop = start();
    await loop.alarms.moveTo(1_000);
    expect(loop.stops.size).toBe(0);
    await loop.finish(null);
    expect(await loop.ended).toBe('attempt');
    expect(loop.alarms.count).toBe(0);
  });

  test('tells of a late run once, and when it is complete after all', async () => {
    const loop = start(4_000);
    await loop.alarms.moveTo(5_000);
    await loop.finish({ type: 'failed' });
    await loop.alarms.moveTo(12_000);
    await loop.finish({ type: 'complete' });
    expect(loop.told.filter((text) => /late|time/.test(text))).toEqual(['late since 0', 'in time']);
  });

  test('does not pile up timers or listeners over a thousand attempts', async () => {
    const loop = start();
    for (let run = 0; run < 1_000; run++) {
      await loop.alarms.moveTo(run * EVERY_MS);
      await loop.finish({ type: run % 3 === 0 ? 'failed' : 'complete' });
      expect(loop.stops.size).toBe(1);
      expect(loop.alarms.count).toBeLessThanOrEqual(2);
    }
    loop.signal();
    await loop.ended;
  });
});
