/** The contract of pages and cursors, line by line, over HTTP. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SimulatorHandle } from '../../src/simulator/server.js';
import {
  ask,
  codeOf,
  EVENTS,
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
test('the default limit is 100, larger ones are cut to 5,000 silently, unknown parameters ignored', async () => {
  const usual = await page(shared, '/api/v1/events');
  expect([usual.pagination.limit, usual.data.length, usual.meta.returned]).toEqual([100, 100, 100]);
  const largest = await page(shared, '/api/v1/events?limit=9000&nosuch=1');
  expect([largest.pagination.limit, largest.data.length]).toEqual([5_000, 5_000]);
  for (const limit of ['0', '-4', 'many']) {
    expect((await page(shared, `/api/v1/events?limit=${limit}`)).data.length).toBe(100);
  }
});

test('a page has the nested shape, its request id is the one in the header', async () => {
  const response = await ask(shared, '/api/v1/events?limit=3');
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
  const first = await ask(shared, '/api/v1/events?limit=1234');
  const second = await ask(shared, '/api/v1/events?limit=1234');
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
    const response = await ask(simulator, `/api/v1/events?limit=5000&cursor=${cursor}`);
    caches.push(response.headers.get('x-cache'));
    cursor = ((await response.json()) as Page).pagination.nextCursor;
  }
  expect(caches).toEqual(['HIT', 'HIT', 'HIT']);
});

test('the cursor is the last row, and its life begins with the request that gave it', async () => {
  const beforeMs = Date.now();
  const { data, pagination } = await page(shared, '/api/v1/events?limit=7');
  const cursor = JSON.parse(atob(pagination.nextCursor as string)) as Record<string, unknown>;
  expect(Object.keys(cursor)).toEqual(['id', 'ts', 'v', 'exp']);
  expect(cursor).toMatchObject({ id: data[6]?.id, v: 2 });
  expect(Number(cursor.exp) - beforeMs).toBeGreaterThanOrEqual(120_000 - 5);
  expect(Number(cursor.exp) - beforeMs).toBeLessThan(125_000);
  const next = await page(shared, `/api/v1/events?limit=7&cursor=${pagination.nextCursor}`);
  const both = await page(shared, '/api/v1/events?limit=14');
  expect([...data, ...next.data].map(({ id }) => id)).toEqual(both.data.map(({ id }) => id));
});

test('the last page and an empty page have no cursor, and a cursor past the data is no error', async () => {
  const all = await page(shared, '/api/v1/events?limit=5000');
  expect(all.pagination.hasMore).toBe(true);
  const cursor = btoa(
    JSON.stringify({ id: all.data[0]?.id, ts: 1, v: 2, exp: Date.now() + 60_000 }),
  );
  const past = await page(shared, `/api/v1/events?cursor=${cursor}`);
  expect(past.data).toEqual([]);
  expect(past.pagination).toMatchObject({ hasMore: false, nextCursor: null });
  expect(past.pagination.cursorExpiresIn).toBeNull();
});

test('an expired cursor and a garbled one have their own codes, and cost a request', async () => {
  const simulator = await start({ eventsQuota: 5 });
  const content = { id: '34032a95-8a13-43a0-ace4-c91315aa26f9', ts: 1_769_541_612_369, v: 2 };
  const expired = btoa(JSON.stringify({ ...content, exp: Date.now() - 1 }));
  const first = await ask(simulator, `/api/v1/events?cursor=${expired}`);
  expect([first.status, await codeOf(first)]).toEqual([400, 'CURSOR_EXPIRED']);
  const second = await ask(simulator, '/api/v1/events?cursor=garbage');
  expect([second.status, await codeOf(second)]).toEqual([400, 'CURSOR_INVALID_FORMAT']);
  expect(second.headers.get('x-ratelimit-remaining')).toBe('3');
});

test('a cursor is good until its life ends', async () => {
  // Longer by more than what a timer is early and a life is rounded.
  const simulator = await start({ cursorTtlMs: 1_000, latencyMs: 1_010 });
  const { pagination } = await page(simulator, '/api/v1/events?limit=5');
  const late = await ask(simulator, `/api/v1/events?cursor=${pagination.nextCursor}`);
  expect([late.status, await codeOf(late)]).toEqual([400, 'CURSOR_EXPIRED']);
  const patient = await start({ cursorTtlMs: 60_000 });
  const again = await page(patient, '/api/v1/events?limit=5');
  await page(patient, `/api/v1/events?cursor=${again.pagination.nextCursor}`);
});

test('events can be filtered by type and by session', async () => {
  const errors = await page(shared, '/api/v1/events?type=error&limit=5000');
  expect(errors.data.every(({ type }) => type === 'error')).toBe(true);
  expect(errors.meta.total).toBe(errors.data.length);
  const sessionId = errors.data[0]?.sessionId as string;
  const ofSession = await page(shared, `/api/v1/events?sessionId=${sessionId}`);
  expect(ofSession.data.length).toBeGreaterThan(0);
  expect(ofSession.data.every((event) => event.sessionId === sessionId)).toBe(true);
});

test('an answer takes the latency, counted from the arrival of the request', async () => {
  const simulator = await start({ latencyMs: 150 });
  await page(simulator, '/api/v1/events?limit=5000');
  const startMs = performance.now();
  await page(simulator, '/api/v1/events?limit=1');
  const tookMs = performance.now() - startMs;
  expect(tookMs).toBeGreaterThanOrEqual(148);
});

test('the flat shape is that of the vendor document', async () => {
  const simulator = await start({ flatShape: true });
  const response = await ask(simulator, '/api/v1/events?limit=2');
  const body = (await response.json()) as Record<string, unknown>;
  expect(Object.keys(body)).toEqual(['data', 'hasMore', 'nextCursor']);
});

test('gzip is for those that accept it', async () => {
  const simulator = await start({ gzip: true });
  const packed = await ask(simulator, '/api/v1/events?limit=500');
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  const plain = await ask(simulator, '/api/v1/events?limit=500', {
    headers: { 'Accept-Encoding': 'identity' },
  });
  expect(plain.headers.has('content-encoding')).toBe(false);
  expect(((await packed.json()) as Page).data).toEqual(((await plain.json()) as Page).data);
});
