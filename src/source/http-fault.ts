/** Which fault an HTTP status is, where a source has no code of its own for it. */
import type { Fault } from '../core/fault.js';

const RETRIED_STATUSES = new Set([408, 425, 500, 502, 503, 504]);
const REFUSED_STATUSES = new Set([429, 529]);

/** @param code the API's own error code, repeated in the message; null when it gave none. */
export function faultForStatus(status: number, code: string | null): Fault {
  const said = code === null ? `HTTP ${status}` : `HTTP ${status} ${code}`;
  if (REFUSED_STATUSES.has(status)) {
    return { code: 'RATE_LIMITED', message: `${said}: over the limit`, retryable: true, status };
  }
  if (status === 401 || status === 403) {
    return {
      code: 'CREDENTIALS',
      message: `${said}: the API refused the key`,
      retryable: false,
      status,
      remedy: 'Check TARGET_API_KEY and API_BASE_URL',
    };
  }
  if (status >= 300 && status < 400) {
    return {
      code: 'REDIRECT',
      message: `${said}: the API redirects, and the key is sent to no other place`,
      retryable: false,
      status,
      remedy: 'Set API_BASE_URL to the final address',
    };
  }
  if (RETRIED_STATUSES.has(status))
    return { code: 'HTTP_STATUS', message: said, retryable: true, status };
  return {
    code: 'CONTRACT',
    message: `${said}: not an answer that a page request should get`,
    retryable: false,
    status,
    remedy: 'Check API_BASE_URL; it ends in /api/v1',
  };
}
