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
