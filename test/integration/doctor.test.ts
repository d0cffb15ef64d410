/** doctor: what would keep an ingestion from its work is found before it begins. */
import type { RequestListener } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startFixtureServer } from '../support/fixture-server.js';
import { API_KEY, environmentFor, useEmptyTables, useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { useRedisServer } from '../support/redis-server.js';

const REDIS_PASSWORD = 'sesam-oeffne-dich';
const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

interface Finding {
  readonly what: string;
  readonly isGood: boolean;
  readonly message: string;
  readonly fault?: string;
}

async function diagnose(environment: Record<string, string>) {
  const { code, result, stderr } = await folder.run(['doctor', '--json'], environment);
  if (result === null) throw new Error(`doctor has no result: ${stderr}`);
  const findings = result.findings as Finding[];
  const find = (what: string) => findings.find((finding) => finding.what === what);
  return { code, result, findings, source: find('source'), port: find('HTTP port') };
}

/** An API that somebody else wrote. */
async function api(listener: RequestListener): Promise<{ baseUrl: string; asked: () => string[] }> {
  const server = await startFixtureServer(listener);
  onTestFinished(() => server.close());
  const asked = () => server.requests.map(({ url }) => url ?? '');
  return { baseUrl: `${server.origin}/api/v1`, asked };
}

describe('the API', () => {
  test('is asked one request that costs nothing of the limit', async () => {
    const simulator = await simulate();
    const { code, source, result, findings } = await diagnose(environmentFor(simulator, database));
    expect(source).toMatchObject({
      isGood: true,
      message: expect.stringMatching(/takes the key$/),
    });
    expect([code, result.status, result.exitCode]).toEqual([0, 'ok', 0]);
    // The disk of the server of DATABASE_URL is not ours to judge.
    expect(findings.map(({ what }) => what)).not.toContain('disk');
    const { requests } = simulator.stats();
    expect(requests).toMatchObject({ metrics: { 200: 1 } });
    expect(requests).not.toHaveProperty('events');
  });

  test('that refuses the key is told from one that is not there', async () => {
    const simulator = await simulate();
    const environment = environmentFor(simulator, database, { TARGET_API_KEY: 'wrong' });
    const refused = await diagnose(environment);
    expect(refused.source).toMatchObject({
      ...{ isGood: false, fault: 'CREDENTIALS' },
      message: expect.stringMatching(/refused the key.*Check TARGET_API_KEY/),
    });
    const nobody = { baseUrl: 'http://127.0.0.1:1/api/v1' };
    const unreachable = await diagnose(environmentFor(nobody, database));
    expect(unreachable.source).toMatchObject({
      ...{ isGood: false, fault: 'NETWORK' },
      message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:1\/api\/v1: .*Check API_BASE_URL/),
    });
    expect([refused.code, unreachable.code]).toEqual([1, 1]);
    expect(refused.result.message).toMatch(/^source: /);
  });

  test.each<[string, number, string, string]>([
    ['an HTML page', 200, '<!doctype html><p>Welcome', 'CONTRACT'],
    ['JSON of another form', 200, '{"items":[],"next":null}', 'CONTRACT'],
    ['no page', 404, '{"error":"Not Found"}', 'UNEXPECTED_STATUS'],
    ['a redirect', 302, '', 'REDIRECT'],
  ])('that answers with %s is another', async (_, status, body, fault) => {
    const { baseUrl } = await api((_, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(body);
    });
    const { code, source } = await diagnose(environmentFor({ baseUrl }, database));
    const message = expect.stringMatching(/API_BASE_URL/);
    expect(source).toMatchObject({ isGood: false, fault, message });
    expect(code).toBe(1);
  });

  test('without such a page is asked for one record, and it is said', async () => {
    const { baseUrl, asked } = await api((request, response) => {
      const isList = request.url?.startsWith('/api/v1/events?limit=1') === true;
      response
        .writeHead(isList ? 200 : 404, { 'content-type': 'application/json' })
        .end(isList ? '{"data":[{}],"hasMore":false,"nextCursor":null}' : '{}');
    });
    const { code, source } = await diagnose(environmentFor({ baseUrl }, database));
    expect(source).toMatchObject({
      isGood: true,
      message: expect.stringMatching(/one request of/),
    });
    expect(asked()).toEqual(['/api/v1/metrics?limit=1', '/api/v1/events?limit=1']);
    expect(code).toBe(0);
  });

  test('that is over its limit is well', async () => {
    const { baseUrl } = await api((_, response) => void response.writeHead(429).end('{}'));
    const { code, source } = await diagnose(environmentFor({ baseUrl }, database));
    expect(source).toMatchObject({ isGood: true, fault: 'RATE_LIMITED' });
    expect(code).toBe(0);
  });

  test('and its key are in no word', async () => {
    const { baseUrl } = await api((_, response) => void response.writeHead(500).end(API_KEY));
    const { stdout, stderr } = await folder.run(['doctor'], environmentFor({ baseUrl }, database));
    expect(stdout).toMatch(/FAIL source .*HTTP 500/);
    expect(stdout + stderr).not.toMatch(API_KEY);
  });
});

describe('the set-up', () => {
  const redis = useRedisServer({ password: REDIS_PASSWORD });

  test('a port that is taken is named, a free one is well, and none is not looked at', async () => {
    const simulator = await simulate();
    const holder = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void holder.close());
    await new Promise((resolve) => holder.once('listening', resolve));
    const port = String((holder.address() as AddressInfo).port);
    const taken = await diagnose(environmentFor(simulator, database, { HTTP_PORT: port }));
    expect(taken.port).toMatchObject({
      ...{ isGood: false, message: expect.stringMatching(`HTTP_PORT ${port} is taken`) },
    });
    expect(taken.code).toBe(1);
    const free = await diagnose(environmentFor(simulator, database, { HTTP_PORT: '0' }));
    expect(free.port?.isGood).toBe(true);
    expect((await diagnose(environmentFor(simulator, database))).port).toBeUndefined();
  });

  test('a Redis is named with the remedy where it cannot be used, and never with its password', async () => {
    const simulator = await simulate();
    const { port } = redis;
    const examined = async (redisUrl: string) => {
      const environment = environmentFor(simulator, database, { REDIS_URL: redisUrl });
      const { code, findings, result } = await diagnose(environment);
      expect(JSON.stringify(result)).not.toContain('sesam');
      return { code, finding: findings.find(({ what }) => what === 'Redis') };
    };
    const good = await examined(`redis://:${REDIS_PASSWORD}@127.0.0.1:${port}`);
    expect(good.finding).toMatchObject({ isGood: true, message: `127.0.0.1:${port} answers` });
    expect(good.code).toBe(0);
    const refused = await examined(`redis://:${REDIS_PASSWORD}x@127.0.0.1:${port}`);
    expect(refused.code).toBe(1);
    expect(refused.finding?.isGood).toBe(false);
    expect(refused.finding?.message).toMatch(
      /it refuses user or password.*Check user and password/,
    );
    const away = await examined(`redis://:${REDIS_PASSWORD}@127.0.0.1:1`);
    expect(away.finding?.message).toMatch(/127\.0\.0\.1:1: .*refused.*Check REDIS_URL/);
    const wrong = await examined(`http://:${REDIS_PASSWORD}@127.0.0.1`);
    expect(wrong.finding?.message).toMatch(/REDIS_URL begins with http:/);
    const { findings } = await diagnose(environmentFor(simulator, database));
    expect(findings.map(({ what }) => what)).not.toContain('Redis');
  });

  test('a variable that is nearly a setting is named, and ingest warns of it', async () => {
    const simulator = await simulate();
    const environment = environmentFor(simulator, database, { CREDIT_BYTSE: '9000000' });
    const { code, findings } = await diagnose(environment);
    const message = 'CREDIT_BYTSE is set and is no setting: CREDIT_BYTES is, and is not set';
    expect(findings).toContainEqual({ what: 'configuration', isGood: false, message });
    expect(code).toBe(1);
    const { stderr } = await folder.run(['ingest', '--dry-run'], environment);
    expect(stderr).toMatch(`"event":"settings_misspelt","message":"${message}"`);
    const refused = await folder.run(['ingest'], { API_BASE_URI: 'x', BATCH_SIZE: '0' });
    expect(refused.stderr).toMatch(/API_BASE_URI is set and is no setting: API_BASE_URL is/);
    const unsaid = await folder.run(['ingest'], { TARGET_API_KEYS: 'k', BATCH_SIZE: '0' });
    expect(unsaid.stderr).toMatch(/TARGET_API_KEYS is set and is no setting: TARGET_API_KEY is/);
  });
});
