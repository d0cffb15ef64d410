/** The HTTP server of a real run: metrics, health, what it shows, and what it must not show. */
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RunSnapshot } from '../../src/observe/snapshot.js';
import { addressOf, scrape, total, untilReady, untilSnapshot } from '../support/http-client.js';
import { API_KEY, environmentFor, useEmptyTables, useSimulator } from '../support/ingest-check.js';
import { type IngestProcess, useIngestFolder } from '../support/ingest-process.js';
import { parsePrometheus } from '../support/prometheus-text.js';
import { REPOSITORY } from '../support/repository.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

/** After three pages nothing may start for half a minute: the figures stand still. */
const STILL = { events: 20_000, eventsQuota: 3, eventsWindowMs: 30_000 };

async function startStill(changes = {}): Promise<{ child: IngestProcess; url: string }> {
  const simulator = await simulate({ ...STILL, ...changes });
  const environment = environmentFor(simulator, database, { HTTP_PORT: '0' });
  const child = folder.start(['ingest', '--json'], environment);
  const committed = child.untilLog('page_committed', { count: 3 });
  const url = await addressOf(child);
  await committed;
  return { child, url };
}

describe('metrics', () => {
  test('say what the run has done, in a format that holds', async () => {
    const { url } = await startStill();
    const metrics = await scrape(url);
    expect(total(metrics, 'datasync_rows_total', { outcome: 'inserted' })).toBe(3_000);
    expect(total(metrics, 'datasync_rows_total', { outcome: 'duplicate' })).toBe(0);
    expect(total(metrics, 'datasync_pages_total', { method: 'copy' })).toBe(3);
    expect(total(metrics, 'datasync_requests_total', { status: '200' })).toBe(3);
    expect(total(metrics, 'datasync_bytes_total')).toBeGreaterThan(3_000 * 100);
    for (const stage of ['fetch', 'scan', 'write']) {
      expect(total(metrics, 'datasync_stage_duration_seconds_count', { stage })).toBe(3);
      expect(total(metrics, 'datasync_stage_duration_seconds_sum', { stage })).toBeGreaterThan(0);
    }
    expect(total(metrics, 'datasync_run_state', { state: 'running' })).toBe(1);
    expect(total(metrics, 'datasync_run_state')).toBe(1);
    expect(total(metrics, 'datasync_limit_requests')).toBe(3);
    expect(total(metrics, 'datasync_limit_window_seconds')).toBe(30);
    expect(total(metrics, 'datasync_permits_available')).toBe(0);
    expect(total(metrics, 'datasync_source_rows')).toBe(20_000);
    expect(total(metrics, 'datasync_credits_held_bytes')).toBe(0);
    expect(total(metrics, 'datasync_pages_outstanding')).toBe(0);
    expect(total(metrics, 'datasync_pool_size', { pool: 'fetch' })).toBe(10);
    expect(total(metrics, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);

    const waited = total(metrics, 'datasync_limiter_wait_seconds_total');
    await untilSnapshot<RunSnapshot>(url, ({ live }) => (live?.durationMs ?? 0) > 1_500);
    const later = await scrape(url);
    expect(total(later, 'datasync_limiter_wait_seconds_total')).toBeGreaterThan(waited);
  });

  test('count faults and retries', async () => {
    const simulator = await simulate({ eventsQuota: 8, eventsWindowMs: 30_000, htmlError: 0.5 });
    const environment = environmentFor(simulator, database, { HTTP_PORT: '0' });
    const url = await addressOf(folder.start(['ingest', '--json'], environment));
    await untilSnapshot<RunSnapshot>(url, ({ live }) => live?.requests.sent === 8);
    const metrics = await scrape(url);
    const good = total(metrics, 'datasync_requests_total', { status: '200' });
    const bad = 8 - good;
    expect(bad).toBeGreaterThan(0);
    expect(total(metrics, 'datasync_requests_total')).toBe(8);
    expect(total(metrics, 'datasync_faults_total', { code: 'HTTP_STATUS' })).toBe(bad);
    expect(total(metrics, 'datasync_retries_total')).toBe(bad);
    expect(total(metrics, 'datasync_refusals_total')).toBe(0);
  });

  test('count refusals', async () => {
    const simulator = await simulate(STILL);
    for (let request = 0; request < STILL.eventsQuota; request++) {
      await fetch(`${simulator.baseUrl}/events`, { headers: { 'X-API-Key': API_KEY } });
    }
    const environment = environmentFor(simulator, database, { HTTP_PORT: '0' });
    const child = folder.start(['ingest', '--json'], environment);
    const refused = child.untilLog(({ fault }) => JSON.stringify(fault)?.includes('RATE_LIMITED'));
    const url = await addressOf(child);
    await refused;
    const metrics = await scrape(url);
    expect(total(metrics, 'datasync_refusals_total')).toBe(1);
    expect(total(metrics, 'datasync_requests_total', { status: '429' })).toBe(1);
    expect(total(metrics, 'datasync_last_commit_timestamp_seconds')).toBe(0);
  });

  test('are those that docs/metrics.md lists', async () => {
    const { url } = await startStill();
    const given = [...(await scrape(url)).keys()].sort();
    const page = readFileSync(join(REPOSITORY, 'docs/metrics.md'), 'utf8');
    // Those of a schedule are given by one alone.
    const always = page.replace(/^## On a schedule\n[\s\S]*?(?=^## )/m, '');
    const rows = always.split('\n').filter((line) => line.startsWith('| `'));
    const listed = rows.flatMap((row) => (row.split('|')[1] ?? '').match(/[a-z]+_[a-z0-9_]+/g));
    expect(listed.sort()).toEqual(given);
    for (const name of given) expect(name).toMatch(/^(?:datasync|nodejs|process)_/);
  });

  test('are named by the conventions: counters end in _total, spans and sizes in their unit', async () => {
    const { url } = await startStill();
    for (const { name, type, help } of (await scrape(url)).values()) {
      if (!name.startsWith('datasync_')) continue;
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
      expect(name).not.toMatch(/_ms|_milli|_kb|_mb/);
      expect(help).not.toBe('');
    }
  });
});

test('a text that breaks the format is found', () => {
  const good = '# HELP a_total A.\n# TYPE a_total counter\na_total{b="c"} 1\n';
  expect(parsePrometheus(good).get('a_total')?.samples).toHaveLength(1);
  expect(() => parsePrometheus(`${good}a_total{b="c"} 2\n`)).toThrow(/twice/);
  expect(() => parsePrometheus(good.replace(' 1', ' one'))).toThrow(/no sample/);
  expect(() => parsePrometheus('a_total 1\n')).toThrow(/orphan/);
  expect(() => parsePrometheus(good.replace('"c"', 'c'))).toThrow(/labels/);
});

describe('health', () => {
  test('the process is ready once database and workers are', async () => {
    const { url } = await startStill();
    const alive = await fetch(`${url}/healthz`);
    expect([alive.status, await alive.json()]).toEqual([200, { alive: true }]);
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { ready: true, database: 'ok', workers: 'ok' },
    ]);
  });

  test('while the database is out of reach it lives and is not ready, and says why', async () => {
    const child = folder.start(['serve', '--port', '0'], {
      DATABASE_URL: 'postgres://nobody:sup3rsecret@127.0.0.1:1/none',
      LOG_LEVEL: 'info',
    });
    const url = await addressOf(child);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${url}/readyz`);
    const text = await ready.text();
    expect(ready.status).toBe(503);
    expect(JSON.parse(text)).toEqual({ ready: false, database: 'not opened yet' });
    child.signal('SIGTERM');
    expect((await child.end()).code).toBe(0);
  });
});

test('the snapshot has the figures of the run', async () => {
  const { url } = await startStill();
  const { live, log } = await untilSnapshot<RunSnapshot>(
    url,
    (snapshot) => snapshot.live?.sample?.rows === 3_000 && snapshot.live.eta !== null,
  );
  expect(live).toMatchObject({
    run: 1,
    state: 'running',
    resumedFrom: null,
    rows: {
      ...{ ingested: 3_000, total: 20_000 },
      ...{ inserted: 3_000, updated: 0, duplicate: 0, quarantined: 0 },
    },
    pages: 3,
    requests: { sent: 3, permitted: 3, refused: 0, retries: 0 },
    limit: { quota: 3, windowMs: 30_000, used: 3 },
    credits: { heldBytes: 0 },
    eta: { boundBy: 'limit' },
  });
  expect(live?.limit?.comingMs).toHaveLength(3);
  expect(live?.segments.segments[0]).toMatchObject({
    from: 0,
    isOpen: true,
    pages: 3,
    rows: 3_000,
  });
  expect(live?.headLatency?.count).toBe(3);
  expect(log.map(({ event }) => event)).toContain('http_listening');
  // The log of single pages is not for a page that shows the last lines only.
  expect(log.map(({ level }) => level)).not.toContain('debug');
});

test('nothing that it says holds the key or a password', async () => {
  const { url } = await startStill();
  const paths = [
    '/',
    '/metrics',
    '/healthz',
    '/readyz',
    '/api/runs',
    '/api/runs/1',
    '/dashboard.js',
  ];
  const texts = await Promise.all(paths.map(async (path) => (await fetch(`${url}${path}`)).text()));
  const snapshot = await untilSnapshot<object>(url, () => true);
  const password = new URL(database.connectionString).password;
  for (const text of [...texts, JSON.stringify(snapshot)]) {
    expect(text).not.toContain(API_KEY);
    if (password !== '') expect(text).not.toContain(password);
    expect(text).not.toMatch(/postgres(?:ql)?:\/\//);
  }
});

describe('the name that it is asked by', () => {
  /** `fetch` sets the header itself. */
  const ask = (url: string, path: string, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      get(`${url}${path}`, { headers }, (response) => {
        response.destroy();
        resolve(response.statusCode ?? 0);
      }).on('error', reject);
    });

  test('is loopback, its own, or one that was set: any other gets a 421, whatever it asks for', async () => {
    const child = folder.start(['serve', '--port', '0'], {
      ...{ DATABASE_URL: 'postgres://127.0.0.1:1/none', LOG_LEVEL: 'info' },
      HTTP_ALLOWED_HOSTS: 'assignment-ingestion, runs.example',
    });
    const url = await addressOf(child);
    const { port } = new URL(url);
    for (const path of ['/', '/events', '/metrics', '/healthz', '/api/runs', '/no-such-page']) {
      expect(await ask(url, path, { host: `evil.example:${port}` }), path).toBe(421);
    }
    for (const host of [
      'localhost',
      '127.0.0.1',
      '[::1]',
      'assignment-ingestion',
      'Runs.Example',
    ]) {
      expect(await ask(url, '/healthz', { host: `${host}:${port}` }), host).toBe(200);
    }
    const fromElsewhere = { 'sec-fetch-site': 'cross-site' };
    expect(await ask(url, '/events', fromElsewhere)).toBe(403);
    expect(await ask(url, '/events', { 'sec-fetch-site': 'same-origin' })).toBe(200);
    // A link from elsewhere may open the page.
    expect(await ask(url, '/', fromElsewhere)).toBe(200);
  });
});

test('a port that is taken ends the start with exit 2, before anything is asked', async () => {
  const simulator = await simulate();
  const taken = createServer();
  const port = await new Promise<number>((resolve) => {
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
  });
  try {
    const environment = environmentFor(simulator, database, { HTTP_PORT: String(port) });
    const { code, stderr } = await folder.run(['ingest', '--json'], environment);
    expect(code).toBe(2);
    expect(stderr).toMatch(`HTTP_PORT ${port} is taken`);
    expect(simulator.stats().requests).toEqual({});
  } finally {
    taken.close();
  }
});

test('without HTTP_PORT nothing listens and nothing of it is loaded', async () => {
  const simulator = await simulate({ events: 2_000 });
  const loadsServer = /node_modules\/fastify\//;
  const quiet = { ...environmentFor(simulator, database), NODE_DEBUG: 'esm' };
  const { code, stderr } = await folder.run(['ingest', '--json'], quiet);
  expect(code).toBe(0);
  expect(stderr).toContain('/chunks/ingest-');
  expect(stderr).not.toContain('http_listening');
  expect(stderr).not.toMatch(loadsServer);
  // The control: with a port it is loaded, and this is how that is seen.
  const shown = await folder.run(['ingest', '--json'], { ...quiet, HTTP_PORT: '0' });
  expect(shown.stderr).toContain('http_listening');
  expect(shown.stderr).toMatch(loadsServer);
});

describe('serve', () => {
  test('shows earlier runs with their reports, from the database', async () => {
    const simulator = await simulate({ events: 2_500 });
    const environment = environmentFor(simulator, database);
    expect((await folder.run(['ingest', '--json'], environment)).code).toBe(0);
    const child = folder.start(['serve', '--port', '0'], environment);
    const url = await addressOf(child);
    await untilReady(url);
    const { runs } = (await (await fetch(`${url}/api/runs`)).json()) as { runs: object[] };
    expect(runs).toMatchObject([{ run: 1, status: 'complete', inserted: 2_500, quarantined: 0 }]);
    const report = (await (await fetch(`${url}/api/runs/1`)).json()) as {
      rows: number;
      pace: number[];
    };
    expect(report).toMatchObject({ run: 1, rows: 2_500, returned: 2_500, quarantine: [] });
    expect(report.pace.reduce((sum, step) => sum + step, 0)).toBe(2_500);
    expect((await fetch(`${url}/api/runs/2`)).status).toBe(404);
    expect((await fetch(`${url}/api/runs/x`)).status).toBe(404);
    const { live } = await untilSnapshot<RunSnapshot>(url, () => true);
    expect(live).toBeNull();
    expect(total(await scrape(url), 'datasync_run_state', { state: 'complete' })).toBe(1);
    child.signal('SIGINT');
    expect((await child.end()).code).toBe(0);
  });
});
