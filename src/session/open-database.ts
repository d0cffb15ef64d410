/**
 * Opens the database that the configuration chooses, and waits for it. Who writes has its tables brought
 * up to date; who only looks makes nothing where there is nothing of ours.
 */
import type { Pool } from 'pg';
import type { Config } from '../config/config.js';
import { type Environment, lendEnvironment } from '../config/environment.js';
import type { Fault } from '../core/fault.js';
import {
  asIngestionError,
  describeTarget,
  openPool,
  waitForDatabase,
} from '../database/connect.js';
import { hasEmbeddedPostgres, startEmbeddedPostgres } from '../database/embedded.js';
import { hasLedger, migrateDatabase, remakeEventsTable, requireUtf8 } from '../database/migrate.js';
import { Patience } from '../database/patience.js';
import type { Logger } from '../observe/logger.js';
import { answerDeadlineMs } from '../postgres/client.js';
import type { SessionContext } from './context.js';
import type { HttpFront } from './onlookers/http-front.js';
import { passwordsOf } from './secrets.js';

export interface OpenDatabase {
  /** Holds the password: for connecting, never for printing. */
  readonly connectionString: string;
  /** What node-postgres reads beside it; another thread needs them too. Holds a secret at times. */
  readonly variables: Environment;
  /** The one line that opens the data in psql. Holds no secret. */
  readonly openCommand: string;
  readonly pool: Pool;
  /** Brings the embedded server up again where it has gone down; nothing for a server of others. */
  revive(): Promise<void>;
  close(): Promise<void>;
}

export type OpenDatabaseParts = Pick<SessionContext, 'config' | 'log' | 'conceal'>;

/** Control connections that the journals and the limits share. The lock of each run holds one more; that of its plan is outside. */
const SHARED_CONNECTIONS = 2;

/**
 * Makes server and tables where they are missing.
 *
 * @param locks held at once
 * @throws IngestionError with a DATABASE fault
 */
export async function openDatabase(known: OpenDatabaseParts, locks = 1): Promise<OpenDatabase> {
  const database = await connect(known, locks);
  return prepared(database, async () => {
    const { pool } = database;
    await startPatience(known).during(async () => {
      await requireUtf8(pool);
      if (known.config.restart) await remakeEventsTable(pool);
      await migrateDatabase(pool);
    });
    return database;
  });
}

/**
 * For who looks at runs.
 *
 * @returns null when there can be none: the database is not there yet, or has no table of ours
 * @throws IngestionError with a DATABASE fault
 */
export async function openLedger(known: OpenDatabaseParts): Promise<OpenDatabase | null> {
  const found = await openWithOrWithoutLedger(known);
  if (found === null || found.isLedger) return found?.database ?? null;
  await found.database.close();
  return null;
}

export interface FoundDatabase {
  readonly database: OpenDatabase;
  /** Whether it has tables of ours; they are up to date then. */
  readonly isLedger: boolean;
}

/**
 * For who waits for a ledger where there is none yet: it makes no table.
 *
 * @returns null when the database is the embedded one, which is not made yet
 * @throws IngestionError with a DATABASE fault
 */
export async function openWithOrWithoutLedger(
  known: OpenDatabaseParts,
): Promise<FoundDatabase | null> {
  const database = await findDatabase(known);
  if (database === null) return null;
  return prepared(database, () =>
    startPatience(known).during(async () => {
      const isLedger = await hasLedger(database.pool);
      if (isLedger) await migrateDatabase(database.pool);
      return { database, isLedger };
    }),
  );
}

/** A pool left open would keep the process from ending. */
async function prepared<T>(database: OpenDatabase, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Of a start: what an operator must mend is told at once, everything else waited for.
 *
 * @param forMs @default as long as the database itself
 */
export function startPatience(
  { config, log }: Pick<OpenDatabaseParts, 'config' | 'log'>,
  front?: Pick<HttpFront, 'databaseAwaited'> | null,
  forMs = config.databaseWaitMs,
): Patience {
  return new Patience({
    forMs,
    isWorthIt: ({ code }) => code !== 'DATABASE_REFUSED',
    onWait: (fault, waitMs) => {
      sayAwaited(log, fault);
      front?.databaseAwaited(fault, waitMs);
    },
  });
}

export function sayAwaited(log: Logger, fault: Fault): void {
  log.warn({ event: 'database_awaited', fault }, `waiting for the database: ${fault.message}`);
}

/**
 * The database as it is, whatever it holds.
 *
 * @returns null when it would be the embedded one, which is not made yet
 * @throws IngestionError with a DATABASE fault
 */
export async function findDatabase(known: OpenDatabaseParts): Promise<OpenDatabase | null> {
  const { database } = known.config;
  if (database.kind === 'embedded' && !(await hasEmbeddedPostgres(database.dataFolder)))
    return null;
  return connect(known);
}

async function connect(known: OpenDatabaseParts, locks = 1): Promise<OpenDatabase> {
  const { config, log, conceal } = known;
  const where = await locate(config, log);
  for (const secret of passwordsOf(where.connectionString)) conceal(secret);
  const connectionString = await waitForDatabase(where.connectionString, {
    forMs: config.databaseWaitMs,
    variables: where.variables,
    onWait: (fault) => sayAwaited(log, fault),
  });
  const pool = openPool(connectionString, {
    max: SHARED_CONNECTIONS + locks,
    applicationName: 'datasync-control',
    silenceMs: answerDeadlineMs(config.statementTimeoutMs),
    onIdleFault: (fault) => log.warn({ event: 'connection_lost', fault }, fault.message),
  });
  return { ...where, connectionString, pool, close: () => pool.end() };
}

async function locate(
  config: Config,
  log: Logger,
): Promise<Pick<OpenDatabase, 'connectionString' | 'variables' | 'openCommand' | 'revive'>> {
  const { database } = config;
  if (database.kind === 'embedded') {
    const { dataFolder, name } = database;
    const start = () => startEmbeddedPostgres({ dataFolder, name, log });
    const { connectionString, openCommand } = await start();
    let reviving: Promise<void> | null = null;
    return {
      ...{ connectionString, openCommand, variables: {} },
      // Each lock that is lost asks for it.
      revive: () => {
        reviving ??= revive(start, log).finally(() => {
          reviving = null;
        });
        return reviving;
      },
    };
  }
  const { connectionString, variables } = database;
  // Those of `.env` are not in the process yet.
  lendEnvironment(variables);
  const openCommand = `psql of ${describeTarget(connectionString)}`;
  return { connectionString, variables, openCommand, revive: async () => {} };
}

/** It comes back on the port that it had. What keeps it down shows to those who wait for it, too. */
async function revive(start: () => Promise<unknown>, log: Logger): Promise<void> {
  try {
    await start();
  } catch (error) {
    sayAwaited(log, asIngestionError(error).fault);
  }
}
