/** Who owns a row, which ids pages have, and that PostgreSQL finds the digests that the writer keeps. */
import { beforeEach, describe, expect, test } from 'vitest';
import { dataDigest, EVENTS_TABLE, rowDigest } from '../../src/postgres/stream-table.js';
import { usePostgres } from '../support/postgres.js';
import { committed, resetTables, withWriter } from '../support/writer-database.js';
import { type TestRow, testId, testPage, testRows } from '../support/writer-pages.js';

const database = usePostgres();
beforeEach(() => resetTables(database.pool));

/** Instants far and near, before 1970 and 2000, none, and with microseconds. */
const INSTANTS = [0, -1, 946_684_799_999, 946_684_800_000, 1_769_541_612_369, 8.0e15, -2.1e14];
const rows: TestRow[] = [
  ...testRows(300),
  ...INSTANTS.map((ms, nth) => ({ id: `ffffffff-89ab-4def-8${nth}00-00000000000${nth}`, ms })),
  { id: testId(901), ms: 1_769_541_612_369.125 },
  { id: testId(902), ms: Number.NaN },
];

interface Owned {
  readonly page: number;
  readonly inserted: number;
  readonly rows: number;
  readonly digest: string;
  readonly held: string;
  readonly data: string | null;
  readonly heldData: string;
}

/** What the ledger says of each page, and what the table holds of it. */
async function owned(): Promise<Owned[]> {
  const { rows: found } = await database.pool.query<Owned>(`
    SELECT p.page, p.inserted, count(e.id)::integer AS rows, p.digest::text,
      coalesce(bit_xor(e.digest), 0)::text AS held, p.data_digest::text AS data,
      coalesce(bit_xor(e.data_digest), 0)::text AS "heldData"
    FROM ingestion_pages p LEFT JOIN (
      SELECT id, page, ${rowDigest(EVENTS_TABLE)} AS digest, ${dataDigest(EVENTS_TABLE)} AS data_digest FROM ingested_events
    ) AS e ON e.page = p.id
    GROUP BY p.run, p.segment, p.page ORDER BY p.page`);
  return found;
}

const WAYS = [
  ['COPY', { method: 'copy' }],
  ['INSERT', { method: 'insert' }],
  ['the way of refused rows', { method: 'copy', hasTriggers: true }],
] as const;

describe.each(WAYS)('by %s', (_, settings) => {
  test.each([false, true])(
    'the digest is that of PostgreSQL; of the data too: %s',
    async (provesData) => {
      await withWriter(database.connectionString, { ...settings, provesData }, async (writer) => {
        committed(await writer.write(testPage(rows, { page: 1 })));
        committed(await writer.write(testPage([], { page: 2 })));
      });
      const [full, empty] = await owned();
      expect(full).toMatchObject({ inserted: rows.length, rows: rows.length });
      expect(full?.digest).toBe(full?.held);
      expect(full?.digest).not.toBe('0');
      expect(full?.data).toBe(provesData ? full?.heldData : null);
      expect(empty).toMatchObject({ rows: 0, digest: '0', data: provesData ? '0' : null });
    },
  );

  test('a row that was there stays with its page, and is a duplicate of the later one', async () => {
    await withWriter(
      database.connectionString,
      { ...settings, provesData: true },
      async (writer) => {
        committed(await writer.write(testPage(testRows(50), { page: 1 })));
        const later = committed(await writer.write(testPage(testRows(50, 30), { page: 2 })));
        expect(later.counts).toMatchObject({ inserted: 30, updated: 0, duplicate: 20, known: 0 });
      },
    );
    const pages = await owned();
    expect(pages.map(({ rows: held }) => held)).toEqual([50, 30]);
    for (const { digest, held, data, heldData } of pages) {
      expect([digest, data]).toEqual([held, heldData]);
    }
  });

  test('rows of another run and rows without an owner are known, those of its own pages are not', async () => {
    await database.pool.query(`INSERT INTO ingestion_runs (run, source, origin, status)
      OVERRIDING SYSTEM VALUE VALUES (2, 'test', 'http://127.0.0.1', 'running')
      ON CONFLICT DO NOTHING`);
    await withWriter(database.connectionString, settings, async (writer) => {
      committed(await writer.write(testPage(testRows(10), { page: 1 })));
      await database.pool.query(
        `INSERT INTO ingested_events (id, data) VALUES ('${testId(10)}', '{}')`,
      );
      const other = committed(await writer.write(testPage(testRows(15), { run: 2, page: 1 })));
      expect(other.counts).toMatchObject({ inserted: 4, updated: 0, duplicate: 11, known: 11 });
      const again = committed(await writer.write(testPage(testRows(16), { run: 2, page: 2 })));
      expect(again.counts).toMatchObject({ inserted: 1, updated: 0, duplicate: 15, known: 11 });
    });
  });
});

test('two writers at once never give an id twice', async () => {
  const write = (segment: number) =>
    withWriter(database.connectionString, { connectionsMax: 4 }, (writer) =>
      Promise.all(
        Array.from({ length: 30 }, async (_, page) => {
          const first = segment * 10_000 + page * 10;
          return committed(await writer.write(testPage(testRows(3, first), { segment, page })));
        }),
      ),
    );
  await Promise.all([write(1), write(2)]);
  const { rows: ids } = await database.pool.query<{ id: number }>(
    'SELECT id FROM ingestion_pages ORDER BY id',
  );
  expect(ids).toHaveLength(60);
  expect(new Set(ids.map(({ id }) => id)).size).toBe(60);
  const { rows: counted } = await database.pool.query(
    'SELECT count(DISTINCT page)::integer AS pages, count(page)::integer AS rows FROM ingested_events',
  );
  expect(counted).toEqual([{ pages: 60, rows: 180 }]);
});

test('a server that hashes otherwise is written to by INSERT, which has it compute the digest', async () => {
  const name = (await database.pool.query<{ name: string }>('SELECT current_database() AS name'))
    .rows[0]?.name;
  await database.pool.query(`
    CREATE SCHEMA otherwise;
    CREATE FUNCTION otherwise.hash_record_extended(record, integer) RETURNS bigint IMMUTABLE
      LANGUAGE plpgsql AS 'BEGIN RETURN pg_catalog.hash_record_extended($1, 7); END';
    ALTER DATABASE ${name} SET search_path = otherwise, pg_catalog, public`);
  try {
    const result = await withWriter(database.connectionString, { method: 'copy' }, (writer) =>
      writer.write(testPage(testRows(20))),
    );
    expect(committed(result)).toMatchObject({ method: 'insert', counts: { inserted: 20 } });
  } finally {
    await database.pool.query(
      `ALTER DATABASE ${name} RESET search_path; DROP SCHEMA otherwise CASCADE`,
    );
  }
});
