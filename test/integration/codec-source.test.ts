/** A file of one's own that names the codec: another host of the same API, with a table of its own. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SimulatorHandle } from '../../src/simulator/server.js';
import { untilDisconnected, useEmptyTables } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { readRepositoryFile } from '../support/repository.js';
import { page, start, stopAll } from '../support/simulator-client.js';

const database = useEmptyTables();
const folder = useIngestFolder();

const EVENTS = 12_000;
const TEXT = readRepositoryFile('sources/datasync.yaml');
let simulator: SimulatorHandle;

beforeEach(async () => {
  simulator = await start({ pageCap: 1_000, latencyMs: 50 });
  await database.pool.query('DROP SCHEMA IF EXISTS mirror CASCADE');
});
afterEach(stopAll);

/** Makes `sources/mirror.yaml`. @returns variables for it */
function writeMirror(): Record<string, string> {
  const text = TEXT.replace(/base_url: .*/, `base_url: ${simulator.baseUrl}`)
    .replaceAll('TARGET_API_KEY', 'MIRROR_KEY')
    .replace(/^.*target: .*$/m, '');
  mkdirSync(join(folder.path, 'sources'), { recursive: true });
  writeFileSync(join(folder.path, 'sources', 'mirror.yaml'), text);
  return { MIRROR_KEY: 'simulator-key', DATABASE_URL: database.connectionString };
}

async function countIn(table: string): Promise<number> {
  const { rows } = await database.pool.query(`SELECT count(*)::int AS count FROM ${table}`);
  return rows[0].count;
}

test('is ingested by chains that seek, goes on after a kill, and is proved and exported', async () => {
  const env = writeMirror();
  const run = (command: string, ...args: string[]) =>
    folder.run([command, '--source', 'mirror', ...args], env);
  const args = ['ingest', '--source', 'mirror', '--limit', '500', '--json'];
  const child = folder.start(args, { ...env, LOG_LEVEL: 'debug' });
  await child.untilLog('page_committed', { count: 3 });
  await child.kill();
  await untilDisconnected(database.pool);
  const { code, result, stderr } = await run('ingest', '--json');
  expect(code, stderr.slice(-2_000)).toBe(0);
  expect(result).toMatchObject({ status: 'complete', resumedFrom: expect.any(Number) });
  expect(await countIn('mirror.events')).toBe(EVENTS);
  expect(await countIn('ingested_events')).toBe(0);
  const { rows } = await database.pool.query(
    'SELECT source, table_name, (SELECT max(segment) FROM ingestion_segments) AS segment FROM ingestion_runs',
  );
  expect(rows).toEqual([
    { source: 'mirror', table_name: '"mirror"."events"', segment: expect.any(Number) },
  ]);
  expect(rows[0].segment).toBeGreaterThan(0);
  expect((await run('verify', '--json')).result).toMatchObject({ ok: true, inserted: EVENTS });
  expect((await run('export-ids')).code).toBe(0);
  const ids = readFileSync(join(folder.path, 'mirror.event_ids.txt'), 'utf8').trimEnd().split('\n');
  expect(ids).toHaveLength(EVENTS);
});

test('finds a table that its keys do not fit, and says so', async () => {
  const env = writeMirror();
  await database.pool.query(`CREATE SCHEMA mirror; CREATE TABLE mirror.events
    (id text PRIMARY KEY, occurred_at timestamptz, data jsonb NOT NULL, page integer)`);
  const { code, stderr } = await folder.run(['ingest', '--source', 'mirror'], env);
  expect(code).toBe(5);
  expect(stderr).toContain('its key id is text, not uuid');
});

test('needs its key, which the simulator does not stand in for', async () => {
  const { MIRROR_KEY: _, ...env } = writeMirror();
  const { code, stderr } = await folder.run(['ingest', '--source', 'mirror'], env);
  expect(code).toBe(2);
  expect(stderr).toMatch(/sources\/mirror.yaml needs what is not set: .*MIRROR_KEY/);
  const simulated = await folder.run(
    ['preview', '--source', 'mirror', '--simulate', '--limit', '1'],
    {},
  );
  expect(simulated.code, simulated.stderr).toBe(0);
  expect(simulated.stdout).toMatch(/^\{"id":"[0-9a-f-]{36}"/);
});

test('submissions are those of a codec', async () => {
  const env = { SOURCE: 'stripe', STRIPE_TOKEN: 'k' };
  const url = 'https://github.com/someone/something';
  const { code, stderr } = await folder.run(['submit', url, '--yes'], env);
  expect([code, stderr]).toEqual([2, expect.stringContaining('stripe takes no submissions')]);
});

test('is checked as DataSync is: two pages, the key and the table', async () => {
  const env = writeMirror();
  const mirror = await folder.run(['source', 'check', 'mirror'], env);
  expect(mirror.code, mirror.stdout + mirror.stderr).toBe(0);
  expect(mirror.stdout).toMatch(/^mirror\.events -> "mirror"\."events"$/m);
  const key = { TARGET_API_KEY: 'simulator-key', API_BASE_URL: simulator.baseUrl };
  const { code, stdout, stderr } = await folder.run(['source', 'check', 'datasync'], key);
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toMatch(/^datasync\.events -> ingested_events$/m);
  expect(stdout).toMatch(/page 1 {5}HTTP 200 in \d+ ms, 1000 records\n {2}record {5}\{"id":/);
  expect(stdout).toMatch(/next {7}GET http:\S+\/api\/v1\/events\?limit=5000&cursor=/);
  expect(stdout).toMatch(/page 2 {5}HTTP 200/);
  expect(stdout).toMatch(/key {8}id \(uuid\)\n {2}time {7}\S+/);
  expect(stdout).toMatch(/total {6}12000 records/);
  expect(stdout + stderr).not.toContain('simulator-key');
  const seen = await page(simulator, '/api/v1/events?limit=2');
  const preview = await folder.run(['preview', '--limit', '2'], key);
  expect(
    preview.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(seen.data);
});
