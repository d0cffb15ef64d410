/**
 * Connections to PostgreSQL: the pool, the wait for a database that is not there yet, and the name
 * of the target that may be printed.
 *
 * No message made here holds a password: targets are named by host, port and database only.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { assert, type Fault, IngestionError } from '../core/fault.js';
import {
  type PoolSettings as AnyPool,
  type ConnectionSettings,
  makePool,
  withClient,
} from '../postgres/client.js';
import { faultFromDatabaseError, isWithoutTls } from '../postgres/sql-fault.js';
import { tlsAttempts } from '../postgres/tls-modes.js';

const IDLE_TIMEOUT_MS = 30_000;

/** How long one connection attempt of the wait may take: a host that drops packets never answers. */
const PROBE_TIMEOUT_MS = 5_000;
const FIRST_WAIT_MS = 200;
const WAIT_GROWTH = 1.6;
const WAIT_MAX_MS = 2_000;

export interface PoolSettings
  extends Omit<ConnectionSettings, 'connectionString'>,
    Pick<AnyPool, 'max' | 'onConnect'> {
  /** Told of a connection that broke while it was idle; the pool replaces it by itself. */
  readonly onIdleFault?: (fault: Fault) => void;
}

/**
 * Opens a pool; connects to nothing yet. End it with `pool.end()`.
 *
 * @throws never for an unreadable URL: that shows when the first query is made.
 */
export function openPool(
  connectionString: string,
  { onIdleFault, ...settings }: PoolSettings,
): pg.Pool {
  const pool = makePool({ ...settings, connectionString, idleTimeoutMs: IDLE_TIMEOUT_MS });
  // Without a listener, an idle connection that breaks would end the process.
  pool.on('error', (error) => onIdleFault?.(faultFromDatabaseError(error)));
  return pool;
}

/** What a failed database call is thrown as. An IngestionError is left as it is. */
export function asIngestionError(error: unknown): IngestionError {
  if (error instanceof IngestionError) return error;
  return new IngestionError(faultFromDatabaseError(error), { cause: error });
}

export interface WaitSettings {
  /** How long to go on trying, in ms. @default 20000 */
  readonly forMs?: number;
  /** What the address leaves out, as psql takes it: PGSSLMODE, PGSSLROOTCERT. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Told before each wait: why, and for how long. */
  readonly onWait?: (fault: Fault, waitMs: number) => void;
}

/**
 * Waits until the database accepts a connection.
 *
 * @returns the address that did it, which says whether TLS is used
 * @throws IngestionError, DATABASE_UNAVAILABLE when it did not within `forMs`; DATABASE_REFUSED at once
 *   when waiting cannot help (wrong password, no such database)
 */
export async function waitForDatabase(
  connectionString: string,
  { forMs = 20_000, variables, onWait }: WaitSettings = {},
): Promise<string> {
  const deadlineMs = performance.now() + forMs;
  const addresses = tlsAttempts(connectionString, variables);
  let waitMs = FIRST_WAIT_MS;
  for (;;) {
    const leftMs = Math.max(1, deadlineMs - performance.now());
    const attempt = await tryToConnect(addresses, Math.min(PROBE_TIMEOUT_MS, leftMs));
    if (typeof attempt === 'string') return attempt;
    if (!attempt.retryable) throw new IngestionError(attempt);
    if (performance.now() + waitMs >= deadlineMs) {
      throw new IngestionError(outOfReach(attempt, connectionString, forMs));
    }
    onWait?.(attempt, waitMs);
    await delay(waitMs);
    waitMs = Math.min(WAIT_MAX_MS, Math.round(waitMs * WAIT_GROWTH));
  }
}

/** One attempt at each. @returns the first that connects, else what keeps the first from it */
async function tryToConnect(
  addresses: readonly string[],
  timeoutMs: number,
): Promise<string | Fault> {
  let told: Fault | null = null;
  for (const connectionString of addresses) {
    const settings = {
      connectionString,
      applicationName: 'datasync-probe',
      connectTimeoutMs: timeoutMs,
      silenceMs: timeoutMs,
    };
    try {
      return await withClient(settings, async () => connectionString);
    } catch (error) {
      const fault = faultFromDatabaseError(error);
      // That a server has no TLS is no reason where it may be reached without.
      if (told === null || isWithoutTls(told)) told = fault;
      // One that is away is not asked twice.
      if (fault.retryable) break;
    }
  }
  assert(told !== null, 'an address stands for one attempt or more');
  return told;
}

function outOfReach(fault: Fault, connectionString: string, forMs: number): Fault {
  return {
    ...fault,
    message: `no connection to ${describeTarget(connectionString)} in ${forMs / 1000} s: ${fault.message}`,
  };
}

/**
 * Names a database for people: `host:port/database`, without user, password or options.
 *
 * @returns `the database` when the text is no URL, for then nothing in it is known to be harmless.
 */
export function describeTarget(connectionString: string): string {
  if (!URL.canParse(connectionString)) return 'the database';
  const url = new URL(connectionString);
  const host = url.hostname || url.searchParams.get('host') || 'localhost';
  const port = url.port || url.searchParams.get('port') || '5432';
  return `${host}:${port}${url.pathname}`;
}
