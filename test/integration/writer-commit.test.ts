import { beforeEach, describe, expect, test } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import {
  committed,
  contentOf,
  countOf,
  resetTables,
  withWriter,
} from '../support/writer-database.js';
import { NEWEST_MS, type TestRow, testId, testPage, testRows } from '../support/writer-pages.js';

const database = usePostgres();
beforeEach(() => resetTables(database.pool));

const NAN = Number.NaN;

function writeAll(method: 'auto' | 'copy' | 'insert', pages: readonly TestRow[][]) {
  return withWriter(database.connectionString, { method }, (writer) =>
    Promise.all(
      pages.map(async (rows, page) => committed(await writer.write(testPage(rows, { page })))),
    ),
  );
}

describe('COPY and INSERT', () => {
  const hostile: TestRow[] = [
    { id: testId(900_001), ms: NAN },
    { id: testId(900_002), ms: -62_135_596_800_000 },
    { id: testId(900_003), ms: 8.0e15 },
    {
      id: testId(900_004),
      ms: 0,
      record: '{"deep":[[[{"é\\u00e9":"\\ud83d\\ude00"}]]],"n":1e3,"n":2}',
    },
    { id: testId(900_005), ms: 1, record: '[]' },
  ];
  const pages = [testRows(700), [...testRows(300, 700), ...hostile], [] as TestRow[]];

  test('leave the same rows and the same ledger', async () => {
    const byCopy = await writeAll('copy', pages);
    const copied = await contentOf(database.pool);
    await resetTables(database.pool);
    const byInsert = await writeAll('insert', pages);
    expect(await contentOf(database.pool)).toEqual(copied);
    expect(byCopy.map(({ method }) => method)).toEqual(['copy', 'copy', 'copy']);
    expect(byInsert.map(({ method }) => method)).toEqual(['insert', 'insert', 'insert']);
    expect(byCopy.map(({ counts }) => counts.inserted)).toEqual([700, 305, 0]);
    expect(await countOf(database.pool, 'ingested_events')).toBe(1005);
  });

  test('store the record as it was sent and its instant exactly', async () => {
    await writeAll('auto', [[{ id: testId(7), ms: 1_769_541_612_369, record: '{"a":"ü\\n"}' }]]);
    const { rows } = await database.pool.query(
      `SELECT id, data, occurred_at = '2026-01-27T19:20:12.369Z' AS exact FROM ingested_events`,
    );
    expect(rows).toEqual([{ id: testId(7), data: { a: 'ü\n' }, exact: true }]);
  });

  test('the ledger row holds what the page was', async () => {
    const rows = testRows(10);
    const last = rows[9] as TestRow;
    const page = testPage(rows, {
      page: 3,
      cursor: 'a\'b"\\',
      after: { ms: NEWEST_MS + 1, id: testId(1) },
      through: last,
    });
    const result = await withWriter(database.connectionString, {}, (writer) => writer.write(page));
    expect(committed(result).isNew).toBe(true);
    const ledger = await database.pool.query('SELECT * FROM ingestion_pages');
    expect(ledger.rows).toMatchObject([
      {
        page: 3,
        cursor: 'a\'b"\\',
        next_cursor: 'next',
        next_cursor_expires_at: new Date(NEWEST_MS + 120_000),
        has_more: true,
        after_position: `${NEWEST_MS + 1}/${testId(1)}`,
        through_position: `${last.ms}/${last.id}`,
        first_position: `${NEWEST_MS}/${testId(0)}`,
        last_position: `${last.ms}/${last.id}`,
        fetched_at: new Date(NEWEST_MS),
        returned: 10,
        inserted: 10,
        known: 0,
        data_digest: null,
        bytes: page.batch.bodyBytes,
        request_id: 'request-1',
      },
    ]);
  });
});

describe('rows that are already there', () => {
  test('a page with one known row rolls back whole and is redone by INSERT', async () => {
    const results = await writeAll('auto', [testRows(500)]);
    expect(results[0]?.method).toBe('copy');
    const [again] = await withWriter(database.connectionString, {}, async (writer) => [
      committed(await writer.write(testPage(testRows(500, 499), { page: 1 }))),
    ]);
    expect(again).toMatchObject({
      method: 'insert',
      counts: { returned: 500, inserted: 499, updated: 0, duplicate: 1, known: 0, quarantined: 0 },
    });
    expect(await countOf(database.pool, 'ingested_events')).toBe(999);
    expect(await countOf(database.pool, 'ingestion_pages')).toBe(2);
  });

  test('forced COPY loses nothing and says that it inserted', async () => {
    await writeAll('copy', [testRows(20)]);
    const result = await withWriter(database.connectionString, { method: 'copy' }, (writer) =>
      writer.write(testPage(testRows(20, 10), { page: 1 })),
    );
    expect(committed(result)).toMatchObject({ method: 'insert', counts: { duplicate: 10 } });
    expect(await countOf(database.pool, 'ingested_events')).toBe(30);
  });

  test('two pages with the same rows at the same time store each row once', async () => {
    const pages = Array.from({ length: 8 }, () => testRows(400));
    const results = await writeAll('auto', pages);
    const inserted = results.reduce((sum, { counts }) => sum + counts.inserted, 0);
    const duplicate = results.reduce((sum, { counts }) => sum + counts.duplicate, 0);
    expect([inserted, duplicate]).toEqual([400, 2800]);
    expect(await countOf(database.pool, 'ingested_events')).toBe(400);
  });

  test('rows that repeat within a page are counted as duplicates and stay on the COPY path', async () => {
    const rows = testRows(50);
    const [result] = await writeAll('auto', [[...rows, ...rows.slice(10, 15)]]);
    expect(result).toMatchObject({
      method: 'copy',
      counts: { returned: 55, inserted: 50, updated: 0, duplicate: 5, known: 0, quarantined: 0 },
    });
  });

  test('where they recur, INSERT is used at once, and COPY again when pages are new', async () => {
    await writeAll('auto', [testRows(100)]);
    const methods: string[] = [];
    await withWriter(database.connectionString, { connectionsMax: 1 }, async (writer) => {
      for (let page = 1; page <= 14; page++) {
        const rows = page <= 3 ? testRows(20, page) : testRows(20, page * 1000);
        methods.push(committed(await writer.write(testPage(rows, { page }))).method);
      }
    });
    // The insertions of pages 1 and 2 are redone, that of page 3 is the method of choice.
    expect(methods).toEqual([...Array(11).fill('insert'), 'copy', 'copy', 'copy']);
  });
});

describe('the bound of a segment', () => {
  test('two segments that share a page store each row once', async () => {
    const rows = testRows(100);
    const bound = rows[39] as TestRow;
    const last = rows[99] as TestRow;
    const [left, right] = await withWriter(database.connectionString, {}, (writer) =>
      Promise.all([
        writer.write(testPage(rows, { segment: 0, bound, through: bound })),
        writer.write(testPage(rows.slice(40), { segment: 1, after: bound, through: last })),
      ]),
    );
    expect(committed(left).counts).toMatchObject({ returned: 40, inserted: 40 });
    expect(committed(right).counts).toMatchObject({ returned: 60, inserted: 60 });
    expect(await countOf(database.pool, 'ingested_events')).toBe(100);
  });
});
