/** Which fault an HTTP status is, where a source has no code of its own for it. */
import type { Fault, FaultCode } from '../core/fault.js';
import type { LimitObservation } from '../core/limit-headers.js';

/** What is known of a refused request beside its status. */
export interface RefusalSigns {
  /** The API's own error code, repeated in the message; null when it gave none. */
  readonly code: string | null;
  /** Its headers ask for a wait, or say that a limit is exhausted. */
  readonly isLimited: boolean;
  /** What the source means by a status. */
  readonly named?: Readonly<Record<number, FaultCode>>;
  readonly remedies: Remedies;
}

/** What to do, by what may be wrong. */
export interface Remedies {
  readonly credentials: string;
  readonly address: string;
  /** Where the API leads elsewhere. */
  readonly redirect: string;
}

/** A limit, whatever else the answer says. */
const LIMIT_STATUSES = new Set([429, 529]);
/** A limit where the headers say so. */
const LIMIT_STATUSES_WITH_SIGNS = new Set([403, 420, 430, 503, 509]);
/**
 * Below 500 these pass as well: what a proxy, a cache or a limiter says for a while. 304 answers a
 * question that was not asked.
 */
const PASSING_STATUSES = new Set([304, 408, 420, 425, 430, 449, 460, 499]);
const FINAL_CODES = new Set<FaultCode>(['CREDENTIALS', 'REDIRECT', 'CONTRACT']);

/** Whether headers ask for a wait, or say that a limit is exhausted. @param limits null: they say nothing */
export function isLimitedBy(limits: LimitObservation | null): boolean {
  if (limits === null) return false;
  return limits.retryAfter !== null || limits.limits.some(({ remaining }) => remaining === 0);
}

export function faultForStatus(status: number, signs: RefusalSigns): Fault {
  const said = signs.code === null ? `HTTP ${status}` : `HTTP ${status} ${signs.code}`;
  const code = signs.named?.[status] ?? codeForStatus(status, signs.isLimited);
  const fault = { code, retryable: !FINAL_CODES.has(code), status };
  switch (code) {
    case 'RATE_LIMITED':
      return { ...fault, message: `${said}: over the limit` };
    case 'CURSOR_EXPIRED':
      return { ...fault, message: `${said}: the cursor has expired` };
    case 'CREDENTIALS': {
      const remedy = signs.remedies.credentials;
      return { ...fault, message: `${said}: the API refused the key`, remedy };
    }
    case 'REDIRECT': {
      const message = `${said}: the API redirects, and the key is sent to no other place`;
      return { ...fault, message, remedy: signs.remedies.redirect };
    }
    case 'UNEXPECTED_STATUS': {
      const message = `${said}: unexpected answer to the request of a page`;
      const isProxys = status === 407;
      const remedy = isProxys
        ? 'Check the user and password in HTTP_PROXY'
        : signs.remedies.address;
      return { ...fault, message, remedy };
    }
    default:
      return { ...fault, message: said };
  }
}

function codeForStatus(status: number, isLimited: boolean): FaultCode {
  if (LIMIT_STATUSES.has(status)) return 'RATE_LIMITED';
  if (isLimited && LIMIT_STATUSES_WITH_SIGNS.has(status)) return 'RATE_LIMITED';
  if (status === 401 || status === 403) return 'CREDENTIALS';
  if (status >= 500 || PASSING_STATUSES.has(status)) return 'HTTP_STATUS';
  return status >= 300 && status < 400 ? 'REDIRECT' : 'UNEXPECTED_STATUS';
}
