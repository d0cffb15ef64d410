/** What is read from an answer's headers. Pure; names are lower-case. */
import type { IncomingHttpHeaders } from 'node:http';
import { isLimitHeader } from '../../src/core/limit-headers.js';

const JSON_TYPE = /^(?:application\/(?:[\w.+-]+\+)?json|text\/json)$/;
/** An honest media type is shorter; a longer one is not repeated in messages. */
const TYPE_LENGTH_MAX = 60;

/** The limit headers; a header that came more than once is joined as HTTP joins lists. */
export function limitHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || !isLimitHeader(name)) continue;
    found[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return found;
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
