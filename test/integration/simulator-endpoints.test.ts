/** The endpoints of the contract, their limits and their errors, over HTTP. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SimulatorHandle } from '../../src/simulator/server.js';
import {
  ask,
  codeOf,
  type Page,
  page,
  start,
  stopAll,
  UUID_V4,
} from '../support/simulator-client.js';

let shared: SimulatorHandle;

beforeEach(async () => {
  shared = await start();
});
afterEach(stopAll);
test('health is a plain OK and the manifest names endpoints and authentication, both without a key', async () => {
  const health = await fetch(`${shared.origin}/health`);
  expect([health.status, await health.text()]).toEqual([200, 'OK']);
  const manifest = await fetch(`${shared.origin}/api/v1`);
  expect(manifest.headers.has('x-ratelimit-limit')).toBe(false);
  expect(await manifest.json()).toEqual({
    name: expect.any(String),
    version: expect.any(String),
    endpoints: {
      events: '/api/v1/events',
      sessions: '/api/v1/sessions',
      metrics: '/api/v1/metrics',
    },
    authentication: { method: expect.any(String), header: 'X-API-Key' },
  });
});

test('without a key, or with a wrong one, the answer is 401', async () => {
  const missing = await fetch(`${shared.origin}/api/v1/events`);
  expect([missing.status, await codeOf(missing)]).toEqual([401, 'MISSING_API_KEY']);
  const wrong = await ask(shared, '/api/v1/events', { headers: { 'X-API-Key': 'wrong' } });
  expect([wrong.status, await codeOf(wrong)]).toEqual([401, 'INVALID_API_KEY']);
});

test('a single event is found by its id; an unknown one is 404 and costs a request of the events bucket', async () => {
  const simulator = await start({ eventsQuota: 5 });
  const { data } = await page(simulator, '/api/v1/events?limit=3');
  const found = await ask(simulator, `/api/v1/events/${data[2]?.id}`);
  expect(((await found.json()) as { data: { id: string } }).data.id).toBe(data[2]?.id);
  const unknown = await ask(simulator, '/api/v1/events/nosuch');
  expect([unknown.status, await codeOf(unknown)]).toEqual([404, 'EVENT_NOT_FOUND']);
  expect(unknown.headers.get('x-ratelimit-remaining')).toBe('2');
});

test('bulk takes up to 100 ids, has its own limit, and refuses other bodies', async () => {
  const simulator = await start({ bulkQuota: 20, eventsQuota: 10 });
  const { data } = await page(simulator, '/api/v1/events?limit=100');
  const post = (body: string) => ask(simulator, '/api/v1/events/bulk', { method: 'POST', body });
  const ids = data.map(({ id }) => id);
  const found = await post(JSON.stringify({ ids }));
  expect(found.headers.get('x-ratelimit-limit')).toBe('20');
  expect(((await found.json()) as Page).data.map(({ id }) => id)).toEqual(ids);
  const bad = ['{', '[]', '{"ids":[]}', JSON.stringify({ ids: [...ids, 'one more'] })];
  for (const body of bad) {
    const refused = await post(body);
    expect([refused.status, await codeOf(refused)]).toEqual([400, 'INVALID_BODY']);
  }
});

test('sessions page in the same form, each found by its id; metrics are always empty', async () => {
  const sessions = await page(shared, '/api/v1/sessions?limit=5000');
  expect([sessions.meta.total, sessions.data.length]).toEqual([60_000, 5_000]);
  const next = await page(shared, `/api/v1/sessions?cursor=${sessions.pagination.nextCursor}`);
  expect(next.data[0]?.id).not.toBe(sessions.data[4_999]?.id);
  const one = await ask(shared, `/api/v1/sessions/${next.data[0]?.id}`);
  expect(((await one.json()) as { data: { id: string } }).data.id).toBe(next.data[0]?.id);
  expect((await ask(shared, '/api/v1/sessions/nosuch')).status).toBe(404);
  const metrics = await page(shared, '/api/v1/metrics');
  expect(metrics).toMatchObject({ data: [], meta: { total: 0, returned: 0 } });
  expect(metrics.pagination).toMatchObject({ hasMore: false, nextCursor: null });
});

test('another path or method is ENDPOINT_NOT_FOUND', async () => {
  for (const [path, method] of [
    ['/api/v1/nosuch', 'GET'],
    ['/', 'GET'],
    ['/api/v1/events', 'DELETE'],
    ['/api/v1/sessions', 'POST'],
  ] as const) {
    const response = await ask(shared, path, { method });
    expect([response.status, await codeOf(response)]).toEqual([404, 'ENDPOINT_NOT_FOUND']);
  }
});

test('limits are announced on good and bad answers and refuse the eleventh request in full form', async () => {
  const simulator = await start({ eventsQuota: 10 });
  const remaining: (string | null)[] = [];
  for (let request = 0; request < 10; request++) {
    const response = await ask(simulator, '/api/v1/events?limit=1');
    await response.arrayBuffer();
    expect(response.headers.get('x-ratelimit-limit')).toBe('10');
    expect(response.headers.get('x-ratelimit-reset')).toMatch(/^(59|60)$/);
    remaining.push(response.headers.get('x-ratelimit-remaining'));
  }
  expect(remaining).toEqual(['9', '8', '7', '6', '5', '4', '3', '2', '1', '0']);
  const refused = await ask(simulator, '/api/v1/events?limit=1');
  expect(refused.status).toBe(429);
  const retryAfter = Number(refused.headers.get('retry-after'));
  expect(retryAfter).toBeGreaterThan(55);
  expect(retryAfter).toBeLessThanOrEqual(60);
  expect(await refused.json()).toEqual({
    error: 'Too Many Requests',
    message: expect.any(String),
    code: 'RATE_LIMIT_EXCEEDED',
    rateLimit: { limit: 10, remaining: 0, reset: retryAfter, retryAfter },
  });
  expect(simulator.stats()).toMatchObject({
    refused: 1,
    requests: { events: { 200: 10, 429: 1 } },
  });
  expect(simulator.stats().eventsArrivalsMs.length).toBe(11);
});

test('without a limit no limit headers are sent', async () => {
  const response = await ask(shared, '/api/v1/events?limit=1');
  expect([...response.headers.keys()].filter((name) => name.includes('ratelimit'))).toEqual([]);
});

test('five submissions a key, in both forms of body, then no more', async () => {
  const simulator = await start({});
  const { data } = await page(simulator, '/api/v1/events?limit=50');
  const ids = data.map(({ id }) => id);
  const repository = 'https://github.com/someone/something';
  const post = (body: string, type: string) =>
    ask(simulator, `/api/v1/submissions?github_repo=${encodeURIComponent(repository)}`, {
      method: 'POST',
      body,
      headers: { 'Content-Type': type },
    });
  const json = JSON.stringify({ ids, githubRepoUrl: repository });
  const empty = await post('', 'text/plain');
  expect([empty.status, await codeOf(empty)]).toEqual([400, 'INVALID_BODY']);
  const first = await post(`${ids.join('\n')}\n`, 'text/plain');
  expect(await first.json()).toEqual({
    success: true,
    data: {
      submissionId: expect.stringMatching(UUID_V4),
      eventCount: 50,
      githubRepoUrl: repository,
      submittedAt: expect.stringMatching(/Z$/),
      timeToSubmit: {
        ms: expect.any(Number),
        seconds: expect.any(Number),
        minutes: expect.any(Number),
        formatted: expect.any(String),
      },
      submissionNumber: 1,
      remainingSubmissions: 4,
    },
    message: expect.any(String),
  });
  for (let number = 2; number <= 5; number++) {
    const response = await post(json, 'application/json');
    expect(((await response.json()) as { data: object }).data).toMatchObject({
      eventCount: 50,
      submissionNumber: number,
      remainingSubmissions: 5 - number,
    });
  }
  expect((await post(json, 'application/json')).status).toBe(403);
  const list = await ask(simulator, '/api/v1/submissions');
  expect(await list.json()).toMatchObject({ success: true, data: { remainingSubmissions: 0 } });
});

test('a submission is judged against the data set in the statistics', async () => {
  const simulator = await start({});
  const { data } = await page(simulator, '/api/v1/events?limit=10');
  const ids = [...data.map(({ id }) => id), data[0]?.id, crypto.randomUUID()];
  const repository = 'https://github.com/someone/something';
  const options = {
    method: 'POST',
    body: ids.join('\r\n'),
    headers: { 'Content-Type': 'text/plain' },
  };
  await ask(simulator, `/api/v1/submissions?github_repo=${repository}`, options);
  expect(simulator.stats().submissions).toEqual([
    { eventCount: 12, knownCount: 10, githubRepoUrl: repository },
  ]);
});

test('the statistics over HTTP are those of the handle', async () => {
  const simulator = await start({});
  await page(simulator, '/api/v1/events?limit=10');
  await page(simulator, '/api/v1/events?limit=10');
  const stats = (await (await ask(simulator, '/__sim/stats')).json()) as object;
  expect(stats).toMatchObject({ pagesServed: 2, distinctPagesServed: 1, refused: 0, faults: {} });
  expect(simulator.stats()).toMatchObject({ requests: { events: { 200: 2 }, stats: { 200: 1 } } });
});

test('a closed simulator cuts idle connections and requests that still wait', async () => {
  const simulator = await start({ latencyMs: 60_000 });
  const waiting = ask(simulator, '/api/v1/events');
  const cut = expect(waiting).rejects.toThrow();
  while (simulator.stats().eventsArrivalsMs.length === 0) await ask(simulator, '/health');
  await simulator.close();
  await cut;
});
