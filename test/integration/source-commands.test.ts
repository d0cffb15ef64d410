/** `source list`, `source check`, `source schema` and `preview`: what a writer of a source file is told. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StreamCheck } from '../../src/session/sources/check-stream.js';
import { DEFAULT_CREDENTIAL } from '../support/apis/contract.js';
import { OAUTH_CLIENT, OAUTH_PATH, oauth } from '../support/apis/oauth.js';
import { offsetApi } from '../support/apis/offset-api.js';
import { pageNumberApi } from '../support/apis/page-number-api.js';
import { useApis } from '../support/apis/use-apis.js';
import { useIngestFolder } from '../support/ingest-process.js';

const folder = useIngestFolder();
const apis = useApis();

const KEY = { SHOP_TOKEN: DEFAULT_CREDENTIAL };
const pages = { count: 43, pageSizeMax: 20 };
/** Nobody listens there, so that a request would be seen as a fault. */
const NOWHERE = 'http://127.0.0.1:1';

/** Makes `sources/shop.yaml`. */
function writeShop(
  baseUrl: string,
  endpoint: string,
  { rest = '', auth = '{ type: bearer }' }: { rest?: string; auth?: string } = {},
): void {
  mkdirSync(join(folder.path, 'sources'), { recursive: true });
  const text = `client:
  base_url: ${baseUrl}
  auth: ${auth}
resources:
  - name: items
    primary_key: id
    endpoint: ${endpoint}
${rest}`;
  writeFileSync(join(folder.path, 'sources', 'shop.yaml'), text);
}

const OFFSET = '{ path: items, data_selector: items, paginator: { type: offset, limit: 20 } }';
const TIME = 'x-ingestion: { resources: { items: { time: { path: created_at } } } }';

describe('list', () => {
  test('names shipped sources and those of ./sources, and what each needs', async () => {
    writeShop(NOWHERE, OFFSET);
    writeFileSync(join(folder.path, 'sources', 'github.yaml'), 'client: {}');
    writeFileSync(join(folder.path, 'sources', 'schema.json'), '{}');
    const { code, result, stdout } = await folder.run(['source', 'list', '--json'], KEY);
    expect(code, stdout).toBe(0);
    const sources = result?.sources as { name: string }[];
    const find = (name: string) => sources.find((one) => one.name === name);
    expect(find('shop')).toEqual({
      ...{ name: 'shop', path: 'sources/shop.yaml', isShipped: false, faultCount: 0 },
      ...{ resources: ['items'], needs: [{ name: 'SHOP_TOKEN', isSet: true }] },
    });
    expect(find('stripe')).toMatchObject({
      ...{ isShipped: true, resources: ['events', 'charges'] },
      needs: [{ name: 'STRIPE_TOKEN', isSet: false }],
    });
    expect(find('github')).toMatchObject({ isShipped: false, faultCount: 2, resources: [] });
    expect(find('schema')).toBeUndefined();
    const text = await folder.run(['source', 'list'], KEY);
    expect(text.stdout).toMatch(/^shop\n {2}resources {2}items\n {2}needs {6}SHOP_TOKEN \(set\)$/m);
    expect(text.stdout).toMatch(/2 faults: `datasync source check github` tells them/);
  });
});

describe('check of the file', () => {
  test('tells every fault with line, field and suggestion, and asks nobody', async () => {
    writeShop(NOWHERE, '{ path: items, paginater: auto, metod: GET }');
    const { code, result, stdout } = await folder.run(['source', 'check', 'shop', '--json'], KEY);
    expect(code, stdout).toBe(2);
    expect(result).toMatchObject({ status: 'failed', exitCode: 2, resources: [] });
    expect(result?.faults).toEqual([
      expect.stringMatching(
        /^sources\/shop.yaml:7: .*endpoint.paginater: .*did you mean paginator\?/,
      ),
      expect.stringMatching(/^sources\/shop.yaml:7: .*endpoint.metod: .*did you mean method\?/),
    ]);
    const text = await folder.run(['source', 'check', 'sources/shop.yaml'], KEY);
    expect(text.stdout).toMatch(/shop.yaml: 2 faults, no warnings\n {2}FAULT/);
  });

  test('needs no variable with --offline, and names those that are missing without', async () => {
    writeShop(NOWHERE, OFFSET);
    const offline = await folder.run(['source', 'check', 'shop', '--offline'], {});
    expect(offline.code, offline.stdout).toBe(0);
    expect(offline.stdout).toMatch(/no faults, no warnings\n {2}NOT SET {2}SHOP_TOKEN/);
    const online = await folder.run(['source', 'check', 'shop', '--json'], {});
    expect(online.code).toBe(2);
    expect(online.result?.message).toMatch(/was not asked: set SHOP_TOKEN in the environment/);
  });

  test.each([
    ['githup', /no source is named githup.*did you mean github/],
    ['./none.yaml', /there is no file \.\/none.yaml/],
  ])('of %s says why there is none', async (name, message) => {
    const { code, stderr } = await folder.run(['source', 'check', name], {});
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

describe('check of the API', () => {
  test('shows two pages, the key, the next request and the limits; and no secret', async () => {
    const api = await apis.start(offsetApi(pages));
    writeShop(api.origin, OFFSET, { rest: TIME });
    const { code, stdout, stderr } = await folder.run(['source', 'check', 'shop'], KEY);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/^shop.items -> "shop"."items"$/m);
    expect(stdout).toMatch(/page 1 {5}HTTP 200 in \d+ ms, 20 records\n {2}record {5}\{"id":/);
    expect(stdout).toMatch(/next {7}GET http:\S+\/items\?offset=20&limit=20$/m);
    expect(stdout).toMatch(/page 2 {5}HTTP 200 .*\n {2}next {7}GET http:\S+\/items\?offset=40/);
    expect(stdout).toMatch(/key {8}id \(bigint\)\n {2}time {7}20\d\d-\d\d-\d\dT/);
    expect(stdout).toMatch(/total {6}43 records/);
    expect(stdout).toMatch(/announced {2}\S+: 10 requests, 9 left/);
    expect(stdout + stderr).not.toContain(DEFAULT_CREDENTIAL);
    expect(api.requests).toHaveLength(2);
  });

  test('says what auto has found out', async () => {
    const api = await apis.start(pageNumberApi({ ...pages, tells: 'total_pages' }));
    writeShop(api.origin, '{ path: items, params: { page: 1 } }');
    const { code, result } = await folder.run(['source', 'check', 'shop', '--json'], KEY);
    expect(code).toBe(0);
    const checks = result?.resources as readonly StreamCheck[] | undefined;
    const checked = checks?.[0];
    expect(checked?.paging).toMatch(/^auto, which has found out page_number: .*parameter page$/);
    expect(checked?.pages[0]?.next).toMatch(/\/items\?page=2$/);
  });

  test('says in words what does not fit', async () => {
    const api = await apis.start(offsetApi(pages));
    const faultOf = async (endpoint: string, rest = ''): Promise<string> => {
      writeShop(api.origin, endpoint, { rest });
      const { code, stdout } = await folder.run(['source', 'check', 'shop'], KEY);
      expect(code, stdout).toBe(1);
      return stdout;
    };
    const wrongParam = OFFSET.replace('limit: 20 }', 'limit: 20, offset_param: skip }');
    expect(await faultOf(wrongParam)).toMatch(
      /FAULT .*the second page holds the records of the first/,
    );
    expect(await faultOf(OFFSET.replace('data_selector: items', 'data_selector: rows'))).toMatch(
      /FAULT .*the first page: shop.items: HTTP 200, but nothing is at data_selector rows/,
    );
    const wrongTime = 'x-ingestion: { resources: { items: { time: { path: made } } } }';
    expect(await faultOf(OFFSET, wrongTime)).toMatch(
      /FAULT .*no record .* has anything at time made/,
    );
  });

  test('tells credentials that are refused by exit 4', async () => {
    const api = await apis.start(offsetApi(pages));
    writeShop(api.origin, OFFSET);
    const { code, stdout } = await folder.run(['source', 'check', 'shop', '--json'], {
      SHOP_TOKEN: 'wrong-secret-1',
    });
    expect(code).toBe(4);
    expect(stdout).toMatch(/the API refused the key/);
    expect(stdout).not.toContain('wrong-secret-1');
  });

  describe('with OAuth', () => {
    const client = `client_id: ${OAUTH_CLIENT.id}, client_secret: '\${SHOP_SECRET}'`;
    const env = { SHOP_SECRET: OAUTH_CLIENT.secret, SHOP_REFRESH_TOKEN: 'refresh-secret-1' };

    test('gets a token first', async () => {
      const api = await apis.start(oauth(offsetApi(pages)));
      const auth = `{ type: oauth2, token_url: '${api.origin}${OAUTH_PATH}', ${client} }`;
      writeShop(api.origin, OFFSET, { auth });
      const { code, stdout } = await folder.run(['source', 'check', 'shop'], env);
      expect(code, stdout).toBe(0);
      expect(stdout).toMatch(/page 2 {5}HTTP 200/);
      expect(stdout).not.toContain(OAUTH_CLIENT.secret);
      const preview = await folder.run(['preview', '--source', 'shop', '--limit', '1'], env);
      expect([preview.code, preview.stdout.split('\n').length]).toEqual([0, 2]);
    });

    test('spends no refresh token', async () => {
      const api = await apis.start(oauth(offsetApi(pages)));
      const grant = `grant_type: refresh_token, token_url: '${api.origin}${OAUTH_PATH}'`;
      writeShop(api.origin, OFFSET, { auth: `{ type: oauth2, ${grant}, ${client} }` });
      const { code, stdout } = await folder.run(['source', 'check', 'shop'], env);
      expect(code, stdout).toBe(0);
      expect(stdout).toMatch(/not asked {2}only an ingestion may use its refresh token/);
      const preview = await folder.run(['preview', '--source', 'shop'], env);
      expect([preview.code, preview.stderr]).toEqual([1, expect.stringMatching(/refresh token/)]);
      expect(api.requests).toEqual([]);
    });
  });
});

describe('preview', () => {
  test('prints the first records over several pages, and needs no database', async () => {
    const api = await apis.start(offsetApi(pages));
    writeShop(api.origin, OFFSET);
    const args = ['preview', '--source', 'shop', '--limit', '25'];
    const { code, stdout, stderr } = await folder.run(args, KEY);
    expect(code, stderr).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(25);
    expect(lines.map((line) => JSON.parse(line).name)).toEqual(
      api
        .records('items')
        .slice(0, 25)
        .map((record) => record.name),
    );
    expect(api.requests).toHaveLength(2);
  });

  test('ends with the fault of the API', async () => {
    const api = await apis.start(offsetApi(pages));
    writeShop(api.origin, OFFSET);
    const wrong = { SHOP_TOKEN: 'wrong-secret-1' };
    const { code, stdout, stderr } = await folder.run(['preview', '--source', 'shop'], wrong);
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toMatch(/shop.items: HTTP 401: the API refused the key/);
    expect(stderr).not.toContain('wrong-secret-1');
  });

  test('shows records of the simulator too', async () => {
    const { code, stdout } = await folder.run(['preview', '--limit', '3'], {});
    expect(code).toBe(0);
    const records = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records).toHaveLength(3);
    expect(records[0]).toHaveProperty('timestamp');
  });
});

test('schema prints the JSON Schema alone', async () => {
  const { code, stdout } = await folder.run(['source', 'schema'], {});
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ required: ['client', 'resources'] });
});
