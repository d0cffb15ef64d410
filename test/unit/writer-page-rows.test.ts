import { describe, expect, test } from 'vitest';
import { addRow, emptyDigest, type RowDigest } from '../../src/core/digest.js';
import { HIGHEST_ID, type Position } from '../../src/core/position.js';
import { rejectAt } from '../../src/protocol/batch.js';
import { hashOfId, pageIndexOf, selectRows } from '../../workers/writer/page-rows.js';
import { NEWEST_MS, type TestRow, testId, testPage, testRows } from '../support/writer-pages.js';

const at = (row: TestRow | undefined): Position => ({ ms: row?.ms ?? 0, id: row?.id ?? '' });

function digestOf(rows: readonly TestRow[]): RowDigest {
  const digest = emptyDigest();
  rows.forEach((row) => {
    addRow(digest, Buffer.from(row.id.replaceAll('-', ''), 'hex'), 0, row.ms);
  });
  return digest;
}

const reject = (index: number) => ({ index, reason: 'no id', rawText: '{}' });

describe('which rows are written', () => {
  test('a page without bounds is written and covered whole', () => {
    const rows = testRows(7);
    const selected = selectRows(testPage(rows));
    expect([...selected.rows]).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(selected.acceptedCount).toBe(7);
    expect(selected.covered).toEqual(digestOf(rows));
    expect(selected.firstPosition).toBe(`${NEWEST_MS}/${testId(0)}`);
    expect(selected.lastPosition).toBe(`${NEWEST_MS - 6000}/${testId(6)}`);
  });

  test('rows after the bound are neither written nor counted', () => {
    const rows = testRows(6);
    const selected = selectRows(testPage(rows, { bound: at(rows[3]) }));
    expect([...selected.rows]).toEqual([0, 1, 2, 3]);
    expect(selected.acceptedCount).toBe(4);
    expect(selected.covered).toEqual(digestOf(rows.slice(0, 4)));
    expect(selected.lastPosition).toBe(`${rows[3]?.ms}/${rows[3]?.id}`);
  });

  test('a bound with the highest id leaves every row of its instant to the next segment', () => {
    const ms = NEWEST_MS - 2000;
    const rows = [
      { id: testId(1), ms: NEWEST_MS },
      { id: testId(9), ms },
      { id: testId(8), ms },
      { id: testId(2), ms: ms - 1 },
    ];
    const clipped = selectRows(testPage(rows, { bound: { ms, id: HIGHEST_ID } }));
    expect([...clipped.rows]).toEqual([0]);
    const next = selectRows(testPage(rows, { after: { ms, id: HIGHEST_ID } }));
    expect(next.covered).toEqual(digestOf(rows.slice(1)));
  });

  test('ties at one instant are parted by id, the greater first', () => {
    const rows = [9, 8, 7, 6].map((number) => ({ id: testId(number), ms: NEWEST_MS }));
    const selected = selectRows(testPage(rows, { after: at(rows[0]), bound: at(rows[2]) }));
    expect([...selected.rows]).toEqual([0, 1, 2]);
    expect(selected.covered).toEqual(digestOf(rows.slice(1, 3)));
  });

  test('rows served again at the start are written but not covered', () => {
    const rows = testRows(5);
    const selected = selectRows(testPage(rows, { after: at(rows[1]), through: at(rows[4]) }));
    expect([...selected.rows]).toEqual([0, 1, 2, 3, 4]);
    expect(selected.covered).toEqual(digestOf(rows.slice(2)));
  });

  test('of rows with the same id only the first is written and covered', () => {
    const rows = testRows(4);
    const again = [...rows, { ...at(rows[1]) }, { ...at(rows[3]), ms: NEWEST_MS - 9000 }];
    const selected = selectRows(testPage(again));
    expect([...selected.rows]).toEqual([0, 1, 2, 3]);
    expect(selected.acceptedCount).toBe(6);
    expect(selected.covered).toEqual(digestOf(rows));
  });

  test('a culprit is left out, and a later row of its id takes its place', () => {
    const rows = testRows(3);
    const again = [...rows, { ...at(rows[1]) }];
    const selected = selectRows(testPage(again), new Set([1]));
    expect([...selected.rows]).toEqual([0, 2, 3]);
    expect(selected.acceptedCount).toBe(3);
    expect(selected.covered).toEqual(digestOf(rows));
  });

  test('ten thousand ids that differ in one byte are told apart', () => {
    const rows = testRows(10_000);
    const selected = selectRows(testPage([...rows, ...rows.slice(0, 50)]));
    expect(selected.rows.length).toBe(10_000);
    expect(selected.acceptedCount).toBe(10_050);
  });
});

describe('rows without a timestamp', () => {
  const untimed = (number: number): TestRow => ({ id: testId(number), ms: Number.NaN });

  test('are written and covered in an unbounded page', () => {
    const rows = [untimed(100), ...testRows(2), untimed(101)];
    const selected = selectRows(testPage(rows));
    expect(selected.rows.length).toBe(4);
    expect(selected.covered).toEqual(digestOf(rows));
  });

  test('are covered once where two segments meet: by the page that covers their neighbours', () => {
    const rows = testRows(6);
    rows.splice(2, 0, untimed(100));
    rows.splice(6, 0, untimed(101));
    const bound = at(rows[4]);
    const left = selectRows(testPage(rows, { bound }));
    const right = selectRows(testPage(rows, { after: bound }));
    expect(left.covered).toEqual(digestOf(rows.slice(0, 5)));
    expect(right.covered).toEqual(digestOf(rows.slice(5)));
    expect([...left.rows]).toEqual([0, 1, 2, 3, 4, 6]);
  });

  test('are all covered where the page has no order', () => {
    const rows = [...testRows(3), untimed(100)];
    const page = testPage(rows, { bound: at(rows[1]), isOrdered: false });
    expect(selectRows(page).covered).toEqual(digestOf([...rows.slice(0, 2), ...rows.slice(3)]));
  });

  test('a page of nothing else has no positions', () => {
    const selected = selectRows(testPage([untimed(1), untimed(2)]));
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
    const selected = selectRows(testPage(rows, { bound: at(rows[1]), rejects }));
    // The page reads: row 0, reject, row 1, reject, row 2 (the first beyond the bound), reject, row 3.
    const { rejects: kept } = selected;
    const indexes = Array.from({ length: kept.count }, (_, nth) => rejectAt(kept, nth).index);
    expect(indexes).toEqual([1, 3]);
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
