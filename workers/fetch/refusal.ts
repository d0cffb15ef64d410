/** The faults of answers that are no pages, by their status or because they hold nothing. */
import type { Fault, FaultCode } from '../../src/core/fault.js';
import type { ResponseMeta } from '../../src/protocol/fetch-messages.js';
import { isLimitedBy } from '../../src/source/http-fault.js';
import type { Refusal, Source } from '../../src/source/source.js';
import { faultOfType, malformed } from './other-body.js';
import { type AnswerHeaders, headerOf, isJsonType, mediaType } from './response-headers.js';

/** Faults for which the address may be at fault. */
const NAMES_ADDRESS = new Set<FaultCode>(['UNEXPECTED_STATUS', 'REDIRECT', 'CREDENTIALS']);

/** Who was asked. */
export interface Asked {
  readonly source: Source;
  /** Absolute, without the credentials. */
  readonly url: string;
}

interface Emptiness {
  readonly url: string;
  readonly meta: ResponseMeta;
  readonly headers: AnswerHeaders;
}

/** @param body the start of the answer's text */
export function refusalOf(
  { status, limits }: ResponseMeta,
  body: string,
  headers: AnswerHeaders,
): Refusal {
  const header = (name: string): string | null => headerOf(headers, name);
  return { status, body, isLimited: isLimitedBy(limits), header };
}

export function refusalFault(
  { limits }: ResponseMeta,
  refusal: Refusal,
  { source, url }: Asked,
): Fault {
  const fault = source.readError(refusal);
  const message = NAMES_ADDRESS.has(fault.code)
    ? `${fault.message} (${addressOf(url)})`
    : fault.message;
  const waitMs = limits?.retryAfter?.spanMs ?? null;
  return { ...fault, message, ...(waitMs !== null && { retryAfterMs: waitMs }) };
}

/** For an answer that should have had a body. */
export function emptyFault({ url, meta, headers }: Emptiness, source: Source): Fault {
  if (meta.status !== 200) {
    return refusalFault(meta, refusalOf(meta, '', headers), { source, url });
  }
  if (!isJsonType(headers)) return faultOfType(mediaType(headers), Buffer.alloc(0), source);
  return malformed('HTTP 200 with an empty body');
}

/** As a message names it: a query may hold anything. */
function addressOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
