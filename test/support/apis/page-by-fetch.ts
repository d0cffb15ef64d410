/** Pages through an API as its documentation says, with nothing but `fetch`: checks the fixtures. */
import type { JsonValue } from './contract.js';

export interface PageRequest {
  readonly url: string;
  readonly init?: RequestInit;
}

export interface FetchedPage {
  readonly status: number;
  readonly headers: Headers;
  readonly body: JsonValue;
}

export async function fetchPage({ url, init = {} }: PageRequest): Promise<FetchedPage> {
  const response = await fetch(url, init);
  const text = await response.text();
  // By its first sign: CouchDB calls its JSON plain text unless asked for JSON alone.
  const isJson = /^[[{]/.test(text);
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? parseExactly(text) : text,
  };
}

/**
 * All records, in the order in which they came.
 *
 * @param next the request after a page; null: it was the last
 * @throws where a page is not 200, or the pages do not end
 */
export async function readAll(
  first: PageRequest,
  records: (page: FetchedPage) => readonly JsonValue[],
  next: (page: FetchedPage) => PageRequest | null,
): Promise<JsonValue[]> {
  const all: JsonValue[] = [];
  let request: PageRequest | null = first;
  for (let pages = 0; request !== null; pages++) {
    if (pages === 1_000) throw new Error(`No end after ${pages} pages of ${first.url}.`);
    const page: FetchedPage = await fetchPage(request);
    if (page.status !== 200) {
      throw new Error(`${request.url} answered ${page.status}: ${JSON.stringify(page.body)}`);
    }
    all.push(...records(page));
    request = next(page);
  }
  return all;
}

/** The value at a path of member names; undefined where there is none. */
export function valueAt(value: JsonValue | undefined, ...names: string[]): JsonValue | undefined {
  let found = value;
  for (const name of names) found = memberOf(found, name);
  return found;
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const members: Readonly<Record<string, JsonValue>> = Object.fromEntries(Object.entries(value));
  return members[name];
}

/** The records at a path. */
export function recordsAt(...names: string[]): (page: FetchedPage) => readonly JsonValue[] {
  return ({ body }) => {
    const found = valueAt(body, ...names);
    if (!Array.isArray(found)) throw new Error(`No records at ${names.join('.')}.`);
    return found;
  };
}

/** The text at a path; null where it is empty or is none. */
export function textAt(page: FetchedPage, ...names: string[]): string | null {
  const found = valueAt(page.body, ...names);
  return typeof found === 'string' && found !== '' ? found : null;
}

/** The target of `rel="next"` in the `Link` header. */
export function nextLink({ headers }: FetchedPage): string | null {
  return /<([^>]+)>;\s*rel="next"/.exec(headers.get('link') ?? '')?.[1] ?? null;
}

/** Integers of 16 digits and more become bigints: a double may not hold them. */
function parseExactly(text: string): JsonValue {
  const marked = text.replaceAll(/(?<=[:[,]\s*)(\d{16,})(?=\s*[,\]}])/g, '"@integer:$1"');
  return JSON.parse(marked, (_name, value: unknown) =>
    typeof value === 'string' && value.startsWith('@integer:') ? BigInt(value.slice(9)) : value,
  );
}
