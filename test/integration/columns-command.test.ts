/** `datasync columns` over tables that runs have filled: what it proposes is accepted, and takes every value. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { JsonRecord } from '../support/apis/contract.js';
import type { Exit } from '../support/ingest-process.js';
import { dispositionParts, LaterRuns } from '../support/later-runs.js';
import { type SourceAddress, type TestSource, useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const later = new LaterRuns(runs);
const { database } = runs;

/** The second half has what the first has not, and the other way round. */
function record(id: number): JsonRecord {
  const isLate = id >= 20;
  return {
    ...{ id, title: `no. ${id}`, count: 2 ** 40 + id, price: id + 0.25, ok: id % 2 === 0 },
    ...{ at: '2024-02-29T12:30:00.5+02:00', day: '2024-02-29', hour: '12:30:01', page: id },
    huge: 9_223_372_036_854_775_808n,
    exact: id === 7 ? 2n ** 80n + 1n : 1.5,
    never: null,
    notDate: id === 30 ? '2024-02-30' : '2024-02-28',
    mixed: isLate ? id : `v${id}`,
    user: { name: 'x' },
    tags: ['a'],
    'odd name: 1': 'x',
    ...(isLate ? { late: 1 } : { early: '' }),
  };
}

const PROPOSED = {
  ...{ title: { data_type: 'text' }, count: { data_type: 'bigint' } },
  ...{ price: { data_type: 'double' }, ok: { data_type: 'bool' } },
  ...{ at: { data_type: 'timestamp' }, day: { data_type: 'date' }, hour: { data_type: 'time' } },
  ...{ huge: { data_type: 'decimal' }, exact: { data_type: 'decimal' } },
  ...{ notDate: { data_type: 'text' }, mixed: { data_type: 'text' } },
  'odd name: 1': { data_type: 'text' },
  early: { data_type: 'text', nullable: true },
  late: { data_type: 'bigint', nullable: true },
};

const columns = (source: TestSource, address: SourceAddress, ...args: string[]): Promise<Exit> =>
  runs.folder.run(['columns', '--source', source.path, ...args], runs.env(source, address));

async function filled(disposition: string, resource: object = {}) {
  const { api, records } = await later.shelf();
  records.all = records.all.map((_, id) => record(id));
  const source = runs.source(dispositionParts(disposition, resource));
  await runs.drain(source, api);
  return { api, source };
}

/** Every value of the columns is that of the record. */
async function expectFilled(source: TestSource): Promise<void> {
  const { rows } = await database.pool.query<Record<string, unknown>>(
    `SELECT count(*)::int AS rows, count(*) FILTER (WHERE title = data ->> 'title'
         AND count::text = data ->> 'count' AND price = (data ->> 'price')::float8
         AND ok = (data ->> 'ok')::boolean AND at = '2024-02-29T10:30:00.5Z' AND day = '2024-02-29'
         AND hour = '12:30:01' AND huge::text = data ->> 'huge' AND mixed = data ->> 'mixed'
         AND "odd name: 1" = 'x' AND late IS NOT DISTINCT FROM (data ->> 'late')::bigint) AS filled
     FROM ${runs.table(source)}`,
  );
  expect(rows).toEqual([{ rows: 40, filled: '40' }]);
}

describe('datasync columns', () => {
  test('proposes what a run then accepts and fills, without a record in quarantine', async () => {
    const { api, source } = await filled('merge');
    const { code, result, stderr } = await columns(source, api, '--json');
    expect(code, stderr).toBe(0);
    expect(result).toMatchObject({
      ...{ status: 'ok', table: runs.table(source), rowsRead: 40, tableRows: null },
      columns: PROPOSED,
    });
    expect(result?.fields).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'id', type: null, reason: 'is a column of the key' }),
        expect.objectContaining({ name: 'never', type: null, filled: 0 }),
        expect.objectContaining({ name: 'page', reason: expect.stringContaining('named page') }),
        expect.objectContaining({
          name: 'user',
          reason: expect.stringContaining('object with name'),
        }),
        expect.objectContaining({ name: 'mixed', kinds: { text: 20, integer: 20 } }),
      ]),
    );

    const { stdout } = await columns(source, api);
    const [block = ''] = stdout.split('\n\n');
    expect(parse(block)).toEqual({ columns: PROPOSED });
    expect(block).toMatch(
      /mixed: \{ data_type: text \} +# in all; values disagree: 20 text, 20 integer/,
    );
    expect(block).toContain('# in 50 %; integer');
    // Rows are the user's own data.
    expect(stdout).not.toContain('no. 7');

    runs.rewrite(source, dispositionParts('merge', parse(block) as object));
    const { result: again } = await later.drainedAgain(source, api);
    expect(again).toMatchObject({ quarantined: 0, updated: 40, warnings: [] });
    await expectFilled(source);
    await runs.expectProved(source, api);
    const second = await columns(source, api, '--json');
    expect(second.result).toMatchObject({ columns: PROPOSED });
  });

  test('prints the SQL that fills them in rows that stay as they came', async () => {
    const { api, source } = await filled('append', { columns: { count: { data_type: 'bigint' } } });
    const { code, stdout } = await columns(source, api, '--sql');
    expect(code).toBe(0);
    const apply = () => database.pool.query(stdout);
    const [, updated] = (await apply()) as unknown as { rowCount: number }[];
    expect(updated?.rowCount).toBe(40);
    await expectFilled(source);
    const [, repeated] = (await apply()) as unknown as { rowCount: number }[];
    expect(repeated?.rowCount).toBe(0);
    await runs.expectProved(source, api);
  });

  test('looks at rows from all over a large table', async () => {
    const { api, source } = await filled('append');
    await database.pool.query(
      `INSERT INTO ${runs.table(source)} (id, data)
       SELECT n, jsonb_build_object('id', n, 'size', CASE WHEN n > 50000 THEN 'large' ELSE 'small' END)
       FROM generate_series(1000, 100000) AS n;
       ANALYZE ${runs.table(source)}`,
    );
    const { result } = await columns(source, api, '--sample', '400', '--json');
    expect(result).toMatchObject({ rowsRead: 400, columns: { size: { data_type: 'text' } } });
    expect(result?.tableRows).toBeGreaterThan(50_000);
  });

  test('says what to do where there are no rows, or can be no columns', async () => {
    const { api, source } = await filled('append');
    const file = JSON.parse(readFileSync(source.path, 'utf8')) as { resources: object[] };
    const resources = [{ ...file.resources[0], name: 'later' }, ...file.resources];
    writeFileSync(source.path, JSON.stringify({ ...file, resources }));
    const both = await columns(source, api, '--json');
    expect(both.code).toBe(1);
    expect(both.result).toMatchObject({
      streams: [
        { stream: 'later', status: 'failed' },
        { stream: 'items', status: 'ok', columns: PROPOSED },
      ],
    });
    writeFileSync(source.path, JSON.stringify(file));
    await database.pool.query(`TRUNCATE ${runs.table(source)}`);
    const empty = await columns(source, api, '--json');
    expect(empty.code).toBe(1);
    expect(empty.result?.message).toContain(
      `The table ${runs.table(source)} is empty: \`datasync ingest`,
    );
    const other = runs.source(dispositionParts('append'));
    const none = await columns(other, api, '--json');
    expect(none.code).toBe(1);
    expect(none.result?.message).toContain(`There is no table ${runs.table(other)} yet`);
    const env = { DATABASE_URL: database.connectionString };
    const codec = await runs.folder.run(['columns', '--json'], env);
    expect(codec.code).toBe(2);
    expect(codec.result?.message).toContain('its codec datasync fills the table');
  });
});
