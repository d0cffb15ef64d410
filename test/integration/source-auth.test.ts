/** Who asks: credentials of every kind, tokens that end in mid-run, and credentials that are wrong. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ApiContract, ApiRequest } from '../support/apis/contract.js';
import { cursorApi } from '../support/apis/cursor-api.js';
import { OAUTH_CLIENT, OAUTH_PATH, type OauthContract, oauth } from '../support/apis/oauth.js';
import { basicCredentials, bearerToken, header } from '../support/apis/requests.js';
import type { ApiServer } from '../support/apis/serve.js';
import { type TestSource, useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { apis } = runs;

const pages = { count: 110, pageSizeMax: 20, limit: null };
const parts = {
  paginator: { type: 'cursor', cursor_path: 'paging.next', cursor_param: 'cursor' },
  endpoint: { data_selector: 'items' },
};
/** With all that a place may have to encode. */
const SECRET = 'päss:w0rd;"=&%+ 特';

/** Lets in whom `isLetIn` says, and nobody else. */
function guarded(isLetIn: (request: ApiRequest) => boolean): ApiContract<'items'> {
  return { ...cursorApi(pages), isAuthorized: isLetIn };
}

describe('credentials', () => {
  const apiKey = (name: string, location: string) => ({ type: 'api_key', name, location });
  const cases: readonly (readonly [
    string,
    object | string,
    Readonly<Record<string, string>>,
    (request: ApiRequest) => boolean,
  ])[] = [
    [
      'a key in a header',
      apiKey('X-Key', 'header'),
      { API_KEY: 'k3y-in-a-header' },
      (request) => header(request, 'x-key') === 'k3y-in-a-header',
    ],
    [
      'a key in the query',
      apiKey('key', 'query'),
      { API_KEY: SECRET },
      ({ url }) => url.searchParams.get('key') === SECRET,
    ],
    [
      'a key in a cookie',
      apiKey('session', 'cookie'),
      { API_KEY: 'päss;"=& 特' },
      (request) =>
        decodeURIComponent(header(request, 'cookie')?.replace('session=', '') ?? '') ===
        'päss;"=& 特',
    ],
    [
      'a bearer token',
      'bearer',
      { TOKEN: 'b3arer/+==' },
      (request) => bearerToken(request) === 'b3arer/+==',
    ],
    [
      'user and password',
      'http_basic',
      { USERNAME: 'änn', PASSWORD: SECRET },
      (request) => {
        const { username, password } = basicCredentials(request) ?? {};
        return username === 'änn' && password === SECRET;
      },
    ],
  ];

  test.each(cases)('%s', async (_, auth, variables, isLetIn) => {
    const api = await apis.start(guarded(isLetIn));
    const source = runs.source({ ...parts, auth });
    const address = { ...api, env: variablesOf(source, variables) };
    const exit = await runs.drain(source, address);
    await runs.expectStored(source, address, api.records('items'));
    const said = exit.stdout + exit.stderr + (await runs.ledgerText()) + runs.writtenFiles();
    for (const name of ['API_KEY', 'TOKEN', 'PASSWORD']) {
      const secret = variables[name];
      if (secret !== undefined) expect(said).not.toContain(secret);
    }
  });

  test('that are wrong end the run, which names the source and its variables', async () => {
    const api = await apis.start(cursorApi(pages));
    const source = runs.source(parts);
    const env = variablesOf(source, { API_KEY: 'wr0ng-k3y' });
    const { code, result, stderr, stdout } = await runs.ingest(source, { ...api, env });
    expect(code).toBe(4);
    expect(result?.message).toContain(`${source.name}.items: HTTP 401`);
    expect(stdout).toContain(`\${${source.prefix}_API_KEY}`);
    expect(stdout + stderr).not.toContain('wr0ng-k3y');
    expect(api.requests).toHaveLength(1);
  });

  test('that are missing are told before anything is asked for', async () => {
    const api = await apis.start(cursorApi(pages));
    const source = runs.source({ ...parts, auth: 'http_basic' });
    const { code, stdout, stderr } = await runs.ingest(source, api);
    expect(code).toBe(2);
    expect(stdout + stderr).toContain(`${source.prefix}_USERNAME`);
    expect(stdout + stderr).toContain(`${source.prefix}_PASSWORD`);
    expect(stdout + stderr).toContain(source.path);
    expect(api.requests).toEqual([]);
  });
});

function variablesOf({ prefix }: TestSource, variables: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`${prefix}_${name}`, value]),
  );
}

describe('access tokens', () => {
  const client = { type: 'oauth2', client_id: OAUTH_CLIENT.id };

  async function started(contract: OauthContract<'items'>, grant: object) {
    const api = await apis.start(contract);
    const auth = { ...client, token_url: api.origin + OAUTH_PATH, ...grant };
    const source = runs.source({ ...parts, auth });
    const variables = {
      CLIENT_SECRET: OAUTH_CLIENT.secret,
      REFRESH_TOKEN: contract.refreshToken(),
    };
    return { api, source, address: { ...api, env: variablesOf(source, variables) } };
  }

  const unauthorized = ({ requests }: ApiServer) =>
    requests.filter(({ isAuthorized }) => isAuthorized === false).length;

  test.each(['body', 'basic'])(
    'for client credentials in the %s end in mid-run, and are renewed before',
    async (client_auth_method) => {
      // Eleven pages of an answer a fifth of a second: more than two lives.
      const inner = cursorApi({ ...pages, pageSizeMax: 10, latencyMs: 200 });
      const contract = oauth(inner, { tokenLifeSeconds: 1 });
      const { api, source, address } = await started(contract, { client_auth_method });
      const exit = await runs.drain(source, address);
      expect(contract.tokenRequests().answered).toBeGreaterThanOrEqual(3);
      expect(contract.tokenRequests().refused).toBe(0);
      expect(unauthorized(api)).toBe(0);
      expect(exit.result).toMatchObject({ requests: 11, retries: 0 });
      await runs.expectProved(source, address);
      expect(exit.stdout + exit.stderr).not.toContain(OAUTH_CLIENT.secret);
      expect(exit.stdout + exit.stderr).not.toContain('access-');
    },
  );

  test('that are revoked are asked for anew, and the page with them', async () => {
    const inner = cursorApi(pages);
    let answers = 0;
    const contract: OauthContract<'items'> = oauth({
      ...inner,
      answer(request) {
        if (++answers === 3) contract.revokeAccessTokens();
        return inner.answer(request);
      },
    });
    const { api, source, address } = await started(contract, {});
    await runs.drain(source, address);
    await runs.expectStored(source, address, api.records('items'));
    expect(unauthorized(api)).toBe(1);
    expect(contract.tokenRequests()).toEqual({ answered: 2, refused: 0 });
  });

  test('for a refresh token that rotates: the next run begins with the newest', async () => {
    const contract = oauth(cursorApi(pages));
    const { api, source, address } = await started(contract, { grant_type: 'refresh_token' });
    const first = await runs.drain(source, address);
    const args = ['ingest', '--source', source.path, '--restart', '--json'];
    const again = await runs.folder.run(args, runs.env(source, address));
    expect(again.code, again.stderr).toBe(0);
    await runs.expectStored(source, address, api.records('items'));
    expect(contract.tokenRequests()).toEqual({ answered: 2, refused: 0 });
    const newest = contract.refreshToken();
    const { rows } = await runs.database.pool.query<{ refresh_token: string }>(
      'SELECT refresh_token FROM ingestion_credentials WHERE source = $1',
      [source.name],
    );
    expect(rows).toEqual([{ refresh_token: newest }]);
    for (const { stdout, stderr } of [first, again]) {
      expect(stdout + stderr).not.toMatch(/(?:refresh|access)-[0-9a-f]{24}/);
    }
    expect(runs.writtenFiles()).not.toContain(newest);
  });

  test('that the endpoint refuses end the run, which names what to check', async () => {
    const contract = oauth(cursorApi(pages));
    const { api, source, address } = await started(contract, { grant_type: 'refresh_token' });
    const env = { ...address.env, ...variablesOf(source, { REFRESH_TOKEN: 'sp3nt-t0ken' }) };
    const { code, stdout, stderr } = await runs.ingest(source, { ...address, env });
    expect(code).toBe(4);
    expect(stdout).toContain(`the source \\"${source.name}\\" gives no access token`);
    expect(stdout).toContain(`\${${source.prefix}_REFRESH_TOKEN}`);
    expect(stdout + stderr).not.toContain('sp3nt-t0ken');
    expect(api.requests.filter(({ url }) => url.startsWith('/items'))).toEqual([]);
  });
});

test('a token in the path is shown nowhere, though the message names the address', async () => {
  const token = '12345:b0t-t0ken';
  const api = await apis.start(cursorApi(pages));
  const source = runs.source({ ...parts, endpoint: { path: `bot\${BOT_TOKEN}/items` } });
  const exit = await runs.ingest(source, { ...api, env: { BOT_TOKEN: token } });
  expect(exit.code).toBe(1);
  expect(api.requests.some(({ url }) => url.includes(token))).toBe(true);
  expect(exit.result?.message).toContain('/bot[secret]/items');
  const shown = [exit.stdout, exit.stderr, runs.writtenFiles(), await runs.ledgerText()].join('\n');
  expect(shown).not.toContain(token);
});

describe('a token of an address', () => {
  const token = 'b0t-t0ken-0f-the-path';

  test('in the path of base_url is kept with no run, and another token goes on with it', async () => {
    const inner = cursorApi(pages);
    const api = await apis.start({
      ...inner,
      answer(request) {
        const path = request.url.pathname.replace(/^\/bot\/[^/]+\/v1/, '');
        return inner.answer({ ...request, url: new URL(path + request.url.search, request.url) });
      },
    });
    const source = runs.source(parts);
    const text = readFileSync(source.path, 'utf8');
    writeFileSync(
      source.path,
      text.replace('https://api.example.com', `${api.origin}/bot/\${S_PATH}/v1`),
    );
    const address = (S_PATH: string) => ({ ...api, env: { S_PATH, API_BASE_URL: '' } });
    const exit = await runs.drain(source, address(token));
    await runs.expectStored(source, address(token), api.records('items'));
    expect(api.requests[0]?.url).toContain(token);
    const status = await runs.folder.run(
      ['status', '--source', source.path, '--json'],
      runs.env(source, address('an0ther-t0ken')),
    );
    expect(status.code, status.stderr).toBe(0);
    expect(status.stdout).toContain('/bot/{secret:');
    const said = [exit, status].map(({ stdout, stderr }) => stdout + stderr).join('\n');
    const shown = [said, runs.writtenFiles(), await runs.ledgerText()].join('\n');
    expect(shown).not.toContain(token);
  });

  test('before its host is refused, and it is said what to use', async () => {
    const api = await apis.start(cursorApi(pages));
    const source = runs.source(parts);
    const env = { API_BASE_URL: api.origin.replace('://', `://me:${token}@`) };
    const { code, stdout, stderr } = await runs.ingest(source, { ...api, env });
    expect(code).toBe(2);
    expect(stdout + stderr).toContain('use auth of the type http_basic');
    expect(stdout + stderr).not.toContain(token);
    expect(api.requests).toEqual([]);
  });
});
