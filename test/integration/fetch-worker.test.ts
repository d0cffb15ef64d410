import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { allocateColumns, columnViews } from '../../src/protocol/batch.js';
import type { PageHead } from '../../src/protocol/fetch-messages.js';
import { answering, batchOf, JSON_HEAD, type Rig, useFetchRig } from '../support/fetch-rig.js';
import { startFixtureServer } from '../support/fixture-server.js';
import { samplePage, uuid, workerSettings } from '../support/sample-pages.js';

const { startRig, startPool } = useFetchRig();

/** A head comes over another port than the result that follows it. */
async function untilHeads({ heads }: Rig, count: number): Promise<void> {
  await vi.waitFor(() => expect(heads).toHaveLength(count), { timeout: 20_000, interval: 5 });
}

describe('a page', () => {
  test('comes as a batch, and its head ahead, with its envelope and the limit headers', async () => {
    const headers = { ...JSON_HEAD, 'X-RateLimit-Remaining': '9', 'X-Request-ID': 'r-1' };
    const rig = await startRig(answering(samplePage(5), { headers }));
    const beforeMs = Date.now();
    const result = await rig.fetch({ taskId: 77 });
    const batch = await batchOf(result);

    await untilHeads(rig, 1);
    const head = rig.heads[0] as PageHead;
    expect(result).toMatchObject({ head });
    expect(head).toMatchObject({ taskId: 77, nextCursor: 'abc', hasMore: true, returned: 5 });
    expect(head.meta).toMatchObject({ status: 200, requestId: 'r-1', bodyBytes: batch.bodyBytes });
    expect(head.meta.limits?.limits[0]?.remaining).toBe(9);
    expect(head.meta.sentAtMs).toBeGreaterThanOrEqual(beforeMs - 5);
    expect(head.meta.headAtMs).toBeGreaterThanOrEqual(head.meta.sentAtMs);
    expect(head.meta.endAtMs).toBeGreaterThanOrEqual(head.meta.headAtMs);

    expect(batch).toMatchObject({ rowCount: 5, rejects: { count: 0 }, isDescending: true });
    expect(batch.firstPosition).toEqual({ ms: 1_769_541_612_369, id: uuid(0) });
    expect(batch.lastPosition?.id).toBe(uuid(4));
    const { recordStarts, recordEnds } = columnViews(batch.columns);
    const record = Buffer.from(batch.body).toString('utf8', recordStarts[4], recordEnds[4]);
    expect(JSON.parse(record)).toMatchObject({ id: uuid(4) });
    expect(Buffer.from(batch.body, 0, batch.bodyBytes).toString()).toBe(samplePage(5));
  });

  test('has its head with the batch where nothing waits for it', async () => {
    const rig = await startRig(answering(samplePage(5)));
    expect(await rig.fetch({ isHeadUrgent: false })).toMatchObject({
      head: { taskId: 1, nextCursor: 'abc', returned: 5, meta: { status: 200 } },
      batch: { rowCount: 5 },
    });
    expect(rig.heads).toEqual([]);
  });

  test('is asked for with the key, and gzip is taken', async () => {
    const headers = { ...JSON_HEAD, 'content-encoding': 'gzip' };
    const rig = await startRig(answering(gzipSync(samplePage(3)), { headers }));
    expect((await batchOf(rig.fetch())).rowCount).toBe(3);
    const [request] = rig.server.requests;
    expect(request?.url).toBe('/api/v1/events?limit=5000');
    expect(request?.headers).toMatchObject({
      'x-api-key': 'secret-key-12345',
      'accept-encoding': 'gzip',
    });
  });

  test('fills the buffers that were given back, page after page', async () => {
    const rig = await startRig(answering(samplePage(40)));
    const first = await batchOf(rig.fetch());
    const sizes = [first.body.byteLength, first.columns.byteLength];
    const again = rig.fetch({ buffers: { body: first.body, columns: first.columns } });
    expect(first.body.byteLength).toBe(0);
    const second = await batchOf(again);
    expect([second.body.byteLength, second.columns.byteLength]).toEqual(sizes);
    expect(second.rowCount).toBe(40);
  });

  test('of which only the head is wanted has no batch, and gives the buffers back', async () => {
    const rig = await startRig(answering(samplePage(4)));
    const buffers = { body: new ArrayBuffer(100_000), columns: allocateColumns(10) };
    const result = await rig.fetch({ isHeadOnly: true, buffers });
    expect(result).toMatchObject({ type: 'page', head: { nextCursor: 'abc' }, batch: null });
    expect(result.buffers?.body.byteLength).toBe(100_000);
  });

  test('is not mixed up with others that the same worker fetches at once', async () => {
    const rig = await startRig((request, response) => {
      const count = Number(new URL(request.url ?? '', 'http://x').searchParams.get('limit'));
      const text = samplePage(count);
      response.writeHead(200, JSON_HEAD);
      response.write(text.slice(0, 100));
      setImmediate(() => response.end(text.slice(100)));
    });
    const counts = [1, 200, 3, 150, 5, 90, 7, 300];
    const batches = await Promise.all(
      counts.map((count) => batchOf(rig.fetch({ taskId: count, limit: count }))),
    );
    expect(batches.map((batch) => batch.rowCount)).toEqual(counts);
    await untilHeads(rig, counts.length);
    for (const head of rig.heads) expect(head.returned).toBe(head.taskId);
  });
});

test('a page without room waits until main has released another, and a cursor is renewed meanwhile', async () => {
  const rig = await startRig(answering(samplePage(40)), { receiveBytesMax: 1_000 });
  await batchOf(rig.fetch({ taskId: 1 }));
  let isSettled = false;
  const second = rig.fetch({ taskId: 2 }).finally(() => {
    isSettled = true;
  });
  expect((await rig.fetch({ taskId: 3, isHeadOnly: true })).type).toBe('page');
  expect((await rig.fetch({ taskId: 4, isHeadOnly: true })).type).toBe('page');
  expect(isSettled).toBe(false);
  rig.pool.tell({ type: 'released', taskId: 1 });
  expect((await batchOf(second)).rowCount).toBe(40);
});

describe('an answer that is no page', () => {
  const errorBody = (code: string) => JSON.stringify({ error: 'x', message: 'y', code });
  test.each([
    ['401', answering(errorBody('UNAUTHORIZED'), { status: 401 }), 'CREDENTIALS'],
    [
      'a redirect',
      answering('', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }),
      'REDIRECT',
    ],
    [
      'an expired cursor',
      answering(errorBody('CURSOR_EXPIRED'), { status: 400 }),
      'CURSOR_EXPIRED',
    ],
    ['201 with a page', answering(samplePage(5), { status: 201 }), 'UNEXPECTED_STATUS'],
    ['502 in HTML', answering('<html>', { status: 502 }), 'HTTP_STATUS'],
    [
      'HTML with 200',
      answering('<html>', { headers: { 'content-type': 'text/html' } }),
      'NOT_A_PAGE',
    ],
    [
      'a page as HTML',
      answering(samplePage(1), { headers: { 'content-type': 'text/html' } }),
      'PAGE_MALFORMED',
    ],
    ['null', answering('null'), 'PAGE_MALFORMED'],
    ['an empty body', answering(''), 'PAGE_MALFORMED'],
    ['a body cut by the server', answering(samplePage(9).slice(0, 2000)), 'PAGE_MALFORMED'],
  ])('is a fault with its meta, and no head: %s', async (_kind, listener, code) => {
    const rig = await startRig(listener);
    const result = await rig.fetch();
    expect(result).toMatchObject({ type: 'fault', taskId: 1, fault: { code } });
    expect(result.type === 'fault' && result.meta?.status).toBeGreaterThanOrEqual(200);
    expect(JSON.stringify(result)).not.toContain('secret-key');
    expect(rig.heads).toEqual([]);
    expect(rig.server.requests).toHaveLength(1);
  });

  test('says how long to be silent after 429', async () => {
    const headers = { ...JSON_HEAD, 'Retry-After': '57' };
    const rig = await startRig(
      answering(errorBody('RATE_LIMIT_EXCEEDED'), { status: 429, headers }),
    );
    expect(await rig.fetch()).toMatchObject({
      fault: { code: 'RATE_LIMITED', retryAfterMs: 57_000, status: 429 },
      meta: { limits: { retryAfter: { spanMs: 57_000 } } },
    });
  });

  test('gives back the buffers that came with its task', async () => {
    const rig = await startRig(answering('null'));
    const buffers = { body: new ArrayBuffer(1000), columns: allocateColumns(10) };
    const result = await rig.fetch({ buffers });
    expect(result.buffers?.body.byteLength).toBe(1000);
    expect(result.buffers?.columns.byteLength).toBe(320);
  });
});

describe('a connection that fails', () => {
  test('before any answer is a network fault without meta', async () => {
    const rig = await startRig((request) => request.socket.destroy());
    const result = await rig.fetch();
    expect(result).toMatchObject({ type: 'fault', meta: null, fault: { code: 'NETWORK' } });
  });

  test('because nothing listens is a network fault', async () => {
    const server = await startFixtureServer(answering(''));
    await server.close();
    const rig = startPool(workerSettings(server.origin));
    expect(await rig.fetch()).toMatchObject({
      fault: {
        code: 'NETWORK',
        message: `no answer from ${server.origin}: the connection was refused (ECONNREFUSED)`,
      },
    });
  });

  test('in mid-body is a network fault that says how far it came', async () => {
    const rig = await startRig((request, response) => {
      response.writeHead(200, { ...JSON_HEAD, 'content-length': '5000' });
      response.write(samplePage(9).slice(0, 1000), () => request.socket.destroy());
    });
    const result = await rig.fetch();
    expect(result).toMatchObject({ fault: { code: 'NETWORK' }, meta: { status: 200 } });
    expect(result.type === 'fault' && result.fault.message).toContain('1000 bytes');
  });

  test('by silence before the head is a timeout', async () => {
    const rig = await startRig(() => undefined, { headDeadlineMs: 400 });
    expect(await rig.fetch()).toMatchObject({ fault: { code: 'TIMEOUT', retryable: true } });
  });

  test('by silence in mid-body is a timeout', async () => {
    const rig = await startRig(
      (_request, response) => {
        response.writeHead(200, JSON_HEAD).write('{"data":[');
      },
      { idleDeadlineMs: 400 },
    );
    expect(await rig.fetch()).toMatchObject({ fault: { code: 'TIMEOUT' }, meta: { status: 200 } });
  });

  test('by a body without end is refused at the bound', async () => {
    const rig = await startRig(
      (_request, response) => {
        response.writeHead(200, JSON_HEAD);
        const chunk = Buffer.alloc(65_536, 'a');
        const more = () => {
          while (response.write(chunk));
        };
        response.on('drain', more);
        more();
      },
      { bodyBytesMax: 1_000_000 },
    );
    expect(await rig.fetch()).toMatchObject({ fault: { code: 'BODY_TOO_LARGE' } });
  });

  test('leaves the worker fit for the next page', async () => {
    let count = 0;
    const rig = await startRig((request, response) => {
      count++;
      if (count === 1) request.socket.destroy();
      else response.writeHead(200, JSON_HEAD).end(samplePage(2));
    });
    expect((await rig.fetch()).type).toBe('fault');
    expect((await batchOf(rig.fetch())).rowCount).toBe(2);
  });
});
