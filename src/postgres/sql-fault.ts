/**
 * What a database error means for the caller: from a SQLSTATE, or from the code or message of a
 * broken connection, to a fault.
 *
 * Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html. Errors that concern one row
 * (a duplicate key, bad JSON) belong to the writer, which handles them before it asks here.
 */
import type { Fault } from '../core/fault.js';

/** Of a connection that this program has given up, for the server said nothing (src/postgres/client). */
export const SILENT_CODE = 'ESILENT';

/** Operating-system codes of a connection that cannot be made or has broken. */
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  SILENT_CODE,
]);

/**
 * node-postgres reports a lost or late connection with a message and no code, so these phrases are
 * all that there is to go by.
 */
const LOST_CONNECTION =
  /connection terminated|connection timeout|^timeout expired$|timeout exceeded when trying to connect|not queryable|query read timeout|socket hang up|connection ended unexpectedly/i;

/** The server is up but serves nobody, or has closed this connection; a new one may be served. */
const UNAVAILABLE_STATES = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '53300', '53200']);

/** The same statement may pass when it is tried again: serialisation, deadlock, lock, timeout. */
const CONFLICT_STATES = new Set(['40001', '40P01', '55P03', '57014']);

interface Refusal {
  readonly what: string;
  readonly remedy: string;
  /** True where the condition can pass by itself within the time that a page is retried. */
  readonly retryable: boolean;
}

const CREDENTIALS_REFUSAL: Refusal = {
  what: 'the database refused the user or password',
  remedy:
    'Check the user and password in DATABASE_URL, or where they come from: PGUSER, PGPASSWORD, ~/.pgpass',
  retryable: false,
};

const REFUSALS: Readonly<Record<string, Refusal>> = {
  '53100': {
    what: 'the disk of the database is full',
    remedy: 'Free space on the disk that holds the database, then start again; it resumes',
    retryable: true,
  },
  '25006': {
    what: 'the database is read only',
    remedy: 'Point DATABASE_URL at the primary, or end the read-only mode, then start again',
    retryable: true,
  },
  '28P01': CREDENTIALS_REFUSAL,
  '28000': CREDENTIALS_REFUSAL,
  '42501': {
    what: 'the database user lacks a right',
    remedy:
      'Grant the user of DATABASE_URL CREATE on the schema, and SELECT and INSERT on its tables',
    retryable: false,
  },
  '3D000': {
    what: 'the database does not exist',
    remedy: 'Create it with createdb, or correct the name at the end of DATABASE_URL',
    retryable: false,
  },
  ERR_INVALID_URL: {
    what: 'DATABASE_URL is not a URL',
    remedy:
      'Its form is postgresql://user:password@host:5432/database, special characters percent-encoded',
    retryable: false,
  },
};

const WITHOUT_TLS: Refusal = {
  what: 'the database has no TLS',
  remedy: 'Set sslmode=prefer or sslmode=disable in DATABASE_URL, or turn TLS on in the server',
  retryable: false,
};

const UNTRUSTED_SERVER: Refusal = {
  what: 'the certificate of the database is not trusted',
  remedy:
    'Name the file of its authority with sslrootcert in DATABASE_URL, or use sslmode=require, which checks no certificate',
  retryable: false,
};

const NO_HBA_ENTRY: Refusal = {
  what: 'the database permits no connection from here to this user and database',
  remedy: 'Add a line for them to pg_hba.conf, or correct the user and database in DATABASE_URL',
  retryable: false,
};

/** What has no code of its own, or shares one with other causes: known by its words. */
const REFUSED_IN_WORDS: readonly (readonly [RegExp, Refusal])[] = [
  // node-postgres says so when the server asks for a password and none was given.
  [/client password must be a (non-empty )?string/i, CREDENTIALS_REFUSAL],
  [
    /relation "ingested_events" does not exist/i,
    {
      what: 'the table ingested_events is gone, and the ledger still says what it held',
      remedy:
        'Bring it back from a backup, or begin anew with `datasync ingest --restart`, which makes it again and fetches everything',
      retryable: false,
    },
  ],
  [
    /relation "ingestion_\w+" does not exist/i,
    {
      what: 'a table of the ledger is gone',
      remedy: 'Bring it back from a backup, or name another database in DATABASE_URL',
      retryable: false,
    },
  ],
  [/no pg_hba\.conf entry|pg_hba\.conf rejects/i, NO_HBA_ENTRY],
  // Of PgBouncer, with the code of a broken connection.
  [
    /unsupported startup parameter/i,
    {
      what: 'the pooler before the database refuses a parameter',
      remedy:
        'Take it out of DATABASE_URL or PGOPTIONS, or name it in ignore_startup_parameters of PgBouncer',
      retryable: false,
    },
  ],
  [/does not support SSL connections/i, WITHOUT_TLS],
  [
    /self[- ]signed certificate|certificate has expired|unable to (?:verify|get)/i,
    UNTRUSTED_SERVER,
  ],
  [/does not match certificate's altnames/i, UNTRUSTED_SERVER],
];

const SHORTAGE_REMEDY =
  'End other programs that hold some, lower WRITER_CONNECTIONS, or raise max_connections or the CONNECTION LIMIT of the role';
const NO_CONNECTION_LEFT = /no more connections allowed|too many (?:clients|connections)/i;

/**
 * Turns whatever a database call threw into a fault.
 *
 * @param error an Error of node-postgres or the network, or a plain record with `code` and `message`
 * @returns DATABASE_UNAVAILABLE (retryable), DATABASE_CONFLICT (retryable), or DATABASE_REFUSED; the
 *   last is retryable only for a full disk and a read-only server, which heal at times. The message
 *   holds the code and the server's own words, never its detail, which can quote a row.
 */
export function faultFromDatabaseError(error: unknown): Fault {
  const code = textField(error, 'code');
  const message = firstMessage(error);
  const said = [code, message].filter((part) => part !== '').join(': ') || 'unknown error';

  const inWords = REFUSED_IN_WORDS.find(([words]) => words.test(message))?.[1];
  if (inWords === undefined && isUnavailable(code, message)) {
    return { code: 'DATABASE_UNAVAILABLE', retryable: true, ...absence(code, said) };
  }
  if (CONFLICT_STATES.has(code)) {
    return {
      code: 'DATABASE_CONFLICT',
      message: `the database gave up the statement (${said})`,
      retryable: true,
      remedy: 'Find in pg_locks who holds the locks and end it, or raise STATEMENT_TIMEOUT',
    };
  }
  const refusal = inWords ?? REFUSALS[code];
  if (refusal !== undefined) {
    return {
      code: 'DATABASE_REFUSED',
      message: `${refusal.what} (${said})`,
      retryable: refusal.retryable,
      remedy: refusal.remedy,
    };
  }
  return {
    code: 'DATABASE_REFUSED',
    message: `the database refused (${said})`,
    retryable: false,
    remedy: 'Look the code up in the log of PostgreSQL, mend the cause, then start again',
  };
}

export function isWithoutTls(fault: Fault): boolean {
  return fault.remedy === WITHOUT_TLS.remedy;
}

export function isConnectionShortage(fault: Fault): boolean {
  return fault.remedy === SHORTAGE_REMEDY;
}

function absence(code: string, said: string): Pick<Fault, 'message' | 'remedy'> {
  if (code === '53300' || NO_CONNECTION_LEFT.test(said)) {
    return { message: `the database has no connection left (${said})`, remedy: SHORTAGE_REMEDY };
  }
  const remedy =
    code === SILENT_CODE
      ? 'The server or the network before it stands still: look at both; where statements take so long, raise STATEMENT_TIMEOUT'
      : 'Check that PostgreSQL runs, and that DATABASE_URL names its host and port; without one, start again: that starts the embedded server';
  return { message: `the database is out of reach (${said})`, remedy };
}

function isUnavailable(code: string, message: string): boolean {
  // Class 08 is "connection exception"; codes of the network have more than the five characters.
  if (code.length === 5 && code.startsWith('08')) return true;
  if (NETWORK_CODES.has(code) || UNAVAILABLE_STATES.has(code)) return true;
  return code === '' && LOST_CONNECTION.test(message);
}

/**
 * A host with several addresses fails with an AggregateError whose own message is empty; the first
 * of its parts then speaks for all.
 */
function firstMessage(error: unknown): string {
  const own = typeof error === 'string' ? error : textField(error, 'message');
  if (own !== '') return own;
  const parts = isRecord(error) ? error.errors : null;
  return Array.isArray(parts) ? textField(parts[0], 'message') : '';
}

function textField(value: unknown, name: string): string {
  const field = isRecord(value) ? value[name] : null;
  return typeof field === 'string' ? field : '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
