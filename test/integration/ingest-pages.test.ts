/** What the pages of an API may hold: something else, odd fields, a failure, records that are none. */
import { afterEach, describe, expect, test } from 'vitest';
import { type FixtureServer, startFixtureServer } from '../support/fixture-server.js';
import { environmentFor, useEmptyTables } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const folder = useIngestFolder();

let server: FixtureServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

describe('an API that is not the one configured', () => {
  test.each([
    [
      'JSON of another form',
      '{"status":"ok","items":[1]}',
      'application/json',
      '"status", "items"',
    ],
    ['a site', '<!doctype html><title>Welcome</title>', 'text/html', 'HTML'],
  ])(
    'is told after two looks, with what came and what to check: %s',
    async (_, body, type, said) => {
      server = await startFixtureServer((_request, response) => {
        response.writeHead(200, { 'content-type': type }).end(body);
      });
      const { code, result, stderr } = await folder.run(
        ['ingest', '--json'],
        environmentFor({ baseUrl: `${server.origin}/api/v1` }, database),
      );
      expect(code, stderr).toBe(1);
      expect(result?.reason).toContain(said);
      expect(result?.reason).toContain('Check API_BASE_URL');
      expect(server.requests).toHaveLength(2);
    },
  );
});

describe('pages that are odd but whole', () => {
  const page = (id: number, rest: string) =>
    `{"data":[{"id":"0000000${id}-0000-4000-8000-000000000000","timestamp":${1.7e12 - id}}],${rest}}`;

  test('are stored to the last one, which has an empty cursor or null records', async () => {
    const pages: Record<string, string> = {
      '': page(
        1,
        '"pagination":{"hasMore":true,"nextCursor":"b","cursorExpiresIn":-1},"meta":null',
      ),
      b: page(2, '"pagination":{"hasMore":true,"nextCursor":"c"},"meta":{"total":"many"}'),
      c: '{"data":null,"pagination":{"hasMore":false,"nextCursor":""},"meta":{"total":1e30}}',
    };
    server = await startFixtureServer((request, response) => {
      const cursor = new URL(request.url ?? '', 'http://x').searchParams.get('cursor') ?? '';
      response.writeHead(200, { 'content-type': 'application/json' }).end(pages[cursor]);
    });
    const { code, result, stderr } = await folder.run(
      ['ingest', '--json'],
      environmentFor({ baseUrl: `${server.origin}/api/v1` }, database),
    );
    expect(code, stderr).toBe(0);
    expect(result).toMatchObject({ status: 'complete', eventsIngested: 2, pages: 3, retries: 0 });
  });

  test('but report a failure are asked for again, and are not the end', async () => {
    let isAsked = false;
    server = await startFixtureServer((_request, response) => {
      const failed = '{"errors":[{"code":"TIMEOUT"}],"data":[],"hasMore":false}';
      const body = isAsked ? page(1, '"hasMore":false') : failed;
      isAsked = true;
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    });
    const { code, result, stderr } = await folder.run(
      ['ingest', '--json'],
      environmentFor({ baseUrl: `${server.origin}/api/v1` }, database),
    );
    expect(code, stderr).toBe(0);
    expect(result).toMatchObject({ status: 'complete', eventsIngested: 1, retries: 1 });
    expect(stderr).toContain('\\"errors\\" (TIMEOUT)');
  });
});

test('a page of 1.2 million empty records is kept whole in little memory, and ends the run', async () => {
  const count = 1_200_000;
  const body = `{"data":[${'{},'.repeat(count - 1)}{}],"hasMore":false}`;
  server = await startFixtureServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
  const { code, result, stderr } = await folder.run(
    ['ingest', '--json'],
    environmentFor({ baseUrl: `${server.origin}/api/v1` }, database),
  );
  expect(code, stderr).toBe(1);
  expect(result).toMatchObject({ returned: count, quarantined: count, inserted: 0 });
  expect(result?.reason).toContain('went to quarantine');
  // As an object and two texts each, they took 1.1 GB.
  expect(result?.peakRssBytes).toBeLessThan(400_000_000);
  const { rows } = await database.pool.query(
    `SELECT count(*)::int AS count, min(index) AS first, max(index) AS last, min(raw_text) AS text
     FROM ingestion_quarantine`,
  );
  expect(rows).toEqual([{ count, first: 0, last: count - 1, text: '{}' }]);
});

test('a small run that ends with nothing but quarantine has failed, until that is permitted', async () => {
  const body = `{"data":[${'{},'.repeat(499)}{}],"hasMore":false}`;
  const fixture = await startFixtureServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
  server = fixture;
  const ingest = (changes = {}) =>
    folder.run(
      ['ingest', '--json'],
      environmentFor({ baseUrl: `${fixture.origin}/api/v1` }, database, changes),
    );
  const first = await ingest();
  expect(first.code, first.stderr).toBe(1);
  const reason = expect.stringMatching(/^500 of 500 records went to quarantine, more than 50 %/);
  expect({ ...first.result, stderr: first.stderr }).toMatchObject({ reason });
  expect((await ingest()).code).toBe(1);
  const permitted = await ingest({ QUARANTINE_LIMIT: '1' });
  expect(permitted.code, permitted.stderr).toBe(0);
  expect(fixture.requests).toHaveLength(1);
});
