/** Reading what a client sent: its credentials, its numbers, its JSON body. */
import type { ApiRequest } from './contract.js';

/** The token of `Authorization: Bearer`. */
export function bearerToken({ headers }: ApiRequest): string | null {
  return /^bearer\s+(.+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}

export interface BasicCredentials {
  readonly username: string;
  readonly password: string;
}

export function basicCredentials({ headers }: ApiRequest): BasicCredentials | null {
  const encoded = /^basic\s+(.+)$/i.exec(headers.authorization ?? '')?.[1];
  if (encoded === undefined) return null;
  const [username = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return { username, password: rest.join(':') };
}

/** One value of a header that is not a list. */
export function header(request: ApiRequest, name: string): string | null {
  const value = request.headers[name.toLowerCase()];
  return typeof value === 'string' ? value : null;
}

/** A whole number of the query; `fallback` where it is left out, NaN where it is no number. */
export function queryInteger({ url }: ApiRequest, name: string, fallback: number): number {
  return integerOf(url.searchParams.get(name), fallback);
}

/** A whole number, also as text; `fallback` for null and undefined, NaN for anything else. */
export function integerOf(value: unknown, fallback: number): number {
  if (value === null || value === undefined) return fallback;
  const number = typeof value === 'string' && value === '' ? Number.NaN : Number(value);
  return Number.isInteger(number) ? number : Number.NaN;
}

/** The body as a JSON object; null where it is none. */
export function jsonObject({ body }: ApiRequest): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(body === '' ? '{}' : body);
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The request's URL with other parameters; null takes one away. */
export function urlWith(
  { url }: ApiRequest,
  params: Readonly<Record<string, string | null>>,
): string {
  const changed = new URL(url);
  for (const [name, value] of Object.entries(params)) {
    if (value === null) changed.searchParams.delete(name);
    else changed.searchParams.set(name, value);
  }
  return changed.href;
}

/** A `Link` header of RFC 8288. */
export function linkHeader(links: readonly (readonly [rel: string, url: string])[]): string {
  return links.map(([rel, url]) => `<${url}>; rel="${rel}"`).join(', ');
}
