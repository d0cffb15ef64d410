import { beforeEach, expect, test } from 'vitest';
import type { WriterSettings } from '../../src/protocol/writer-messages.js';
import { usePostgres } from '../support/postgres.js';
import { committed, countOf, resetTables, withWriter } from '../support/writer-database.js';
import { NEWEST_MS, type TestRow, testId, testPage, testRows } from '../support/writer-pages.js';

const database = usePostgres();
beforeEach(() => resetTables(database.pool));

async function write(
  rows: readonly TestRow[],
  fields: Parameters<typeof testPage>[1] = {},
  settings: Partial<WriterSettings> = {},
) {
  return withWriter(database.connectionString, settings, async (writer) =>
    committed(await writer.write(testPage(rows, fields))),
  );
}

async function quarantine() {
  const { rows } = await database.pool.query<{ index: number; reason: string; raw_text: string }>(
    'SELECT index, reason, raw_text FROM ingestion_quarantine ORDER BY index',
  );
  return rows;
}

const badBytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xff, 0xc3), Buffer.from('"}')]);
/** How the quarantine keeps what text cannot hold. */
const base64 = (bytes: string | Uint8Array) => `base64:${Buffer.from(bytes).toString('base64')}`;
const NOTE = 'raw_text has its bytes in base64';
const deep = '['.repeat(60_000) + ']'.repeat(60_000);
const kinds: readonly (readonly [string, string | Uint8Array, string, string])[] = [
  ['an escaped NUL', '{"a":"x\\u0000y"}', '22P05', '{"a":"x\\u0000y"}'],
  ['a NUL byte', '{"a":"x\0y"}', '22', base64('{"a":"x\0y"}')],
  ['bytes that are not UTF-8', badBytes, '22021', base64(badBytes)],
  ['text that is not JSON', '{"a":}', '22P02', '{"a":}'],
  ['half a surrogate pair', '{"a":"\\ud83d"}', '22P02', '{"a":"\\ud83d"}'],
  ['a number beyond numeric', '{"a":1e200000}', '22003', '{"a":1e200000}'],
  ['a nesting beyond the stack', deep, '54001', deep],
];

test.each(['copy', 'insert'] as const)(
  'each unstorable kind goes to quarantine by %s, and the rest is stored',
  async (method) => {
    const rows: TestRow[] = testRows(1000);
    kinds.forEach(([, record], i) => {
      const at = 100 + i * 100;
      rows[at] = { ...(rows[at] as TestRow), record };
    });
    const result = await write(rows, {}, { method });
    const none = { updated: 0, duplicate: 0, known: 0 };
    expect(result.counts).toEqual({ returned: 1000, inserted: 993, ...none, quarantined: 7 });
    const kept = await quarantine();
    expect(kept.map(({ index }) => index)).toEqual([100, 200, 300, 400, 500, 600, 700]);
    kinds.forEach(([name, , code, rawText], i) => {
      expect(kept[i]?.reason, name).toMatch(
        new RegExp(`^PostgreSQL refused it: .*\\(${code}`, 's'),
      );
      expect(kept[i]?.raw_text, name).toBe(rawText);
      expect(kept[i]?.reason.endsWith(NOTE), name).toBe(rawText.startsWith('base64:'));
    });
    expect(await countOf(database.pool, 'ingested_events')).toBe(993);
  },
);

test('an instant beyond the range of PostgreSQL goes to quarantine', async () => {
  const rows = [...testRows(9), { id: testId(99), ms: -8e15 }];
  expect((await write(rows)).counts).toMatchObject({ inserted: 9, quarantined: 1 });
  expect((await quarantine())[0]?.reason).toContain('22008');
});

test('rejects of the fetch worker commit with the page, and shift the index of a refused row', async () => {
  const rows = testRows(5).map((row, i) => (i === 2 ? { ...row, record: '{"a":"\\u0000"}' } : row));
  const rejects = [
    { index: 0, reason: 'no id', rawText: 'null' },
    { index: 3, reason: 'id \0 is no uuid', rawText: '{"id":"\0\ud800"}' },
    { index: 5, reason: 'no id', rawText: badBytes },
  ];
  for (const method of ['copy', 'insert'] as const) {
    await resetTables(database.pool);
    const result = await write(rows, { rejects }, { method });
    expect(result.counts).toEqual({
      returned: 8,
      inserted: 4,
      updated: 0,
      duplicate: 0,
      known: 0,
      quarantined: 4,
    });
    expect(await quarantine()).toMatchObject([
      { index: 0, reason: 'no id', raw_text: 'null' },
      {
        index: 3,
        reason: `id \\u0000 is no uuid; ${NOTE}`,
        raw_text: base64('{"id":"\0\ufffd"}'),
      },
      { index: 4 },
      { index: 5, reason: `no id; ${NOTE}`, raw_text: base64(badBytes) },
    ]);
  }
});

test('a page of rejects alone commits', async () => {
  const rejects = [{ index: 0, reason: 'not an object', rawText: '1' }];
  expect((await write([], { rejects })).counts).toEqual({
    returned: 1,
    inserted: 0,
    updated: 0,
    duplicate: 0,
    known: 0,
    quarantined: 1,
  });
  expect(await countOf(database.pool, 'ingestion_pages')).toBe(1);
});

test('a refused row does not take a later row of the same id with it', async () => {
  const rows = testRows(4);
  rows[1] = { ...(rows[1] as TestRow), record: '{' };
  const result = await write([...rows, { id: testId(1), ms: NEWEST_MS - 1000 }]);
  expect(result.counts).toEqual({
    returned: 5,
    inserted: 4,
    updated: 0,
    duplicate: 0,
    known: 0,
    quarantined: 1,
  });
});

test('known rows, rows refused and rows stored are told apart in one page', async () => {
  await write(testRows(100));
  const rows = testRows(200).map((row, i) => (i % 40 === 7 ? { ...row, record: '{"":' } : row));
  const result = await write(rows, { page: 1 });
  expect(result.counts).toEqual({
    returned: 200,
    inserted: 98,
    updated: 0,
    duplicate: 97,
    known: 0,
    quarantined: 5,
  });
  expect(await countOf(database.pool, 'ingested_events')).toBe(198);
});

test('rows that only the table refuses are found without any hint in their text', async () => {
  await database.pool.query(
    `ALTER TABLE ingested_events ADD CONSTRAINT no_seven CHECK (data->>'n' IS DISTINCT FROM '7')`,
  );
  try {
    const culprits = new Set([0, 1, 777, 1999]);
    const rows = testRows(2000).map((row, i) => ({
      ...row,
      record: JSON.stringify({ n: culprits.has(i) ? 7 : i + 10 }),
    }));
    const result = await write(rows);
    expect(result.counts).toMatchObject({ inserted: 1996, quarantined: 4 });
    expect((await quarantine()).map(({ index }) => index)).toEqual([...culprits]);
  } finally {
    await database.pool.query('ALTER TABLE ingested_events DROP CONSTRAINT no_seven');
  }
});

const furtherKeys: readonly (readonly [string, string, string])[] = [
  ['unique index', `CREATE UNIQUE INDEX further_key ON ingested_events ((data->>'n'))`, '23505'],
  [
    'deferred unique constraint',
    `ALTER TABLE ingested_events ADD COLUMN n text GENERATED ALWAYS AS (data->>'n') STORED,
       ADD CONSTRAINT further_key UNIQUE (n) DEFERRABLE INITIALLY DEFERRED`,
    '23505',
  ],
  [
    'exclusion constraint',
    `ALTER TABLE ingested_events ADD CONSTRAINT further_key EXCLUDE ((data->>'n') WITH =)`,
    '23P01',
  ],
];

test.each(
  furtherKeys.flatMap((key) =>
    (['copy', 'insert'] as const).map((method) => [...key, method] as const),
  ),
)(
  'a row that a further %s refuses goes to quarantine, and is no duplicate',
  async (_, definition, code, method) => {
    await database.pool.query(definition);
    try {
      const rows = testRows(100).map((row, i) => ({ ...row, record: `{"n":${i % 98}}` }));
      const result = await write(rows, {}, { method });
      const counts = {
        returned: 100,
        inserted: 98,
        updated: 0,
        duplicate: 0,
        known: 0,
        quarantined: 2,
      };
      expect(result.counts).toEqual(counts);
      const kept = await quarantine();
      expect(kept.map(({ index }) => index)).toEqual([98, 99]);
      expect(kept[0]?.reason).toContain(code);
      const again = await write(rows, { page: 1 }, { method });
      expect(again.counts).toEqual({ ...counts, inserted: 0, duplicate: 98 });
    } finally {
      await database.pool.query(
        `ALTER TABLE ingested_events DROP CONSTRAINT IF EXISTS further_key, DROP COLUMN IF EXISTS n`,
      );
      await database.pool.query('DROP INDEX IF EXISTS further_key');
    }
  },
);

test('a page with hundreds of culprits commits, and others are not held up by it', async () => {
  const sick = testRows(5000).map((row, i) => (i % 10 === 3 ? { ...row, record: '{"a"' } : row));
  const order: string[] = [];
  await withWriter(database.connectionString, {}, async (writer) => {
    await Promise.all([
      writer.write(testPage(sick)).then((result) => {
        expect(committed(result).counts).toMatchObject({ inserted: 4500, quarantined: 500 });
        order.push('sick');
      }),
      writer.write(testPage(testRows(10, 9000), { page: 1 })).then((result) => {
        expect(committed(result).counts.inserted).toBe(10);
        order.push('healthy');
      }),
    ]);
  });
  expect(order).toEqual(['healthy', 'sick']);
});
