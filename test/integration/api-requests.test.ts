/** What the program's requests have in common, whichever command sends them. */
import { writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { VERSION } from '../../src/session/version.js';
import { startFixtureServer } from '../support/fixture-server.js';
import { API_KEY, useEmptyTables } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { sampleRecord } from '../support/sample-pages.js';
import { SELF_SIGNED_CERTIFICATE, SELF_SIGNED_KEY } from '../support/self-signed.js';

const database = useEmptyTables();
const folder = useIngestFolder();
const closes: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closes.splice(0).map((close) => close()));
});

const RECORDS = 3;

/** One page of events, an empty list of submissions, and an empty object for all else. */
const answer: RequestListener = (request, response) => {
  const path = new URL(request.url ?? '', 'http://api.test').pathname;
  const data = Array.from({ length: RECORDS }, (_, index) => sampleRecord(index));
  const page = { data, pagination: { hasMore: false, nextCursor: null }, meta: { total: RECORDS } };
  const body = path.endsWith('/events') ? page : path.endsWith('/submissions') ? { data: [] } : {};
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const environmentOf = (origin: string) => ({
  TARGET_API_KEY: API_KEY,
  API_BASE_URL: `${origin}/api/v1`,
  DATABASE_URL: database.connectionString,
});

test('every request says who asks, and none goes through a proxy to this machine', async () => {
  const server = await startFixtureServer(answer);
  const proxy = await startFixtureServer((_, response) => response.writeHead(502).end());
  closes.push(
    () => server.close(),
    () => proxy.close(),
  );
  const environment = {
    ...environmentOf(server.origin),
    ALERT_WEBHOOK_URL: `${server.origin}/hook`,
    OTEL_EXPORTER_OTLP_ENDPOINT: `${server.origin}/otlp`,
    HTTP_PROXY: proxy.origin,
  };
  const ingested = await folder.run(['ingest', '--json'], environment);
  expect(ingested.code, ingested.stderr).toBe(0);
  await folder.run(['explore', '--budget', '3'], environment);
  const submitted = ['submit', '--dry-run', 'https://github.com/you/your-fork'];
  await folder.run(submitted, environment);
  const paths = new Set(server.requests.map(({ url }) => url?.split('?')[0]));
  const expected = ['/api/v1/events', '/api/v1/submissions', '/hook', '/otlp/v1/traces'];
  expect([...paths]).toEqual(expect.arrayContaining(expected));
  for (const { url, headers } of server.requests) {
    expect([url, headers['user-agent']]).toEqual([
      url,
      expect.stringMatching(new RegExp(`^datasync-ingestion/${VERSION} \\(\\+https://\\S+\\)`)),
    ]);
  }
  expect(proxy.requests).toEqual([]);
});

test('an unknown authority ends a run at once, and NODE_EXTRA_CA_CERTS mends it', async () => {
  const server = createServer({ key: SELF_SIGNED_KEY, cert: SELF_SIGNED_CERTIFICATE }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closes.push(() => new Promise((resolve) => server.close(() => resolve())));
  const { port } = server.address() as AddressInfo;
  const environment = environmentOf(`https://localhost:${port}`);

  const exit = await folder.run(['ingest', '--json'], environment);
  expect(exit.code, exit.stderr).toBe(1);
  expect(exit.stderr).toContain(`https://localhost:${port}`);
  expect(exit.stderr).toMatch(/TLS: .*unknown authority.*NODE_EXTRA_CA_CERTS/);
  // Four quick attempts; a minute at least before.
  expect(exit.stderr).not.toContain('page_paused');

  const file = join(folder.path, 'authority.pem');
  writeFileSync(file, SELF_SIGNED_CERTIFICATE);
  const mended = await folder.run(['ingest', '--json'], {
    ...environment,
    NODE_EXTRA_CA_CERTS: file,
  });
  expect(mended.code, mended.stderr).toBe(0);
  expect(mended.result).toMatchObject({ status: 'complete', eventsIngested: RECORDS });
});
