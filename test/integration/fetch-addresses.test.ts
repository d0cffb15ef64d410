/** Addresses that are not the API's, and proxies before it. */
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { answering, batchOf, useFetchRig } from '../support/fetch-rig.js';
import { type FixtureServer, startFixtureServer } from '../support/fixture-server.js';
import { samplePage, workerSettings } from '../support/sample-pages.js';
import { SELF_SIGNED_CERTIFICATE, SELF_SIGNED_KEY } from '../support/self-signed.js';

const { startPool, startRig } = useFetchRig();
const closes: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closes.splice(0).map((close) => close()));
});

async function startTlsServer(): Promise<number> {
  const keys = { key: SELF_SIGNED_KEY, cert: SELF_SIGNED_CERTIFICATE };
  const server: Server = createServer(keys, (_, response) => response.end(samplePage(3)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closes.push(() => new Promise((resolve) => server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
}

describe('an address that is not the API is told as that', () => {
  test('a certificate of an unknown authority', async () => {
    const origin = `https://localhost:${await startTlsServer()}`;
    expect(await startPool(workerSettings(origin)).fetch()).toMatchObject({
      meta: null,
      fault: {
        ...{ code: 'ADDRESS', retryable: true },
        message: expect.stringMatching(`^no answer from ${origin}: TLS: .*unknown authority`),
        remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      },
    });
  });

  test('https to a server that speaks http', async () => {
    const { server } = await startRig(answering('{}'));
    const origin = server.origin.replace('http:', 'https:');
    expect(await startPool(workerSettings(origin)).fetch()).toMatchObject({
      fault: {
        ...{ code: 'ADDRESS', message: expect.stringContaining('TLS') },
        remedy: expect.stringContaining('http: and https:'),
      },
    });
  });

  test('http to a server that speaks https', async () => {
    const origin = `http://127.0.0.1:${await startTlsServer()}`;
    const result = await startPool(workerSettings(origin)).fetch();
    expect(result).toMatchObject({ type: 'fault', meta: null });
    expect(JSON.stringify(result)).toContain(origin);
  });

  test('a host that does not exist', async () => {
    const origin = 'http://no-such-host.invalid';
    const result = await startPool(workerSettings(origin)).fetch();
    expect(JSON.stringify(result)).toContain(origin);
    expect(JSON.stringify(result)).toContain('DNS');
  });
});

describe('a proxy', () => {
  /** @returns what it was asked for, and where it listens */
  async function startProxy(api: FixtureServer, status = 200) {
    const asked: string[] = [];
    const proxy = await startFixtureServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization']}`);
      const { pathname } = new URL(request.url ?? '');
      if (status !== 200) return void response.writeHead(status).end();
      response.writeHead(200, { 'content-type': 'application/json' }).end(samplePage(3));
      expect(pathname).toBe('/api/v1/events');
    });
    proxy.server.on('connect', (request, socket) => {
      asked.push(`CONNECT ${request.url}`);
      if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      const { hostname, port } = new URL(api.origin);
      const onward = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      for (const end of [onward, socket]) end.on('error', () => {});
    });
    closes.push(() => proxy.close());
    return { asked, origin: proxy.origin };
  }

  const proxies = (url: string) => ({ httpProxy: url, httpsProxy: url, noProxy: 'direct.test' });

  test('is asked for a page over http, with its user and password', async () => {
    const { server } = await startRig(answering(''));
    const proxy = await startProxy(server);
    const url = proxy.origin.replace('//', '//me:hush@');
    const rig = startPool(workerSettings('http://api.test', { proxies: proxies(url) }));
    expect((await batchOf(rig.fetch())).rowCount).toBe(3);
    const basic = Buffer.from('me:hush').toString('base64');
    expect(proxy.asked).toEqual([`GET http://api.test/api/v1/events?limit=5000 Basic ${basic}`]);
  });

  test('is asked for a tunnel over https, and the certificate is judged behind it', async () => {
    const { server } = await startRig(answering(''));
    const tls = { ...server, origin: `http://127.0.0.1:${await startTlsServer()}` };
    const proxy = await startProxy(tls);
    const settings = workerSettings('https://localhost', { proxies: proxies(proxy.origin) });
    expect(await startPool(settings).fetch()).toMatchObject({
      fault: { code: 'ADDRESS', message: expect.stringContaining('unknown authority') },
    });
    expect(proxy.asked).toEqual(['CONNECT localhost:443']);
  });

  test.each([
    ['http', 'HTTP 407'],
    ['https', 'HTTP 407'],
  ])('that refuses is told as that, over %s', async (scheme, words) => {
    const { server } = await startRig(answering(''));
    const proxy = await startProxy(server, 407);
    const settings = workerSettings(`${scheme}://api.test`, { proxies: proxies(proxy.origin) });
    const result = await startPool(settings).fetch();
    expect(result).toMatchObject({
      type: 'fault',
      fault: { remedy: expect.stringContaining('HTTP_PROXY') },
    });
    expect(JSON.stringify(result)).toContain(words);
  });

  test('is not asked for what NO_PROXY names', async () => {
    const { server } = await startRig(answering(''));
    const proxy = await startProxy(server);
    const settings = workerSettings('http://direct.test', { proxies: proxies(proxy.origin) });
    expect((await startPool(settings).fetch()).type).toBe('fault');
    expect(proxy.asked).toEqual([]);
  });
});
