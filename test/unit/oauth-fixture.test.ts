/** OAuth before a fixture: tokens, rotation, and their end. */
import { expect, test } from 'vitest';
import { github } from '../support/apis/github.js';
import { OAUTH_CLIENT, OAUTH_PATH, oauth } from '../support/apis/oauth.js';
import { fetchPage, textAt } from '../support/apis/page-by-fetch.js';
import type { ApiServer } from '../support/apis/serve.js';
import { useApis } from '../support/apis/use-apis.js';

const apis = useApis();
const client = { client_id: OAUTH_CLIENT.id, client_secret: OAUTH_CLIENT.secret };
const tokenFrom = (server: ApiServer, form: Readonly<Record<string, string>>) =>
  fetchPage({
    url: server.origin + OAUTH_PATH,
    init: { method: 'POST', body: new URLSearchParams(form) },
  });
const issues = (server: ApiServer, token: string | null) =>
  fetchPage({
    url: `${server.origin}/repos/o/r/issues`,
    init: { headers: { Authorization: `Bearer ${token}` } },
  });

test('gives tokens for client credentials and lets nothing else in', async () => {
  const contract = oauth(github({ count: 1 }));
  const server = await apis.start(contract);
  const grant = { grant_type: 'client_credentials' };
  const page = await tokenFrom(server, { ...grant, ...client });
  expect(page.body).toMatchObject({ token_type: 'Bearer', expires_in: 3_600 });
  expect((await issues(server, textAt(page, 'access_token'))).status).toBe(200);
  expect((await issues(server, 'fixture-key')).status).toBe(401);
  const wrong = await tokenFrom(server, { ...grant, ...client, client_secret: 'wrong' });
  expect(wrong).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  expect(contract.tokenRequests()).toEqual({ answered: 1, refused: 1 });
});

test('takes a refresh token once and gives the next one', async () => {
  const contract = oauth(github({ count: 1 }));
  const server = await apis.start(contract);
  const refresh = (token: string) =>
    tokenFrom(server, { grant_type: 'refresh_token', refresh_token: token, ...client });
  const first = contract.refreshToken();
  const page = await refresh(first);
  expect(textAt(page, 'refresh_token')).toBe(contract.refreshToken());
  expect(contract.refreshToken()).not.toBe(first);
  expect(await refresh(first)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
});

test('ends a token when it is revoked and when its life is over', async () => {
  const contract = oauth(github({ count: 1 }), { tokenLifeSeconds: 0 });
  const server = await apis.start(contract);
  const form = { grant_type: 'client_credentials', ...client };
  const expired = textAt(await tokenFrom(server, form), 'access_token');
  expect((await issues(server, expired)).status).toBe(401);
  const lasting = oauth(github({ count: 1 }));
  const other = await apis.start(lasting);
  const token = textAt(await tokenFrom(other, form), 'access_token');
  lasting.revokeAccessTokens();
  expect((await issues(other, token)).status).toBe(401);
});
