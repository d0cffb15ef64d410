/** A source file with a codec: what it takes, what comes of it, and what the build keeps of it. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { configFrom } from '../../src/config/read-settings.js';
import { readSource } from '../../src/config/read-source.js';
import { listSources } from '../../src/config/source-files.js';
import { tableOf } from '../../src/postgres/stream-table.js';
import { openSource } from '../../src/session/open-source.js';
import { sourceOf } from '../../src/source/registry.js';
import { datasync, readConfig } from '../support/datasync.js';
import { readRepositoryFile } from '../support/repository.js';
import { faultTexts, load, planOf, warningTexts } from '../support/source-files.js';

const TEXT = readRepositoryFile('sources/datasync.yaml');
const folder = mkdtempSync(join(tmpdir(), 'datasync-codec-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The shipped file with a part replaced, as one of somebody's own. */
function edited(from: string, to: string): string {
  expect(TEXT).toContain(from);
  return TEXT.replace(from, to);
}

async function readOwn(text: string) {
  const path = join(folder, 'mirror.yaml');
  writeFileSync(path, text);
  const read = await readSource(path);
  if (read.type === 'none') throw new Error(read.message);
  return read;
}

describe('what the build keeps of the files that come with the program', () => {
  const shipped = listSources().filter(({ path }) => path.includes('sources'));

  test.each(shipped.map(({ name }) => name))('%s is what its YAML says', async (name) => {
    const read = await readSource(name);
    expect(read).toMatchObject({ type: 'read', isAsShipped: true });
    const loaded = load(readRepositoryFile(`sources/${name}.yaml`), name);
    expect(read.type === 'read' && read.loaded).toEqual(loaded);
  });

  test('counts for a file of that name that is the same, and for no other', async () => {
    const path = join(folder, 'datasync.yaml');
    writeFileSync(path, TEXT);
    expect(await readSource(path)).toMatchObject({ isAsShipped: true });
    writeFileSync(path, edited('max: 5000', 'max: 500'));
    const other = await readSource(path);
    expect(other).toMatchObject({ isAsShipped: false });
    expect(JSON.stringify(other)).toContain('"max":500}');
  });
});

describe('DataSync', () => {
  test('asks, reads and writes as it always has', () => {
    expect(datasync.request('http://a.test/api/v1', 'c=&', 100)).toEqual({
      ...{ method: 'GET', headers: {}, body: null },
      url: 'http://a.test/api/v1/events?limit=100&cursor=c%3D%26',
    });
    expect(datasync.pagePath('/api/v1', null, 5000)).toBe('/api/v1/events?limit=5000');
    expect(tableOf(datasync.target)).toEqual({ qualified: 'ingested_events', key: ['id'] });
    expect(datasync).toMatchObject({
      ...{ name: 'datasync', stream: 'events', bucket: 'events', pageLimitMax: 5000 },
      ...{ idField: 'id', timestampField: 'timestamp', recordsField: 'data' },
      defaultPolicy: { quota: 10, windowMs: 60_000 },
      paging: { cursorLifeMs: 120_000, order: 'newestFirst' },
    });
  });

  test('goes on with the runs and the log of starts of earlier versions', async () => {
    const read = readConfig({ TARGET_API_KEY: 'k1', API_BASE_URL: 'http://a.test/api/v1/' });
    if (!read.ok) throw new Error('the sample is good');
    const source = await openSource(read.config);
    const origin = 'http://a.test/api/v1';
    const keyHash = createHash('sha256').update('k1').digest('hex').slice(0, 16);
    expect(source.streamKey).toEqual({ source: 'datasync', stream: 'events', origin });
    expect(source.limitKey('events')).toEqual({ origin, keyHash, bucket: 'events' });
    expect(source).toMatchObject({ origin: 'http://a.test', basePath: '/api/v1', limits: [] });
    expect(source.headers).toMatchObject({ 'x-api-key': 'k1', accept: 'application/json' });
    // It is added when a request leaves.
    expect(JSON.stringify(source.sourceSpec.plan)).not.toContain('k1');
  });

  test('names its own settings where it is refused', () => {
    const refused = (status: number) =>
      datasync.readError({ status, body: '', isLimited: false, header: () => null }).remedy;
    expect(refused(401)).toBe('Check TARGET_API_KEY and API_BASE_URL');
    expect(refused(301)).toBe('Set API_BASE_URL to the final address');
    expect(refused(404)).toBe('Check API_BASE_URL; it ends in /api/v1');
  });
});

describe("a file of one's own", () => {
  const own = TEXT.replaceAll('TARGET_API_KEY', 'MIRROR_KEY').replace(/^.*target: .*$/m, '');

  test('has tables of its own, and its own key in what is said of it', () => {
    const plan = planOf(own, 'mirror');
    const source = sourceOf({ plan, stream: 'events', nowMs: 0, secrets: [] });
    expect(tableOf(source.target)).toEqual({ qualified: '"mirror"."events"', key: ['id'] });
    expect(source.target.reads).toBe('worker');
    const fault = source.readError({ status: 403, body: '', isLimited: false, header: () => null });
    expect(fault.remedy).toBe('Check MIRROR_KEY and API_BASE_URL');
  });

  test('may be as short as the one in the documentation', () => {
    const docs = readRepositoryFile('docs/sources.md');
    const [, text = ''] =
      /```yaml\n((?:(?!```)[\s\S])*codec: datasync[\s\S]*?)```/.exec(docs) ?? [];
    expect(faultTexts(text, 'mirror').concat(warningTexts(text, 'mirror'))).toEqual([]);
    expect(planOf(text, 'mirror')).toMatchObject({
      auth: { apiKey: expect.stringContaining('MIRROR_API_KEY') },
      streams: [{ target: { schema: 'mirror', table: 'events' }, order: 'newestFirst' }],
    });
  });

  test('needs its key: it has named an API, and is simulated when told so alone', async () => {
    const read = await readOwn(own);
    const missing = configFrom(read, {}, {});
    expect(missing).toMatchObject({ ok: false, faults: [{ setting: 'SOURCE' }] });
    expect(JSON.stringify(missing)).toContain('MIRROR_KEY');
    expect(configFrom(read, { MIRROR_KEY: 'k' }, {})).toMatchObject({
      config: { source: 'mirror', isTargetChosen: true, target: { kind: 'api' } },
    });
    expect(configFrom(read, {}, { simulate: true })).toMatchObject({
      config: { target: { kind: 'simulator' }, database: { name: 'simulation' } },
    });
    expect(configFrom(read, {}, { readsOnly: true })).toMatchObject({
      config: { isTargetChosen: true, target: { kind: 'api' } },
    });
  });

  test('without an order is walked as one chain', () => {
    const plan = planOf(own.replace(/^ *order: .*$/m, ''), 'mirror');
    const { paging } = sourceOf({ plan, stream: 'events', nowMs: 0, secrets: [] });
    expect(paging).toMatchObject({ order: null, seek: null, cursorLifeMs: 120_000 });
  });
});

test('a source without a simulator cannot be simulated', async () => {
  const read = await readSource('stripe');
  if (read.type === 'none') throw new Error(read.message);
  const { faults } = configFrom(read, {}, { simulate: true }) as { faults?: unknown };
  expect(faults).toEqual([
    {
      setting: '--simulate',
      message: expect.stringContaining('the source stripe has no simulator'),
    },
  ]);
});

describe('a file is refused with what to write instead', () => {
  test.each([
    [
      'codec: datasync',
      'codec: datasnyc',
      /codec: takes one of datasync, .*did you mean datasync\?/,
    ],
    ['cursor_param: cursor', 'cursor_body_path: cursor', /needs the paginator cursor with/],
    ['page_size: { param: limit, max: 5000 }', '', /needs page_size/],
    ['primary_key: id', 'primary_key: [id, userId]', /needs a primary_key of one field/],
    ['primary_key: id', 'primary_key: meta.id', /needs a primary_key of one field/],
    ['primary_key: id', 'primary_key: uid', /events.target: .* has the key id, not uid/],
    ['time: { path: timestamp }', '', /needs time, with the path of a field/],
    ['data_selector: data', 'data_selector: a.b', /needs data_selector, one field/],
    ['data_selector: data', 'response_actions: [{ status_code: 404, action: ignore }]', /refusals/],
    ['cursor_ttl: 120s', 'done_path: done', /take done_path out/],
    [
      'primary_key: id',
      'primary_key: id\n    write_disposition: merge',
      /take write_disposition out/,
    ],
    [
      'primary_key: id',
      'primary_key: id\n    columns: { n: { data_type: text } }',
      /columns; take/,
    ],
    ['codec: datasync', 'codec: datasync\n  expired: [{ status: 410 }]', /expired: .*take it out/],
    [
      'codec: datasync',
      'codec: datasync\n  throttle: [{ status: 410 }]',
      /throttle: .*take it out/,
    ],
    ['{ quota: 10, window: 60s }', '{ concurrency: 3 }', /one limit with quota and window/],
    ['window: 60s }', 'window: 60s }\n    - { quota: 1, window: 1s }', /takes one limit/],
    ['window: 60s }', 'window: 60s, path: /events }', /takes one limit with quota/],
    ['direction: desc', 'direction: asc', /events.order: takes the newest first/],
    ['by: [timestamp, id]', 'by: id', /events.order: takes the newest first/],
    ['codec: datasync', '', /the table of events is a table of this program/],
  ])('%s → %s', (from, to, words) => {
    expect(faultTexts(edited(from, to), 'datasync').join('\n')).toMatch(words);
  });
});
