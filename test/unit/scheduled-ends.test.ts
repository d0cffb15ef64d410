/** Which ends of scheduled runs are told, and when a run has returned too little. */
import { describe, expect, test } from 'vitest';
import type { Alert } from '../../src/observe/alerts/alert.js';
import { rowFall } from '../../src/observe/alerts/row-fall.js';
import { ScheduledEnds } from '../../src/observe/alerts/scheduled-ends.js';
import { sampleAlert } from '../support/sample-alert.js';

function newsOf(ends: readonly Partial<Alert>[]): boolean[] {
  const told = new ScheduledEnds();
  return ends.map((end) => told.isNews('events', sampleAlert(end)));
}

const finished = { kind: 'finished', reason: null } as const;
const away = (seconds: number) =>
  ({ kind: 'failed', reason: `nothing has answered in ${seconds} s` }) as const;
const refused = { kind: 'failed', reason: 'the API refused the key' } as const;

describe('the ends of scheduled runs', () => {
  test('the first complete run is told, and the next ones are not', () => {
    expect(newsOf([finished, finished, finished])).toEqual([true, false, false]);
  });

  test('a reason is told once until a run is complete, and that is told then', () => {
    const ends = [finished, away(61), away(64), refused, away(60), finished, away(61)];
    expect(newsOf(ends)).toEqual([true, true, false, true, false, true, true]);
  });

  test('an end whose incident was resolved is told again', () => {
    const resolve = { ...refused, action: 'resolve', reason: null } as const;
    expect(newsOf([refused, refused, resolve, refused])).toEqual([true, false, true, true]);
  });

  test('stalls, lateness and missing rows are always told', () => {
    const kinds = ['stalled', 'stalled', 'late', 'late', 'row_fall', 'row_fall'] as const;
    expect(newsOf(kinds.map((kind) => ({ kind })))).toEqual(kinds.map(() => true));
  });

  test('each stream has ends of its own', () => {
    const told = new ScheduledEnds();
    expect(told.isNews('orders', sampleAlert(refused))).toBe(true);
    expect(told.isNews('items', sampleAlert(refused))).toBe(true);
    expect(told.isNews('items', sampleAlert(refused))).toBe(false);
  });
});

describe('a fall of the rows', () => {
  test.each([
    ['half of them is no fall of more than half', 500, [1_000, 1_000], 0.5, null],
    ['one less is', 499, [1_000, 1_000], 0.5, { records: 499, median: 1_000 }],
    [
      'one odd run before it changes nothing',
      700,
      [1_000, 10, 990],
      0.2,
      { records: 700, median: 990 },
    ],
    ['an even number has its median between two', 10, [40, 20], 0.5, { records: 10, median: 30 }],
    ['growth is none', 5_000, [1_000], 0.5, null],
    ['nothing to compare with', 0, [], 0.5, null],
    ['a share of 0 turns it off', 0, [1_000], 0, null],
    ['a share of 1 can never be passed', 0, [1_000], 1, null],
    ['runs without a record have nothing to lose', 0, [0, 0], 0.5, null],
  ] as const)('%s', (_, records, earlier, share, fall) => {
    expect(rowFall(records, earlier, share)).toEqual(fall);
  });
});
