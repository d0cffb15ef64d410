/** Tables that are not what a run expects: of another kind, gone in mid-run, or named anew in the file. */
import { describe, expect, test } from 'vitest';
import { json } from '../support/apis/contract.js';
import { page, writtenPages } from '../support/apis/written-pages.js';
import { useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { apis, database } = runs;

const parts = {
  paginator: { type: 'cursor', cursor_path: 'next_page', cursor_param: 'page' },
  endpoint: {
    data_selector: 'items',
    response_actions: [{ status_code: 503, action: 'raise' }],
  },
} as const;
const first = page([{ id: 1 }, { id: 2 }], 2);
const last = page([{ id: 3 }]);

test('a view of the name is refused', async () => {
  const api = await apis.start(writtenPages([last]));
  const source = runs.source(parts);
  await database.pool.query(
    `CREATE SCHEMA "${source.name}"; CREATE VIEW ${runs.table(source)} AS SELECT 1 AS id`,
  );
  const { code, result } = await runs.ingest(source, api);
  expect(code).toBe(5);
  expect(result?.message).toContain(`${runs.table(source)} is there already and is no table`);
});

describe('a table that was there before', () => {
  const inTable = async (columns: string, changes: object = {}) => {
    const api = await apis.start(writtenPages([page([{ id: 'a-1', n: 'x' }, { id: 'a-2' }])]));
    const source = runs.source({ ...parts, ...changes });
    const form = 'occurred_at timestamptz, data jsonb NOT NULL';
    await database.pool.query(
      `CREATE SCHEMA "${source.name}"; CREATE TABLE ${runs.table(source)} (${columns}, ${form})`,
    );
    const { code, result, stdout } = await runs.ingest(source, api);
    return { api, source, code, message: String(result?.message), stdout };
  };

  test.each([
    [
      'a key of another type',
      'id bigint PRIMARY KEY',
      {},
      'its column id is bigint, and the first records have text there',
    ],
    [
      'a declared column of another type',
      'id text PRIMARY KEY, n integer',
      { resource: { columns: { n: { data_type: 'text' } } } },
      'its column n is integer, and the first records have text there',
    ],
    [
      'a column that no record fills',
      'id text PRIMARY KEY, tenant integer NOT NULL',
      {},
      'its column tenant (integer) is NOT NULL without a default, and no record fills it',
    ],
  ])('with %s is refused before a record is set aside', async (_, columns, changes, message) => {
    const { source, code, message: said } = await inTable(columns, changes);
    expect(code).toBe(5);
    expect(said).toContain(
      `the table ${runs.table(source)} is there already and is of another form`,
    );
    expect(said).toContain(message);
    expect(said).toContain('name another one under target in x-ingestion');
    expect(await runs.quarantine(source)).toEqual([]);
  });

  test.each([
    ['types that take the values', 'id varchar(9) PRIMARY KEY'],
    [
      'columns that fill themselves',
      'id text PRIMARY KEY, made serial, at date NOT NULL DEFAULT now()',
    ],
    ['an identity', 'id text PRIMARY KEY, n integer GENERATED ALWAYS AS IDENTITY'],
  ])('with %s is used', async (_, columns) => {
    const { api, source, code, stdout } = await inTable(columns);
    expect(code, stdout).toBe(0);
    await runs.expectStored(source, api, [{ id: 'a-1', n: 'x' }, { id: 'a-2' }]);
  });

  test('is used where a value of the first page fits, and others go to quarantine', async () => {
    const mixed = page([{ id: 'a-1' }, { id: 7 }]);
    const api = await apis.start(writtenPages([mixed]));
    const source = runs.source(parts);
    await database.pool.query(`CREATE SCHEMA "${source.name}"; CREATE TABLE ${runs.table(source)}
      (id bigint PRIMARY KEY, occurred_at timestamptz, data jsonb NOT NULL)`);
    await runs.drain(source, api);
    expect(await runs.facts(source)).toMatchObject({ inserted: 1, quarantined: 1 });
  });
});

describe('a run that has written a table goes on', () => {
  /** A run of two pages, the second of which failed when it was asked for first. */
  async function begun() {
    const api = await apis.start(writtenPages([first, [json(503, {}), last]]));
    const source = runs.source(parts);
    const { code } = await runs.ingest(source, api);
    expect(code).toBe(1);
    return { api, source };
  }

  test('in that table', async () => {
    const { api, source } = await begun();
    await runs.drain(source, api);
    await runs.expectStored(source, api, [{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  test('not where it is gone: --restart begins a new one', async () => {
    const { api, source } = await begun();
    await database.pool.query(`DROP TABLE ${runs.table(source)}`);
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(5);
    expect(result?.message).toMatch(
      /^the table "\w+"\."items", which run \d+ has written, is not there any more/,
    );
    const args = ['ingest', '--source', source.path, '--restart', '--json'];
    const again = await runs.folder.run(args, runs.env(source, api));
    expect(again.code, again.stderr.slice(-2_000)).toBe(0);
    await runs.expectStored(source, api, [{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  test.each([
    ['another table', { table_name: 'other' }, 'and its source now names the table "source_'],
    ['another key', { primary_key: [] }, 'its source now names the table "source_'],
  ])('not where the file names %s', async (_, resource, message) => {
    const { api, source } = await begun();
    runs.rewrite(source, { ...parts, resource });
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(2);
    expect(result?.message).toContain(message);
    runs.rewrite(source, parts);
    await runs.drain(source, api);
    await runs.expectStored(source, api, [{ id: 1 }, { id: 2 }, { id: 3 }]);
  });
});
