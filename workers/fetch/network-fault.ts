/** Which fault a failure below HTTP is. Codes only: the text of an error may name more than it should. */
import type { Fault } from '../../src/core/fault.js';

const TIMEOUTS: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'no connection within its deadline',
  UND_ERR_HEADERS_TIMEOUT: 'no head of an answer within its deadline',
  UND_ERR_BODY_TIMEOUT: 'the body stalled beyond its deadline',
  ETIMEDOUT: 'no connection within its deadline',
};

const CUT_SHORT = new Set(['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'UND_ERR_SOCKET', 'ECONNRESET']);

/** @param byteCount how much of the body had come; null when no head had */
export function networkFault(error: Error, byteCount: number | null): Fault {
  const code = errorCode(error);
  const timeout = TIMEOUTS[code];
  if (timeout !== undefined) return { code: 'TIMEOUT', message: timeout, retryable: true };
  if (code === 'UND_ERR_INVALID_ARG') {
    return {
      code: 'CONTRACT',
      message: 'the request cannot be written as HTTP',
      retryable: false,
      remedy: 'Check TARGET_API_KEY and API_BASE_URL for characters that do not belong there',
    };
  }
  const message =
    byteCount !== null && CUT_SHORT.has(code)
      ? `the body was cut off after ${byteCount} bytes (${code})`
      : `no answer: ${code}`;
  return { code: 'NETWORK', message, retryable: true };
}

/** The code of an error, or of its first part where several addresses were tried. */
function errorCode(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  if (error instanceof AggregateError && error.errors[0] instanceof Error) {
    return errorCode(error.errors[0]);
  }
  return error.name;
}
