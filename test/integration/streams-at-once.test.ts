/** Several streams of a source in one process: at the same time, under one limit, each to its own end. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunSnapshot } from '../../src/observe/snapshot.js';
import { offsetApi } from '../support/apis/offset-api.js';
import type { ApiServer } from '../support/apis/serve.js';
import { useApis } from '../support/apis/use-apis.js';
import { addressOf, scrape, total, untilSnapshot } from '../support/http-client.js';
import { breaking, useIngestFolder } from '../support/ingest-process.js';
import { usePostgres } from '../support/postgres.js';
import { sourceEnv, writeSource } from '../support/sources.js';
import { fullestWindow } from '../support/windows.js';

const database = usePostgres();
const folder = useIngestFolder();
const apis = useApis();

const COUNT = 300;
const LIMIT = { quota: 20, windowMs: 1_000 };
const KEY = 'fixture-key';
let sources = 0;

/** A source whose streams read the same list, but for those that are named after what is not there. */
function source(names: readonly string[], key = KEY): string {
  const streams = names.map((name) => {
    const path = name.startsWith('gone') ? 'nothing' : 'items';
    return `  - { name: ${name}, endpoint: { path: ${path}, params: { of: ${name} }, data_selector: items, paginator: { type: offset, limit: 20, total_path: total } } }`;
  });
  return writeSource(
    folder,
    `streams_${sources++}`,
    `client: { base_url: 'https://api.example', auth: { type: api_key, name: X-Api-Key, api_key: ${key} } }
resource_defaults: { primary_key: id }
resources:
${streams.join('\n')}
`,
  );
}

const openApi = (limit = LIMIT) => apis.start(offsetApi({ count: COUNT, limit, latencyMs: 20 }));

function envOf(path: string, api: ApiServer<string>, env = {}) {
  return { ...sourceEnv({ source: path, stream: 'one', key: ['id'] }, api, database), ...env };
}

/** Requests by the stream that asked, in the order of their arrival. */
function askedBy(api: ApiServer<string>): string[] {
  return api.requests.map(({ url }) => new URL(url, api.origin).searchParams.get('of') ?? '');
}

/** While both have requests to make, none waits for the end of the other; their chains may be of unlike number. */
function expectTurns(asked: readonly string[], one: string, two: string): void {
  const from = Math.max(asked.indexOf(one), asked.indexOf(two));
  const until = Math.min(asked.lastIndexOf(one), asked.lastIndexOf(two));
  const both = asked.slice(from, until);
  const ofOne = both.filter((name) => name === one).length;
  const ofTwo = both.filter((name) => name === two).length;
  expect(both.length).toBeGreaterThan(5);
  expect(Math.min(ofOne, ofTwo), both.join(' ')).toBeGreaterThanOrEqual(both.length / 4);
}

async function rowsOf(path: string, stream: string): Promise<number> {
  const schema = path.replace(/^.*\/|\.yaml$/g, '');
  const { rows } = await database.pool.query(
    `SELECT count(*)::int AS n FROM "${schema}"."${stream}"`,
  );
  return rows[0]?.n;
}

test('a stream that is not there leaves the others alone, which take turns under one limit', async () => {
  const api = await openApi();
  const path = source(['one', 'gone', 'two']);
  const run = (...args: string[]) => folder.run([...args, '--source', path], envOf(path, api));
  const { code, result, stderr } = await run('ingest', '--json');
  expect(code, stderr.slice(-2_000)).toBe(1);
  expect(result).toMatchObject({
    ...{ status: 'complete_with_failures', exitCode: 1, fault: 'UNEXPECTED_STATUS' },
    message: expect.stringMatching(/^gone: .*HTTP 404.*base_url/),
    streams: [
      { stream: 'one', status: 'complete', inserted: COUNT, refused: 0 },
      { stream: 'gone', status: 'failed', exitCode: 1 },
      { stream: 'two', status: 'complete', inserted: COUNT, refused: 0 },
    ],
  });
  expect(api.refused).toBe(0);
  expect(
    fullestWindow(
      api.requests.map(({ atMs }) => atMs),
      LIMIT.windowMs,
    ),
  ).toBeLessThanOrEqual(LIMIT.quota);
  expectTurns(askedBy(api), 'one', 'two');
  expect(existsSync(join(folder.path, 'data', 'ingestion.one.state'))).toBe(true);
  const text = await run('ingest');
  expect(text.code).toBe(1);
  expect(text.stdout).toMatch(
    /Complete with failures: 2 of 3 streams are complete\.\n {2}gone {2}.*404/,
  );
  expect((await run('verify', '--resource', 'one', '--resource', 'two')).code).toBe(0);
});

test('a key that is refused ends all after one request', async () => {
  const api = await openApi();
  const path = source(['one', 'two', 'three'], 'another-key');
  const args = ['ingest', '--json', '--source', path];
  const { code, result } = await folder.run(args, envOf(path, api));
  expect(code).toBe(4);
  expect(result).toMatchObject({
    ...{ status: 'failed', exitCode: 4, fault: 'CREDENTIALS' },
    streams: [{ exitCode: 4 }, { exitCode: 4 }, { exitCode: 4 }],
  });
  expect(api.requests).toHaveLength(1);
});

test('killed with all under way it goes on with each, and a signal drains all', async () => {
  const api = await openApi();
  const names = ['one', 'two', 'three', 'four', 'five'];
  const path = source(names);
  const args = ['ingest', '--json', '--source', path];
  const env = envOf(path, api);
  const killed = await folder.run(args, env, breaking('kill=in:committed:12'));
  expect(killed.signal).toBe('SIGKILL');
  expect(new Set(askedBy(api))).toEqual(new Set(names));

  const drained = folder.start(args, env);
  await drained.untilLog('page_committed', { count: 5 });
  drained.signal('SIGTERM');
  const interrupted = await drained.end();
  expect(interrupted.code).toBe(130);
  expect(interrupted.result).toMatchObject({ status: 'interrupted', exitCode: 130 });
  expect(interrupted.stderr.match(/"event":"drain_started"/g)).toHaveLength(1);

  const last = await folder.run(args, env);
  expect(last.code, last.stderr.slice(-2_000)).toBe(0);
  expect(last.result).toMatchObject({
    status: 'complete',
    streams: names.map((stream) => ({ stream, status: 'complete' })),
  });
  for (const name of names) expect(await rowsOf(path, name)).toBe(COUNT);
  expect(api.refused).toBe(0);
  expect((await folder.run(['verify', '--json', '--source', path], env)).code).toBe(0);
});

test('metrics, dashboard and reports tell of each stream', async () => {
  const api = await openApi({ quota: 9, windowMs: 20_000 });
  const path = source(['one', 'gone', 'two']);
  const env = envOf(path, api, { HTTP_PORT: '0' });
  const child = folder.start(['ingest', '--json', '--source', path], env);
  const committed = child.untilLog('page_committed', { count: 8 });
  const url = await addressOf(child);
  await committed;
  const { live, streams } = await untilSnapshot<RunSnapshot>(url, (seen) =>
    seen.streams.every(({ stream, rows }) => stream === 'gone' || rows === 80),
  );
  expect(streams).toMatchObject([
    { stream: 'one', state: 'running', total: COUNT, share: 80 / COUNT, isShown: true },
    { stream: 'gone', state: 'failed', rows: 0, reason: expect.stringMatching('404') },
    { stream: 'two', state: 'running', total: COUNT, isShown: false },
  ]);
  expect(live).toMatchObject({ stream: 'one', rows: { ingested: 80 } });
  const metrics = await scrape(url);
  for (const stream of ['one', 'two']) {
    expect(total(metrics, 'datasync_rows_total', { stream, outcome: 'inserted' })).toBe(80);
    expect(total(metrics, 'datasync_run_state', { stream, state: 'running' })).toBe(1);
  }
  expect(total(metrics, 'datasync_run_state', { stream: 'gone', state: 'failed' })).toBe(1);
  expect(total(metrics, 'datasync_faults_total', { stream: 'gone' })).toBe(1);
  child.signal('SIGTERM');
  const { result } = await child.end();
  expect(result).toMatchObject({ streams: [{ status: 'interrupted' }, { status: 'failed' }, {}] });
  const ended = result?.streams as readonly { run: number }[] | undefined;
  const report = JSON.parse(
    readFileSync(join(folder.path, 'reports', `${ended?.[0]?.run}.json`), 'utf8'),
  );
  expect(report.streams).toMatchObject([
    { stream: 'one', status: 'paused', rows: 80 },
    { stream: 'gone', status: 'failed', rows: 0 },
    { stream: 'two', status: 'paused', rows: 80 },
  ]);
});
