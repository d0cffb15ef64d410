/** What is the matter with Redis, where, and what to do: for the command line and for the log. Pure. */
import type { RedisAddress } from './redis-address.js';

interface Cause {
  /** The rest of a sentence that names the address. */
  readonly words: string;
  readonly remedy: string;
}

const REPLY_CHARS_MAX = 200;

const CHECK_RUNS = 'Check REDIS_URL, and that Redis runs there';
const CHECK_RUNNING = 'Check that Redis still runs there';
const CHECK_NAME = 'Check the host in REDIS_URL, and the DNS of this machine';
const CHECK_NETWORK = 'Check REDIS_URL and the network of this machine';
const CHECK_TLS =
  'Check that it is Redis, and whether REDIS_URL begins with the right one of redis: and rediss:';
const CHECK_PASSWORD = 'Check user and password in REDIS_URL (special characters percent-encoded)';
const CHECK_CLOCK = 'Renew it, or check the clock of this machine';
const TRUST =
  'If the certificate is to be trusted, set NODE_EXTRA_CA_CERTS to a file with that of its authority';

const CUT: Cause = { words: 'the connection was cut', remedy: CHECK_TLS };
const LATE: Cause = { words: 'it does not answer', remedy: CHECK_TLS };
const REFUSED: Cause = { words: 'the connection was refused', remedy: CHECK_RUNS };
const UNREACHED: Cause = { words: 'no connection within the deadline', remedy: CHECK_NETWORK };
const UNTRUSTED: Cause = { words: 'TLS: its certificate cannot be trusted', remedy: TRUST };
const NOT_TLS: Cause = { words: 'TLS: it does not speak it as expected', remedy: CHECK_TLS };

/** What comes of a Redis that is not there: once it was, its address is right. */
const OF_CONTACT: ReadonlySet<Cause> = new Set([CUT, LATE, REFUSED, UNREACHED]);

const BY_CODE: Readonly<Record<string, Cause>> = {
  ECONNREFUSED: REFUSED,
  ECONNRESET: CUT,
  EPIPE: CUT,
  ENOTFOUND: { words: 'DNS: there is no host of that name', remedy: CHECK_NAME },
  EAI_AGAIN: { words: 'DNS: its name cannot be looked up now', remedy: CHECK_NAME },
  EHOSTUNREACH: { words: 'no way leads to the host', remedy: CHECK_NETWORK },
  ENETUNREACH: { words: 'no way leads to its network', remedy: CHECK_NETWORK },
  ETIMEDOUT: UNREACHED,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    words: 'TLS: its certificate is for another name',
    remedy: 'Use the name in the certificate as the host in REDIS_URL',
  },
  CERT_HAS_EXPIRED: { words: 'TLS: its certificate has expired', remedy: CHECK_CLOCK },
  CERT_NOT_YET_VALID: { words: 'TLS: its certificate is not valid yet', remedy: CHECK_CLOCK },
  EPROTO: NOT_TLS,
};

const BY_CODE_FAMILY: readonly (readonly [RegExp, Cause])[] = [
  [/^ERR_SSL_/, NOT_TLS],
  [/CERT|^UNABLE_TO_/, UNTRUSTED],
];

/** What Redis replies, or what the client says where it has no code for it. */
const BY_TEXT: readonly (readonly [RegExp, Cause])[] = [
  [
    /\bWRONGPASS\b|invalid password/,
    { words: 'it refuses user or password', remedy: CHECK_PASSWORD },
  ],
  [/\bNOAUTH\b/, { words: 'it asks for a password', remedy: CHECK_PASSWORD }],
  [
    /without any password configured/,
    { words: 'it has no password, but REDIS_URL gives one', remedy: CHECK_PASSWORD },
  ],
  [
    /\bNOPERM\b/,
    {
      words: 'its user lacks rights',
      remedy: 'Give the user in REDIS_URL the commands and keys of BullMQ (ACL SETUSER … ~* +@all)',
    },
  ],
  [
    /\bDENIED\b/,
    {
      words: 'it is in protected mode and serves only its own machine',
      remedy: 'Set a password in Redis, or bind it to the network that it is to serve',
    },
  ],
  [
    /\bREADONLY\b/,
    { words: 'it is a replica, which takes no writes', remedy: 'Give the primary in REDIS_URL' },
  ],
  [/\bLOADING\b/, { words: 'it is still loading its data', remedy: 'Wait until it has loaded' }],
  [
    /\bOOM\b/,
    { words: 'its memory is full', remedy: 'Raise maxmemory of Redis, or remove other data' },
  ],
  [
    /\bMISCONF\b/,
    {
      words: 'it cannot write its snapshot and takes no writes',
      remedy: 'See the log of Redis; mostly its disk is full',
    },
  ],
  [
    /\bMOVED\b|\bCLUSTERDOWN\b|\bCROSSSLOT\b/,
    {
      words: 'this node of a Redis Cluster does not have the keys of this database',
      remedy: 'Give the node that has them, or a Redis without cluster mode',
    },
  ],
  [
    /max number of clients/,
    { words: 'it takes no more connections', remedy: 'Raise maxclients of Redis' },
  ],
  [
    /DB index is out of range/,
    { words: 'it has no database of that number', remedy: 'Check the path of REDIS_URL' },
  ],
  [
    /Protocol error|RESP type/,
    { words: 'what it sends is not the protocol of Redis', remedy: CHECK_TLS },
  ],
  [/Socket timeout|timed out|no answer in time/i, LATE],
  [/Connection is closed|max retries per request|isn't writeable/, CUT],
];

/**
 * One sentence for what is wrong, one for what to do. Never holds the password.
 *
 * @param wasReached whether it has answered before, so that its address is the right one
 */
export function redisProblem(error: unknown, address: RedisAddress, wasReached = false): string {
  const first = firstCause(error);
  const code = errorCode(first);
  const cause = causeOf(code, errorText(first));
  if (cause === null) {
    const text = withoutSecret(errorText(first), address).slice(0, REPLY_CHARS_MAX);
    return `Redis at ${address.shownAs} does not work as expected: ${text}. See the log of Redis`;
  }
  const shownCode = code === '' ? '' : ` (${code})`;
  return `Redis at ${address.shownAs}: ${cause.words}${shownCode}. ${remedyOf(cause, address, wasReached)}`;
}

function remedyOf(cause: Cause, { isTls }: RedisAddress, wasReached: boolean): string {
  if (wasReached && OF_CONTACT.has(cause)) return CHECK_RUNNING;
  // A Redis without TLS waits for the rest of what it takes for a command.
  return isTls && cause === UNREACHED ? CHECK_TLS : cause.remedy;
}

/** Redis quotes the words of a command that it does not know, and one of them signs in. */
function withoutSecret(text: string, { password }: RedisAddress): string {
  const oneLine = text.replaceAll(/\s+/g, ' ');
  return password === null ? oneLine : oneLine.replaceAll(password, '***');
}

function causeOf(code: string, text: string): Cause | null {
  const byCode = BY_CODE[code] ?? BY_CODE_FAMILY.find(([pattern]) => pattern.test(code))?.[1];
  return byCode ?? BY_TEXT.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

/** Where several addresses, or several nodes of a cluster, were tried, one of them tells why. */
export function firstCause(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors[0];
  return (error as { lastNodeError?: unknown }).lastNodeError ?? error;
}

/** Empty: it has none. */
function errorCode(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
