/** Exports of the streams of source files: whole rows, and keys. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { offsetApi } from '../support/apis/offset-api.js';
import { useApis } from '../support/apis/use-apis.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { usePostgres } from '../support/postgres.js';
import { type SourceCase, sourceEnv, writeSource } from '../support/sources.js';

const database = usePostgres();
const folder = useIngestFolder();
const apis = useApis();

const COUNT = 120;
const limit = { quota: 100, windowMs: 1_000 };

/** Ingests the items of an API. @param primaryKey as YAML */
async function ingested(name: string, primaryKey: string) {
  const api = await apis.start(offsetApi({ count: COUNT, limit }));
  const source = writeSource(
    folder,
    name,
    `client: { base_url: 'https://api.example', auth: { type: api_key, name: X-Api-Key, api_key: fixture-key } }
resources:
  - name: items
    ${primaryKey}
    endpoint: { path: items, data_selector: items, paginator: { type: offset, limit: 100, total_path: total } }
x-ingestion: { resources: { items: { time: { path: created_at } } } }
`,
  );
  const one: SourceCase = { source, stream: 'items', key: ['id'] };
  const env = sourceEnv(one, api, database);
  const { code, stderr } = await folder.run(['ingest', '--source', source, '--json'], env);
  expect(code, stderr.slice(-2_000)).toBe(0);
  const records = api.records('items');
  return { env, source, records };
}

const linesOf = (text: string): string[] => text.trimEnd().split('\n');

test('whole rows go to a file that is named after the stream, each with its key and its record', async () => {
  const { env, source, records } = await ingested('rows', 'primary_key: id');
  const exported = await folder.run(['export', '--source', source], env);
  expect(exported.code, exported.stderr).toBe(0);
  const lines = linesOf(readFileSync(join(folder.path, 'rows.items.ndjson'), 'utf8'));
  expect(lines).toHaveLength(COUNT);
  // Beyond 2^53 a number is told by its digits alone.
  const ids = lines.map((line) => /^\{"id":(\d+),"occurred_at":"/.exec(line)?.[1]);
  expect(ids).toEqual(records.map(({ id }) => String(id)));
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ data: { name: expect.any(String) } });
  const csv = await folder.run(
    ['export', '--source', source, '--format', 'csv', '--output', '-'],
    env,
  );
  expect(linesOf(csv.stdout)[0]).toBe('id,occurred_at,data');
});

test('keys go to a file of ids, several fields apart by tabs', async () => {
  const { env, source, records } = await ingested('keys', 'primary_key: [id, name]');
  const exported = await folder.run(['export-ids', '--source', source], env);
  expect(exported.code, exported.stderr).toBe(0);
  const lines = linesOf(readFileSync(join(folder.path, 'keys.item_ids.txt'), 'utf8'));
  expect(lines.map((line) => line.split('\t')[0])).toEqual(records.map(({ id }) => String(id)));
  expect(lines[0]?.split('\t')[1]).toBe(records[0]?.name);
});

test('rows without a key have no ids, and the message says what to do', async () => {
  const { env, source } = await ingested('keyless', 'write_disposition: append');
  const ids = await folder.run(['export-ids', '--source', source], env);
  expect(ids.code).toBe(2);
  expect(ids.stderr).toContain(
    'The rows of keyless.items have no key, and so no ids: `datasync export --source keyless`',
  );
  expect((await folder.run(['export', '--source', source], env)).code).toBe(0);
});
