import { describe, expect, test } from 'vitest';
import type { Position } from '../../src/paging/position.js';
import { rejectAt } from '../../src/protocol/batch.js';
import { hashOfId, pageIndexOf, selectRows } from '../../workers/writer/page-rows.js';
import { EVENTS_SHAPE } from '../../workers/writer/table-shape.js';
import { NEWEST_MS, type TestRow, testId, testPage, testRows } from '../support/writer-pages.js';

const at = (row: TestRow | undefined): Position => ({ ms: row?.ms ?? 0, id: row?.id ?? '' });

const reject = (index: number) => ({ index, reason: 'no id', rawText: '{}' });

describe('which rows are written', () => {
  test('a page without bounds is written whole, and its rows carry its id', () => {
    const rows = testRows(7);
    const selected = selectRows(testPage(rows, { id: 42 }), EVENTS_SHAPE);
    expect(selected.pageId).toBe(42);
    expect([...selected.rows]).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(selected.acceptedCount).toBe(7);
    expect(selected.firstPosition).toBe(`${NEWEST_MS}/${testId(0)}`);
    expect(selected.lastPosition).toBe(`${NEWEST_MS - 6000}/${testId(6)}`);
  });

  test('rows after the bound are neither written nor counted', () => {
    const rows = testRows(6);
    const selected = selectRows(testPage(rows, { bound: at(rows[3]) }), EVENTS_SHAPE);
    expect([...selected.rows]).toEqual([0, 1, 2, 3]);
    expect(selected.acceptedCount).toBe(4);
    expect(selected.lastPosition).toBe(`${rows[3]?.ms}/${rows[3]?.id}`);
  });

  test('every row of the instant of a bound is kept, whatever its id', () => {
    const ms = NEWEST_MS - 2000;
    const rows = [
      { id: testId(1), ms: NEWEST_MS },
      { id: testId(9), ms },
      { id: testId(2), ms },
      { id: testId(3), ms: ms - 1 },
    ];
    const bound = { ms, id: testId(5) };
    expect([...selectRows(testPage(rows, { bound }), EVENTS_SHAPE).rows]).toEqual([0, 1, 2]);
  });

  test('of rows with the same id only the first is written', () => {
    const rows = testRows(4);
    const again = [...rows, { ...at(rows[1]) }, { ...at(rows[3]), ms: NEWEST_MS - 9000 }];
    const selected = selectRows(testPage(again), EVENTS_SHAPE);
    expect([...selected.rows]).toEqual([0, 1, 2, 3]);
    expect(selected.acceptedCount).toBe(6);
  });

  test('a culprit is left out, and a later row of its id takes its place', () => {
    const rows = testRows(3);
    const again = [...rows, { ...at(rows[1]) }];
    const selected = selectRows(testPage(again), EVENTS_SHAPE, new Set([1]));
    expect([...selected.rows]).toEqual([0, 2, 3]);
    expect(selected.acceptedCount).toBe(3);
  });

  test('ten thousand ids that differ in one byte are told apart', () => {
    const rows = testRows(10_000);
    const selected = selectRows(testPage([...rows, ...rows.slice(0, 50)]), EVENTS_SHAPE);
    expect(selected.rows.length).toBe(10_000);
    expect(selected.acceptedCount).toBe(10_050);
  });
});

describe('rows without a timestamp', () => {
  const untimed = (number: number): TestRow => ({ id: testId(number), ms: Number.NaN });

  test('are written wherever they appear, behind the bound too', () => {
    const rows = testRows(6);
    rows.splice(2, 0, untimed(100));
    rows.splice(6, 0, untimed(101));
    const selected = selectRows(testPage(rows, { bound: at(rows[4]) }), EVENTS_SHAPE);
    expect([...selected.rows]).toEqual([0, 1, 2, 3, 4, 6]);
    expect(selected.firstPosition).toBe(`${NEWEST_MS}/${testId(0)}`);
  });

  test('a page of nothing else has no positions', () => {
    const selected = selectRows(testPage([untimed(1), untimed(2)]), EVENTS_SHAPE);
    expect(selected.firstPosition).toBeNull();
    expect(selected.lastPosition).toBeNull();
  });
});

describe('rejects', () => {
  test('shift the page index of the rows behind them', () => {
    const { rejects } = testPage([], { rejects: [reject(0), reject(1), reject(4)] }).batch;
    expect([0, 1, 2, 3].map((row) => pageIndexOf(rejects, row))).toEqual([2, 3, 5, 6]);
  });

  test('beyond the bound belong to the next segment', () => {
    const rows = testRows(4);
    const rejects = [reject(1), reject(3), reject(5)];
    const selected = selectRows(testPage(rows, { bound: at(rows[1]), rejects }), EVENTS_SHAPE);
    // The page reads: row 0, reject, row 1, reject, row 2 (the first beyond the bound), reject, row 3.
    const { rejects: kept } = selected;
    const indexes = Array.from({ length: kept.count }, (_, nth) => rejectAt(kept, nth).index);
    expect(indexes).toEqual([1, 3]);
  });

  test('of a page in another order are all kept', () => {
    const rows = testRows(4).reverse();
    const rejects = [reject(1), reject(5)];
    const page = testPage(rows, { bound: at(rows[2]), rejects, isDescending: false });
    expect(selectRows(page, EVENTS_SHAPE).rejects.count).toBe(2);
  });
});

test.each([
  [0, 3],
  [0, 1],
  [1, 2],
  [2, 3],
  [1, 3],
  [0, 2],
] as const)(
  'ids that differ by the same number in words %i and %i have hashes of their own',
  (one, other) => {
    const hashes = Array.from({ length: 10_000 }, (_, number) => {
      const words = new Uint32Array(4);
      words[one] = number;
      words[other] = number;
      return hashOfId(words, 0) & 0xffff;
    });
    // As many as chance leaves distinct among 65,536.
    expect(new Set(hashes).size).toBeGreaterThan(8_000);
  },
);
