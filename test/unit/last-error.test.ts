import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LastError } from '../../src/runtime/last-error.js';

let told: (string | null)[] = [];
let lastError: LastError;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  lastError = new LastError({ tell: (text) => told.push(text), nowMs: () => Date.now() });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the last error of a live run', () => {
  test('is told at once, then the newest every ten seconds, also when nothing more happens', () => {
    lastError.failed('one');
    for (const text of ['two', 'three', 'four']) lastError.failed(text);
    expect(told).toEqual(['one']);
    vi.advanceTimersByTime(9_999);
    expect(told).toEqual(['one']);
    vi.advanceTimersByTime(1);
    expect(told).toEqual(['one', 'four']);
  });

  test('that repeats is told once', () => {
    for (let second = 0; second < 100; second++) {
      lastError.failed('HTTP 503');
      vi.advanceTimersByTime(1_000);
    }
    expect(told).toEqual(['HTTP 503']);
  });

  test('stays while other pages are committed, and is gone after a calm minute', () => {
    lastError.failed('HTTP 503');
    vi.advanceTimersByTime(59_999);
    lastError.wentWell();
    expect(told).toEqual(['HTTP 503']);
    vi.advanceTimersByTime(1);
    lastError.wentWell();
    lastError.wentWell();
    expect(told).toEqual(['HTTP 503', null]);
  });

  test('stays however long, where no page is committed', () => {
    lastError.failed('HTTP 503');
    vi.advanceTimersByTime(3_600_000);
    expect(told).toEqual(['HTTP 503']);
  });

  test('is not told once the run has ended', () => {
    lastError.failed('one');
    lastError.failed('two');
    lastError.stop();
    vi.advanceTimersByTime(60_000);
    lastError.wentWell();
    lastError.failed('three');
    expect(told).toEqual(['one']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('costs a run without one nothing', () => {
    for (let page = 0; page < 10; page++) lastError.wentWell();
    expect(told).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
