/** `datasync explore` with source files of a test's own: credentials, tokens, limits, cursors, what it leaves behind. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Exploration, explorationForm } from '../../src/explore/schema.js';
import { cursorApi } from '../support/apis/cursor-api.js';
import { OAUTH_CLIENT, OAUTH_PATH, oauth } from '../support/apis/oauth.js';
import { offsetApi } from '../support/apis/offset-api.js';
import type { ApiServer } from '../support/apis/serve.js';
import { type TestSource, useSourceRuns } from '../support/source-runs.js';
import { fullestWindow } from '../support/windows.js';

const runs = useSourceRuns();
const { apis, folder } = runs;

const LIMIT = { quota: 10, windowMs: 2_000 };
const CURSOR = {
  paginator: { type: 'cursor', cursor_path: 'paging.next', cursor_param: 'cursor' },
  endpoint: { data_selector: 'items' },
  stream: { page_size: { param: 'limit', max: 20 } },
};
const OFFSET = {
  paginator: { type: 'offset', limit: 20, total_path: 'total' },
  endpoint: { data_selector: 'items' },
  stream: { page_size: { param: 'limit', max: 20 } },
};

function fileOf({ name, stream }: TestSource): string {
  return join(folder.path, `${name}.${stream}.exploration.json`);
}

async function explore(
  source: TestSource,
  api: ApiServer,
  { flags = [], env = {} }: { flags?: readonly string[]; env?: Record<string, string> } = {},
) {
  const args = ['explore', '--source', source.path, '--json', ...flags];
  const exit = await folder.run(args, runs.env(source, { origin: api.origin, env }));
  const said = exit.stdout + exit.stderr + runs.writtenFiles();
  return { ...exit, said };
}

async function exploreWell(...asked: Parameters<typeof explore>): Promise<Exploration> {
  const { code, stderr, result } = await explore(...asked);
  expect(code, stderr).toBe(0);
  expect(explorationForm.parse(result)).toEqual(JSON.parse(readFileSync(fileOf(asked[0]), 'utf8')));
  return explorationForm.parse(result);
}

function found({ findings }: Exploration, name: string) {
  return findings.find((finding) => finding.name === name)?.value;
}

describe('credentials', () => {
  test('a key in the query is sent, and told nowhere', async () => {
    const api = await apis.start(cursorApi({ limit: null, pageSizeMax: 20 }));
    const auth = { type: 'api_key', name: 'api_key', location: 'query' };
    const source = runs.source({ ...CURSOR, auth });
    const secret = 'k3y-0f-the-query';
    const other = await explore(source, api, { env: { [`${source.prefix}_API_KEY`]: secret } });
    expect(other.code).toBe(4);
    expect(other.stderr).toMatch(new RegExp(`the source ${source.name}.*${source.prefix}_API_KEY`));
    expect(other.stderr).not.toMatch(/TARGET_API_KEY|API_BASE_URL/);
    expect(other.said).not.toContain(secret);
    expect(existsSync(fileOf(source))).toBe(false);
    const { said, code } = await explore(source, api);
    expect(code).toBe(0);
    expect(said).not.toContain('fixture-key');
  });

  test('an access token is got once, and again where it dies', async () => {
    const inner = cursorApi({ limit: null, pageSizeMax: 20 });
    let answers = 0;
    const contract = oauth({
      ...inner,
      answer(request) {
        if (++answers === 3) contract.revokeAccessTokens();
        return inner.answer(request);
      },
    });
    const api = await apis.start(contract);
    const source = runs.source({
      ...CURSOR,
      auth: {
        ...{ type: 'oauth2_client_credentials', access_token_url: `${api.origin}${OAUTH_PATH}` },
        client_id: OAUTH_CLIENT.id,
      },
    });
    const env = { [`${source.prefix}_CLIENT_SECRET`]: OAUTH_CLIENT.secret };
    const { code, said, stderr } = await explore(source, api, { env });
    expect(code, stderr).toBe(0);
    expect(said).not.toContain(OAUTH_CLIENT.secret);
    const tokens = api.requests.filter(({ url }) => url.startsWith(OAUTH_PATH));
    expect(tokens).toHaveLength(2);
  });

  test('for a refresh token, which is kept, only with the database', async () => {
    const contract = oauth(cursorApi({ limit: null, pageSizeMax: 20 }));
    const api = await apis.start(contract);
    const source = runs.source({
      ...CURSOR,
      auth: {
        ...{ type: 'oauth2', token_url: `${api.origin}${OAUTH_PATH}`, client_id: OAUTH_CLIENT.id },
        grant_type: 'refresh_token',
      },
    });
    const env = {
      [`${source.prefix}_CLIENT_SECRET`]: OAUTH_CLIENT.secret,
      [`${source.prefix}_REFRESH_TOKEN`]: contract.refreshToken(),
    };
    const without = await explore(source, api, { env, flags: ['--no-database'] });
    expect(without.code).toBe(2);
    expect(without.stderr).toContain('explore it with a database');
    expect(api.requests).toHaveLength(0);
    await exploreWell(source, api, { env });
    const drained = await runs.drain(source, { origin: api.origin, env });
    expect(drained.code).toBe(0);
    expect(contract.tokenRequests()).toEqual({ answered: 2, refused: 0 });
  });

  test('a redirect to somebody else is a fault, and nothing is sent there', async () => {
    const elsewhere = await apis.start(cursorApi());
    const contract = cursorApi({ limit: null });
    const api = await apis.start({
      ...contract,
      answer: () => ({ status: 302, headers: { Location: `${elsewhere.origin}/items` }, body: '' }),
    });
    const source = runs.source(CURSOR);
    const { code, stderr } = await explore(source, api);
    expect(code).toBe(1);
    expect(stderr).toContain('to which nothing is sent');
    expect(elsewhere.requests).toHaveLength(0);
  });
});

describe('limits', () => {
  test.each([
    ['the database', []],
    ['its file alone', ['--no-database']],
  ])('an ingestion knows of its requests from %s', async (_, flags) => {
    const api = await apis.start(cursorApi({ count: 300, pageSizeMax: 20, limit: LIMIT }));
    const source = runs.source(CURSOR);
    const exploration = await exploreWell(source, api, { flags: [...flags, '--budget', '6'] });
    expect(found(exploration, 'limit.quota')).toBe(10);
    expect(exploration.recommendations).toContainEqual(
      expect.objectContaining({ setting: 'limits', value: '[{ quota: 10, window: 2s }]' }),
    );
    await runs.drain(source, { origin: api.origin });
    await runs.expectStored(source, { origin: api.origin }, api.records('items'));
    expect(api.refused).toBe(0);
    const arrivals = api.requests.map(({ atMs }) => atMs);
    expect(fullestWindow(arrivals, LIMIT.windowMs * 0.9)).toBeLessThanOrEqual(LIMIT.quota);
  });

  test('one that the file alone declares is kept to', async () => {
    const api = await apis.start(cursorApi({ limit: null, pageSizeMax: 20 }));
    const limits = [{ quota: 3, window: '2s' }, { concurrency: 1 }];
    const source = runs.source({ ...CURSOR, ingestion: { limits } });
    const exploration = await exploreWell(source, api);
    expect(found(exploration, 'limit.declared')).toBe('3 in 2 s; 1 at once');
    const arrivals = api.requests.map(({ atMs }) => atMs);
    expect(fullestWindow(arrivals, 1_800)).toBeLessThanOrEqual(3);
  });

  test.each([200, 206])('with --provoke it is run into, within the budget: %i', async (status) => {
    const limit = { quota: 5, windowMs: 1_000 };
    const contract = cursorApi({ limit, pageSizeMax: 20 });
    const api = await apis.start({
      ...contract,
      answer(request) {
        const answer = contract.answer(request);
        return answer.status === 200 ? { ...answer, status } : answer;
      },
    });
    const exploration = await exploreWell(runs.source(CURSOR), api, { flags: ['--provoke'] });
    expect(found(exploration, 'limit.refused-calls-count')).toBe(false);
    expect(api.refused).toBeGreaterThan(0);
    expect(api.requests.length).toBeLessThanOrEqual(exploration.requests.atMost.requests ?? 0);
  });

  test('no more is asked than the budget permits', async () => {
    const api = await apis.start(cursorApi({ limit: null, pageSizeMax: 20 }));
    const exploration = await exploreWell(runs.source(CURSOR), api, { flags: ['--budget', '3'] });
    expect(exploration.requests.used).toEqual({ requests: 3 });
    expect(api.requests).toHaveLength(3);
  });
});

test('with --thorough a cursor is outlived, by the sign that the file names', async () => {
  const faults = { cursorTtlMs: 3_000 };
  const api = await apis.start(cursorApi({ limit: null, pageSizeMax: 20, faults }));
  const stream = { ...CURSOR.stream, cursor_ttl: '3s' };
  const source = runs.source({ ...CURSOR, stream, ingestion: { expired: [{ status: 410 }] } });
  const exploration = await exploreWell(source, api, { flags: ['--thorough'] });
  const life = exploration.findings.find(({ name }) => name === 'cursor.life');
  expect(life).toMatchObject({ value: 3_000, confidence: 'measured' });
});

test('a total that lies is found out where pages can be asked for by their place', async () => {
  const contract = offsetApi({ count: 200, limit: null, pageSizeMax: 20 });
  const api = await apis.start({
    ...contract,
    answer(request) {
      const answer = contract.answer(request);
      return { ...answer, body: answer.body.replace('"total":200', '"total":500') };
    },
  });
  const exploration = await exploreWell(runs.source(OFFSET), api);
  expect(found(exploration, 'total')).toBe(500);
  expect(found(exploration, 'total.is-true')).toBe(false);
});

test('a source of one page is counted, and what cannot be known is said to be unknown', async () => {
  const api = await apis.start(cursorApi({ count: 7, limit: null }));
  const exploration = await exploreWell(runs.source(CURSOR), api);
  expect(found(exploration, 'total')).toBe(7);
  expect(found(exploration, 'paging.leads-on')).toBeNull();
  expect(exploration.prediction?.records).toBe(7);
});

test('what was found out of one source is no hint for another, nor for another address', async () => {
  const api = await apis.start(cursorApi({ limit: null, pageSizeMax: 20 }));
  const [one, other] = [runs.source(CURSOR), runs.source(CURSOR)];
  await exploreWell(one, api);
  const hinted = /exploration\.json \(\d+ min old\)/;
  const drained = await runs.drain(other, { origin: api.origin });
  expect(drained.stderr).not.toMatch(hinted);
  const moved = await apis.start(cursorApi({ limit: null, pageSizeMax: 20 }));
  expect((await runs.drain(one, { origin: moved.origin })).stderr).not.toMatch(hinted);
  expect((await runs.drain(one, { origin: api.origin })).stderr).toMatch(hinted);
});

test('of several streams one has to be chosen', async () => {
  const env = { GITHUB_TOKEN: 'fixture-key', GITHUB_REPO: 'someone/something' };
  const { code, stderr } = await folder.run(['explore', '--source', 'github'], env);
  expect(code).toBe(2);
  expect(stderr).toMatch(/one stream at a time.*--resource: issues, commits/);
});

test('what is no page names the setting of the file', async () => {
  const contract = cursorApi({ limit: null });
  const html = '<!DOCTYPE html><html></html>';
  const api = await apis.start({
    ...contract,
    answer: () => ({ status: 200, headers: { 'Content-Type': 'text/html' }, body: html }),
  });
  const source = runs.source(CURSOR);
  const { code, stderr } = await explore(source, api);
  expect(code).toBe(1);
  expect(stderr).toContain(`base_url of the source file ${source.name}`);
  expect(stderr).not.toMatch(/API_BASE_URL|DataSync/);
});
