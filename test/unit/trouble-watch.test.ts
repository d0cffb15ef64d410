/** The dashboard's banner: what keeps a run from getting on, since when, and when the next attempt is. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/core/fault.js';
import { type Trouble, TroubleWatch } from '../../src/observe/trouble-watch.js';

const T0 = 1_800_000_000_000;
const NETWORK: Fault = { code: 'NETWORK', message: 'refused', retryable: true, remedy: 'Look' };
const REFUSED: Fault = { code: 'RATE_LIMITED', message: '429', retryable: true };
const AWAY: Fault = { code: 'DATABASE_UNAVAILABLE', message: 'no connection', retryable: true };

let nowMs = T0;
let watch = new TroubleWatch(() => nowMs);
const now = (nextMs: number | null = null): Trouble | null => watch.at(nowMs, nextMs);

beforeEach(() => {
  nowMs = T0;
  watch = new TroubleWatch(() => nowMs);
});

describe('an API', () => {
  test('that never gave a page is told at its first fault, with the next attempt', () => {
    expect(now()).toBeNull();
    watch.fetchFailed({}, NETWORK);
    nowMs += 2_000;
    watch.fetchFailed({}, NETWORK);
    expect(now(nowMs + 500)).toEqual({
      ...{ title: 'The API gives no page', message: 'refused', remedy: 'Look' },
      ...{ sinceMs: T0, failures: 2, nextAttemptMs: nowMs + 500 },
    });
  });

  test('that fails a page now and then among good ones is no trouble', () => {
    watch.scanned();
    for (let page = 0; page < 20; page++) {
      watch.fetchFailed({}, NETWORK);
      watch.fetchFailed({}, NETWORK);
      expect(now()).toBeNull();
      watch.scanned();
    }
  });

  test('that worked and then fails three times, or for ten seconds, is told until a page comes', () => {
    watch.scanned();
    for (let times = 0; times < 3; times++) watch.fetchFailed({}, NETWORK);
    expect(now()).toMatchObject({ failures: 3, sinceMs: T0 });
    watch.scanned();
    expect(now()).toBeNull();
    watch.fetchFailed({}, NETWORK);
    expect(now()).toBeNull();
    nowMs += 10_000;
    expect(now()).toMatchObject({ failures: 1, sinceMs: T0 });
  });

  test('that refuses for its limit silences the run, and is told at once', () => {
    watch.scanned();
    watch.fetchFailed({}, REFUSED);
    expect(now(T0 + 60_000)).toMatchObject({
      ...{ title: 'The API refuses requests for its limit', nextAttemptMs: T0 + 60_000 },
    });
  });
});

describe('a database that is away', () => {
  test('is told before what the API does, until a page is committed', () => {
    watch.fetchFailed({}, NETWORK);
    watch.databaseAwaited(AWAY, 3_000);
    expect(now(T0 + 1)).toMatchObject({
      ...{ title: 'The database takes no pages', message: 'no connection' },
      nextAttemptMs: T0 + 3_000,
    });
    watch.scanned();
    expect(now()).not.toBeNull();
    watch.committed();
    expect(now()).toBeNull();
  });

  test('is back when the start has it', () => {
    watch.databaseAwaited(AWAY, null);
    expect(now()).toMatchObject({ nextAttemptMs: null });
    watch.databaseIsBack();
    expect(now()).toBeNull();
  });
});
