/** `source init`: from the address of a list to a file that drains it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ApiContract, DEFAULT_CREDENTIAL } from '../support/apis/contract.js';
import { github } from '../support/apis/github.js';
import { hubspot } from '../support/apis/hubspot.js';
import { linkInBodyApi } from '../support/apis/link-in-body-api.js';
import { offsetApi } from '../support/apis/offset-api.js';
import { pageNumberApi } from '../support/apis/page-number-api.js';
import { SLACK_CHANNEL, slack } from '../support/apis/slack.js';
import { stripe } from '../support/apis/stripe.js';
import { useApis } from '../support/apis/use-apis.js';
import { startFixtureServer } from '../support/fixture-server.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { usePostgres } from '../support/postgres.js';
import { expectDrained, type SourceCase, sourceEnv } from '../support/sources.js';

const database = usePostgres();
const folder = useIngestFolder();
const apis = useApis();

const TOKEN = { API_TOKEN: DEFAULT_CREDENTIAL };
const pages = { count: 130, pageSizeMax: 20, limit: null };

interface Shape {
  readonly name: string;
  readonly contract: () => ApiContract<string>;
  /** Path and query that somebody would try first. */
  readonly first: string;
  readonly paginator: string;
  readonly drained: Omit<SourceCase, 'source' | 'env'>;
}

const SHAPES: readonly Shape[] = [
  {
    name: 'the header Link',
    contract: () => github(pages),
    first: '/repos/o/r/issues?state=all&sort=created&direction=asc&per_page=20',
    paginator: 'header_link',
    drained: { stream: 'issues', key: ['id'] },
  },
  {
    name: 'a cursor',
    contract: () => slack(pages),
    first: `/api/conversations.history?channel=${SLACK_CHANNEL}&limit=20`,
    paginator: 'cursor',
    drained: {
      ...{ stream: 'conversations_history', records: 'messages' },
      key: ['ts'],
      basePath: '/api',
    },
  },
  {
    name: 'a link in the body',
    contract: () => hubspot(pages),
    first: '/crm/v3/objects/contacts?limit=20',
    paginator: 'json_link',
    drained: { stream: 'contacts', key: ['id'], basePath: '/crm/v3' },
  },
  {
    name: 'a relative link in the body',
    contract: () => linkInBodyApi({ ...pages, form: 'relative' }),
    first: '/items?limit=20',
    paginator: 'json_link',
    drained: { stream: 'items', key: ['id'] },
  },
  {
    name: 'an offset with a total',
    contract: () => offsetApi(pages),
    first: '/items?offset=0&limit=20',
    paginator: 'offset',
    drained: { stream: 'items', key: ['id'] },
  },
  {
    name: 'an offset that nothing is said of',
    contract: () => offsetApi({ ...pages, hasTotal: false }),
    first: '/items?offset=0&limit=20',
    paginator: 'offset',
    drained: { stream: 'items', key: ['id'] },
  },
  {
    name: 'a page number with a number of pages',
    contract: () => pageNumberApi({ ...pages, tells: 'total_pages' }),
    first: '/items?page=1&per_page=20',
    paginator: 'page_number',
    drained: { stream: 'items', key: ['id'] },
  },
  {
    name: 'a page number from 0, with a flag',
    contract: () => pageNumberApi({ ...pages, tells: 'has_more', firstPage: 0 }),
    first: '/items?page=0&per_page=20',
    paginator: 'page_number',
    drained: { stream: 'items', key: ['id'] },
  },
  {
    name: 'the id of the last record',
    contract: () => stripe({ ...pages, endpointQuota: 1_000 }),
    first: '/v1/charges?limit=20',
    paginator: 'keyset',
    drained: { stream: 'charges', key: ['id'], basePath: '/v1' },
  },
];

describe.each(SHAPES)('$name', ({ contract, first, paginator, drained }) => {
  test('is found in one answer; the file passes its check and drains the list', async () => {
    const api = await apis.start(contract());
    const made = await folder.run(['source', 'init', `${api.origin}${first}`, '--json'], TOKEN);
    expect(made.code, made.stderr).toBe(0);
    expect(made.result).toMatchObject({
      ...{ status: 'ok', source: 'api', path: 'sources/api.yaml' },
      guessed: { paging: { plan: { type: paginator } } },
    });
    expect(api.requests).toHaveLength(1);
    expect(readFileSync(join(folder.path, 'sources/api.yaml'), 'utf8')).not.toContain(
      DEFAULT_CREDENTIAL,
    );

    const checked = await folder.run(['source', 'check', 'api', '--json'], TOKEN);
    expect(checked.code, checked.stdout).toBe(0);
    expect(checked.result).toMatchObject({ faults: [], warnings: [], status: 'ok' });
    expect(api.requests).toHaveLength(3);

    const one = { source: 'api', env: TOKEN, ...drained };
    const env = sourceEnv(one, api, database);
    await database.pool.query('DROP SCHEMA IF EXISTS api CASCADE');
    const exit = await folder.run(['ingest', '--source', 'api', '--json'], env);
    await expectDrained(api, one, { exit, folder, database });
  });
});

describe('the file', () => {
  test('is never overwritten but by --force, and goes where --output says', async () => {
    const api = await apis.start(offsetApi(pages));
    const url = `${api.origin}/items?offset=0&limit=20`;
    const path = join(folder.path, 'shop.yaml');
    writeFileSync(path, 'mine');
    const kept = await folder.run(['source', 'init', url, '--output', 'shop.yaml'], {});
    expect([kept.code, readFileSync(path, 'utf8')]).toEqual([2, 'mine']);
    expect(kept.stderr).toMatch(/shop.yaml is there already: .*--force/);
    expect(api.requests).toEqual([]);
    const forced = await folder.run(['source', 'init', url, '--output', 'shop.yaml', '--force'], {
      SHOP_TOKEN: DEFAULT_CREDENTIAL,
    });
    expect(forced.code, forced.stderr).toBe(0);
    expect(forced.stdout).toMatch(
      /datasync source check shop.yaml\n {2}datasync ingest --source shop.yaml/,
    );
    expect(readFileSync(path, 'utf8')).toMatch(/^# yaml-language-server: \$schema=schema.json/);
    expect(existsSync(join(folder.path, 'schema.json'))).toBe(true);
  });
});

test('where nothing shows the paging it is said how it can be shown', async () => {
  const api = await apis.start(offsetApi(pages));
  const { code, stdout } = await folder.run(['source', 'init', `${api.origin}/items`], TOKEN);
  expect(code).toBe(0);
  expect(stdout).toMatch(/NOT FOUND OUT: the answer says that there are 130 records/);
  expect(stdout).toMatch(/^Run this again with the parameters that ask for a page/m);
});

describe('nothing is written', () => {
  const untouched = () => expect(existsSync(join(folder.path, 'sources'))).toBe(false);

  test('where credentials are missing, and it is said how they are given', async () => {
    const api = await apis.start(offsetApi(pages));
    const { code, stderr } = await folder.run(['source', 'init', `${api.origin}/items`], {});
    expect(code).toBe(4);
    expect(stderr).toMatch(/\/items answers with HTTP 401.*Set API_TOKEN to a bearer token/);
    untouched();
  });

  test('where an answer with 200 reports an error', async () => {
    const api = await apis.start(slack(pages));
    const { code, stderr } = await folder.run(
      ['source', 'init', `${api.origin}/api/x?token=abc123def`],
      {},
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/HTTP 200 and an error \(invalid_auth\)/);
    expect(stderr).not.toContain('abc123def');
    untouched();
  });

  test.each<[string, number, Record<string, string>, string, RegExp]>([
    ['no JSON', 200, {}, '<html>', /answers with no JSON/],
    [
      'a redirect',
      301,
      { location: '/v2/items?key=abc123def' },
      '',
      /leads to http:\S+\/v2\/items: give that URL/,
    ],
    ['one that names work to be done', 202, {}, '{"job":7}', /HTTP 202, not with a list/],
    ['another status', 404, {}, '', /answers with HTTP 404, not with a list/],
    ['a refusal', 429, {}, '', /over its limit/],
  ])('where the answer is %s', async (_, status, headers, body, message) => {
    const server = await startFixtureServer((_request, response) => {
      response.writeHead(status, headers).end(body);
    });
    try {
      const { code, stderr } = await folder.run(['source', 'init', `${server.origin}/items`], {});
      expect(code).toBe(1);
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain('abc123def');
      untouched();
    } finally {
      await server.close();
    }
  });

  test.each([
    ['items', /URL of a list is needed/],
    ['https://me:abc123def@127.0.0.1/items', /holds a user or a password/],
  ])('for the address %s', async (url, message) => {
    const { code, stderr } = await folder.run(['source', 'init', url], {});
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('abc123def');
  });
});
