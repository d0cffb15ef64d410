import { beforeEach, describe, expect, test } from 'vitest';
import { placeOf, VerifyModel, walk } from '../support/verify-model.js';
import { type TestRow, testRows } from '../support/writer-pages.js';

const source = testRows(50);
let model: VerifyModel;
let run: number;

/** 50 rows, 10 a page. */
beforeEach(() => {
  model = new VerifyModel();
  run = model.addRun('a');
  for (const page of walk(source, { run, segment: 1, limit: 10 })) model.commit(page);
});

function page(number: number) {
  const found = model.pages[number - 1];
  if (found === undefined) throw new Error(`no page ${number}`);
  return found;
}

async function sentences(): Promise<string[]> {
  const { differences } = await model.verify(run);
  return differences.map(({ where, message }) => `${where}: ${message}`);
}

describe('a clean run', () => {
  test('is proven, with its rows, pages and records', async () => {
    expect(await model.verify(run)).toEqual({
      ok: true,
      ...{ run, source: 'test', origin: 'a', status: 'complete' },
      ...{ rows: 50, tableRows: 50, pages: 5 },
      ...{ returned: 50, inserted: 50, duplicate: 0, quarantined: 0 },
      differences: [],
      stillToFetch: [],
    });
  });

  test('of a source without rows is one empty page', async () => {
    const empty = new VerifyModel();
    empty.addRun('a');
    for (const one of walk([], { run: 1, segment: 1, limit: 10 })) empty.commit(one);
    expect(await empty.verify(1)).toMatchObject({ ok: true, rows: 0, pages: 1 });
  });
});

describe('a tampered ledger is named by page', () => {
  test('counts that do not add up', async () => {
    page(2).returned = 11;
    expect(await sentences()).toEqual([
      'segment 1, page 2: returned 11 is not 10 inserted + 0 duplicate + 0 quarantined',
    ]);
  });

  test('more rows inserted than there are', async () => {
    page(2).inserted = 9;
    page(2).duplicate = 1;
    expect(await sentences()).toEqual([]);
    page(2).inserted = 11;
    page(2).duplicate = 0;
    page(2).returned = 11;
    expect(await sentences()).toEqual([
      'run 1: the ledger counts 51 rows as inserted, and the table holds 50 of this run',
    ]);
  });

  test('a count of covered rows, the digest, the sum of instants', async () => {
    const { timed } = page(3);
    page(3).timed = { ...timed, count: 9 };
    expect(await sentences()).toEqual([
      'segment 1, page 3: the ledger counts 9 rows, and its digest proves 10',
    ]);
    page(3).timed = { ...timed, ms: timed.ms + 1n };
    expect((await sentences())[0]).toMatch(/^segment 1, page 3: the sum of occurred_at/);
    page(3).timed = { ...timed, low: timed.low ^ 1 };
    expect((await sentences())[0]).toMatch(
      /^segment 1, page 3: as many rows as in the ledger \(10\)/,
    );
  });

  test('more rows covered than stored', async () => {
    page(3).covered = 11;
    expect(await sentences()).toContain('segment 1, page 3: it covers 11 rows but stored 10');
  });

  test('a page that starts elsewhere, or ends elsewhere', async () => {
    const [row] = source.slice(24, 25) as [TestRow];
    page(3).after = placeOf(row);
    expect((await sentences())[0]).toMatch(
      /^segment 1, page 2: no page covers the stretch .*, behind segment 1, page 2$/,
    );
    page(3).after = page(2).through;
    page(2).through = placeOf(row);
    expect((await sentences())[0]).toBe('segment 1, page 3: it starts before page 2 has ended');
  });

  test('an end that is none, and no end', async () => {
    page(5).hasMore = true;
    expect(await sentences()).toEqual([
      'segment 1, page 5: it reaches the end, and yet says that there is more',
      'the chain of pages: no page says that it is the last',
    ]);
    page(5).hasMore = false;
    page(2).hasMore = false;
    expect(await sentences()).toEqual(['segment 1, page 2: page 3 follows its last page']);
  });

  test('a page removed: the stretch that no page covers, and the rows that no page claims', async () => {
    model.pages.splice(2, 1);
    const [chain, added] = await sentences();
    expect(chain).toMatch(/^segment 1, page 2: no page covers the stretch from 2026-/);
    expect(added).toMatch(/^behind segment 1, page 2: 10 rows that no page of the ledger claims: /);
  });

  test('records that the quarantine lacks, and records of no page', async () => {
    page(4).quarantined = 2;
    page(4).returned = 12;
    page(4).kept = 1;
    model.orphans = [{ segment: 1, page: 9, count: 3 }];
    expect(await sentences()).toEqual([
      'segment 1, page 4: the quarantine holds 1 records, the ledger counts 2',
      'segment 1, page 9: the quarantine holds 3 records of a page that the ledger does not have',
    ]);
  });

  test('a row in the ledger that cannot be read', async () => {
    page(2).unreadable = ['after_position is no place of the form ms/id'];
    expect(await sentences()).toEqual([
      'segment 1, page 2: after_position is no place of the form ms/id',
    ]);
  });
});

describe('a half-done run', () => {
  test('lists what is still to be fetched, and holds', async () => {
    const half = new VerifyModel();
    half.addRun('a', 'paused');
    const [first, , third] = walk(source, { run: 1, segment: 1, limit: 10 });
    for (const one of [first, third]) if (one !== undefined) half.commit(one);
    const { ok, rows, stillToFetch } = await half.verify(1);
    expect({ ok, rows }).toEqual({ ok: true, rows: 20 });
    expect(stillToFetch).toEqual([
      { after: first?.through, through: third?.after },
      { after: third?.through, through: null },
    ]);
  });

  test('counts a row where nothing was fetched as added', async () => {
    const half = new VerifyModel();
    half.addRun('a', 'paused');
    for (const one of walk(source, { run: 1, segment: 1, limit: 10, pagesMax: 2 }))
      half.commit(one);
    const row = source[40] as TestRow;
    half.table.set(row.id, row);
    const { differences } = await half.verify(1);
    expect(differences).toEqual([
      {
        kind: 'added',
        where: 'behind segment 1, page 2',
        message: `1 row that no page of the ledger claims: ${row.id}`,
      },
    ]);
  });

  test('that has no page yet has all to fetch', async () => {
    const none = new VerifyModel();
    none.addRun('a', 'running');
    expect(await none.verify(1)).toMatchObject({
      ok: true,
      rows: 0,
      stillToFetch: [{ after: null, through: null }],
    });
  });
});
