/** What came, whether it is a page or not. */
import { headerOf } from '../../workers/fetch/response-headers.js';
import type { Received } from './transport.js';

/** The body, decoded; empty: there is none. */
export function bodyOf(received: Received): Buffer {
  if (received.type === 'page') return received.body;
  const { buffer, meta } = received;
  return buffer === null ? Buffer.alloc(0) : Buffer.from(buffer, 0, meta?.bodyBytes ?? 0);
}

/** Names in lower case; one that came more than once is joined with commas. */
export function headersOf({ headers = {} }: Received): Readonly<Record<string, string>> {
  const named = Object.keys(headers).flatMap((name) => {
    const value = headerOf(headers, name);
    return value === null ? [] : [[name, value] as const];
  });
  return Object.fromEntries(named);
}
