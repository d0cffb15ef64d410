/** Records in quarantine that are tried again: they become rows of their page, and its ledger row proves them. */
import { beforeEach, expect, test } from 'vitest';
import type { RetryResult } from '../../src/protocol/quarantined-record.js';
import type { WriterTarget } from '../../src/protocol/record-target.js';
import { usePostgres } from '../support/postgres.js';
import { beginRun, column, proveRuns, recordPage } from '../support/record-runs.js';
import { committed, withWriter } from '../support/writer-database.js';

const database = usePostgres();

const ITEMS: WriterTarget = {
  ...{ reads: 'database', schema: 'shop', table: 'items' },
  ...{ key: [column('id')], disposition: 'append', timePath: ['at'], cursor: null },
  columns: [column('price', { type: 'bigint', isNullable: true })],
};
const MERGED: WriterTarget = { ...ITEMS, disposition: 'merge' };
const KEYLESS: WriterTarget = { ...ITEMS, key: [] };

beforeEach(async () => {
  await database.pool.query(`DROP SCHEMA IF EXISTS shop CASCADE;
    TRUNCATE ingestion_runs, ingestion_pages, ingestion_segments, ingestion_quarantine,
      ingestion_superseded, ingestion_unowned_rows RESTART IDENTITY`);
});

const rowsOf = async (sql: string) => (await database.pool.query(sql)).rows;
const item = (id: unknown, price: unknown, more: object = {}) =>
  JSON.stringify({ id, price, ...more });

async function write(target: WriterTarget, pages: readonly (readonly string[])[]): Promise<number> {
  const run = await beginRun(database, target);
  await withWriter(database.connectionString, { target, provesData: true }, async (writer) => {
    for (const [index, records] of pages.entries()) {
      const page = recordPage(run, index, records, { hasMore: index + 1 < pages.length });
      committed(await writer.write(page));
    }
  });
  return run;
}

/** All that is in quarantine of one page. */
async function retry(
  target: WriterTarget,
  run: number,
  page = 1,
  seen: string | null = null,
): Promise<RetryResult> {
  const records = await rowsOf(`SELECT index, reason, raw_text AS "rawText"
    FROM ingestion_quarantine WHERE run = ${run} AND page = ${page} ORDER BY index`);
  return withWriter(database.connectionString, { target, retries: true, seen }, (writer) =>
    writer.retry({ run, segment: 0, page, records }),
  );
}

const quarantine = () =>
  rowsOf(
    'SELECT page, index, reason, raw_text FROM ingestion_quarantine ORDER BY run, page, index',
  );
const counts = (run: number) =>
  rowsOf(`SELECT returned, inserted, updated, duplicate, known, quarantined, retried
    FROM ingestion_pages WHERE run = ${run} ORDER BY page`);

test('become rows of their page once they fit, and what does not fit stays with its new reason', async () => {
  const big = '9007199254740993';
  const run = await write(ITEMS, [
    [item(1, 1), item(2, 'two'), item(3, 'three'), `{"id":4,"price":"${big}!"}`],
    [item(5, 5), item(6, 'six')],
  ]);
  await database.pool.query(`ALTER TABLE shop.items ALTER COLUMN price TYPE text,
    ADD CHECK (price <> 'three')`);
  expect(await retry(ITEMS, run)).toEqual({
    ...{ type: 'retried', inserted: 2, updated: 0, duplicate: 0, refused: 1 },
  });
  await proveRuns(database);
  expect(await counts(run)).toMatchObject([
    { returned: 4, inserted: 3, quarantined: 1, retried: 2 },
    { returned: 2, inserted: 1, quarantined: 1, retried: 0 },
  ]);
  expect(await quarantine()).toMatchObject([
    { page: 1, index: 2, reason: expect.stringContaining('check constraint') },
    { page: 2, index: 1, reason: expect.stringContaining('bigint') },
  ]);
  expect(await rowsOf('SELECT id, price FROM shop.items ORDER BY id')).toEqual([
    ...[
      { id: '1', price: '1' },
      { id: '2', price: 'two' },
    ],
    ...[
      { id: '4', price: `${big}!` },
      { id: '5', price: '5' },
    ],
  ]);
  // Of a page that is proved to differ, no row is blamed for having come later.
  await database.pool.query('DELETE FROM shop.items WHERE id = 1');
  await expect(proveRuns(database)).rejects.toThrow('page 1');
});

test('that have become duplicates meanwhile, or are so of one another, are counted once each', async () => {
  const run = await write(ITEMS, [
    [item(1, 1), item(1, 'one'), item(2, 'two'), item(2, 'twice'), item(3, 'three')],
  ]);
  const later = await write(ITEMS, [[item(3, 3)]]);
  await database.pool.query('ALTER TABLE shop.items ALTER COLUMN price TYPE text');
  expect(await retry(ITEMS, run)).toMatchObject({ inserted: 1, duplicate: 3, refused: 0 });
  await proveRuns(database);
  expect(await counts(run)).toEqual([
    {
      ...{ returned: 5, inserted: 2, updated: 0, duplicate: 3 },
      ...{ known: 1, quarantined: 0, retried: 4 },
    },
  ]);
  expect(await counts(later)).toMatchObject([{ inserted: 1, duplicate: 0 }]);
});

test('without a key are stored as they come', async () => {
  const run = await write(KEYLESS, [[item(1, 1), item(2, 'two'), item(2, 'two')]]);
  await database.pool.query('ALTER TABLE shop.items ALTER COLUMN price TYPE text');
  expect(await retry(KEYLESS, run)).toMatchObject({ inserted: 2, duplicate: 0, refused: 0 });
  await proveRuns(database);
  expect(await quarantine()).toEqual([]);
});

test('of bytes that are no text are tried as they came', async () => {
  const target = { ...ITEMS, columns: [] };
  const run = await write(target, [[item(1, 1), item(2, 'two')]]);
  const bytes = Buffer.from(item(3, 'drei')).toString('base64');
  const noUtf8 = Buffer.from('{"id":4,"price":"\xff"}', 'latin1').toString('base64');
  const note = '; raw_text has its bytes in base64';
  await database.pool.query(`INSERT INTO ingestion_quarantine VALUES
      (${run}, 0, 1, 2, 'unreadable${note}', 'base64:${bytes}'),
      (${run}, 0, 1, 3, 'unreadable${note}', 'base64:${noUtf8}');
    UPDATE ingestion_pages SET returned = returned + 2, quarantined = 2`);
  expect(await retry(target, run)).toMatchObject({ inserted: 1, refused: 1 });
  await proveRuns(database);
  expect(await quarantine()).toEqual([
    {
      page: 1,
      index: 3,
      reason: expect.stringMatching(/\(22021\).*base64$/),
      raw_text: `base64:${noUtf8}`,
    },
  ]);
});

test('take over older rows where streams merge, and leave newer ones', async () => {
  const at = (second: number) => ({ at: `2026-01-27T19:20:0${second}Z` });
  const first = await write(MERGED, [
    // Of these, the later run brings a later page, a higher and a lower instant, and nothing.
    [item(1, 'x'), item(2, 'x', at(2)), item(3, 'x', at(3)), item(4, 'x')],
    [item(4, 4), item(5, 5)],
    [item(5, 'x')],
  ]);
  await write(MERGED, [
    [item(1, 1), item(2, 2, at(5)), item(3, 3, at(1)), item(9, 'x')],
    [item(9, 9)],
  ]);
  await database.pool.query('ALTER TABLE shop.items ALTER COLUMN price TYPE text');
  expect(await retry(MERGED, first)).toMatchObject({ inserted: 0, updated: 1, duplicate: 3 });
  await proveRuns(database);
  expect(await retry(MERGED, first, 3)).toMatchObject({ updated: 1, duplicate: 0 });
  await proveRuns(database);
  expect(await rowsOf('SELECT id, price FROM shop.items ORDER BY id')).toEqual([
    ...[
      { id: '1', price: '1' },
      { id: '2', price: '2' },
      { id: '3', price: 'x' },
    ],
    ...[
      { id: '4', price: '4' },
      { id: '5', price: 'x' },
      { id: '9', price: '9' },
    ],
  ]);
  expect(await counts(first)).toMatchObject([
    { updated: 1, duplicate: 3, known: 3, quarantined: 0 },
    { inserted: 2 },
    { updated: 1, known: 0 },
  ]);
});

test('of streams that merge note the keys of rows that were there, for a run that judges them', async () => {
  const at = (second: number) => ({ at: `2026-01-27T19:20:0${second}Z` });
  const first = await write(MERGED, [
    [item(1, 'x', at(5)), item(2, 'x', at(1)), item(3, 'x'), item(4, 4)],
  ]);
  await write(MERGED, [[item(1, 1, at(2)), item(2, 2, at(2))]]);
  await database.pool.query('ALTER TABLE shop.items ALTER COLUMN price TYPE text');
  expect(await retry(MERGED, first, 1, 'ingestion_seen_2')).toMatchObject({
    ...{ updated: 1, duplicate: 1, inserted: 1 },
  });
  expect(await rowsOf('SELECT id FROM ingestion_seen_2 ORDER BY id')).toEqual([
    ...[{ id: '1' }, { id: '2' }],
  ]);
  await database.pool.query('DROP TABLE ingestion_seen_2');
});

test('are written through triggers as pages are', async () => {
  const run = await write(ITEMS, [[item(1, 1), item(2, 'two'), item(3, 'three')]]);
  await database.pool.query(`ALTER TABLE shop.items ALTER COLUMN price TYPE text;
    CREATE FUNCTION shop.pass() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RETURN CASE WHEN new.id = 3 THEN NULL ELSE new END; END $$;
    CREATE TRIGGER pass BEFORE INSERT ON shop.items FOR EACH ROW EXECUTE FUNCTION shop.pass()`);
  expect(await retry(ITEMS, run)).toMatchObject({ inserted: 1, refused: 1 });
  await proveRuns(database);
  expect((await quarantine())[0]?.reason).toContain('did not keep it: a trigger of items');
});

test('whose page has gone, or that another process has worked off, change nothing', async () => {
  const run = await write(ITEMS, [[item(1, 1), item(2, 'two')]]);
  await database.pool.query('ALTER TABLE shop.items ALTER COLUMN price TYPE text');
  const stale = { index: 7, reason: 'as it was', rawText: item(7, 7) };
  const again = (page: number) =>
    withWriter(database.connectionString, { target: ITEMS, retries: true }, (writer) =>
      writer.retry({ run, segment: 0, page, records: [stale] }),
    );
  expect(await again(1)).toMatchObject({ type: 'failed', fault: { code: 'ALREADY_RUNNING' } });
  expect(await again(2)).toMatchObject({ type: 'failed', fault: { code: 'DATABASE_REFUSED' } });
  await proveRuns(database);
  expect(await rowsOf('SELECT id FROM shop.items')).toEqual([{ id: '1' }]);
});
