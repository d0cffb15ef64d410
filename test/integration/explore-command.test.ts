/** `datasync explore` as a process: what it says, what it writes, how it ends, what `ingest` makes of it. */
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { IngestionError } from '../../src/core/fault.js';
import { acquireRunLock } from '../../src/database/run-lock.js';
import { type Exploration, explorationForm } from '../../src/explore/schema.js';
import { exploreOrigin, mostInWindow } from '../support/explored.js';
import { holdingCommits } from '../support/hold-commits.js';
import {
  API_KEY,
  environmentFor,
  expectExactly,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

const HTML = '<!DOCTYPE html><html></html>';
const LARGEST = { BATCH_SIZE: '', LOG_LEVEL: 'debug' };
/** So few that they wait for no window to pass. */
const BRIEF = ['--budget', '4'];

function readExploration(): Exploration {
  const text = readFileSync(join(folder.path, 'exploration.json'), 'utf8');
  return explorationForm.parse(JSON.parse(text));
}

describe('an exploration', () => {
  test('states its cost first, keeps to it, and tells in 80 columns and two files', async () => {
    const simulator = await simulate({ events: 9_000, pageCap: 400 });
    const environment = environmentFor(simulator, database, LARGEST);
    const { code, stdout, stderr } = await folder.run(['explore'], environment);
    expect(code, stderr).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.findIndex((line) => /At most 12 requests of events/.test(line))).toBeLessThan(
      lines.findIndex((line) => /^Findings \(\d+ requests of events used\)/.test(line)),
    );
    const written = lines.at(-1) ?? '';
    expect(lines.filter((line) => line.length > 80 && line !== written)).toEqual([]);
    expect(stdout).toMatch(/page\.largest-size +measured +400 records/);
    expect(stdout).toMatch(/A whole ingestion \(9,000 events, \d+ pages\): about/);
    const { eventsArrivalsMs, refused } = simulator.stats();
    expect(eventsArrivalsMs.length).toBeLessThanOrEqual(12);
    expect(refused).toBe(0);
    const exploration = readExploration();
    expect(exploration.requests.used.events).toBe(eventsArrivalsMs.length);
    // What the machine takes was measured, and nothing is left of it.
    expect(exploration.prediction?.assuming).toEqual([]);
    const { rows } = await database.pool.query("SELECT to_regclass('exploration_trial') AS trial");
    expect(rows).toEqual([{ trial: null }]);
    const markdown = readFileSync(join(folder.path, 'exploration.md'), 'utf8');
    for (const { name } of exploration.findings) expect(markdown).toContain(`| ${name} |`);
    expect(`${stdout}${stderr}${markdown}${JSON.stringify(exploration)}`).not.toContain(API_KEY);
  });

  test('with a smaller budget asks less, and says what it left out', async () => {
    const simulator = await simulate({ events: 9_000, pageCap: 400 });
    const environment = environmentFor(simulator, database);
    const args = ['explore', '--budget', '3', '--no-database', '--output-folder', 'made/here'];
    const { code, stdout } = await folder.run(args, environment);
    expect(code).toBe(0);
    expect(stdout).toMatch(/At most 3 requests of events/);
    expect(stdout).toMatch(/Left out for the budget: compression/);
    expect(simulator.stats().eventsArrivalsMs).toHaveLength(3);
    expect(readFileSync(join(folder.path, 'made/here/exploration.md'), 'utf8')).toMatch(/Findings/);
  });

  test('--json prints the exploration alone, and the file holds the same', async () => {
    const simulator = await simulate({ events: 2_000, pageCap: 400 });
    const environment = environmentFor(simulator, database);
    const { stdout, result } = await folder.run(
      ['explore', '--json', '--no-database', '--budget', '4'],
      environment,
    );
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(explorationForm.parse(result)).toEqual(readExploration());
  });

  test('knows the requests of an ingestion before it, so that none is refused', async () => {
    const simulator = await simulate({
      events: 4_000,
      pageCap: 500,
      eventsQuota: 8,
      eventsWindowMs: 4_000,
    });
    const environment = environmentFor(simulator, database, LARGEST);
    expect((await folder.run(['ingest', '--json'], environment)).code).toBe(0);
    expect((await folder.run(['explore', '--json', ...BRIEF], environment)).code).toBe(0);
    expect(simulator.stats().eventsArrivalsMs.length).toBeGreaterThan(8);
    expect(mostInWindow(simulator.stats(), 4_000)).toBeLessThanOrEqual(8);
  });
});

describe('beside an ingestion of the same API', () => {
  test('it is refused, says by whom, and leaves the log of its requests alone', async () => {
    const simulator = await simulate({ eventsQuota: 5, eventsWindowMs: 1_000 });
    const environment = environmentFor(simulator, database);
    const running = await holdingCommits(database, async (hold) => {
      const ingestion = folder.start(['ingest', '--json'], environment);
      await ingestion.untilLog('page_committed', { count: 2 });
      await hold();
      const { code, stderr } = await folder.run(['explore', ...BRIEF], environment);
      expect(code).toBe(1);
      expect(stderr).toMatch(`already being run by datasync-ingestion process ${ingestion.pid}`);
      return ingestion;
    });
    expect(existsSync(join(folder.path, 'exploration.json'))).toBe(false);
    expect((await running.end()).code).toBe(0);
    expect(mostInWindow(simulator.stats(), 1_000)).toBeLessThanOrEqual(5);
    expect(simulator.stats().refused).toBe(0);
  });

  test('that begins meanwhile, the ingestion is refused, and status takes it for none', async () => {
    const simulator = await simulate();
    const environment = environmentFor(simulator, database);
    await folder.run(['ingest', '--json', '--max-events', '2000'], environment);
    await database.pool.query("UPDATE ingestion_runs SET status = 'running'");
    const lock = await acquireRunLock(
      database.pool,
      { source: 'datasync', stream: 'events', origin: simulator.baseUrl },
      {
        activity: 'exploration',
      },
    );
    try {
      const { code, stderr } = await folder.run(['ingest', '--json'], environment);
      expect(code).toBe(1);
      expect(stderr).toMatch(`is being explored by datasync-exploration process ${process.pid}`);
      const { result } = await folder.run(['status', '--json'], environment);
      expect(result).toMatchObject({ state: 'stopped', worker: null });
    } finally {
      await lock.release();
    }
  });
});

describe('an ingestion after it', () => {
  const LIMIT = { eventsQuota: 12, eventsWindowMs: 4_000 };

  test.each([
    ['the database', []],
    ['exploration.json alone', ['--no-database']],
  ])('finds the used requests in %s, and overshoots by none', async (_, flags) => {
    const simulator = await simulate({ events: 4_200, pageCap: 300, ...LIMIT });
    const environment = environmentFor(simulator, database, LARGEST);
    const explored = await folder.run(['explore', '--json', ...BRIEF, ...flags], environment);
    expect(explored.code, explored.stderr).toBe(0);
    const used = simulator.stats().eventsArrivalsMs.length;
    const ingested = await folder.run(['ingest', '--json'], environment);
    expect(ingested.code, ingested.stderr).toBe(0);
    expect(ingested.stderr).toMatch(
      /starts from exploration\.json \(0 min old\): 12 requests in 4 s, pages of 300; live answers correct it/,
    );
    expect(simulator.stats().eventsArrivalsMs.length).toBeGreaterThan(used + 12);
    expect(mostInWindow(simulator.stats(), LIMIT.eventsWindowMs)).toBeLessThanOrEqual(12);
    await expectExactly(database.pool, simulator.settings);
  });

  test('is not held by findings that are false', async () => {
    const simulator = await simulate({ events: 9_000, pageCap: 1_000 });
    const environment = environmentFor(simulator, database, LARGEST);
    await folder.run(['explore', '--json', '--no-database'], environment);
    const found = readExploration();
    const falsified = {
      ...found,
      startingValues: {
        ...found.startingValues,
        pageRecords: 10,
        bytesPerRecord: 1,
        policy: { quota: 1, windowMs: 3_000 },
      },
    };
    writeFileSync(join(folder.path, 'exploration.json'), JSON.stringify(falsified));
    const { code, result } = await folder.run(['ingest', '--json'], environment);
    expect(code).toBe(0);
    // Nine pages of the true size and the doublings on the way to it; at the false pace hours.
    expect(result?.requests).toBeLessThan(25);
    expect(result?.durationMs).toBeLessThan(15_000);
    await expectExactly(database.pool, simulator.settings);
  });

  test('keeps to what the user has set', async () => {
    const simulator = await simulate({ events: 3_000, pageCap: 1_000 });
    const environment = environmentFor(simulator, database, LARGEST);
    await folder.run(['explore', '--json', '--no-database'], environment);
    const before = simulator.stats().pagesServed;
    const { stderr } = await folder.run(['ingest', '--json', '--limit', '250'], environment);
    expect(stderr).toMatch(/starts from exploration\.json .*50 requests in 1 s; live/);
    expect(simulator.stats().pagesServed - before).toBeGreaterThanOrEqual(12);
  });
});

describe('what is not the API, or not open to us', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  async function serve(status: number, type: string, body: string): Promise<string> {
    const server = createServer((_, response) => {
      response.writeHead(status, { 'Content-Type': type, Location: 'http://elsewhere.invalid/' });
      response.end(body);
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
  }

  function runAt(baseUrl: string, key = API_KEY) {
    const environment = { TARGET_API_KEY: key, API_BASE_URL: baseUrl };
    return folder.run(['explore', '--json', '--no-database'], environment);
  }

  test('a wrong key: exit 4', async () => {
    const simulator = await simulate();
    const { code, stderr, stdout } = await runAt(simulator.baseUrl, 'wrong-k3y');
    expect(code).toBe(4);
    expect(stderr).toMatch(/refused the key.*TARGET_API_KEY/);
    expect(`${stdout}${stderr}`).not.toContain('wrong-k3y');
  });

  test('an HTML page: exit 1, and nothing is written', async () => {
    const { code, stderr, result } = await runAt(await serve(200, 'text/html', HTML));
    expect(code).toBe(1);
    expect(stderr).toMatch(/an HTML page.*not the API of the source "datasync".*API_BASE_URL/);
    expect(result).toMatchObject({ status: 'failed', exitCode: 1, fault: 'CONTRACT' });
    expect(existsSync(join(folder.path, 'exploration.json'))).toBe(false);
  });

  test.each([
    [
      'another API',
      200,
      'application/json',
      '{"items":[]}',
      /JSON of another form.*not the API of the source/,
    ],
    ['text', 200, 'text/plain', 'OK', /no JSON.*not the API of the source "datasync"/],
    ['nothing under that path', 404, 'text/html', HTML, /HTTP 404.*API_BASE_URL/],
    ['a redirect', 302, 'text/plain', '', /redirects.*API_BASE_URL/],
    ['a sick API', 503, 'text/html', HTML, /HTTP 503/],
  ] as const)('%s is named', async (_, status, type, body, message) => {
    const asked = exploreOrigin(new URL(await serve(status, type, body)).origin);
    await expect(asked).rejects.toThrow(message);
    await expect(asked).rejects.toThrow(IngestionError);
  });

  test('nobody there is named after one request', async () => {
    const { origin } = new URL(await serve(200, 'text/plain', ''));
    const gone = servers.pop() as Server;
    gone.close();
    await once(gone, 'close');
    await expect(exploreOrigin(origin)).rejects.toThrow(
      /no answer from http.*refused.*Check API_BASE_URL/,
    );
  });

  test('an address without a key: exit 2', async () => {
    const environment = { API_BASE_URL: 'http://127.0.0.1:9/api/v1' };
    const { code, stderr } = await folder.run(['explore'], environment);
    expect(code).toBe(2);
    expect(stderr).toMatch(/TARGET_API_KEY/);
  });
});
