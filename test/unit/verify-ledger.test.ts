import { beforeEach, describe, expect, test } from 'vitest';
import { verificationText } from '../../src/database/verify/verification-text.js';
import { formatPosition } from '../../src/paging/position.js';
import { placeOf, VerifyModel, walk, walkedRun } from '../support/verify-model.js';
import { type TestRow, testRows } from '../support/writer-pages.js';

const source = testRows(50);
let model: VerifyModel;
let run: number;

beforeEach(() => {
  ({ model, run } = walkedRun(source));
});

function page(number: number, of = model) {
  const found = of.pages[number - 1];
  if (found === undefined) throw new Error(`no page ${number}`);
  return found;
}

function sentences(of = model): string[] {
  return of.verify(run).differences.map(({ where, message }) => `${where}: ${message}`);
}

describe('a clean run', () => {
  test('is proven, with its rows, pages and records', () => {
    expect(model.verify(run)).toEqual({
      ok: true,
      ...{ run, source: 'test', stream: 'events', origin: 'a', status: 'complete' },
      pass: { type: 'full', start: null, end: null },
      superseded: 0,
      ...{ rows: 50, tableRows: 50, pages: 5, unownedPages: 0, dataPages: null },
      ...{ returned: 50, inserted: 50, updated: 0, duplicate: 0, differing: 0, quarantined: 0 },
      owners: { run: 50, otherRuns: 0, nobody: 0, unknown: 0 },
      differences: [],
      stillToFetch: [],
    });
  });

  test('of a source without rows is one empty page', () => {
    const empty = new VerifyModel();
    empty.addRun('a');
    for (const one of walk([], { run: 1, segment: 1, limit: 10 })) empty.commit(one);
    expect(empty.verify(1)).toMatchObject({ ok: true, rows: 0, pages: 1 });
  });
});

describe('a ledger that was tampered with: the page is named', () => {
  test('counts that do not add up', () => {
    page(2).returned = 11;
    expect(sentences()).toEqual([
      'segment 1, page 2: returned 11 is not 10 inserted + 0 duplicate + 0 quarantined',
    ]);
    page(2).returned = 10;
    page(2).known = 1;
    expect(sentences()).toEqual([
      'segment 1, page 2: it found 1 rows that were there before, and 0 duplicates in all',
    ]);
  });

  test('more rows than it wrote, fewer, and another digest', () => {
    page(2).inserted = 9;
    page(2).duplicate = 1;
    expect(sentences()).toEqual([
      'segment 1, page 2: 1 row more (10 in the table, 9 in the ledger)',
    ]);
    page(2).inserted = 11;
    page(2).returned = 12;
    expect(sentences()).toEqual([
      'segment 1, page 2: 1 row missing (10 in the table, 11 in the ledger)',
    ]);
    page(2).inserted = 10;
    page(2).returned = 11;
    page(2).digest = '7';
    expect(sentences()).toEqual([
      'segment 1, page 2: as many rows as in the ledger (10), but another id or occurred_at',
    ]);
  });

  test('a page that starts elsewhere, or ends elsewhere', () => {
    const [row] = source.slice(24, 25) as [TestRow];
    page(3).after = formatPosition(placeOf(row));
    expect(sentences()[0]).toMatch(
      /^segment 1, page 2: behind it no page covers the stretch from 2026-/,
    );
    page(3).after = page(2).through;
    page(2).through = formatPosition(placeOf(row));
    expect(sentences()[0]).toBe('segment 1, page 3: it starts before page 2 has ended');
  });

  test('an end that is none, and no end', () => {
    page(5).hasMore = true;
    expect(sentences()).toEqual([
      'segment 1, page 5: it reaches the end, and yet says that there is more',
      'the chain of pages: no page says that it is the last',
    ]);
    page(5).hasMore = false;
    Object.assign(page(2), { hasMore: false, through: null });
    expect(sentences()[0]).toBe('segment 1, page 2: page 3 follows its last page');
  });

  test('a page removed: the stretch that no page covers, and the rows that name it', () => {
    model.pages.splice(2, 1);
    const [chain, added] = sentences();
    expect(chain).toMatch(/^segment 1, page 2: behind it no page covers the stretch from 2026-/);
    expect(added).toMatch(/^page id 3: 10 rows of a page that the ledger does not have: .*, …$/);
  });

  test('records that the quarantine lacks, and records of no page', () => {
    page(4).quarantined = 2;
    page(4).returned = 12;
    page(4).kept = 1;
    model.orphans = [{ segment: 1, page: 9, count: 3 }];
    expect(sentences()).toEqual([
      'segment 1, page 4: the quarantine holds 1 records, the ledger counts 2',
      'segment 1, page 9: the quarantine holds 3 records of a page that the ledger does not have',
    ]);
  });

  test('rows of another transaction by id, but not where records were refused', () => {
    page(2).digest = '7';
    const strangers = new Map([[2, ['a', 'b']]]);
    const message = () => model.verify(run, strangers).differences.at(-1)?.message;
    expect(message()).toMatch(/another id or occurred_at: written since, a, b$/);
    Object.assign(page(2), { quarantined: 1, kept: 1, returned: 11 });
    expect(message()).toMatch(/another id or occurred_at$/);
  });

  test('a place that cannot be read', () => {
    page(2).after = 'nowhere';
    expect(sentences()).toEqual([
      'segment 1, page 2: after_position is no place of the form ms/id',
    ]);
  });
});

/** The rows oldest first, in no order, and without a timestamp. */
const ORDERS: Readonly<Record<string, readonly TestRow[]>> = {
  'oldest first': [...source].reverse(),
  'in no order': [...source].sort((a, b) => (a.ms % 7_000) - (b.ms % 7_000)),
  'without a timestamp': source.map((row) => ({ ...row, ms: Number.NaN })),
};

/** Pages as they are where no order holds: their cursors alone say where they belong. */
function walkOpaque(rows: readonly TestRow[], segment = 1, from = 0) {
  const ends = [10, 20, 30, 40, 50].filter((end) => end > from);
  return ends.flatMap((end, index) => {
    const start = ends[index - 1] ?? from;
    const [one] = walk(rows.slice(start, end), { run: 1, segment, limit: 50 });
    if (one === undefined) return [];
    const hasMore = end < 50;
    const places = {
      ...{ isOrdered: false, after: null, through: null },
      cursor: start === 0 ? null : `behind ${start}`,
      nextCursor: hasMore ? `behind ${end}` : null,
    };
    return [{ ...one, ...places, page: index + 1, hasMore }];
  });
}

describe.each(Object.entries(ORDERS))('a source %s', (_, rows) => {
  let other: VerifyModel;

  beforeEach(() => {
    other = new VerifyModel();
    other.addRun('a');
  });

  test('is proven and counted', () => {
    for (const one of walkOpaque(rows)) other.commit(one);
    expect(other.verify(1)).toMatchObject({ ok: true, rows: 50, differences: [] });
  });

  test('is proven where a second process went on, or began again', () => {
    for (const one of walkOpaque(rows).slice(0, 3)) other.commit(one);
    for (const one of walkOpaque(rows, 2, 20)) other.commit(one);
    expect(other.verify(1)).toMatchObject({ ok: true, rows: 50, inserted: 50, duplicate: 10 });
    for (const one of walkOpaque(rows, 3)) other.commit(one);
    expect(other.verify(1)).toMatchObject({ ok: true, rows: 50, inserted: 50, duplicate: 60 });
  });

  test('is not proven where the ledger has lost a page', () => {
    for (const one of walkOpaque(rows)) other.commit(one);
    other.pages.splice(2, 1);
    expect(sentences(other).at(-1)).toMatch(/^page id 3: 10 rows of a page/);
  });

  test('is not proven where the ledger has lost the last page', () => {
    for (const one of walkOpaque(rows).slice(0, 4)) other.commit(one);
    expect(sentences(other)).toHaveLength(1);
    expect(sentences(other)[0]).toMatch(/^segment 1, page 4: (?:no page goes on|behind it)/);
  });
});

describe('a half-done run', () => {
  test('lists what is still to be fetched, and holds', () => {
    const half = new VerifyModel();
    half.addRun('a', 'paused');
    const [first, , third] = walk(source, { run: 1, segment: 1, limit: 10 });
    for (const one of [first, third]) if (one !== undefined) half.commit(one);
    const { ok, rows, stillToFetch } = half.verify(1);
    expect({ ok, rows }).toEqual({ ok: true, rows: 20 });
    expect(stillToFetch).toEqual([
      { after: first?.through, through: third?.after },
      { after: third?.through, through: null },
    ]);
  });

  test('counts a row where nothing was fetched as added', () => {
    const half = new VerifyModel();
    half.addRun('a', 'paused');
    for (const one of walk(source, { run: 1, segment: 1, limit: 10, pagesMax: 2 })) {
      half.commit(one);
    }
    const row = source[40] as TestRow;
    half.table.set(row.id, { ...row, owner: null });
    expect(half.verify(1).differences).toEqual([
      {
        kind: 'added',
        where: 'rows without an owner',
        message: `1 row that no page of the ledger wrote: ${row.id}`,
      },
    ]);
  });

  test('without an order, what is behind its furthest page', () => {
    const half = new VerifyModel();
    half.addRun('a', 'paused');
    for (const one of walkOpaque(source).slice(0, 3)) half.commit(one);
    const proof = half.verify(1);
    expect(proof).toMatchObject({ ok: true, rows: 30, stillToFetch: [{ behind: { page: 3 } }] });
    expect(verificationText({ ...proof, durationMs: 1 })).toContain(
      'to fetch  behind segment 1, page 3',
    );
  });

  test('that has no page yet has all to fetch', () => {
    const none = new VerifyModel();
    none.addRun('a', 'running');
    expect(none.verify(1)).toMatchObject({
      ok: true,
      rows: 0,
      stillToFetch: [{ after: null, through: null }],
    });
  });
});

describe('rows from before rows had owners', () => {
  /** The first two pages of the run are of that time. */
  beforeEach(() => {
    for (const one of [page(1), page(2)]) Object.assign(one, { id: null, digest: null });
    for (const row of model.table.values()) {
      if ((row.owner ?? 0) <= 2) model.table.set(row.id, { ...row, owner: null });
    }
    model.unownedBefore = 20;
  });

  test('are counted and told of, and are no difference', () => {
    const proof = model.verify(run);
    expect(proof).toMatchObject({
      ...{ ok: true, rows: 50, unownedPages: 2 },
      owners: { run: 30, nobody: 20 },
    });
    const text = verificationText({ ...proof, durationMs: 1 });
    expect(text).toContain('proven    id and occurred_at of 30 rows that its pages wrote');
    expect(text).toContain('20 rows were written before rows had owners');
  });

  test('are a difference where there is one fewer, or one more', () => {
    const [row] = [...model.table.values()].filter(({ owner }) => owner === null);
    model.table.delete(row?.id ?? '');
    expect(sentences()).toEqual([
      'rows without an owner: 1 row fewer than when rows got owners, and none of them is known',
    ]);
    for (const { id, ms } of testRows(2, 900)) model.table.set(id, { id, ms, owner: null });
    expect(sentences()).toEqual(['rows without an owner: 1 row that no page of the ledger wrote']);
  });
});

describe('a run over the rows of another', () => {
  test('rests on them: one that was deleted is a difference', () => {
    const again = model.addRun('a');
    for (const one of walk(source, { run: again, segment: 1, limit: 20 })) model.commit(one);
    const proof = model.verify(again);
    expect(proof).toMatchObject({ ok: true, rows: 50, inserted: 0, duplicate: 50 });
    model.table.delete((source[3] as TestRow).id);
    expect(model.verify(again).differences).toMatchObject([
      { kind: 'missing', where: 'run 1, segment 1, page 1' },
    ]);
  });

  test('is proven where it wrote again what had been deleted', () => {
    for (const { id } of source.slice(5, 25)) model.table.delete(id);
    const again = model.addRun('a');
    for (const one of walk(source, { run: again, segment: 1, limit: 20 })) model.commit(one);
    expect(model.verify(again)).toMatchObject({ ok: true, rows: 50, inserted: 20, duplicate: 30 });
  });
});
