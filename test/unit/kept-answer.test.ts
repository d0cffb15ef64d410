/** An answer that is kept: asked for only when somebody looks, never twice at once, and seldom where it is slow. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { IngestionError } from '../../src/core/fault.js';
import { KeptAnswer } from '../../src/session/onlookers/kept-answer.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const AWAY = new IngestionError({
  ...{ code: 'DATABASE_UNAVAILABLE', message: 'gone', retryable: true },
});

/** A ledger that counts, and takes its time. */
function asked() {
  const state = { tookMs: 0, error: null as Error | null, count: 0, atOnce: 0, atOnceMax: 0 };
  const complaints: unknown[] = [];
  const kept = new KeptAnswer<number>({
    async ask() {
      state.atOnceMax = Math.max(state.atOnceMax, ++state.atOnce);
      if (state.tookMs > 0) await new Promise((resolve) => setTimeout(resolve, state.tookMs));
      state.atOnce--;
      if (state.error !== null) throw state.error;
      return ++state.count;
    },
    complain: (error) => complaints.push(error),
    nowMs: Date.now,
  });
  return { kept, state, complaints };
}

test('it is asked for only when somebody looks, and then once a second at most', async () => {
  const { kept, state } = asked();
  await passed(10_000);
  expect(state.count).toBe(0);
  expect(kept.last).toBeNull();
  await passed(0);
  expect(kept.last).toBe(1);
  await passed(999);
  expect(await kept.now()).toBe(1);
  await passed(1);
  expect(await kept.now()).toBe(2);
  await passed(60_000);
  expect(state.count).toBe(2);
});

test('a slow one is asked for a twentieth of the time, and never twice at once', async () => {
  const { kept, state } = asked();
  state.tookMs = 500;
  for (let tick = 0; tick < 400; tick++) {
    void kept.last;
    await passed(100);
  }
  expect(state.count).toBe(4);
  expect(state.atOnceMax).toBe(1);
});

test('who needs it now waits no longer than a second, and is told nothing that is old', async () => {
  const { kept, state } = asked();
  expect(await kept.now()).toBe(1);
  state.tookMs = 3_000;
  await passed(1_000);
  const late = kept.now();
  await passed(1_000);
  expect(await late).toBeNull();
  // Who only looks still sees the last one.
  expect(kept.last).toBe(1);
  await passed(2_000);
  expect(kept.last).toBe(2);
});

test('a database that is away has no answer, and is no bug; what is a bug is told', async () => {
  const { kept, state, complaints } = asked();
  expect(await kept.now()).toBe(1);
  state.error = AWAY;
  await passed(1_000);
  expect(await kept.now()).toBeNull();
  expect(complaints).toEqual([]);
  state.error = new TypeError('a bug');
  await passed(1_000);
  expect(await kept.now()).toBeNull();
  expect(complaints).toEqual([state.error]);
  state.error = null;
  await passed(1_000);
  expect(await kept.now()).toBe(2);
});
