/** The contract of the API, line by line, over HTTP. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type SimulatorHandle, startSimulator } from '../../src/simulator/server.js';
import { simulatorSettings } from '../../src/simulator/settings.js';

const EVENTS = 12_000;
const NO_LIMITS = { eventsQuota: 0, sessionsQuota: 0, metricsQuota: 0, bulkQuota: 0 };
const AT_ONCE = { latencyMs: 0, latencyJitterMs: 0, events: EVENTS, ...NO_LIMITS };
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

interface Page {
  readonly data: { readonly id: string; readonly type?: string; readonly sessionId?: string }[];
  readonly pagination: {
    readonly limit: number;
    readonly hasMore: boolean;
    readonly nextCursor: string | null;
    readonly cursorExpiresIn: number | null;
  };
  readonly meta: { readonly total: number; readonly returned: number; readonly requestId: string };
}

let shared: SimulatorHandle;
const started: SimulatorHandle[] = [];

beforeAll(async () => {
  shared = await startSimulator(simulatorSettings.parse(AT_ONCE));
});
afterAll(() => shared.close());
afterEach(async () => {
  for (const simulator of started.splice(0)) await simulator.close();
});

async function start(changes: Record<string, unknown>): Promise<SimulatorHandle> {
  const simulator = await startSimulator(simulatorSettings.parse({ ...AT_ONCE, ...changes }));
  started.push(simulator);
  return simulator;
}

function ask(path: string, options: RequestInit = {}, simulator = shared): Promise<Response> {
  const headers = { 'X-API-Key': 'simulator-key', ...(options.headers as object) };
  return fetch(`${simulator.origin}${path}`, { ...options, headers });
}

async function page(path: string, simulator = shared): Promise<Page> {
  const response = await ask(path, {}, simulator);
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
}

async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { error: string; message: string; code: string };
  expect(Object.keys(body).sort()).toEqual(['code', 'error', 'message']);
  return body.code;
}

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
  const wrong = await ask('/api/v1/events', { headers: { 'X-API-Key': 'wrong' } });
  expect([wrong.status, await codeOf(wrong)]).toEqual([401, 'INVALID_API_KEY']);
});

test('the default limit is 100, larger ones are cut to 5,000 silently, unknown parameters ignored', async () => {
  const usual = await page('/api/v1/events');
  expect([usual.pagination.limit, usual.data.length, usual.meta.returned]).toEqual([100, 100, 100]);
  const largest = await page('/api/v1/events?limit=9000&nosuch=1');
  expect([largest.pagination.limit, largest.data.length]).toEqual([5_000, 5_000]);
  for (const limit of ['0', '-4', 'many']) {
    expect((await page(`/api/v1/events?limit=${limit}`)).data.length).toBe(100);
  }
});

test('a page has the nested shape, its request id is the one in the header', async () => {
  const response = await ask('/api/v1/events?limit=3');
  const body = (await response.json()) as Page;
  expect(Object.keys(body)).toEqual(['data', 'pagination', 'meta']);
  expect(Object.keys(body.pagination)).toEqual([
    'limit',
    'hasMore',
    'nextCursor',
    'cursorExpiresIn',
  ]);
  expect(body.meta).toEqual({
    total: EVENTS,
    returned: 3,
    requestId: response.headers.get('x-request-id'),
  });
  expect(body.pagination.cursorExpiresIn).toBe(120);
  expect(body.meta.requestId).toMatch(UUID_V4);
  for (const name of ['x-cache', 'x-cache-ttl', 'etag', 'date']) {
    expect(response.headers.has(name)).toBe(true);
  }
  expect(response.headers.get('content-type')).toContain('application/json');
  expect(response.headers.get('connection')).toBe('keep-alive');
});

test('a page that was served before is a cache hit with the same rows and another request id', async () => {
  const first = await ask('/api/v1/events?limit=1234');
  const second = await ask('/api/v1/events?limit=1234');
  expect([first.headers.get('x-cache'), second.headers.get('x-cache')]).toEqual(['MISS', 'HIT']);
  const [a, b] = [(await first.json()) as Page, (await second.json()) as Page];
  expect(b.data).toEqual(a.data);
  expect(b.meta.requestId).not.toBe(a.meta.requestId);
});

test('a warm simulator has every page of its size at hand', async () => {
  const simulator = await start({ warmLimit: 5_000 });
  let cursor: string | null = '';
  const caches: (string | null)[] = [];
  while (cursor !== null) {
    const response = await ask(`/api/v1/events?limit=5000&cursor=${cursor}`, {}, simulator);
    caches.push(response.headers.get('x-cache'));
    cursor = ((await response.json()) as Page).pagination.nextCursor;
  }
  expect(caches).toEqual(['HIT', 'HIT', 'HIT']);
});

test('the cursor is the last row, and its life begins with the request that gave it', async () => {
  const beforeMs = Date.now();
  const { data, pagination } = await page('/api/v1/events?limit=7');
  const cursor = JSON.parse(atob(pagination.nextCursor as string)) as Record<string, unknown>;
  expect(Object.keys(cursor)).toEqual(['id', 'ts', 'v', 'exp']);
  expect(cursor).toMatchObject({ id: data[6]?.id, v: 2 });
  expect(Number(cursor.exp) - beforeMs).toBeGreaterThanOrEqual(120_000 - 5);
  expect(Number(cursor.exp) - beforeMs).toBeLessThan(125_000);
  const next = await page(`/api/v1/events?limit=7&cursor=${pagination.nextCursor}`);
  const both = await page('/api/v1/events?limit=14');
  expect([...data, ...next.data].map(({ id }) => id)).toEqual(both.data.map(({ id }) => id));
});

test('the last page and an empty page have no cursor, and a cursor past the data is no error', async () => {
  const all = await page('/api/v1/events?limit=5000');
  expect(all.pagination.hasMore).toBe(true);
  const cursor = btoa(
    JSON.stringify({ id: all.data[0]?.id, ts: 1, v: 2, exp: Date.now() + 60_000 }),
  );
  const past = await page(`/api/v1/events?cursor=${cursor}`);
  expect(past.data).toEqual([]);
  expect(past.pagination).toMatchObject({ hasMore: false, nextCursor: null });
  expect(past.pagination.cursorExpiresIn).toBeNull();
});

test('an expired cursor and a garbled one have their own codes, and cost a request', async () => {
  const simulator = await start({ eventsQuota: 5 });
  const content = { id: '34032a95-8a13-43a0-ace4-c91315aa26f9', ts: 1_769_541_612_369, v: 2 };
  const expired = btoa(JSON.stringify({ ...content, exp: Date.now() - 1 }));
  const first = await ask(`/api/v1/events?cursor=${expired}`, {}, simulator);
  expect([first.status, await codeOf(first)]).toEqual([400, 'CURSOR_EXPIRED']);
  const second = await ask('/api/v1/events?cursor=garbage', {}, simulator);
  expect([second.status, await codeOf(second)]).toEqual([400, 'CURSOR_INVALID_FORMAT']);
  expect(second.headers.get('x-ratelimit-remaining')).toBe('3');
});

test('a cursor is good until its life ends', async () => {
  const simulator = await start({ cursorTtlMs: 1_000, latencyMs: 1_001 });
  const { pagination } = await page('/api/v1/events?limit=5', simulator);
  const late = await ask(`/api/v1/events?cursor=${pagination.nextCursor}`, {}, simulator);
  expect([late.status, await codeOf(late)]).toEqual([400, 'CURSOR_EXPIRED']);
  const patient = await start({ cursorTtlMs: 60_000 });
  const again = await page('/api/v1/events?limit=5', patient);
  await page(`/api/v1/events?cursor=${again.pagination.nextCursor}`, patient);
});

test('events can be filtered by type and by session', async () => {
  const errors = await page('/api/v1/events?type=error&limit=5000');
  expect(errors.data.every(({ type }) => type === 'error')).toBe(true);
  expect(errors.meta.total).toBe(errors.data.length);
  const sessionId = errors.data[0]?.sessionId as string;
  const ofSession = await page(`/api/v1/events?sessionId=${sessionId}`);
  expect(ofSession.data.length).toBeGreaterThan(0);
  expect(ofSession.data.every((event) => event.sessionId === sessionId)).toBe(true);
});

test('a single event is found by its id; an unknown one is 404 and costs a request of the events bucket', async () => {
  const simulator = await start({ eventsQuota: 5 });
  const { data } = await page('/api/v1/events?limit=3', simulator);
  const found = await ask(`/api/v1/events/${data[2]?.id}`, {}, simulator);
  expect(((await found.json()) as { data: { id: string } }).data.id).toBe(data[2]?.id);
  const unknown = await ask('/api/v1/events/nosuch', {}, simulator);
  expect([unknown.status, await codeOf(unknown)]).toEqual([404, 'EVENT_NOT_FOUND']);
  expect(unknown.headers.get('x-ratelimit-remaining')).toBe('2');
});

test('bulk takes up to 100 ids, has its own limit, and refuses other bodies', async () => {
  const simulator = await start({ bulkQuota: 20, eventsQuota: 10 });
  const { data } = await page('/api/v1/events?limit=100', simulator);
  const post = (body: string) => ask('/api/v1/events/bulk', { method: 'POST', body }, simulator);
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
  const sessions = await page('/api/v1/sessions?limit=5000');
  expect([sessions.meta.total, sessions.data.length]).toEqual([60_000, 5_000]);
  const next = await page(`/api/v1/sessions?cursor=${sessions.pagination.nextCursor}`);
  expect(next.data[0]?.id).not.toBe(sessions.data[4_999]?.id);
  const one = await ask(`/api/v1/sessions/${next.data[0]?.id}`);
  expect(((await one.json()) as { data: { id: string } }).data.id).toBe(next.data[0]?.id);
  expect((await ask('/api/v1/sessions/nosuch')).status).toBe(404);
  const metrics = await page('/api/v1/metrics');
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
    const response = await ask(path, { method });
    expect([response.status, await codeOf(response)]).toEqual([404, 'ENDPOINT_NOT_FOUND']);
  }
});

test('limits are announced on good and bad answers and refuse the eleventh request in full form', async () => {
  const simulator = await start({ eventsQuota: 10 });
  const remaining: (string | null)[] = [];
  for (let request = 0; request < 10; request++) {
    const response = await ask('/api/v1/events?limit=1', {}, simulator);
    await response.arrayBuffer();
    expect(response.headers.get('x-ratelimit-limit')).toBe('10');
    expect(response.headers.get('x-ratelimit-reset')).toMatch(/^(59|60)$/);
    remaining.push(response.headers.get('x-ratelimit-remaining'));
  }
  expect(remaining).toEqual(['9', '8', '7', '6', '5', '4', '3', '2', '1', '0']);
  const refused = await ask('/api/v1/events?limit=1', {}, simulator);
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
  const response = await ask('/api/v1/events?limit=1');
  expect([...response.headers.keys()].filter((name) => name.includes('ratelimit'))).toEqual([]);
});

test('an answer takes the latency, counted from the arrival of the request', async () => {
  const simulator = await start({ latencyMs: 150 });
  await page('/api/v1/events?limit=5000', simulator);
  const startMs = performance.now();
  await page('/api/v1/events?limit=1', simulator);
  const tookMs = performance.now() - startMs;
  expect(tookMs).toBeGreaterThanOrEqual(148);
});

test('the flat shape is that of the vendor document', async () => {
  const simulator = await start({ flatShape: true });
  const response = await ask('/api/v1/events?limit=2', {}, simulator);
  const body = (await response.json()) as Record<string, unknown>;
  expect(Object.keys(body)).toEqual(['data', 'hasMore', 'nextCursor']);
});

test('gzip is for those that accept it', async () => {
  const simulator = await start({ gzip: true });
  const packed = await ask('/api/v1/events?limit=500', {}, simulator);
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  const plain = await ask(
    '/api/v1/events?limit=500',
    { headers: { 'Accept-Encoding': 'identity' } },
    simulator,
  );
  expect(plain.headers.has('content-encoding')).toBe(false);
  expect(((await packed.json()) as Page).data).toEqual(((await plain.json()) as Page).data);
});

test('five submissions a key, in both forms of body, then no more', async () => {
  const simulator = await start({});
  const { data } = await page('/api/v1/events?limit=50', simulator);
  const ids = data.map(({ id }) => id);
  const repository = 'https://github.com/someone/something';
  const post = (body: string, type: string) =>
    ask(
      `/api/v1/submissions?github_repo=${encodeURIComponent(repository)}`,
      { method: 'POST', body, headers: { 'Content-Type': type } },
      simulator,
    );
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
  const list = await ask('/api/v1/submissions', {}, simulator);
  expect(await list.json()).toMatchObject({ success: true, data: { remainingSubmissions: 0 } });
});

test('a submission is judged against the data set in the statistics', async () => {
  const simulator = await start({});
  const { data } = await page('/api/v1/events?limit=10', simulator);
  const ids = [...data.map(({ id }) => id), data[0]?.id, crypto.randomUUID()];
  const repository = 'https://github.com/someone/something';
  const options = {
    method: 'POST',
    body: ids.join('\r\n'),
    headers: { 'Content-Type': 'text/plain' },
  };
  await ask(`/api/v1/submissions?github_repo=${repository}`, options, simulator);
  expect(simulator.stats().submissions).toEqual([
    { eventCount: 12, knownCount: 10, githubRepoUrl: repository },
  ]);
});

test('the statistics over HTTP are those of the handle', async () => {
  const simulator = await start({});
  await page('/api/v1/events?limit=10', simulator);
  await page('/api/v1/events?limit=10', simulator);
  const stats = (await (await ask('/__sim/stats', {}, simulator)).json()) as object;
  expect(stats).toMatchObject({ pagesServed: 2, distinctPagesServed: 1, refused: 0, faults: {} });
  expect(simulator.stats()).toMatchObject({ requests: { events: { 200: 2 }, stats: { 200: 1 } } });
});

test('a closed simulator cuts idle connections and requests that still wait', async () => {
  const simulator = await start({ latencyMs: 60_000 });
  const waiting = ask('/api/v1/events', {}, simulator);
  const cut = expect(waiting).rejects.toThrow();
  while (simulator.stats().eventsArrivalsMs.length === 0) await ask('/health', {}, simulator);
  await simulator.close();
  await cut;
});
