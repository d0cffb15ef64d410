/**
 * What proves to an API who asks: the part of a request that is secret. It is added when the request
 * leaves, so that what is kept of the request, in the ledger, the log and errors, never holds it.
 */
import type { AuthPlan } from './plan.js';

export interface Credentials {
  /** Names in lower case; a cookie is the header `cookie`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parameters of the query, not encoded. */
  readonly query: Readonly<Record<string, string>>;
}

/** What a cookie's value may not hold (RFC 6265): whitespace, controls, `"`, `,`, `;`, `\`. */
const NO_COOKIE_CHARACTER = /[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/gu;

/**
 * @param auth its references to secrets resolved; null: the API asks for none
 * @returns nothing for OAuth 2, whose token is got while the program runs: see `bearerHeader`
 */
export function requestCredentials(auth: AuthPlan | null): Credentials {
  switch (auth?.type) {
    case 'bearer':
      return { headers: bearerHeader(auth.token), query: {} };
    case 'http_basic':
      return { headers: basicHeader(auth.username, auth.password), query: {} };
    case 'api_key':
      return withApiKey(auth);
    case 'oauth2':
    case undefined:
      return { headers: {}, query: {} };
  }
}

export function bearerHeader(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** User and password in UTF-8, as RFC 7617 recommends. */
export function basicHeader(user: string, password: string): Record<string, string> {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return { authorization: `Basic ${btoa(String.fromCodePoint(...bytes))}` };
}

function withApiKey({ name, apiKey, location }: AuthPlan & { type: 'api_key' }): Credentials {
  switch (location) {
    case 'header':
      return { headers: { [name.toLowerCase()]: apiKey }, query: {} };
    case 'query':
      return { headers: {}, query: { [name]: apiKey } };
    case 'cookie': {
      const value = apiKey.replaceAll(NO_COOKIE_CHARACTER, encodeURIComponent);
      return { headers: { cookie: `${name}=${value}` }, query: {} };
    }
  }
}

/** The URL with these parameters in place of those of the same names; the others stay as they stand. */
export function withQuery(url: string, query: Readonly<Record<string, string>>): string {
  const names = Object.keys(query);
  if (names.length === 0) return url;
  const { address, pairs, fragment } = partsOf(withoutQuery(url, names));
  return whole(address, [...pairs, new URLSearchParams(query).toString()], fragment);
}

/**
 * The URL without these parameters; the others stay as they stand, for some are signed. For a link of
 * an API that repeats the key it was sent: such a link is kept in the ledger.
 *
 * @param url absolute or relative
 * @param names not encoded
 */
export function withoutQuery(url: string, names: readonly string[]): string {
  const { address, pairs, fragment } = partsOf(url);
  const kept = pairs.filter((pair) => {
    const [[name = ''] = []] = new URLSearchParams(pair);
    return !names.includes(name);
  });
  return kept.length === pairs.length ? url : whole(address, kept, fragment);
}

interface UrlParts {
  /** All before the question mark. */
  readonly address: string;
  /** `name=value` each, as they stand in the query. */
  readonly pairs: readonly string[];
  /** With its sign; empty: none. */
  readonly fragment: string;
}

function partsOf(url: string): UrlParts {
  const fragmentAt = url.indexOf('#');
  const sent = fragmentAt < 0 ? url : url.slice(0, fragmentAt);
  const fragment = url.slice(sent.length);
  const queryAt = sent.indexOf('?');
  if (queryAt < 0) return { address: sent, pairs: [], fragment };
  const pairs = sent.slice(queryAt + 1).split('&');
  return { address: sent.slice(0, queryAt), pairs: pairs.filter((pair) => pair !== ''), fragment };
}

function whole(address: string, pairs: readonly string[], fragment: string): string {
  const query = pairs.length === 0 ? '' : `?${pairs.join('&')}`;
  return `${address}${query}${fragment}`;
}
