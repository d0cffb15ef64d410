/** `merge`: a newer row takes the place of the one with its key, and every page stays provable. */
import { beforeEach, describe, expect, test } from 'vitest';
import { releasePages } from '../../src/database/release-pages.js';
import { openRunStore } from '../../src/database/run-store.js';
import { verifyRun } from '../../src/database/verify/verify-run.js';
import { tableOf } from '../../src/postgres/stream-table.js';
import type { WriterTarget } from '../../src/protocol/record-target.js';
import { usePostgres } from '../support/postgres.js';
import { drawInteger, seededRandom } from '../support/random.js';
import { beginRun, column, proveRuns, recordPage, writeRun } from '../support/record-runs.js';
import { committed, withWriter } from '../support/writer-database.js';

const database = usePostgres();

const ITEMS: WriterTarget = {
  ...{ reads: 'database', schema: 'shop', table: 'items' },
  ...{ key: [column('id')], disposition: 'merge', timePath: ['at'], cursor: null, columns: [] },
};
const UNTIMED: WriterTarget = { ...ITEMS, timePath: null };

beforeEach(async () => {
  await database.pool.query(`DROP SCHEMA IF EXISTS shop CASCADE;
    TRUNCATE ingestion_runs, ingestion_pages, ingestion_segments, ingestion_quarantine,
      ingestion_superseded RESTART IDENTITY`);
});

const at = (minute: number): string => `2026-01-27T19:${String(minute).padStart(2, '0')}:00Z`;
const item = (id: number, name: string, minute = 0): string =>
  JSON.stringify({ id, at: at(minute), name });

/** Name by id. */
async function names(): Promise<Record<string, string>> {
  const { rows } = await database.pool.query<{ id: string; name: string }>(
    "SELECT id, data ->> 'name' AS name FROM shop.items ORDER BY id",
  );
  return Object.fromEntries(rows.map(({ id, name }) => [id, name]));
}

async function countsOf(target: WriterTarget, ...pages: (readonly string[])[]) {
  const { results } = await writeRun(database, target, pages);
  return results.map(({ counts }) => counts);
}

describe('a record that comes again in a later run', () => {
  test('is updated where its content differs, and is a duplicate where it does not', async () => {
    await countsOf(ITEMS, [item(1, 'a'), item(2, 'b'), item(3, 'c')]);
    expect(await countsOf(ITEMS, [item(1, 'A'), item(2, 'b'), item(4, 'd')])).toEqual([
      { returned: 3, inserted: 1, updated: 1, duplicate: 1, known: 2, quarantined: 0 },
    ]);
    expect(await names()).toEqual({ 1: 'A', 2: 'b', 3: 'c', 4: 'd' });
  });

  test('of an earlier instant leaves the row, and is counted as differing', async () => {
    await countsOf(ITEMS, [item(1, 'new', 5), item(2, 'new', 5)]);
    expect(await countsOf(ITEMS, [item(1, 'old', 4), item(2, 'newer', 6)])).toMatchObject([
      { updated: 1, duplicate: 1 },
    ]);
    expect(await names()).toEqual({ 1: 'new', 2: 'newer' });
    const { rows } = await database.pool.query('SELECT sum(differing)::int FROM ingestion_pages');
    expect(rows).toEqual([{ sum: 1 }]);
  });

  test.each([
    ['an instant that has changed alone', ITEMS, item(1, 'a', 1), item(1, 'a', 2)],
    ['no instant', UNTIMED, item(1, 'a', 9), item(1, 'b', 1)],
    ['an instant where there was none', ITEMS, '{"id":1,"name":"a"}', item(1, 'b')],
    ['no instant where there was one', ITEMS, item(1, 'b'), '{"id":1,"name":"a"}'],
  ] as const)('with %s is updated', async (_, target, first, second) => {
    await countsOf(target, [first]);
    expect(await countsOf(target, [second])).toMatchObject([{ inserted: 0, updated: 1 }]);
  });

  test('fills a column that has been declared since', async () => {
    await countsOf(ITEMS, [item(1, 'a'), item(2, 'b')]);
    // Columns of its own statement must not be met by those of the table.
    const columns = ['name', 'owner', 'place', 'digest', 'differs', 'given', 'kept'].map((name) =>
      column(name, { type: 'text', isNullable: true }),
    );
    expect(await countsOf({ ...ITEMS, columns }, [item(1, 'a'), item(2, 'b')])).toMatchObject([
      { updated: 2 },
    ]);
    const { rows } = await database.pool.query('SELECT name FROM shop.items ORDER BY id');
    expect(rows).toEqual([{ name: 'a' }, { name: 'b' }]);
  });
});

describe('within a run', () => {
  test('the highest instant of a page wins, and of equal ones the last', async () => {
    const page = [item(1, 'a', 2), item(1, 'b', 1), item(2, 'a'), item(2, 'b'), item(3, 'a')];
    expect(await countsOf(ITEMS, page)).toMatchObject([{ inserted: 3, updated: 0, duplicate: 2 }]);
    expect(await names()).toEqual({ 1: 'a', 2: 'b', 3: 'a' });
    expect(await countsOf(ITEMS, [item(3, 'b'), item(3, 'c')])).toMatchObject([
      { updated: 1, duplicate: 1 },
    ]);
    expect(await names()).toEqual({ 1: 'a', 2: 'b', 3: 'c' });
  });

  test('the later page of a chain wins, whichever is written first', async () => {
    const run = await beginRun(database, UNTIMED);
    await withWriter(database.connectionString, { target: UNTIMED }, async (writer) => {
      const pages = ['first', 'second', 'third'].map((name, index) =>
        recordPage(run, index, [item(1, name)]),
      );
      const found: unknown[] = [];
      for (const page of [pages[1], pages[0], pages[2]]) {
        if (page !== undefined) committed(await writer.write(page));
        found.push((await names())['1']);
      }
      expect(found).toEqual(['second', 'second', 'third']);
    });
    await proveRuns(database);
  });

  test('the rows of a run are its own and those that it found', async () => {
    await countsOf(ITEMS, [item(1, 'a'), item(2, 'b')]);
    const pages = [
      [item(1, 'A', 1), item(2, 'b')],
      [item(1, 'AA', 2), item(3, 'c')],
    ];
    expect(await countsOf(ITEMS, ...pages)).toMatchObject([
      { inserted: 0, updated: 1, duplicate: 1, known: 2 },
      { inserted: 1, updated: 1, duplicate: 0, known: 0 },
    ]);
  });
});

describe('a row that PostgreSQL refuses', () => {
  const columns = [column('size', { type: 'bigint', isNullable: true })];
  const sized = (id: number, size: unknown): string => JSON.stringify({ id, at: at(0), size });

  test('goes to quarantine, the row stays, and the others are updated', async () => {
    const target = { ...ITEMS, columns };
    await countsOf(target, [sized(1, 1), sized(2, 2), sized(3, 3)]);
    expect(
      await countsOf(target, [sized(1, 10), sized(2, 'two'), sized(3, 3), sized(4, 4)]),
    ).toEqual([{ returned: 4, inserted: 1, updated: 1, duplicate: 1, known: 2, quarantined: 1 }]);
    const { rows } = await database.pool.query(
      'SELECT id::int, size::int FROM shop.items ORDER BY id',
    );
    expect(rows).toEqual([1, 2, 3, 4].map((id) => ({ id, size: id === 1 ? 10 : id })));
  });

  test('may hide a later one of its key, which is written', async () => {
    const target = { ...ITEMS, columns };
    await countsOf(target, [sized(1, 1)]);
    expect(await countsOf(target, [sized(1, 2), sized(1, 'x')])).toMatchObject([
      { updated: 1, quarantined: 1 },
    ]);
  });
});

describe('triggers', () => {
  const trigger = (when: string, body: string): string => `
    CREATE FUNCTION shop.change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
    CREATE TRIGGER change ${when} ON shop.items FOR EACH ROW EXECUTE FUNCTION shop.change()`;

  test('that change what is updated are reckoned with', async () => {
    await countsOf(ITEMS, [item(1, 'a'), item(2, 'b')]);
    const body = `NEW.data = NEW.data || '{"touched": true}'; RETURN NEW;`;
    await database.pool.query(trigger('BEFORE UPDATE', body));
    expect(await countsOf(ITEMS, [item(1, 'A'), item(2, 'b'), item(3, 'c')])).toMatchObject([
      { inserted: 1, updated: 1, duplicate: 1 },
    ]);
  });

  test('that keep a row as it was have its record in quarantine', async () => {
    await countsOf(ITEMS, [item(1, 'a'), item(2, 'b')]);
    await database.pool.query(trigger('BEFORE UPDATE', 'RETURN NULL;'));
    expect(await countsOf(ITEMS, [item(1, 'A'), item(2, 'b'), item(3, 'c')])).toMatchObject([
      { inserted: 1, updated: 0, duplicate: 1, quarantined: 1 },
    ]);
    expect(await names()).toEqual({ 1: 'a', 2: 'b', 3: 'c' });
  });
});

test('a row of the user, without data and without an owner, is updated like any other', async () => {
  await database.pool.query(`CREATE SCHEMA shop;
    CREATE TABLE shop.items (id bigint PRIMARY KEY, occurred_at timestamptz, data jsonb, page integer);
    INSERT INTO shop.items (id) VALUES (1), (2)`);
  const run = await beginRun(database, ITEMS);
  const counts = await withWriter(
    database.connectionString,
    { target: ITEMS },
    async (writer) =>
      committed(await writer.write(recordPage(run, 0, [item(1, 'a'), item(3, 'c')]))).counts,
  );
  expect(counts).toMatchObject({ inserted: 1, updated: 1, known: 1 });
  const totals = await openRunStore(database.pool).loadTotals(run);
  expect(totals).toMatchObject({ inserted: 1, updated: 1, rows: 2 });
});

test('what a page took over is not counted of it any more once it is let go of', async () => {
  await countsOf(ITEMS, [item(1, 'a'), item(2, 'b')]);
  const { run } = await writeRun(database, ITEMS, [[item(1, 'A')], [item(2, 'b')]]);
  const { rows } = await database.pool.query<{ id: number }>(
    'SELECT id FROM ingestion_pages WHERE run = $1 AND page = 1',
    [run],
  );
  const ids = rows.map(({ id }) => id);
  await releasePages(database.pool, { run, table: tableOf(ITEMS), ids, reason: 'for a test' });
  await withWriter(database.connectionString, { target: ITEMS, provesData: true }, async (writer) =>
    committed(await writer.write(recordPage(run, 0, [item(1, 'A')], { segment: 1 }))),
  );
  await proveRuns(database);
  const proof = await verifyRun(database.pool, { run });
  expect(proof).toMatchObject({ rows: 2, inserted: 1, duplicate: 1 });
  // The row of the first run on which this one rests.
  await database.pool.query('DELETE FROM shop.items WHERE id = 2');
  expect((await verifyRun(database.pool, { run }))?.ok).toBe(false);
});

test('pages that are let go of leave the shares of others as they are', async () => {
  await countsOf(ITEMS, [item(1, 'a'), item(2, 'b')]);
  const { run } = await writeRun(database, ITEMS, [[item(1, 'A')], [item(1, 'AA', 1)]]);
  const { rows } = await database.pool.query<{ id: number }>(
    'SELECT id FROM ingestion_pages WHERE run = $1 ORDER BY page',
    [run],
  );
  const ids = rows.map(({ id }) => id);
  await releasePages(database.pool, { run, table: tableOf(ITEMS), ids, reason: 'for a test' });
  await proveRuns(database);
  expect(await names()).toEqual({ 2: 'b' });
});

test.each([1, 2, 3, 4])(
  'pages that are written at once leave the newest rows (seed %i)',
  async (seed) => {
    const random = seededRandom(seed);
    const newest = new Map<number, { minute: number; name: string }>();
    for (let round = 0; round < 3; round++) {
      const run = await beginRun(database, ITEMS);
      // Each version of a row has an instant of its own, so that one is the newest.
      let minute = 0;
      const pages = Array.from({ length: 12 }, () =>
        Array.from({ length: drawInteger(random, 1, 25) }, () => {
          const id = drawInteger(random, 1, 40);
          const version = { minute: round * 20 + (minute++ % 20), name: `${round}` };
          version.name = `${id} at ${version.minute}`;
          const known = newest.get(id);
          if (known === undefined || known.minute < version.minute) newest.set(id, version);
          return item(id, version.name, version.minute);
        }),
      );
      const settings = { target: ITEMS, provesData: true, connectionsMax: 4 };
      const results = await withWriter(database.connectionString, settings, (writer) =>
        Promise.all(pages.map((page, index) => writer.write(recordPage(run, index, page)))),
      );
      for (const { counts } of results.map(committed)) {
        const { returned, inserted, updated, duplicate, quarantined } = counts;
        expect(inserted + updated + duplicate + quarantined).toBe(returned);
      }
      await proveRuns(database);
      const stored = Object.entries(await names()).map(([id, name]) => [Number(id), name]);
      expect(new Map(stored as [number, string][])).toEqual(
        new Map(
          [...newest].map(([id, { name }]) => [id, name] as const).sort((a, b) => a[0] - b[0]),
        ),
      );
    }
  },
);
