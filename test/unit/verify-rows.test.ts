import { beforeEach, describe, expect, test } from 'vitest';
import { placeOf, VerifyModel, walk } from '../support/verify-model.js';
import { NEWEST_MS, type TestRow, testId, testPage, testRows } from '../support/writer-pages.js';

const source = testRows(50);
let model: VerifyModel;

function commitWalk(run: number, rows: readonly TestRow[], limit = 10, segment = 1): void {
  for (const page of walk(rows, { run, segment, limit })) model.commit(page);
}

async function sentences(run = 1): Promise<string[]> {
  const { differences } = await model.verify(run);
  return differences.map(({ where, message }) => `${where}: ${message}`);
}

function row(index: number): TestRow {
  const found = source[index];
  if (found === undefined) throw new Error(`no row ${index}`);
  return found;
}

const iso = (ms: number): string => new Date(ms).toISOString();

beforeEach(() => {
  model = new VerifyModel();
  model.addRun('a');
});

describe('what an edit of the table is called', () => {
  beforeEach(() => commitWalk(1, source));

  test('a row deleted: its page, and the instant that it had', async () => {
    model.table.delete(row(14).id);
    expect(await sentences()).toEqual([
      `segment 1, page 2: 1 row missing (9 in the table, 10 in the ledger): it was of ${iso(row(14).ms)}`,
    ]);
  });

  test('several rows deleted: their count', async () => {
    for (const index of [14, 15, 16]) model.table.delete(row(index).id);
    expect(await sentences()).toEqual([
      'segment 1, page 2: 3 rows missing (7 in the table, 10 in the ledger)',
    ]);
  });

  test('a row added: its page and its id', async () => {
    const id = testId(99);
    model.table.set(id, { id, ms: row(14).ms + 1 });
    expect(await sentences()).toEqual([
      `segment 1, page 2: 1 row more (11 in the table, 10 in the ledger): id ${id} of ${iso(row(14).ms + 1)}`,
    ]);
  });

  test('occurred_at changed by 1 ms: the id, and both instants', async () => {
    model.table.set(row(14).id, { id: row(14).id, ms: row(14).ms - 1 });
    expect(await sentences()).toEqual([
      'segment 1, page 2: as many rows as in the ledger (10), but another id or occurred_at: ' +
        `id ${row(14).id} is at ${iso(row(14).ms - 1)} and was at ${iso(row(14).ms)}`,
    ]);
  });

  test('occurred_at changed so that the row lies in another page: both pages, and the row', async () => {
    const moved = { id: row(14).id, ms: row(34).ms + 1 };
    model.table.set(moved.id, moved);
    expect(await sentences()).toEqual([
      `segment 1, page 2: 1 row missing (9 in the table, 10 in the ledger): id ${moved.id} was of ${iso(row(14).ms)} and is at ${iso(moved.ms)}`,
      `segment 1, page 4: 1 row more (11 in the table, 10 in the ledger): id ${moved.id} of ${iso(moved.ms)}`,
    ]);
  });

  test('an id changed: its page', async () => {
    model.table.delete(row(14).id);
    model.table.set(testId(99), { id: testId(99), ms: row(14).ms });
    expect(await sentences()).toEqual([
      'segment 1, page 2: as many rows as in the ledger (10), but another id or occurred_at: the instants are the same, so an id',
    ]);
  });
});

describe('rows that no interval can prove', () => {
  test('rows without a timestamp are known by their ids', async () => {
    const untimed = { id: testId(90), ms: Number.NaN };
    commitWalk(1, source.toSpliced(15, 0, untimed));
    expect(await model.verify(1)).toMatchObject({ ok: true, rows: 51 });
    model.table.delete(untimed.id);
    expect(await sentences()).toEqual([
      `segment 1, page 2: the row ${untimed.id} without occurred_at is missing or changed`,
    ]);
    model.table.set(testId(91), { id: testId(91), ms: Number.NaN });
    expect((await sentences())[1]).toBe(
      `rows without occurred_at: 1 row that no page of the ledger claims: ${testId(91)}`,
    );
  });

  test('a source without any timestamp is proven id by id', async () => {
    const untimed = Array.from({ length: 500 }, (_, i) => ({ id: testId(i), ms: Number.NaN }));
    model.commit(testPage(untimed, { segment: 1, page: 1, hasMore: false }));
    expect(await model.verify(1)).toMatchObject({ ok: true, rows: 500 });
    model.table.delete(testId(77));
    expect(await sentences()).toHaveLength(1);
  });

  test('a row served out of place is proven by the page that served it', async () => {
    const displaced = { id: testId(90), ms: row(44).ms + 1 };
    const rows = source.toSpliced(5, 0, displaced);
    const [first, ...others] = walk(rows, { run: 1, segment: 1, limit: 10 });
    if (first === undefined) throw new Error('there is a first page');
    const isOrdered = false;
    model.commit({ ...first, batch: { ...first.batch, isOrdered } });
    for (const page of others) model.commit(page);
    expect(await model.verify(1)).toMatchObject({ ok: true, rows: 51 });
    model.table.set(displaced.id, { ...displaced, ms: displaced.ms + 1 });
    const found = await sentences();
    expect(found[0]).toMatch(/^segment 1, page 5: 1 row more/);
    expect(found[1]).toMatch(/^segment 1, page 1: the row .* is missing or changed$/);
  });

  test('a source that is oldest first is proven, though each page is in order by itself', async () => {
    const oldestFirst = source.toReversed();
    for (const page of walk(oldestFirst, { run: 1, segment: 1, limit: 1 })) model.commit(page);
    expect(await model.verify(1)).toMatchObject({ ok: true, rows: 50 });
    model.table.set(testId(99), { id: testId(99), ms: row(14).ms + 1 });
    expect(await sentences()).not.toEqual([]);
    model.table.delete(testId(99));
    model.table.delete(row(14).id);
    expect(await sentences()).not.toEqual([]);
  });

  test('a source in no order at all is proven, and an edit is found', async () => {
    const mixed = source.map((_, i) => row((i * 17) % 50));
    let after = null;
    for (let start = 0; start < 50; start += 10) {
      const rows = mixed.slice(start, start + 10);
      const through = start === 40 ? null : placeOf(rows[9] as TestRow);
      const place = { segment: 1, page: start / 10 + 1, after, through, hasMore: start < 40 };
      model.commit(testPage(rows, { ...place, isOrdered: false }));
      after = through;
    }
    expect(await model.verify(1)).toMatchObject({ ok: true, rows: 50 });
    model.table.delete(row(33).id);
    const [page] = mixed.flatMap(({ id }, i) =>
      id === row(33).id ? [Math.floor(i / 10) + 1] : [],
    );
    expect(await sentences()).toEqual([
      `segment 1, page ${page}: the row ${row(33).id} of ${iso(row(33).ms)} is missing or changed`,
    ]);
  });
});

describe('pages over the same stretch', () => {
  test('a source that has grown between two walks is no difference', async () => {
    for (const page of walk(source, { run: 1, segment: 1, limit: 10, pagesMax: 3 })) {
      model.commit(page);
    }
    const grown = [{ id: testId(99), ms: NEWEST_MS + 5000 }, ...source];
    commitWalk(1, grown, 10, 2);
    expect(await model.verify(1)).toMatchObject({ ok: true, rows: 51, duplicate: 30 });
  });

  test('of two walks that both claim less, a row more is named once a page', async () => {
    commitWalk(1, source, 10, 1);
    commitWalk(1, source, 10, 2);
    model.table.set(testId(99), { id: testId(99), ms: row(14).ms + 1 });
    expect((await sentences()).map((text) => text.split(':')[0])).toEqual([
      'segment 1, page 2',
      'segment 2, page 2',
    ]);
  });
});

describe('a table of several runs', () => {
  test('rows of another origin between ours are accounted for', async () => {
    commitWalk(1, source);
    const other = model.addRun('b');
    const theirs = source.map(({ ms }, i) => ({ id: testId(100 + i), ms: ms - 500 }));
    commitWalk(other, theirs, 7);
    for (const run of [1, other]) {
      expect(await model.verify(run)).toMatchObject({ ok: true, rows: 50, tableRows: 100 });
    }
    model.table.set(testId(999), { id: testId(999), ms: row(14).ms + 1 });
    expect(await sentences()).toEqual([
      'segment 1, pages 1–5: 1 row more than this run and run 2 claim together',
    ]);
  });

  test('origins that share rows are no difference, and a row more still is', async () => {
    commitWalk(1, source);
    const other = model.addRun('b');
    const theirs = source
      .flatMap((one, i) => [one, { id: testId(100 + i), ms: one.ms - 500 }])
      .slice(3);
    commitWalk(other, theirs, 7);
    expect(await model.verify(1)).toMatchObject({ ok: true, rows: 50 });
    model.table.set(testId(999), { id: testId(999), ms: row(14).ms + 1 });
    expect((await sentences())[0]).toContain('1 row more');
  });

  test('a run whose rows were deleted before the next began does not spoil it', async () => {
    commitWalk(1, source);
    model.table.clear();
    commitWalk(model.addRun('a'), source);
    expect(await model.verify(2)).toMatchObject({ ok: true, rows: 50 });
  });
});
