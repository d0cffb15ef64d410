/**
 * Which fault a failure below HTTP is: what failed, where, and what to do. Codes only: the text of an
 * error may name more than it should.
 */
import type { Fault, FaultCode } from '../core/fault.js';

/** Where requests go, for a message. */
export interface Destination {
  /** Scheme, host and port of the API. */
  readonly address: string;
  readonly isProxied: boolean;
  /** What the address is set by, as a remedy names it: `API_BASE_URL`. */
  readonly setting: string;
}

/** `{address}` in a remedy is what the address is set by. */
interface Cause {
  readonly code: FaultCode;
  /** The rest of a sentence that names the address. */
  readonly words: string;
  readonly remedy: string;
}

const network = (words: string, remedy: string): Cause => ({ code: 'NETWORK', words, remedy });
const address = (words: string, remedy: string): Cause => ({ code: 'ADDRESS', words, remedy });
const timeout = (words: string, remedy: string): Cause => ({ code: 'TIMEOUT', words, remedy });
const machine = (words: string, remedy: string): Cause => ({ code: 'MACHINE', words, remedy });

const CHECK_RUNS = 'Check {address}, and that the API runs';
const CHECK_NAME = 'Check the host in {address}, and the DNS of this machine';
const CHECK_NETWORK = 'Check {address} and the network of this machine';
const CHECK_SCHEME = 'Check whether {address} begins with the right one of http: and https:';
const TRUST =
  'If the certificate is to be trusted, set NODE_EXTRA_CA_CERTS to a file with that of its authority';
const CHECK_PROXY = 'check HTTP_PROXY, HTTPS_PROXY and NO_PROXY too, for a proxy is set';
const PROXY_REMEDY = 'Check HTTP_PROXY and HTTPS_PROXY, with user and password, and NO_PROXY';
const LATE_HEAD = 'Check that the API is well; HEAD_DEADLINE sets the deadline';
const LATE_BODY = 'Check that the API is well; IDLE_DEADLINE sets the deadline';
const FREE_MEMORY =
  'Give the process more memory (ulimit -v, the limit of the container), or ask for smaller pages with BATCH_SIZE';

const UNKNOWN_AUTHORITY = address('TLS: its certificate is of an unknown authority', TRUST);
const NO_MEMORY = machine('this machine gives no more memory', FREE_MEMORY);
const NO_FILES = machine(
  'this machine opens no more files',
  'Raise the limit of open files (ulimit -n)',
);

const CAUSES: Readonly<Record<string, Cause>> = {
  ECONNREFUSED: network('the connection was refused', CHECK_RUNS),
  ECONNRESET: network('the connection was cut', CHECK_RUNS),
  EPIPE: network('the connection was cut', CHECK_RUNS),
  UND_ERR_SOCKET: network('the connection was closed', CHECK_RUNS),
  EHOSTUNREACH: network('no way leads to the host', CHECK_NETWORK),
  ENETUNREACH: network('no way leads to its network', CHECK_NETWORK),
  EAI_AGAIN: network('DNS: its name cannot be looked up now', CHECK_NAME),
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: network(
    'its body is not as long as Content-Length says, or that header came twice',
    CHECK_RUNS,
  ),
  ENOTFOUND: address('DNS: there is no host of that name', CHECK_NAME),
  ERR_TLS_CERT_ALTNAME_INVALID: address(
    'TLS: its certificate is for another name',
    'Use the name in the certificate as the host in {address}',
  ),
  CERT_HAS_EXPIRED: address(
    'TLS: its certificate has expired',
    'Check the clock of this machine, then tell the owner of the API',
  ),
  CERT_NOT_YET_VALID: address(
    'TLS: its certificate is not valid yet',
    'Check the clock of this machine, then tell the owner of the API',
  ),
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  CERT_UNTRUSTED: UNKNOWN_AUTHORITY,
  EPROTO: address('TLS: it does not speak it as expected', CHECK_SCHEME),
  UND_ERR_CONNECT_TIMEOUT: timeout('no connection within the deadline', CHECK_NETWORK),
  ETIMEDOUT: timeout('no connection within the deadline', CHECK_NETWORK),
  UND_ERR_HEADERS_TIMEOUT: timeout('no head of an answer within the deadline', LATE_HEAD),
  UND_ERR_BODY_TIMEOUT: timeout('the body stalled beyond the deadline', LATE_BODY),
  ENOMEM: NO_MEMORY,
  ENOBUFS: NO_MEMORY,
  Z_MEM_ERROR: NO_MEMORY,
  ERR_MEMORY_ALLOCATION_FAILED: NO_MEMORY,
  EMFILE: NO_FILES,
  ENFILE: NO_FILES,
  EADDRNOTAVAIL: machine('this machine has no free port', 'Close other connections'),
};

/** Families of codes, where the code itself is not among the causes. */
const FAMILIES: readonly (readonly [RegExp, Cause])[] = [
  [/^ERR_SSL_/, address('TLS: it does not speak it as expected', CHECK_SCHEME)],
  [/CERT/, address('TLS: its certificate cannot be trusted', TRUST)],
  [/^HPE_/, address('what it sends is not HTTP', CHECK_SCHEME)],
];

const CUT_SHORT = new Set(['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'UND_ERR_SOCKET', 'ECONNRESET']);
const PROXY_REFUSAL = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/;

/** @param byteCount how much of the body had come; null when no head had */
export function networkFault(
  error: Error,
  byteCount: number | null,
  { address: where, isProxied, setting }: Destination,
): Fault {
  const code = errorCode(error);
  const proxyStatus = isProxied ? proxyRefusal(error) : null;
  if (proxyStatus !== null) {
    const message = `no answer from ${where}: the proxy refuses with HTTP ${proxyStatus}`;
    return { code: 'ADDRESS', message, retryable: true, remedy: PROXY_REMEDY };
  }
  if (code === 'UND_ERR_INVALID_ARG') {
    return {
      code: 'CONTRACT',
      message: 'the request cannot be written as HTTP',
      retryable: false,
      remedy: `Check the credentials and ${setting} for characters that do not belong there`,
    };
  }
  if (byteCount !== null && CUT_SHORT.has(code)) {
    const message = `the body was cut off after ${byteCount} bytes (${code})`;
    return { code: 'NETWORK', message, retryable: true };
  }
  const cause = isOutOfMemory(error) ? NO_MEMORY : causeOf(code);
  const message =
    byteCount === null && cause.code !== 'MACHINE'
      ? `no answer from ${where}: ${cause.words} (${code})`
      : `${cause.words} (${code})`;
  const advice = cause.remedy.replace('{address}', setting);
  const remedy = isProxied ? `${advice}; ${CHECK_PROXY}` : advice;
  return { code: cause.code, message, retryable: true, remedy };
}

/** V8 names it only in its text, which holds nothing of ours. */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof RangeError)) return false;
  return /allocat|out of memory/i.test(error.message);
}

/** For a page that this machine has no memory for, wherever that shows. */
export function outOfMemory(): Fault {
  const { code, words, remedy } = NO_MEMORY;
  return { code, message: words, retryable: true, remedy };
}

function causeOf(code: string): Cause {
  const family = FAMILIES.find(([pattern]) => pattern.test(code));
  return CAUSES[code] ?? family?.[1] ?? network('the connection failed', CHECK_NETWORK);
}

/** The status with which a proxy refused to connect; null: it is something else. */
function proxyRefusal(error: Error): string | null {
  const match = PROXY_REFUSAL.exec(error.message);
  return match?.[1] ?? match?.[2] ?? null;
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
