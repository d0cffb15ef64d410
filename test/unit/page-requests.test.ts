/** What the client of a fetch worker sends, where to, and what it makes of the answer. */
import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { FetchWorkerSettings } from '../../src/protocol/fetch-messages.js';
import type { PageRequest } from '../../src/protocol/page-request.js';
import { type Answer, createHttpClient } from '../../workers/fetch/http-client.js';
import { ENDLESS_ROOM } from '../../workers/fetch/receive-budget.js';
import { headerOf } from '../../workers/fetch/response-headers.js';
import { datasync } from '../support/datasync.js';
import { answering } from '../support/fetch-rig.js';
import { type FixtureServer, startFixtureServer } from '../support/fixture-server.js';
import { workerSettings } from '../support/sample-pages.js';

const JSON_HEAD = { 'content-type': 'application/json' };
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** @returns a server, and the requests that came to it with their bodies */
async function startServer(listener: RequestListener) {
  const seen: Seen[] = [];
  const server = await startFixtureServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method, url, headers } = request;
    seen.push({ method, url, headers, body });
    listener(request, response);
  });
  opened.push(server);
  return { ...server, seen };
}

/** A client of the first server that follows redirects, to any of them. */
async function startClient(
  servers: readonly [FixtureServer, ...FixtureServer[]],
  changes: Partial<FetchWorkerSettings> = {},
) {
  const [{ origin: first }, ...others] = servers;
  const origins = [first, ...others.map(({ origin }) => origin)] as const;
  const settings = { origins: [...origins] as [string, ...string[]], followsRedirects: true };
  const client = await createHttpClient(
    workerSettings(first, { ...settings, ...changes }),
    datasync,
  );
  opened.push(client);
  return (request: Partial<PageRequest>): Promise<Answer> =>
    client.send({ ...get(first), ...request }, null, ENDLESS_ROOM);
}

const get = (url: string): PageRequest => ({ method: 'GET', url, headers: {}, body: null });
const page = answering('{"items":[1]}');

/** Answers `from` with a redirect, and all else with a page. */
function redirecting(status: number, from: string, to: string): RequestListener {
  return (request, response) => {
    if (request.url !== from) return void page(request, response);
    response.writeHead(status, { location: to }).end('moved');
  };
}

describe('a request', () => {
  test('is a POST with JSON where the source says so', async () => {
    const server = await startServer(page);
    const send = await startClient([server]);
    const body = '{"query":"é"}';
    const answer = await send({ method: 'POST', url: `${server.origin}/search?n=1`, body });
    expect(answer.type === 'page' && answer.body.toString()).toBe('{"items":[1]}');
    expect(server.seen).toMatchObject([
      { method: 'POST', url: '/search?n=1', body, headers: { 'content-type': 'application/json' } },
    ]);
  });

  test('has the headers of the client, and its own before them', async () => {
    const server = await startServer(page);
    const send = await startClient([server]);
    await send({ headers: { Accept: 'application/vnd.api+json', 'X-Stream': 'orders' } });
    expect(server.seen[0]?.headers).toMatchObject({
      accept: 'application/vnd.api+json',
      'x-stream': 'orders',
      'x-api-key': 'secret-key-12345',
    });
    expect(server.seen[0]?.headers).not.toHaveProperty('content-type');
  });

  test('has the credentials in its query, in place of what a link repeats of them', async () => {
    const server = await startServer(page);
    const send = await startClient([server], { query: { key: 's&1' } });
    const answer = await send({ url: `${server.origin}/x?key=old&at=%2B+1` });
    expect(server.seen[0]?.url).toBe('/x?at=%2B+1&key=s%261');
    expect(answer).toMatchObject({ type: 'page', url: `${server.origin}/x?at=%2B+1` });
  });

  test('to another origin is a fault that names it, and nothing is sent', async () => {
    const [server, elsewhere] = [await startServer(page), await startServer(page)];
    const send = await startClient([server], { query: { key: 's1' } });
    const answer = await send({ url: `${elsewhere.origin}/path?token=t1` });
    expect(answer).toMatchObject({
      ...{ type: 'fault', meta: null },
      fault: {
        ...{ code: 'CONTRACT', retryable: false },
        message: `the address of a page is at ${elsewhere.origin}, to which nothing is sent`,
        remedy: 'List it under hosts in x-ingestion, if it may be sent the credentials',
      },
    });
    expect([...server.seen, ...elsewhere.seen]).toEqual([]);
    expect(JSON.stringify(answer)).not.toMatch(/t1|s1|secret/);
  });

  test('to a listed origin has the credentials', async () => {
    const [server, files] = [await startServer(page), await startServer(page)];
    const send = await startClient([server, files]);
    expect((await send({ url: `${files.origin}/export` })).type).toBe('page');
    expect(files.seen[0]?.headers).toMatchObject({ 'x-api-key': 'secret-key-12345' });
  });

  test.each([
    ['/x?page=2', 'no absolute URL'],
    ['', 'no absolute URL'],
    ['file:///etc/passwd', 'at file://,'],
    ['https://api.test:1', 'at https://api.test:1,'],
  ])('for %j is a fault', async (url, words) => {
    const server = await startServer(page);
    const send = await startClient([server]);
    expect(await send({ url })).toMatchObject({
      fault: { code: 'CONTRACT', retryable: false, message: expect.stringContaining(words) },
    });
  });

  test('through a proxy goes to no other origin either', async () => {
    const proxy = await startServer(page);
    const settings = {
      ...{ origins: ['http://api.test', 'http://files.test'] as [string, string] },
      proxies: { httpProxy: proxy.origin, httpsProxy: proxy.origin, noProxy: '' },
    };
    const send = await startClient([proxy], settings);
    expect((await send({ url: 'http://files.test/a' })).type).toBe('page');
    expect((await send({ url: 'http://other.test/b' })).type).toBe('fault');
    expect(proxy.seen.map(({ url }) => url)).toEqual(['http://files.test/a']);
  });
});

describe('a redirect', () => {
  test.each([301, 302, 303, 307, 308])('%d of a GET is followed, and counted', async (status) => {
    const server = await startServer(redirecting(status, '/a?n=1&key=k1', './b?n=2&key=k1'));
    const send = await startClient([server], { query: { key: 'k1' } });
    expect(await send({ url: `${server.origin}/a?n=1` })).toMatchObject({
      ...{ type: 'page', url: `${server.origin}/b?n=2` },
      meta: { status: 200, redirects: 1 },
    });
    expect(server.seen).toMatchObject([
      { method: 'GET', url: '/a?n=1&key=k1', headers: { 'x-api-key': 'secret-key-12345' } },
      { method: 'GET', url: '/b?n=2&key=k1', headers: { 'x-api-key': 'secret-key-12345' } },
    ]);
  });

  test.each([
    [301, 'GET', ''],
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', '{"n":1}'],
    [308, 'POST', '{"n":1}'],
  ])('%d of a POST becomes a %s with the body %j', async (status, method, body) => {
    const server = await startServer(redirecting(status, '/a', '/b'));
    const send = await startClient([server]);
    const headers = { 'Content-Type': 'application/vnd.x+json', 'X-Stream': 'orders' };
    const url = `${server.origin}/a`;
    const answer = await send({ method: 'POST', url, headers, body: '{"n":1}' });
    expect(answer).toMatchObject({ type: 'page', meta: { redirects: 1 } });
    const [, second] = server.seen;
    expect(second).toMatchObject({ method, body, url: '/b', headers: { 'x-stream': 'orders' } });
    const type = body === '' ? undefined : 'application/vnd.x+json';
    expect(second?.headers['content-type']).toBe(type);
  });

  test('to a listed origin is followed', async () => {
    const files = await startServer(page);
    const server = await startServer(redirecting(302, '/', `${files.origin}/b`));
    const send = await startClient([server, files]);
    expect(await send({})).toMatchObject({ type: 'page', url: `${files.origin}/b` });
  });

  test('to another origin is a fault, and nothing is sent there', async () => {
    const elsewhere = await startServer(page);
    const server = await startServer(redirecting(302, '/', `${elsewhere.origin}/b?t=1`));
    const send = await startClient([server]);
    expect(await send({})).toMatchObject({
      ...{ type: 'fault', meta: { status: 302 } },
      fault: {
        ...{ code: 'CONTRACT', retryable: false, status: 302 },
        message: `HTTP 302: the API redirects to ${elsewhere.origin}, to which nothing is sent`,
        remedy: expect.stringContaining('hosts in x-ingestion'),
      },
    });
    expect(elsewhere.seen).toEqual([]);
  });

  test.each([
    [5, 'page'],
    [6, 'fault'],
  ])('after redirect, %d of them, ends in a %s', async (count, type) => {
    const server = await startServer((request, response) => {
      const hops = Number(request.url?.slice(2) || 0);
      if (hops === count) return void page(request, response);
      response.writeHead(302, { location: `?${hops + 1}` }).end();
    });
    const send = await startClient([server]);
    const answer = await send({});
    expect(answer).toMatchObject({ type, meta: { redirects: 5 } });
    expect(server.seen).toHaveLength(6);
    if (answer.type === 'fault') {
      expect(answer.fault).toMatchObject({ code: 'REDIRECT', retryable: false, status: 302 });
    }
  });

  test.each([[{}], [{ location: 'http://[' }]])(
    'without an address, %j, is a fault',
    async (head) => {
      const server = await startServer((_, response) => {
        response.writeHead(307, head).end();
      });
      const send = await startClient([server]);
      expect(await send({})).toMatchObject({
        fault: { code: 'REDIRECT', message: expect.stringContaining('without a Location') },
      });
    },
  );

  test('is none with 304, whatever it says', async () => {
    const server = await startServer((_, response) => {
      response.writeHead(304, { location: '/b' }).end();
    });
    const send = await startClient([server]);
    expect(await send({})).toMatchObject({ type: 'fault', fault: { code: 'HTTP_STATUS' } });
  });

  test('is a fault where the source follows none', async () => {
    const server = await startServer(redirecting(302, '/', '/b'));
    const send = await startClient([server], { followsRedirects: false });
    expect(await send({})).toMatchObject({
      fault: { code: 'REDIRECT', message: expect.stringContaining(`(${server.origin}/)`) },
      meta: { redirects: 0 },
    });
    expect(server.seen).toHaveLength(1);
  });
});

describe('an answer', () => {
  test('has its headers', async () => {
    const links = ['<http://a/2>; rel="next"', '<http://a/9>; rel="last"'];
    const server = await startServer((_, response) => {
      response.writeHead(200, { ...JSON_HEAD, Link: links, 'X-Next': 'c1' }).end('[]');
    });
    const send = await startClient([server]);
    const answer = await send({});
    if (answer.type !== 'page') throw new Error('it is a page');
    expect(headerOf(answer.headers, 'x-next')).toBe('c1');
    expect(headerOf(answer.headers, 'link')).toBe(links.join(', '));
    expect(headerOf(answer.headers, 'x-other')).toBeNull();
  });

  test.each([
    [204, {}],
    [200, JSON_HEAD],
    [200, { 'content-type': 'text/plain' }],
    [200, { ...JSON_HEAD, 'content-encoding': 'gzip' }],
  ])('%d with %j and without a body is empty', async (status, head) => {
    const server = await startServer((_, response) => {
      response.writeHead(status, { ...head, 'x-next': 'c1', 'x-ratelimit-remaining': '3' }).end();
    });
    const send = await startClient([server]);
    const answer = await send({});
    expect(answer).toMatchObject({
      ...{ type: 'empty', url: server.origin, headers: { 'x-next': 'c1' } },
      meta: { status, bodyBytes: 0, limits: { limits: [{ remaining: 3 }] } },
    });
  });
});
