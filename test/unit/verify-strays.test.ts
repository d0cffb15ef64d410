import { describe, expect, test } from 'vitest';
import { Strays } from '../../src/database/verify/strays.js';
import { selectRows } from '../../workers/writer/page-rows.js';
import { columnsOf, placeOf } from '../support/verify-model.js';
import { type TestRow, testId, testPage, testRows } from '../support/writer-pages.js';

const rows = testRows(1000);
const { ids } = columnsOf(rows);

function idOf(row: number): Uint8Array {
  return ids.subarray(row * 16, row * 16 + 16);
}

describe('the set of strays', () => {
  test('knows its rows among others, however many there are', () => {
    const strays = new Strays();
    rows.forEach(({ ms }, row) => {
      if (row % 2 === 0) strays.add({ pageIndex: row, id: idOf(row), ms });
    });
    const seen = rows.map(({ ms }, row) => strays.see(ids, row, ms, row));
    expect(seen).toEqual(rows.map((_, row) => row % 2 === 0));
    expect(strays.byElement().size).toBe(500);
    expect(strays.at(3)).toEqual({ pageIndex: 6, id: idOf(6), ms: rows[6]?.ms });
  });

  test('a row at another instant is another row, and so is one without', () => {
    const strays = new Strays();
    strays.add({ pageIndex: 0, id: idOf(0), ms: 5 });
    strays.add({ pageIndex: 0, id: idOf(1), ms: Number.NaN });
    expect(strays.see(ids, 0, 6, 0)).toBe(false);
    expect(strays.see(ids, 0, Number.NaN, 0)).toBe(false);
    expect(strays.see(ids, 1, 5, 0)).toBe(false);
    expect([0, 1].map((stray) => strays.isSeen(stray))).toEqual([false, false]);
    expect(strays.see(ids, 1, Number.NaN, 0)).toBe(true);
    expect(strays.untimedSeenCount).toBe(1);
    expect(strays.byElement().size).toBe(0);
  });

  test('a row that several pages name counts once, for the first of them', () => {
    const strays = new Strays();
    for (const pageIndex of [7, 8, 9]) strays.add({ pageIndex, id: idOf(0), ms: 5 });
    strays.see(ids, 0, 5, 2);
    expect([0, 1, 2].map((stray) => strays.isSeen(stray))).toEqual([true, true, true]);
    expect([0, 1, 2].map((stray) => strays.isCounted(stray))).toEqual([true, false, false]);
    expect([...strays.byElement()]).toEqual([[2, [0]]]);
  });
});

describe('what the writer names', () => {
  const at = (row: TestRow | undefined) => (row === undefined ? null : placeOf(row));

  test('nothing, where all rows are within the interval', () => {
    expect(selectRows(testPage(rows)).strays).toEqual([]);
  });

  test('rows served again, and rows without a timestamp', () => {
    const untimed = { id: testId(5000), ms: Number.NaN };
    const page = testPage(rows.slice(0, 6).toSpliced(3, 0, untimed), { after: at(rows[1]) });
    const { strays, untimed: digest } = selectRows(page);
    expect(strays).toEqual([0, 1, 3]);
    expect(digest.count).toBe(1);
  });

  test('every row of a page without order', () => {
    const page = testPage(rows.slice(0, 3).reverse(), { isOrdered: false });
    expect(selectRows(page).strays).toEqual([0, 1, 2]);
  });

  test('not the rows that belong to another segment', () => {
    expect(selectRows(testPage(rows.slice(0, 6), { bound: at(rows[2]) })).strays).toEqual([]);
  });
});
