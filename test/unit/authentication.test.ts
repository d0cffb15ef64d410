import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergedHeaders } from '../../src/protocol/page-request.js';
import { requestCredentials, withoutQuery, withQuery } from '../../src/source/authentication.js';

const apiKey = (location: 'header' | 'query' | 'cookie', key = 'k-1') =>
  requestCredentials({ type: 'api_key', name: 'X-Key', apiKey: key, location });

describe('the credentials of a request', () => {
  test('of a bearer token are a header', () => {
    expect(requestCredentials({ type: 'bearer', token: 't-1' })).toEqual({
      headers: { authorization: 'Bearer t-1' },
      query: {},
    });
  });

  test('of a user and password are a header, in UTF-8', () => {
    const auth = { type: 'http_basic', username: 'zoë', password: 'a:b€' } as const;
    const { headers, query } = requestCredentials(auth);
    expect(query).toEqual({});
    const [scheme, text = ''] = (headers.authorization ?? '').split(' ');
    expect([scheme, Buffer.from(text, 'base64').toString()]).toEqual(['Basic', 'zoë:a:b€']);
  });

  test('of a key are where the source says', () => {
    expect(apiKey('header')).toEqual({ headers: { 'x-key': 'k-1' }, query: {} });
    expect(apiKey('query')).toEqual({ headers: {}, query: { 'X-Key': 'k-1' } });
    expect(apiKey('cookie')).toEqual({ headers: { cookie: 'X-Key=k-1' }, query: {} });
  });

  test('in a cookie are encoded only where a cookie cannot hold them', () => {
    expect(apiKey('cookie', 'a+/==b;c d"é,\\').headers.cookie).toBe(
      'X-Key=a+/==b%3Bc%20d%22%C3%A9%2C%5C',
    );
  });

  test('are none without authentication, and none of OAuth 2 before there is a token', () => {
    const none = { headers: {}, query: {} };
    expect(requestCredentials(null)).toEqual(none);
    expect(
      requestCredentials({
        ...{ type: 'oauth2', grant: 'client_credentials', tokenUrl: 'https://auth.test/token' },
        ...{ clientId: 'c', clientSecret: 's', refreshToken: '', scopes: [], extraParams: {} },
        ...{ clientAuth: 'body', accessTokenName: 'access_token', expiresInName: 'expires_in' },
        defaultExpirationSeconds: 3600,
      }),
    ).toEqual(none);
  });
});

describe('headers of several sets', () => {
  test('count by the last set, whatever the case of their names', () => {
    const merged = mergedHeaders({ Accept: 'a', 'X-Key': '1' }, { accept: 'b' }, { 'x-key': '2' });
    expect(merged).toEqual({ accept: 'b', 'x-key': '2' });
  });

  test('keep the cookies of all', () => {
    expect(mergedHeaders({ Cookie: 'a=1' }, { cookie: 'b=2' })).toEqual({ cookie: 'a=1; b=2' });
  });
});

describe('a query', () => {
  test.each([
    ['https://api.test/x', 'https://api.test/x?key=a%26b'],
    ['https://api.test/x?', 'https://api.test/x?key=a%26b'],
    ['https://api.test/x?n=1', 'https://api.test/x?n=1&key=a%26b'],
    ['https://api.test/x?n=%20+%2B:&sig=a/b', 'https://api.test/x?n=%20+%2B:&sig=a/b&key=a%26b'],
    ['https://api.test/x?key=old&n=1&key=older', 'https://api.test/x?n=1&key=a%26b'],
    ['https://api.test/x?n=1#top', 'https://api.test/x?n=1&key=a%26b#top'],
  ])('of %s with the key', (url, expected) => {
    expect(withQuery(url, { key: 'a&b' })).toBe(expected);
  });

  test.each([
    ['https://api.test/x', 'https://api.test/x'],
    ['https://api.test/x?', 'https://api.test/x?'],
    ['https://api.test/x?key=s', 'https://api.test/x'],
    ['https://api.test/x?a=1&key=s&b=%20+', 'https://api.test/x?a=1&b=%20+'],
    ['https://api.test/x?key=s&key&key=', 'https://api.test/x'],
    ['/x?key=s&keys=2', '/x?keys=2'],
    ['/x?a=key=s#key=s', '/x?a=key=s#key=s'],
    ['?k%65y=s', ''],
    ['/x?%=1&key=s', '/x?%=1'],
    ['/x?Key=s', '/x?Key=s'],
  ])('of %s without the key', (url, expected) => {
    expect(withoutQuery(url, ['key'])).toBe(expected);
  });

  test('without the key is what it was before, and with it holds the key once', () => {
    const name = fc.stringMatching(/^[a-z\]. é+&=%#?-]{1,6}$/u);
    const query = fc.dictionary(name, fc.string());
    fc.assert(
      fc.property(name, fc.string({ unit: 'grapheme' }), query, (key, secret, others) => {
        fc.pre(!(key in others));
        const rest = new URLSearchParams(others).toString();
        const url = `https://api.test/x${rest === '' ? '' : `?${rest}`}`;
        const sent = withQuery(url, { [key]: secret });
        expect(new URL(sent).searchParams.getAll(key)).toEqual([secret]);
        expect(withoutQuery(sent, [key])).toBe(url);
      }),
    );
  });
});
