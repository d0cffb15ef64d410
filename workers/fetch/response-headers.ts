/** What is read from an answer's headers. Pure; names are lower-case. */
import type { IncomingHttpHeaders } from 'node:http';

/** Headers that a limit dialect may read. `date` is their clock. */
const LIMIT_HEADER =
  /^(?:x-ratelimit-.+|x-rate-limit(?:-.+)?|ratelimit(?:-.+)?|x-hubspot-ratelimit-.+|zendesk-ratelimit-.+|x-shopify-shop-api-call-limit|retry-after|date)$/;
const DELTA_SECONDS = /^\d+(?:\.\d+)?$/;
const JSON_TYPE = /^(?:application\/(?:[\w.+-]+\+)?json|text\/json)$/;
/** An honest media type is shorter; a longer one is not repeated in messages. */
const TYPE_LENGTH_MAX = 60;

/** The limit headers; a header that came more than once is joined as HTTP joins lists. */
export function limitHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || !LIMIT_HEADER.test(name)) continue;
    found[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return found;
}

/**
 * Retry-After as a span from the answer's arrival; null when it is missing or makes no sense.
 *
 * @param arrivedAtMs our clock, used for a date only where the answer has no Date of its own: the
 *   two clocks may differ
 */
export function retryAfterMs(
  headers: Readonly<Record<string, string>>,
  arrivedAtMs: number,
): number | null {
  const text = headers['retry-after']?.trim();
  if (text === undefined || text === '') return null;
  if (DELTA_SECONDS.test(text)) return Number(text) * 1000;
  const retryAtMs = readHttpDate(text);
  if (retryAtMs === null) return null;
  const serverNowMs = readHttpDate(headers.date ?? '') ?? arrivedAtMs;
  return Math.max(0, retryAtMs - serverNowMs);
}

/** A date of the form `Tue, 27 Jan 2026 19:20:12 GMT`; other text, a bare number among them, is null. */
function readHttpDate(text: string): number | null {
  if (!/^[A-Z][a-z]{2,8},? .*\d{2}:\d{2}:\d{2}/.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/** Whether the body claims to be JSON; a missing type is left to the page reader to judge. */
export function isJsonType(headers: IncomingHttpHeaders): boolean {
  const type = mediaType(headers);
  return type === '' || JSON_TYPE.test(type);
}

/** The media type for a message; `''` when there is none. */
export function mediaType(headers: IncomingHttpHeaders): string {
  const type = (headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  return type.trim().toLowerCase().slice(0, TYPE_LENGTH_MAX);
}

/** The body's length as announced; null when it is not, or makes no sense. */
export function contentLength(headers: IncomingHttpHeaders): number | null {
  const text = headers['content-length'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** The id that the server gave the request; null when it gave none. */
export function requestId(headers: IncomingHttpHeaders): string | null {
  const id = headers['x-request-id'] ?? headers['request-id'];
  return typeof id === 'string' && id !== '' ? id : null;
}
