/** Where a redirect leads: another request for the same page, as HTTP has it (RFC 9110, 15.4). */
import type { Fault } from '../../src/core/fault.js';
import type { PageRequest } from '../../src/protocol/page-request.js';
import { type AnswerHeaders, firstOf } from './response-headers.js';

export const REDIRECTS_MAX = 5;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** With these, method and body stay. With the others a POST becomes a GET, as with all known clients. */
const KEEPS_METHOD = new Set([307, 308]);
/** Of a body that is not sent any more. */
const BODY_HEADER = /^content-/i;

export type Redirected =
  | { readonly type: 'follow'; readonly request: PageRequest }
  | { readonly type: 'fault'; readonly fault: Fault };

/**
 * @param status of the answer to `request`
 * @param redirects followed for this page already
 * @returns null where the answer is no redirect
 */
export function redirectOf(
  request: PageRequest,
  { status, headers }: { readonly status: number; readonly headers: AnswerHeaders },
  redirects: number,
): Redirected | null {
  if (!REDIRECTS.has(status)) return null;
  if (redirects >= REDIRECTS_MAX) {
    return endOf(status, `the API redirects more than ${REDIRECTS_MAX} times`);
  }
  const location = firstOf(headers, 'location');
  if (location === null || !URL.canParse(location, request.url)) {
    return endOf(status, 'the API redirects without a Location that is an address');
  }
  const url = new URL(location, request.url).href;
  if (request.method === 'GET' || KEEPS_METHOD.has(status)) {
    return { type: 'follow', request: { ...request, url } };
  }
  const kept = Object.entries(request.headers).filter(([name]) => !BODY_HEADER.test(name));
  const headersKept = Object.fromEntries(kept);
  return { type: 'follow', request: { method: 'GET', url, headers: headersKept, body: null } };
}

function endOf(status: number, what: string): Redirected {
  const message = `HTTP ${status}: ${what}`;
  const remedy = 'Set the address in the source to the one that answers';
  return { type: 'fault', fault: { code: 'REDIRECT', message, retryable: false, status, remedy } };
}
