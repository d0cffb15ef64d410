import { describe, expect, test } from 'vitest';
import { type OAuthPlan, readTokenAnswer, tokenRequest } from '../../src/source/token-exchange.js';

const AUTH: OAuthPlan = {
  ...{ type: 'oauth2', grant: 'client_credentials', tokenUrl: 'https://auth.test/token' },
  ...{ clientId: 'client', clientSecret: 'hush', refreshToken: '', scopes: [], extraParams: {} },
  ...{ clientAuth: 'body', accessTokenName: 'access_token', expiresInName: 'expires_in' },
  defaultExpirationSeconds: 3600,
};

function asked(changes: Partial<OAuthPlan>, refreshToken: string | null = null) {
  const { headers, body } = tokenRequest({ ...AUTH, ...changes }, refreshToken);
  expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
  return { form: Object.fromEntries(new URLSearchParams(body)), client: headers.authorization };
}

describe('a token is asked for', () => {
  test('with the client in the form', () => {
    const form = { grant_type: 'client_credentials', client_id: 'client', client_secret: 'hush' };
    expect(asked({})).toEqual({ form, client: undefined });
  });

  test('with the client as HTTP basic, encoded as in a form', () => {
    const { form, client = '' } = asked({
      clientAuth: 'basic',
      clientId: 'a:b',
      clientSecret: 'ö +',
    });
    expect(form).toEqual({ grant_type: 'client_credentials' });
    expect(Buffer.from(client.split(' ')[1] ?? '', 'base64').toString()).toBe('a%3Ab:%C3%B6+%2B');
  });

  test('with scopes, and parameters of the source that replace others', () => {
    const extraParams = { audience: 'https://api.test', grant_type: 'special' };
    expect(asked({ scopes: ['read', 'list'], extraParams }).form).toMatchObject({
      ...{ scope: 'read list', audience: 'https://api.test', grant_type: 'special' },
    });
  });

  test('with a refresh token, by a client without a secret', () => {
    expect(asked({ grant: 'refresh_token', clientSecret: '' }, 'r-1').form).toEqual({
      ...{ grant_type: 'refresh_token', client_id: 'client', refresh_token: 'r-1' },
    });
  });
});

describe('an answer', () => {
  const read = (status: number, body: unknown, changes: Partial<OAuthPlan> = {}) =>
    readTokenAnswer(status, typeof body === 'string' ? body : JSON.stringify(body), {
      ...AUTH,
      ...changes,
    });

  test.each([
    [{ access_token: 't', expires_in: 60 }, 60_000],
    [{ access_token: 't', expires_in: '60' }, 60_000],
    [{ access_token: 't' }, 3_600_000],
    [{ access_token: 't', expires_in: null }, 3_600_000],
    [{ access_token: 't', expires_in: 0 }, 3_600_000],
    [{ access_token: 't', expires_in: 'soon' }, 3_600_000],
  ])('%j is a token that lives %d ms', (body, lifeMs) => {
    expect(read(200, body)).toEqual({ type: 'token', token: 't', lifeMs, refreshToken: null });
  });

  test('has its fields by other names where the source says so', () => {
    const names = { accessTokenName: 'token', expiresInName: 'ttl' };
    expect(read(201, { token: 't', ttl: 5, refresh_token: 'r-2' }, names)).toEqual({
      ...{ type: 'token', token: 't', lifeMs: 5_000, refreshToken: 'r-2' },
    });
  });

  test.each([
    [400, { error: 'invalid_grant' }, 'HTTP 400 invalid_grant', true],
    [401, { error: 'invalid_client', error_description: 'hush' }, 'HTTP 401 invalid_client', false],
    [200, { error: 'bad_verification_code' }, 'HTTP 200 bad_verification_code', false],
    [403, 'hush', 'HTTP 403', false],
    [400, { error: 'the secret hush is wrong' }, 'HTTP 400', false],
    [302, '', 'HTTP 302', false],
    [200, '<html>', 'HTTP 200 without a text in the field "access_token"', false],
    [200, [], 'HTTP 200 without a text in the field "access_token"', false],
    [200, { access_token: 7 }, 'HTTP 200 without a text in the field "access_token"', false],
    [200, { access_token: '' }, 'HTTP 200 without a text in the field "access_token"', false],
  ])('%d with %j is a refusal: %s', (status, body, reason, isGrantRefused) => {
    expect(read(status, body)).toEqual({ type: 'refused', reason, isGrantRefused });
  });

  test.each([408, 429, 500, 503])('%d says that the endpoint is not well', (status) => {
    expect(read(status, { access_token: 't' })).toEqual({
      type: 'unwell',
      reason: `HTTP ${status}`,
    });
  });
});
