/** Warnings that repeat: said at once, then summed in growing windows. */
import { describe, expect, test } from 'vitest';
import { RepeatFold } from '../../src/observe/repeat-fold.js';

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
