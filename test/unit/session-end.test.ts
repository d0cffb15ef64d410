/** How a session puts its end on record, and how a signal ends it. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Fault } from '../../src/core/fault.js';
import type { RunOutcome } from '../../src/core/scheduler-types.js';
import type { Replacement } from '../../src/database/replace-rows.js';
import type { WatermarkChange } from '../../src/database/watermarks.js';
import { drainOnSignal } from '../../src/session/drain-on-signal.js';
import { putOnRecord } from '../../src/session/put-on-record.js';

const FAULT: Fault = {
  ...{ code: 'DATABASE_UNAVAILABLE', message: 'out of reach at s3cret', retryable: true },
  remedy: 'Look at it',
};

describe('the end of a session on record', () => {
  async function record(
    outcome: RunOutcome,
    settle = async (): Promise<void> => {},
    replacement: Replacement | null = null,
    watermark: WatermarkChange | null = null,
  ) {
    const told: unknown[] = [];
    const store = {
      setRunStatus: async (...told_: readonly unknown[]): Promise<void> => void told.push(told_),
    };
    const completed = async (...given: readonly unknown[]): Promise<void> =>
      void told.push(['completeReplacement', ...given]);
    const redact = (text: string): string => text.replace('s3cret', '[secret]');
    const completedRun = async (...given: readonly unknown[]): Promise<void> =>
      void told.push(['completeRun', ...given]);
    const both = { ...store, completeReplacement: completed, completeRun: completedRun };
    await putOnRecord(both, { run: 7, outcome, redact, replacement, watermark }, settle);
    return told;
  }

  test.each<[string, RunOutcome, readonly unknown[]]>([
    ['complete', { status: 'complete' }, [7, 'complete', {}]],
    [
      'a signal',
      { status: 'interrupted' },
      [7, 'paused', { lastError: 'a signal to its process' }],
    ],
    [
      'a pause',
      { status: 'paused', reason: 'waits for s3cret', resumeAtMs: 5 },
      [7, 'paused', { lastError: 'waits for [secret]', resumeAtMs: 5 }],
    ],
    [
      'a pause without an instant',
      { status: 'paused', reason: 'enough', resumeAtMs: null },
      [7, 'paused', { lastError: 'enough' }],
    ],
    [
      'a fault, without its remedy',
      { status: 'failed', fault: FAULT },
      [7, 'failed', { lastError: 'out of reach at [secret]' }],
    ],
  ])('%s', async (_, outcome, expected) => {
    expect(await record(outcome)).toEqual([expected]);
  });

  test('of a run that replaces others puts its rows in their place only when it is complete', async () => {
    const replacement = { table: 'a', relation: 'a', loading: 'a__loading' };
    const none = async (): Promise<void> => {};
    expect(await record({ status: 'complete' }, none, replacement)).toEqual([
      ['completeReplacement', 7, replacement],
    ]);
    const paused = { status: 'paused', reason: 'enough', resumeAtMs: null } as const;
    expect(await record(paused, none, replacement)).toEqual([
      [7, 'paused', { lastError: 'enough' }],
    ]);
  });

  test('comes after what else is left to write, and not at all where that fails', async () => {
    const lost = new Error('the database went away');
    const settle = (): Promise<never> => Promise.reject(lost);
    await expect(record({ status: 'complete' }, settle)).rejects.toBe(lost);
    // The reason of the end must not be hidden by what it causes.
    expect(await record({ status: 'failed', fault: FAULT }, settle)).toEqual([]);
  });
});

describe('a signal to a session', () => {
  const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
  const before = { SIGINT: process.listeners('SIGINT'), SIGTERM: process.listeners('SIGTERM') };

  beforeEach(
    () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }),
  );
  afterEach(() => {
    vi.useRealTimers();
    for (const signal of SIGNALS) {
      for (const listener of process.listeners(signal)) {
        if (!before[signal].includes(listener)) process.off(signal, listener);
      }
    }
  });

  function listen() {
    const engine = { drain: vi.fn(), cutOff: vi.fn(async () => {}) };
    const leave = vi.fn();
    const stop = drainOnSignal(engine, { info: vi.fn() }, leave);
    return { engine, leave, stop };
  }

  test('drains, cuts off what is late after 7 s, and leaves after 10', async () => {
    const { engine, leave } = listen();
    process.emit('SIGTERM');
    expect(engine.drain).toHaveBeenCalledExactlyOnceWith({ status: 'interrupted' });
    await vi.advanceTimersByTimeAsync(6_999);
    expect(engine.cutOff).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(engine.cutOff).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(2_999);
    expect(leave).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(leave).toHaveBeenCalledExactlyOnceWith('what is in flight takes too long');
  });

  test('neither cuts off nor leaves once the session is over', async () => {
    const { engine, leave, stop } = listen();
    process.emit('SIGTERM');
    await vi.advanceTimersByTimeAsync(1_000);
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(engine.cutOff).not.toHaveBeenCalled();
    expect(leave).not.toHaveBeenCalled();
  });

  test.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGINT'],
    ['SIGINT', 'SIGTERM'],
  ] as const)('leaves at once when it comes a second time (%s, %s)', async (first, second) => {
    const { engine, leave } = listen();
    process.emit(first);
    expect(engine.drain).toHaveBeenCalledExactlyOnceWith({ status: 'interrupted' });
    await vi.advanceTimersByTimeAsync(500);
    process.emit(second);
    expect(leave).toHaveBeenCalledExactlyOnceWith('a second signal');
    expect(engine.drain).toHaveBeenCalledOnce();
  });

  test('that does not come leaves nothing behind', () => {
    const { stop } = listen();
    stop();
    for (const signal of SIGNALS) expect(process.listeners(signal)).toEqual(before[signal]);
  });
});
