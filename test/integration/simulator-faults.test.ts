/** Each fault alone, as a client sees it; and walks that meet faults and still see every row. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { type SimulatorHandle, startSimulator } from '../../src/simulator/server.js';
import { settingsFor } from '../../src/simulator/settings.js';
import { expectedRows } from '../../src/simulator/truth.js';

const AT_ONCE = { latencyMs: 0, latencyJitterMs: 0, events: 12_000, eventsQuota: 0 };
const HEADERS = { 'X-API-Key': 'simulator-key' };

interface Page {
  readonly data: { readonly id: string }[];
  readonly pagination: { readonly hasMore: boolean; readonly nextCursor: string | null };
  readonly meta: { readonly total: number; readonly returned: number };
}

const started: SimulatorHandle[] = [];
afterEach(async () => {
  for (const simulator of started.splice(0)) await simulator.close();
});

async function start(changes: Record<string, unknown>): Promise<SimulatorHandle> {
  const simulator = await startSimulator(settingsFor('fast', { ...AT_ONCE, ...changes }));
  started.push(simulator);
  return simulator;
}

function ask(simulator: SimulatorHandle, query = 'limit=5000'): Promise<Response> {
  return fetch(`${simulator.baseUrl}/events?${query}`, { headers: HEADERS, redirect: 'manual' });
}

async function askPage(simulator: SimulatorHandle, query: string): Promise<Page> {
  return (await (await ask(simulator, query)).json()) as Page;
}

/** Follows cursors to the end. @returns all ids in the order they came, and the count of pages */
async function walk(
  simulator: SimulatorHandle,
  limit: number,
): Promise<{ ids: string[]; pageCount: number }> {
  const ids: string[] = [];
  let cursor: string | null = null;
  for (let pageCount = 1; pageCount < 10_000; pageCount++) {
    const suffix: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { data, pagination, meta } = await askPage(simulator, `limit=${limit}${suffix}`);
    expect(meta.returned).toBe(data.length);
    for (const { id } of data) ids.push(id);
    if (!pagination.hasMore) return { ids, pageCount };
    cursor = pagination.nextCursor;
  }
  throw new Error('the walk does not end');
}

/** Ids of the truth as text, newest first. */
function trueIds(settings: Parameters<typeof expectedRows>[0]): string[] {
  const { ids, rowCount } = expectedRows(settings);
  return Array.from({ length: rowCount }, (_, row) => {
    const hex = Buffer.from(ids.subarray(row * 16, row * 16 + 16)).toString('hex');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  });
}

test('a walk along the cursors sees every event once and in order, at any page size', async () => {
  for (const [limit, pageCount] of [
    [5_000, 3],
    [777, 16],
    [1_000, 12],
  ] as const) {
    const simulator = await start({});
    const seen = await walk(simulator, limit);
    expect(seen.pageCount).toBe(pageCount);
    expect(seen.ids).toEqual(trueIds(settingsFor('fast', AT_ONCE)));
    expect(simulator.stats()).toMatchObject({ pagesServed: pageCount });
    expect(simulator.stats().distinctPagesServed).toBe(pageCount);
  }
});

test('a walk with pages of one row passes ties one by one', async () => {
  const simulator = await start({ events: 3_000 });
  const { ids } = await walk(simulator, 1);
  expect(ids).toEqual(trueIds({ ...settingsFor('fast', AT_ONCE), events: 3_000 }));
});

test('opaque cursors lead through the same rows', async () => {
  const simulator = await start({ opaqueCursors: true });
  const { ids } = await walk(simulator, 1_000);
  expect(ids).toEqual(trueIds(settingsFor('fast', AT_ONCE)));
  const forged = await ask(simulator, `cursor=${btoa('{"id":"x","ts":1,"v":2,"exp":9e15}')}`);
  expect(forged.status).toBe(400);
});

test('repeated rows and pages served again lose nothing', async () => {
  const simulator = await start({ duplicateRows: 0.3, reservedPage: 0.3, seed: 9 });
  const { ids } = await walk(simulator, 300);
  expect(ids.length).toBeGreaterThan(12_000);
  const distinct = [...new Set(ids)];
  expect(distinct.sort()).toEqual(trueIds({ ...settingsFor('fast', AT_ONCE), seed: 9 }).sort());
  const { faults } = simulator.stats();
  expect(faults.duplicateRows).toBeGreaterThan(3);
  expect(faults.reservedPage).toBeGreaterThan(3);
});

test('the truth over HTTP is that of the function', async () => {
  const hostile = { hostileRows: 0.2, events: 25_000 };
  const simulator = await start(hostile);
  const text = await (await fetch(`${simulator.origin}/__sim/truth`)).text();
  const lines = text.trimEnd().split('\n');
  const settings = { ...settingsFor('fast', AT_ONCE), ...hostile };
  expect(lines.map((line) => line.slice(0, 36))).toEqual(trueIds(settings));
  const { occurredAtMs } = expectedRows(settings);
  const instants = lines.map((line) => line.split('\t')[1] ?? '');
  expect(instants).toEqual(Array.from(occurredAtMs, (ms) => (Number.isNaN(ms) ? '' : String(ms))));
});

test('an HTML error is 502, 503 or 504 without the headers of the API', async () => {
  const simulator = await start({ htmlError: 1, eventsQuota: 1_000 });
  const statuses = new Set<number>();
  for (let request = 0; request < 30; request++) {
    const response = await ask(simulator);
    statuses.add(response.status);
    expect(await response.text()).toContain('<html>');
    expect(response.headers.get('content-type')).toBe('text/html');
    expect(response.headers.has('x-ratelimit-limit')).toBe(false);
  }
  expect([...statuses].sort()).toEqual([502, 503, 504]);
});

test('a truncated body is a 200 whose length matches the cut', async () => {
  const simulator = await start({ truncatedBody: 1 });
  const response = await ask(simulator);
  const text = await response.text();
  expect([response.status, response.headers.get('content-length')]).toEqual([200, '422000']);
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
  const short = await (await ask(simulator, 'limit=10')).text();
  expect(short.length).toBeGreaterThan(1_000);
  expect(() => JSON.parse(short)).toThrow(SyntaxError);
});

test('null, text and mislabelled bodies come with status 200', async () => {
  const nothing = await ask(await start({ nullBody: 1 }));
  expect([nothing.status, await nothing.text()]).toEqual([200, 'null']);
  const text = await ask(await start({ nonJsonBody: 1 }));
  expect([text.status, await text.text()]).toEqual([200, 'upstream connect error']);
  const mislabelled = await ask(await start({ wrongContentType: 1 }));
  expect(mislabelled.headers.get('content-type')).toBe('text/html');
  expect(((await mislabelled.json()) as Page).data.length).toBe(5_000);
});

test('a reset connection ends in mid-body', async () => {
  const response = await ask(await start({ reset: 1 }));
  expect(response.status).toBe(200);
  await expect(response.arrayBuffer()).rejects.toThrow();
});

/** The head and, as they come, the bytes of an answer that may never end. */
async function open(simulator: SimulatorHandle): Promise<IncomingMessage> {
  const request = get(`${simulator.baseUrl}/events?limit=5000`, { headers: HEADERS, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

test('a stalled body stops half way and is cut after its time', async () => {
  const stallMs = 1_000;
  const simulator = await start({ stall: 1, stallMs });
  const startMs = performance.now();
  const response = await open(simulator);
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await expect(once(response, 'end')).rejects.toThrow(/aborted/);
  // A timer may fire up to two milliseconds early.
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(stallMs - 2);
  expect(bytes).toBe(Math.floor(Number(response.headers['content-length']) / 2));
});

test('a stalled head sends nothing until it is cut', async () => {
  const simulator = await start({ stallHead: 1, stallMs: 200 });
  await expect(ask(simulator)).rejects.toThrow();
  expect(simulator.stats()).toMatchObject({
    requests: { events: { none: 1 } },
    faults: { stallHead: 1 },
  });
});

test('a redirect points to another host', async () => {
  const response = await ask(await start({ redirect: 1, redirectTo: 'http://other.invalid/x' }));
  expect([response.status, response.headers.get('location')]).toEqual([
    302,
    'http://other.invalid/x',
  ]);
});

test('a huge body is of the size asked for, and stops when the client leaves', async () => {
  const whole = await ask(await start({ hugeBody: 1, hugeBodyBytes: 3_000_000 }));
  const body = (await whole.json()) as Page & { padding: string };
  expect(body.padding.length).toBeGreaterThanOrEqual(3_000_000);
  expect(body.data.length).toBe(5_000);
  const endless = await open(await start({ hugeBody: 1, hugeBodyBytes: 2 ** 40 }));
  await once(endless, 'data');
  endless.destroy();
  await once(endless, 'close');
});

test('a looping cursor is the one that was asked with, a missing one is null with more to come', async () => {
  const looping = await start({ loopingCursor: 1 });
  const { pagination } = await askPage(looping, 'limit=10');
  const cursor = encodeURIComponent(pagination.nextCursor ?? '');
  const second = await askPage(looping, `limit=10&cursor=${cursor}`);
  expect(second.pagination.nextCursor).toBe(pagination.nextCursor);
  const missing = await askPage(await start({ missingCursor: 1 }), 'limit=10');
  expect(missing.pagination).toMatchObject({ hasMore: true, nextCursor: null });
});

test('a total that lies is wrong while the rows are right', async () => {
  const page = await askPage(await start({ totalLies: 1 }), 'limit=10');
  expect(page.meta.total).not.toBe(12_000);
  expect(page.data.length).toBe(10);
});

test('limit headers can be missing or make no sense', async () => {
  const missing = await ask(await start({ missingLimitHeaders: 1, eventsQuota: 10 }));
  expect(missing.headers.has('x-ratelimit-limit')).toBe(false);
  const nonsense = await ask(await start({ nonsenseLimitHeaders: 1, eventsQuota: 10 }));
  expect(nonsense.headers.get('x-ratelimit-limit')).not.toBe('10');
});

test('a skewed clock shows in the date and in the life of cursors', async () => {
  const clockSkewMs = 3_600_000;
  const simulator = await start({ clockSkewMs });
  const response = await ask(simulator, 'limit=10');
  const aheadMs = Date.parse(response.headers.get('date') ?? '') - Date.now();
  expect(Math.abs(aheadMs - clockSkewMs)).toBeLessThan(5_000);
  const { nextCursor } = ((await response.json()) as Page).pagination;
  const { exp } = JSON.parse(atob(nextCursor ?? '')) as { exp: number };
  expect(Math.abs(exp - Date.now() - clockSkewMs - 120_000)).toBeLessThan(5_000);
  expect((await ask(simulator, `limit=10&cursor=${nextCursor}`)).status).toBe(200);
});

test('a key that dies is refused from then on', async () => {
  const simulator = await start({ keyDiesAfterRequests: 2 });
  const statuses: number[] = [];
  for (let request = 0; request < 4; request++) statuses.push((await ask(simulator)).status);
  expect(statuses).toEqual([200, 200, 401, 401]);
});

test('two runs with one seed meet the same faults at the same requests', async () => {
  const settings = { htmlError: 0.2, nullBody: 0.2, truncatedBody: 0.2, seed: 3 };
  const outcomes = async () => {
    const simulator = await start(settings);
    const seen: string[] = [];
    for (let request = 0; request < 40; request++) {
      const response = await ask(simulator, 'limit=10');
      seen.push(`${response.status} ${(await response.text()).length}`);
    }
    return { seen, faults: simulator.stats().faults };
  };
  const first = await outcomes();
  expect(Object.keys(first.faults).sort()).toEqual(['htmlError', 'nullBody', 'truncatedBody']);
  expect(await outcomes()).toEqual(first);
});
