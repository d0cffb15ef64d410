/** Warnings that repeat: said at once, then summed in growing windows. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RepeatFold } from '../../src/observe/repeat-fold.js';
import { captureLog } from '../support/captured-log.js';

const SECOND = 1_000;
const MINUTE = 60_000;

/** What is said when `key` occurs at these instants and time is looked at each second. */
function saidOf(atMs: readonly number[], untilMs: number): string[] {
  const fold = new RepeatFold<number>();
  const said: string[] = [];
  for (let nowMs = 0; nowMs <= untilMs; nowMs += SECOND) {
    for (const { count, overMs } of fold.due(nowMs)) said.push(`${count} in ${overMs / SECOND} s`);
    for (const at of atMs) if (at === nowMs && fold.add('key', at, nowMs)) said.push(`at ${at}`);
  }
  return said;
}

describe('repeats', () => {
  test('of the first minute are one line at its end', () => {
    expect(saidOf([0, SECOND, 20 * SECOND, 59 * SECOND], 5 * MINUTE)).toEqual([
      'at 0',
      '3 in 60 s',
    ]);
  });

  test('that do not come are not told of', () => {
    expect(saidOf([0], 60 * MINUTE)).toEqual(['at 0']);
  });

  test('that go on for an hour are told in windows of 1, 4 and 15 minutes', () => {
    const everySecond = Array.from({ length: 3600 }, (_, second) => second * SECOND);
    expect(saidOf(everySecond, 60 * MINUTE)).toEqual([
      'at 0',
      '59 in 60 s',
      '240 in 240 s',
      '900 in 900 s',
      '900 in 900 s',
      '900 in 900 s',
    ]);
  });

  test('begin anew after a quiet quarter of an hour', () => {
    const later = 17 * MINUTE;
    expect(saidOf([0, later, later + SECOND], 20 * MINUTE)).toEqual([
      'at 0',
      `at ${later}`,
      '1 in 60 s',
    ]);
  });

  test('that come late, before the last window was told, are told with it', () => {
    const fold = new RepeatFold<string>();
    for (const atMs of [0, SECOND, 2 * MINUTE]) fold.add('key', 'item', atMs);
    expect(fold.due(2 * MINUTE)).toEqual([{ last: 'item', count: 2, overMs: 2 * MINUTE }]);
  });

  test('are none of the same thing when their keys differ', () => {
    const fold = new RepeatFold<string>();
    expect([fold.add('a', 'a', 0), fold.add('b', 'b', 0), fold.add('a', 'a', 1)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(fold.dueAtMs).toBe(MINUTE);
  });

  test('that are held are all told at the end, with the last of them', () => {
    const fold = new RepeatFold<string>();
    for (const item of ['first', 'second', 'third']) fold.add('key', item, 0);
    expect(fold.rest(10 * SECOND)).toEqual([{ last: 'third', count: 2, overMs: 10 * SECOND }]);
    expect(fold.rest(20 * SECOND)).toEqual([]);
    expect(fold.dueAtMs).toBe(Number.POSITIVE_INFINITY);
  });
});

test('repeats of which the first few are wanted are said so often, and then summed', () => {
  const fold = new RepeatFold<number>(3);
  const said = [0, 1, 2, 3, 4].map((item) => fold.add('key', item, item));
  expect(said).toEqual([true, true, true, false, false]);
  expect(fold.due(MINUTE)).toEqual([{ last: 4, count: 2, overMs: MINUTE }]);
  // The next window says none of its own.
  expect(fold.add('key', 5, MINUTE + 1)).toBe(false);
});

describe('a storm in the log', () => {
  beforeEach(
    () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }),
  );
  afterEach(() => void vi.useRealTimers());

  const refusal = (page: number) => ({
    ...{ event: 'rate_limited', segment: page % 7, page },
    fault: { code: 'RATE_LIMITED', message: 'refused', retryable: true },
  });

  test('of 17,000 refusals within five seconds is one line, and one that sums them', async () => {
    const { log, records, settle } = await captureLog('info');
    for (let page = 0; page < 17_000; page++) {
      log.warn(refusal(page), `page ${page}: refused`);
      if (page % 3_400 === 0) vi.advanceTimersByTime(1_000);
    }
    expect(records()).toHaveLength(1);
    settle();
    const [, sum, ...more] = records();
    expect(more).toEqual([]);
    expect(sum).toMatchObject({ event: 'rate_limited', repeats: 16_999, overMs: 5_000 });
    expect(sum?.message).toBe('16,999 more in the last 5 s: page 16999: refused');
  });

  test('is a hundred lines and a sum at debug, also of what is said there alone', async () => {
    const { log, records, settle } = await captureLog('debug');
    for (let page = 0; page < 17_000; page++) {
      const { fault, ...where } = refusal(page);
      log.debug({ ...where, event: 'fetch_failed', fault }, 'refused');
      log.warn(refusal(page), 'refused');
    }
    settle();
    for (const event of ['fetch_failed', 'rate_limited']) {
      const told = records().filter((record) => record.event === event);
      expect(told).toHaveLength(101);
      expect(told.at(-1)).toMatchObject({ repeats: 16_900 });
    }
  });

  test('of changes of mind about the limit is five lines and a sum', async () => {
    const { log, records, settle } = await captureLog('info');
    for (let times = 0; times < 1_000; times++) {
      const windowMs = times % 2 === 0 ? 2_000 : 12_000;
      log.info({ event: 'limit_learned', quota: 10, windowMs }, 'the API permits');
    }
    settle();
    expect(records()).toHaveLength(6);
    expect(records().at(-1)).toMatchObject({ repeats: 995 });
  });

  test('does not hide what is told in between', async () => {
    const { log, records } = await captureLog('info');
    for (let page = 0; page < 100; page++) {
      log.warn(refusal(page), 'refused');
      log.info({ event: 'run_progressed', eventsIngested: page }, 'progress');
    }
    expect(records().filter(({ event }) => event === 'run_progressed')).toHaveLength(100);
  });
});
