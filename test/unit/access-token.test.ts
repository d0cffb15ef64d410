// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets look like templates.
import { Agent } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { IngestionError } from '../../src/core/fault.js';
import { AccessToken, type RefreshTokenStore } from '../../src/session/access-token.js';
import type { OAuthPlan } from '../../src/source/token-exchange.js';
import { refusalOf } from '../support/refusal.js';
import { type TokenServer, testClock, useTokenServer } from '../support/token-server.js';

const startServer = useTokenServer();
const agents: Agent[] = [];
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.destroy()));
});

function memoryStore(first: string | null = null): RefreshTokenStore & { saved: string[] } {
  const saved = first === null ? [] : [first];
  return {
    saved,
    load: async () => saved.at(-1) ?? null,
    save: async (token) => void saved.push(token),
  };
}

/** The access token of a source whose endpoint is `server`, and what it goes by. */
function tokenFrom(
  { origin }: Pick<TokenServer, 'origin'>,
  changes: Partial<OAuthPlan> = {},
  store: RefreshTokenStore = memoryStore(),
) {
  const agent = new Agent();
  agents.push(agent);
  const clock = testClock();
  const secrets: string[] = [];
  const auth: OAuthPlan = {
    ...{ type: 'oauth2', grant: 'client_credentials', tokenUrl: `${origin}/token?tenant=t1` },
    ...{ clientId: 'client', clientSecret: 'hush', refreshToken: 'r-0', scopes: [] },
    ...{ extraParams: {}, clientAuth: 'body', accessTokenName: 'access_token' },
    ...{ expiresInName: 'expires_in', defaultExpirationSeconds: 3600 },
    ...changes,
  };
  const token = new AccessToken({
    ...{
      auth,
      source: 'crm',
      references: ['${CRM_CLIENT_SECRET}'],
      dispatcher: agent,
      isProxied: false,
      clock,
      store,
    },
    conceal: (secret) => secrets.push(secret),
  });
  return { token, clock, secrets };
}

const numbered = (_: unknown, nth: number) => ({
  body: { access_token: `t-${nth}`, expires_in: 600 },
});
const refreshing = { grant: 'refresh_token' } as const;

describe('a token', () => {
  test('is asked for once by all who want it, and kept out of the log', async () => {
    const server = await startServer(numbered);
    const { token, secrets } = tokenFrom(server);
    const tokens = await Promise.all([token.current(), token.current(), token.current()]);
    expect(tokens).toEqual(['t-1', 't-1', 't-1']);
    expect(server.asked).toMatchObject([
      { form: { grant_type: 'client_credentials', client_id: 'client', client_secret: 'hush' } },
    ]);
    expect([token.requestCount, secrets]).toEqual([1, ['t-1']]);
  });

  test.each([
    [600, 539_999, 540_000],
    [36_000, 35_939_999, 35_940_000],
    [10, 8_999, 9_000],
  ])('that lives %d s is used for %d ms, and renewed after %d', async (life, lastMs, renewMs) => {
    const server = await startServer((_, nth) => ({
      body: { access_token: `t-${nth}`, expires_in: life },
    }));
    const { token, clock } = tokenFrom(server);
    const startMs = clock.now;
    await token.current();
    clock.now = startMs + lastMs;
    expect(await token.current()).toBe('t-1');
    clock.now = startMs + renewMs;
    expect(await token.current()).toBe('t-2');
  });

  test('lives from the request that brought it, not from those in vain before', async () => {
    const server = await startServer((question, nth) =>
      nth < 5 ? { status: 503, headers: { 'retry-after': '290' } } : numbered(question, nth),
    );
    const { token } = tokenFrom(server);
    await token.current();
    await token.current();
    expect(server.asked).toHaveLength(5);
  });

  test('that the API refuses is replaced, one that was replaced before is not', async () => {
    const server = await startServer(numbered);
    const { token } = tokenFrom(server);
    await token.current();
    token.refused('t-1');
    expect(await token.current()).toBe('t-2');
    token.refused('t-1');
    expect(await token.current()).toBe('t-2');
    expect(server.asked).toHaveLength(2);
  });
});

describe('an endpoint', () => {
  test('that is not well is asked again, as late as it says', async () => {
    const server = await startServer((question, nth) => {
      if (nth === 1) return { status: 503 };
      if (nth === 2) return { status: 429, headers: { 'retry-after': '7' } };
      return numbered(question, nth);
    });
    const { token, clock } = tokenFrom(server);
    expect(await token.current()).toBe('t-3');
    expect(clock.waits).toEqual([250, 7_000]);
    expect(token.requestCount).toBe(3);
  });

  test('that stays unwell is given up after about a minute, and may be asked anew', async () => {
    let isWell = false;
    const server = await startServer((question, nth) =>
      isWell ? numbered(question, nth) : { status: 500, body: 'hush' },
    );
    const { token, clock } = tokenFrom(server);
    const { fault } = await refusalOf(token.current());
    expect(fault).toMatchObject({
      ...{ code: 'NETWORK', retryable: true },
      message: `the source "crm" has no access token: HTTP 500 from ${server.origin}/token`,
      remedy: expect.stringContaining('Check ${CRM_CLIENT_SECRET} and token_url'),
    });
    const waitedMs = clock.waits.reduce((sum, ms) => sum + ms, 0);
    expect([server.asked.length, waitedMs < 60_000]).toEqual([15, true]);
    isWell = true;
    expect(await token.current()).toBe('t-16');
  });

  test('that asks for a longer rest than anybody waits is given up at once', async () => {
    const server = await startServer(() => ({ status: 429, headers: { 'retry-after': '7200' } }));
    const { token, clock } = tokenFrom(server);
    expect((await refusalOf(token.current())).fault).toMatchObject({
      ...{ code: 'NETWORK', message: expect.stringContaining('asks for 7200 s of rest') },
    });
    expect(clock.waits).toEqual([]);
  });

  test('that nobody listens at is named with the reason', async () => {
    const server = await startServer(numbered);
    await server.close();
    const { token, clock } = tokenFrom(server);
    expect((await refusalOf(token.current())).fault).toMatchObject({
      ...{ code: 'NETWORK', retryable: true },
      message: `the source "crm" has no access token: no answer from ${server.origin}: the connection was refused (ECONNREFUSED)`,
    });
    expect(clock.waits).toHaveLength(14);
  });

  test('that speaks another protocol is not asked again', async () => {
    const server = await startServer(numbered);
    const { token, clock } = tokenFrom({ origin: server.origin.replace('http:', 'https:') });
    expect((await refusalOf(token.current())).fault).toMatchObject({
      ...{ code: 'NETWORK', message: expect.stringContaining('TLS') },
    });
    expect(clock.waits).toEqual([]);
  });

  test('that refuses is final, and says what and where without a secret', async () => {
    const body = { error: 'invalid_client', error_description: 'hush is wrong' };
    const server = await startServer(() => ({ status: 401, body }));
    const { token } = tokenFrom(server);
    const { fault } = await refusalOf(token.current());
    expect(fault).toEqual({
      code: 'CREDENTIALS',
      message: `the token endpoint ${server.origin}/token of the source "crm" gives no access token: HTTP 401 invalid_client`,
      retryable: false,
      remedy: 'Check ${CRM_CLIENT_SECRET} and token_url of the source',
    });
    expect((await refusalOf(token.current())).fault).toBe(fault);
    expect(token.requestCount).toBe(1);
  });

  test('whose answer goes on and on is no token', async () => {
    const server = await startServer(() => ({
      body: `{"access_token":"${'x'.repeat(1_000_000)}"}`,
    }));
    const { token } = tokenFrom(server);
    expect((await refusalOf(token.current())).fault.code).toBe('CREDENTIALS');
  });
});

describe('a refresh token', () => {
  const rotating = (_: unknown, nth: number) => ({
    body: { access_token: `t-${nth}`, expires_in: 600, refresh_token: `r-${nth}` },
  });
  const sent = (server: TokenServer) => server.asked.map(({ form }) => form.refresh_token);

  test('that is replaced is kept before the access token is used', async () => {
    const server = await startServer(rotating);
    const store = memoryStore();
    const { token, secrets } = tokenFrom(server, refreshing, store);
    expect(await token.current()).toBe('t-1');
    expect(store.saved).toEqual(['r-1']);
    token.refused('t-1');
    await token.current();
    expect([sent(server), store.saved]).toEqual([
      ['r-0', 'r-1'],
      ['r-1', 'r-2'],
    ]);
    expect(secrets).toEqual(expect.arrayContaining(['r-0', 'r-1', 'r-2', 't-1', 't-2']));
  });

  test('that was kept goes before that of the file', async () => {
    const server = await startServer(numbered);
    const store = memoryStore('r-9');
    await tokenFrom(server, refreshing, store).token.current();
    expect([sent(server), store.saved]).toEqual([['r-9'], ['r-9']]);
  });

  test('that stays the same is not kept', async () => {
    const server = await startServer(numbered);
    const store = memoryStore();
    await tokenFrom(server, refreshing, store).token.current();
    expect([sent(server), store.saved]).toEqual([['r-0'], []]);
  });

  test('that is spent gives way to a new one in the file, which is kept', async () => {
    const server = await startServer((question, nth) =>
      question.form.refresh_token === 'r-9'
        ? { status: 400, body: { error: 'invalid_grant' } }
        : numbered(question, nth),
    );
    const store = memoryStore('r-9');
    expect(await tokenFrom(server, refreshing, store).token.current()).toBe('t-2');
    expect([sent(server), store.saved]).toEqual([
      ['r-9', 'r-0'],
      ['r-9', 'r-0'],
    ]);
  });

  test('that another process replaced meanwhile is taken from the store', async () => {
    const store = memoryStore('r-1');
    const server = await startServer((question, nth) => {
      if (question.form.refresh_token === 'r-2') return numbered(question, nth);
      store.saved.push('r-2');
      return { status: 400, body: { error: 'invalid_grant' } };
    });
    expect(await tokenFrom(server, refreshing, store).token.current()).toBe('t-2');
    expect(sent(server)).toEqual(['r-1', 'r-2']);
  });

  test('that is spent, with no other, is final, and the remedy asks for a new one', async () => {
    const server = await startServer(() => ({ status: 400, body: { error: 'invalid_grant' } }));
    const { token } = tokenFrom(server, refreshing, memoryStore('r-9'));
    expect((await refusalOf(token.current())).fault).toMatchObject({
      ...{ code: 'CREDENTIALS', remedy: expect.stringContaining('get a new one') },
    });
    expect(sent(server)).toEqual(['r-9', 'r-0']);
  });

  test('is not followed by an older one when the client itself is refused', async () => {
    const server = await startServer(() => ({ status: 401, body: { error: 'invalid_client' } }));
    const { token } = tokenFrom(server, refreshing, memoryStore('r-9'));
    await refusalOf(token.current());
    expect(sent(server)).toEqual(['r-9']);
  });

  test('that could not be kept is not lost: the next call sends and keeps it', async () => {
    const server = await startServer(rotating);
    const store = memoryStore();
    let isAway = true;
    const shaky: RefreshTokenStore = {
      load: store.load,
      save: async (token) => {
        if (isAway) {
          const message = 'the database is away';
          throw new IngestionError({ code: 'DATABASE_UNAVAILABLE', message, retryable: true });
        }
        await store.save(token);
      },
    };
    const { token } = tokenFrom(server, refreshing, shaky);
    expect((await refusalOf(token.current())).fault.code).toBe('DATABASE_UNAVAILABLE');
    isAway = false;
    expect(await token.current()).toBe('t-2');
    expect([sent(server), store.saved]).toEqual([['r-0', 'r-1'], ['r-2']]);
  });
});
