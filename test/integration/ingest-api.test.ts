/** What the API may do to a run: refuse the key, fall ill, contradict itself, spoil an answer. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import { type FixtureServer, startFixtureServer } from '../support/fixture-server.js';
import {
  environmentFor,
  expectExactly,
  ledgerSums,
  runStatus,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

/** The knobs that are shares of requests: each of them must have hit at least once, in a test of it. */
const SHARES = new Set([
  'htmlError',
  'truncatedBody',
  'nullBody',
  'nonJsonBody',
  'reset',
  'missingLimitHeaders',
  'nonsenseLimitHeaders',
  'duplicateRows',
  'reservedPage',
]);

let server: FixtureServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

describe('refused credentials', () => {
  test('a wrong key ends the run with exit 4 after one request, and is not shown', async () => {
    const simulator = await simulate();
    const key = 'wr0ng_k3y_c41d';
    const { code, result, stdout, stderr } = await folder.run(
      ['ingest', '--json'],
      environmentFor(simulator, database, { TARGET_API_KEY: key }),
    );
    expect(code, stderr).toBe(4);
    expect(result).toMatchObject({ status: 'failed', requests: 1, pages: 0 });
    expect(result?.reason).toMatch(/401.*the API refused the key.*Check TARGET_API_KEY/);
    expect(simulator.stats().requests).toEqual({ events: { 401: 1 } });
    const state = readFileSync(folder.stateFile, 'utf8');
    expect(stdout + stderr + state).not.toMatch(key);
  });

  test('a 403 likewise', async () => {
    server = await startFixtureServer((_, response) => {
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end('{"error":"Forbidden","message":"no","code":"FORBIDDEN"}');
    });
    const { code, result } = await folder.run(
      ['ingest', '--json'],
      environmentFor({ baseUrl: `${server.origin}/api/v1` }, database),
    );
    expect(code).toBe(4);
    expect(result?.reason).toMatch(/403.*refused the key/);
    expect(server.requests).toHaveLength(1);
  });

  test('a key that dies in mid-run ends the run, and what was committed is kept', async () => {
    const simulator = await simulate({ keyDiesAfterRequests: 6 });
    const environment = environmentFor(simulator, database);
    const { code } = await folder.run(['ingest', '--json'], environment);
    expect(code).toBe(4);
    expect(await ledgerSums(database.pool)).toMatchObject({ pages: 6, unbalanced: 0 });
    expect(await runStatus(database.pool)).toBe('failed');
  });
});

describe('a sick API', () => {
  test('ends the run with exit 3 in bounded time, its state saved, to be resumed', async () => {
    const simulator = await simulate({ htmlError: 1, events: 3_000 });
    const environment = environmentFor(simulator, database, {
      MAX_RETRIES: '0',
      RETRY_PAUSE: '0.05',
    });
    const { code, result, tookMs, stderr } = await folder.run(['ingest', '--json'], environment);
    expect(code, stderr).toBe(3);
    expect(tookMs).toBeLessThan(15_000);
    expect(result).toMatchObject({
      status: 'paused',
      reason: expect.stringMatching(/the API is not well: segment 0, page 1: HTTP 50[234]/),
    });
    // Five pauses, each after an attempt, and the attempt after the last.
    expect(result?.requests).toBe(6);
    expect(folder.readState()).toMatchObject({ status: 'paused', eventsIngested: 0 });
    expect(await runStatus(database.pool)).toBe('paused');
  });

  test('that asks for hours of silence pauses the run at once, which says until when', async () => {
    server = await startFixtureServer((_, response) => {
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '60000' });
      response.end('{"error":"Too Many Requests","code":"RATE_LIMIT_EXCEEDED"}');
    });
    const environment = environmentFor({ baseUrl: `${server.origin}/api/v1` }, database);
    const askedAtMs = Date.now();
    const { code, result, stderr, lingeredMs } = await folder.run(
      ['ingest', '--json'],
      environment,
    );
    expect(code, stderr).toBe(3);
    expect(lingeredMs).toBeLessThan(10_000);
    expect(server.requests).toHaveLength(1);
    const resumeAt = String(result?.resumeAt);
    expect(result?.reason).toBe(`nothing may be asked of the API before ${resumeAt}`);
    const silenceMs = Date.parse(resumeAt) - askedAtMs;
    expect(silenceMs).toBeGreaterThanOrEqual(60_000_000);
    expect(silenceMs).toBeLessThan(60_000_000 + 120_000);
    const { stdout } = await folder.run(['status'], environment);
    expect(stdout).toContain(`from ${resumeAt.slice(0, 10)}`);
  });

  test('that is never there ends the run likewise', async () => {
    const { code, result, stderr } = await folder.run(
      ['ingest', '--json'],
      environmentFor({ baseUrl: 'http://127.0.0.1:1/api/v1' }, database, {
        MAX_RETRIES: '0',
        RETRY_PAUSE: '0.02',
      }),
    );
    expect(code, stderr).toBe(3);
    expect(result?.reason).toMatch(/nothing has answered in .*ECONNREFUSED/);
  });
});

describe('an API that contradicts itself', () => {
  const quick = { MAX_RETRIES: '1', RETRY_PAUSE: '0.02' };

  test.each([
    ['there is more but gives no cursor', { missingCursor: 1 }],
    ['gave a cursor', { loopingCursor: 1 }],
    ['gave a cursor', { loopingCursor: 1, opaqueCursors: true }],
  ] satisfies [string, Partial<SimulatorSettings>][])(
    'ends the run, naming segment and page: %s (%o)',
    async (message, faults) => {
      const simulator = await simulate(faults);
      const { code, result, stderr } = await folder.run(
        ['ingest', '--json'],
        environmentFor(simulator, database, quick),
      );
      expect(code, stderr).toBe(1);
      expect(result).toMatchObject({ status: 'failed' });
      expect(result?.reason).toMatch(/^segment \d+, page \d+: /);
      expect(result?.reason).toMatch(message);
      expect(simulator.stats().eventsArrivalsMs.length).toBeLessThan(10);
      expect(await runStatus(database.pool)).toBe('failed');
    },
  );

  test('a redirect is not followed: the key goes to no other place', async () => {
    const elsewhere = await startFixtureServer((_, response) => response.end('{}'));
    server = elsewhere;
    const simulator = await simulate({ redirect: 1, redirectTo: `${elsewhere.origin}/events` });
    const { code, result } = await folder.run(
      ['ingest', '--json'],
      environmentFor(simulator, database),
    );
    expect(code).toBe(1);
    expect(result?.reason).toMatch(/redirects.*Set API_BASE_URL/);
    expect(elsewhere.requests).toHaveLength(0);
  });
});

describe('spoilt answers', () => {
  const faults: readonly [string, Partial<SimulatorSettings>][] = [
    ['HTML errors', { htmlError: 0.1 }],
    ['truncated bodies', { truncatedBody: 0.1, truncatedBodyBytes: 50_000 }],
    ['null bodies', { nullBody: 0.1 }],
    ['bodies that are not JSON', { nonJsonBody: 0.1 }],
    ['connections reset in mid-body', { reset: 0.1 }],
    ['answers without limit headers', { missingLimitHeaders: 0.3 }],
    ['limit headers that make no sense', { nonsenseLimitHeaders: 0.1 }],
    ['pages that begin with rows of the page before', { duplicateRows: 0.2 }],
    ['pages of the place before', { reservedPage: 0.1 }],
    ['gzip and the flat shape', { gzip: true, flatShape: true }],
    ['a clock that is 37 s ahead', { clockSkewMs: 37_000, cursorTtlMs: 20_000 }],
  ];
  const all = Object.assign({}, ...faults.slice(0, 9).map(([, changes]) => changes), {
    htmlError: 0.03,
    truncatedBody: 0.03,
    nullBody: 0.03,
    nonJsonBody: 0.03,
    reset: 0.03,
  }) as Partial<SimulatorSettings>;

  const hasFaults = (changes: object): boolean =>
    Object.keys(changes).some((name) => SHARES.has(name));

  const together = [
    ['all of it together', all],
    ['all of it together behind opaque cursors', { ...all, opaqueCursors: true }],
  ] as const;

  test.each([...faults, ...together])('%s: exactly the ids in the end', async (_, changes) => {
    const simulator = await simulate({ seed: 5, eventsQuota: 500, ...changes });
    const { code, result, stderr } = await folder.run(
      ['ingest', '--json'],
      environmentFor(simulator, database, { BATCH_SIZE: '500', RETRY_PAUSE: '0.1' }),
    );
    expect(code, stderr).toBe(0);
    await expectExactly(database.pool, simulator.settings);
    expect(await ledgerSums(database.pool)).toMatchObject({ inserted: 20_000, unbalanced: 0 });
    expect(result).toMatchObject({ status: 'complete', eventsIngested: 20_000 });
    if (hasFaults(changes)) expect(simulator.stats().faults).not.toEqual({});
  });
});
