/** Rows of source files: the table is made from the first page, and PostgreSQL reads key and columns. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { WriterTarget } from '../../src/protocol/record-target.js';
import { createWriter } from '../../workers/writer/writer.js';
import { usePostgres } from '../support/postgres.js';
import { column, writeRun } from '../support/record-runs.js';
import { testId, writerSettings } from '../support/writer-pages.js';

const database = usePostgres();

const ITEMS: WriterTarget = {
  ...{ reads: 'database', schema: 'shop', table: 'items' },
  ...{ key: [column('id')], disposition: 'append', timePath: ['at'], cursor: null, columns: [] },
};

beforeEach(async () => {
  await database.pool.query(`DROP SCHEMA IF EXISTS shop CASCADE;
    TRUNCATE ingestion_runs, ingestion_pages, ingestion_segments, ingestion_quarantine RESTART IDENTITY`);
});

/** One run whose pages hold these records; proven at its end. */
async function write(
  target: WriterTarget,
  pages: readonly (readonly string[])[],
  method: 'auto' | 'insert' = 'auto',
) {
  const { results } = await writeRun(database, target, pages, { method });
  return { results, counts: results.map(({ counts }) => counts) };
}

const rowsOf = async (sql: string) => (await database.pool.query(sql)).rows;

const item = (id: unknown, at = '2026-01-27T19:20:12Z') => JSON.stringify({ id, at, name: 'ä' });

test('keys that are integers make a bigint, and COPY writes what INSERT writes', async () => {
  const records = [
    item(1),
    item(-7, '2026-01-27T19:20:12.369Z'),
    '{"id":123456789012345678,"at":null}',
  ];
  const { results } = await write(ITEMS, [records]);
  expect(results[0]?.method).toBe('copy');
  const select = 'SELECT id, occurred_at, data FROM shop.items ORDER BY id';
  const copied = await rowsOf(select);
  const digests = await rowsOf('SELECT digest, data_digest FROM ingestion_pages');
  await database.pool.query('DROP TABLE shop.items; TRUNCATE ingestion_pages');
  expect((await write(ITEMS, [records], 'insert')).results[0]?.method).toBe('insert');
  expect(await rowsOf(select)).toEqual(copied);
  expect(await rowsOf('SELECT digest, data_digest FROM ingestion_pages')).toEqual(digests);
  expect(copied.map(({ id }) => id)).toEqual(['-7', '1', '123456789012345678']);
});

describe('the type of a new key', () => {
  test.each([
    ['bigint', [7, 8]],
    ['uuid', [testId(1), testId(2)]],
    ['text', ['a', testId(2)]],
    ['text', [1.5, 2]],
  ])('is %s for %j', async (type, ids) => {
    await write(ITEMS, [ids.map((id) => item(id))]);
    expect(await rowsOf('SELECT pg_typeof(id)::text AS type FROM shop.items LIMIT 1')).toEqual([
      { type },
    ]);
  });

  test('is the declared one', async () => {
    await write({ ...ITEMS, key: [column('id', { type: 'text' })] }, [[item(7)]]);
    expect(await rowsOf('SELECT id FROM shop.items')).toEqual([{ id: '7' }]);
  });
});

test('a record that comes again is a duplicate, in its page and in another', async () => {
  const { counts } = await write(ITEMS, [
    [item(1), item(2), item(1)],
    [item(2), item(3)],
  ]);
  expect(counts).toMatchObject([
    { returned: 3, inserted: 2, updated: 0, duplicate: 1 },
    { returned: 2, inserted: 1, updated: 0, duplicate: 1 },
  ]);
});

test('several fields are one key, and a nested one is a column too', async () => {
  const key = [column('kind'), column('meta_uid', { path: ['meta', 'uid'] })];
  const record = (kind: string, uid: number) => JSON.stringify({ kind, meta: { uid } });
  const { counts } = await write({ ...ITEMS, key }, [
    [record('a', 1), record('b', 1), record('a', 2), record('a', 1)],
  ]);
  expect(counts).toMatchObject([{ inserted: 3, updated: 0, duplicate: 1 }]);
  expect(await rowsOf('SELECT kind, meta_uid FROM shop.items ORDER BY 1, 2')).toEqual([
    { kind: 'a', meta_uid: '1' },
    { kind: 'a', meta_uid: '2' },
    { kind: 'b', meta_uid: '1' },
  ]);
});

test('without a key every record is a row of its page', async () => {
  const target = { ...ITEMS, key: [], timePath: null };
  const { counts } = await write(target, [['{"a":1}', '{"a":1}', '7', '"x"'], ['{"a":1}']]);
  expect(counts).toMatchObject([
    { inserted: 4, updated: 0, duplicate: 0 },
    { inserted: 1, updated: 0, duplicate: 0 },
  ]);
});

test('a record without its key, or with a value that does not fit, is quarantined with the reason', async () => {
  const columns = [column('price', { type: 'decimal', isNullable: true })];
  const record = (id: unknown, price: unknown) => JSON.stringify({ id, price });
  const { counts } = await write({ ...ITEMS, columns }, [
    [record(1, '2.50')],
    [record(2, 1), record(null, 1), record(3, 'many'), record('x', 1), record(5, null)],
  ]);
  expect(counts[1]).toMatchObject({ returned: 5, inserted: 2, quarantined: 3 });
  expect(await rowsOf('SELECT index, reason FROM ingestion_quarantine ORDER BY index')).toEqual([
    { index: 1, reason: expect.stringContaining('null value in column "id"') },
    { index: 2, reason: expect.stringContaining('invalid input syntax for type numeric: "many"') },
    { index: 3, reason: expect.stringContaining('invalid input syntax for type bigint: "x"') },
  ]);
});

test('columns of each type hold what the record holds', async () => {
  const types = [
    'text',
    'bigint',
    'double',
    'bool',
    'timestamp',
    'date',
    'time',
    'decimal',
    'json',
    'binary',
  ] as const;
  const columns = types.map((type) => column(`c_${type}`, { type, isNullable: true }));
  const record = {
    ...{ id: 1, c_text: 'ä', c_bigint: '9007199254740993', c_double: 0.5, c_bool: true },
    ...{ c_timestamp: 1_769_541_612, c_date: '2026-01-27', c_time: '19:20:12' },
    ...{ c_decimal: '12345678901234567890.5', c_json: { a: [1] }, c_binary: 'AAEC' },
  };
  await write({ ...ITEMS, columns }, [[JSON.stringify(record), '{"id":2}']]);
  const [row] =
    await rowsOf(`SELECT c_text, c_bigint, c_double, c_bool, c_timestamp, c_date::text, c_time::text,
    c_decimal, c_json, c_binary FROM shop.items WHERE id = 1`);
  expect(row).toEqual({
    ...{
      c_text: 'ä',
      c_bigint: '9007199254740993',
      c_double: 0.5,
      c_bool: true,
      c_timestamp: new Date('2026-01-27T19:20:12Z'),
    },
    ...{ c_date: '2026-01-27', c_time: '19:20:12', c_decimal: '12345678901234567890.5' },
    ...{ c_json: { a: [1] }, c_binary: Buffer.from([0, 1, 2]) },
  });
});

test('a column that is declared later is added, and a table of another form is refused', async () => {
  await write(ITEMS, [[item(1)]]);
  await write({ ...ITEMS, columns: [column('name', { type: 'text' })] }, [[item(2)]]);
  expect(await rowsOf('SELECT id, name FROM shop.items ORDER BY id')).toEqual([
    { id: '1', name: null },
    { id: '2', name: 'ä' },
  ]);
  const target = { ...ITEMS, key: [column('name')] };
  const settings = writerSettings(database.connectionString, { target });
  expect(await createWriter().open(settings, () => {})).toMatchObject({
    code: 'DATABASE_REFUSED',
    message: expect.stringContaining('no unique index is over its key (name)'),
  });
});

test('names that are no plain words, and one that ends a quote, are names all the same', async () => {
  const target = { ...ITEMS, schema: 'shop', table: 'it"ems; DROP', key: [column("i'd")] };
  const { counts } = await write(target, [['{"i\'d":1}']]);
  expect(counts).toMatchObject([{ inserted: 1 }]);
});
