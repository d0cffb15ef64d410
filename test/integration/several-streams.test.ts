/** Commands over a source of several streams: each is shown, proved and exported, and one result tells of all. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { offsetApi } from '../support/apis/offset-api.js';
import { useApis } from '../support/apis/use-apis.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { usePostgres } from '../support/postgres.js';
import { sourceEnv, writeSource } from '../support/sources.js';

const database = usePostgres();
const folder = useIngestFolder();
const apis = useApis();

const COUNT = 60;

test('verify, status and export tell of each stream, and verify fails for any of them', async () => {
  const limit = { quota: 100, windowMs: 1_000 };
  const api = await apis.start(offsetApi({ count: COUNT, limit }));
  const endpoint =
    'endpoint: { path: items, data_selector: items, paginator: { type: offset, limit: 20, total_path: total } }';
  const source = writeSource(
    folder,
    'pair',
    `client: { base_url: 'https://api.example', auth: { type: api_key, name: X-Api-Key, api_key: fixture-key } }
resource_defaults: { primary_key: id }
resources:
  - { name: items, ${endpoint} }
  - { name: copies, ${endpoint} }
`,
  );
  const env = sourceEnv({ source, stream: 'items', key: ['id'] }, api, database);
  const run = (command: string, ...args: string[]) =>
    folder.run([command, '--source', source, ...args], env);
  const byStream = (...states: object[]) => ({
    streams: states.map((state) => expect.objectContaining(state)),
  });

  const none = await run('verify', '--json');
  expect(none.code).toBe(1);
  expect(none.result).toMatchObject(byStream({ status: 'none' }, { status: 'none' }));

  const first = await run('ingest', '--resource', 'items', '--json');
  expect(first.code, first.stderr.slice(-2_000)).toBe(0);
  const half = await run('verify');
  expect(half.code).toBe(1);
  expect(half.stdout).toContain('pair.items\n');
  expect(half.stdout).toMatch(/pair\.copies\nNo run yet .*`datasync ingest --source pair` begins/);

  expect((await run('ingest')).code).toBe(0);
  expect((await run('verify', '--json')).result).toMatchObject({
    ok: true,
    ...byStream({ ok: true, run: 1, inserted: COUNT }, { ok: true, run: 2, inserted: COUNT }),
  });
  expect((await run('status', '--json')).result).toMatchObject(
    byStream({ state: 'complete', run: 1 }, { state: 'complete', run: 2 }),
  );
  expect((await run('export')).code).toBe(0);
  for (const name of ['pair.items.ndjson', 'pair.copies.ndjson']) {
    expect(readFileSync(join(folder.path, name), 'utf8').trimEnd().split('\n')).toHaveLength(COUNT);
  }
  const chosen = await run('verify', '--run', '2');
  expect(chosen.code).toBe(0);
  expect(chosen.stdout).not.toContain('pair.items');
  const one = await run('export', '--output', 'both.ndjson');
  expect(one).toMatchObject({ code: 2, stderr: expect.stringContaining('--resource') });

  await database.pool.query(
    'DELETE FROM pair.copies WHERE id IN (SELECT id FROM pair.copies LIMIT 3)',
  );
  const broken = await run('verify', '--json');
  expect(broken.code).toBe(1);
  expect(broken.result).toMatchObject({
    ok: false,
    run: 2,
    ...byStream({ ok: true }, { ok: false }),
  });
});
