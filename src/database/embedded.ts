/**
 * Embedded PostgreSQL: a server of our own, for those who have none.
 *
 *   place folder → living server in it? ──yes──▶ attach
 *                        │ no
 *                        └─▶ find programs → make database if new → start
 *
 * It is driven through initdb and pg_ctl alone, listens on 127.0.0.1 alone, and runs in a session of
 * its own: signals to our process group do not reach it, so that it still commits while we drain.
 * It stays up when we end, so that the line that opens the data goes on working; the next start
 * attaches to it. `stop` ends it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { assert } from '../core/fault.js';
import { withClient } from '../postgres/client.js';
import { faultFromDatabaseError } from '../postgres/sql-fault.js';
import { asIngestionError } from './connect.js';
import { createFolder } from './create-folder.js';
import { endsAtOnce, noPassword, portSilent } from './embedded-faults.js';
import { findBinaries } from './postgres-binaries.js';
import { accountFor, type ServerAccount } from './server-account.js';
import {
  OWNER_NAME,
  passwordPath,
  placeFolder,
  readMajorVersion,
  readPassword,
  resolveFolder,
} from './server-folder.js';
import { findServer, type ServerProcess, startServer, stopServer } from './server-process.js';

/** A server that another program has just started may be replaying its log. */
const ATTACH_TIMEOUT_MS = 60_000;
const ATTACH_POLL_MS = 100;
const ROUNDS_MAX = 3;

/** What of a logger is used here; pino's fits. */
export interface DatabaseLog {
  info(fields: { readonly event: string }, message: string): void;
}

export interface EmbeddedPostgres {
  /** Holds the password: for connecting, never for printing. */
  readonly connectionString: string;
  /** The line that opens the data in psql. Holds no secret: it names the file that does. */
  readonly openCommand: string;
  /** As the server says it: `18.4`. */
  readonly version: string;
  /** Whether the server ran already. */
  readonly isReattached: boolean;
  /** Ends the server; harmless when it has ended already. */
  stop(): Promise<void>;
}

/**
 * Starts the server of `dataFolder`, or attaches to it when it runs; makes its database at first.
 *
 * @param dataFolder made when missing
 * @param name of the database, a plain word; default: ingestion
 * @throws IngestionError, DATABASE_REFUSED with the remedy: no programs, another major version, disk
 *   full, folder not writable, no port
 */
export async function startEmbeddedPostgres(settings: {
  readonly dataFolder: string;
  readonly name?: string;
  readonly log: DatabaseLog;
}): Promise<EmbeddedPostgres> {
  const { dataFolder, name = 'ingestion', log } = settings;
  assert(/^[a-z_]+$/.test(name), 'the name needs no quotes');
  const account = await accountFor(dataFolder);
  const folder = await placeFolder(dataFolder, account);
  const { attached, isReattached } = await startOrAttach({ folder, account, name, log });
  log.info(
    { event: isReattached ? 'server_found' : 'server_started' },
    `PostgreSQL ${attached.version} ${isReattached ? 'was running' : 'started'} in ${dataFolder}, 127.0.0.1:${attached.port}`,
  );
  return {
    connectionString: connectionStringFor(attached.port, attached.password, name),
    openCommand: `PGPASSFILE=${quoted(passwordPath(folder))} psql -h 127.0.0.1 -p ${attached.port} -U ${OWNER_NAME} ${name}`,
    version: attached.version,
    isReattached,
    stop: async () => {
      await stopServer(folder);
    },
  };
}

/** Whether a server was made in that folder, running or not. @throws IngestionError, DATABASE_REFUSED */
export async function hasEmbeddedPostgres(dataFolder: string): Promise<boolean> {
  return (await readMajorVersion(await resolveFolder(dataFolder))) !== null;
}

/** The version that a server in this folder would have. @throws IngestionError where none can be made */
export async function embeddedVersion(dataFolder: string): Promise<string> {
  const folder = await resolveFolder(dataFolder);
  const account = await accountFor(dataFolder);
  return (await findBinaries(account, await readMajorVersion(folder), folder)).version;
}

/**
 * A server can end between the look and the attempt, when somebody stops it; a second round then
 * starts it.
 */
async function startOrAttach({
  folder,
  account,
  name,
  log,
}: {
  readonly folder: string;
  readonly account: ServerAccount;
  readonly name: string;
  readonly log: DatabaseLog;
}): Promise<{ attached: Attached; isReattached: boolean }> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const isRunning = (await findServer(folder)) !== null;
    const isReattached = isRunning || !(await makeAndStart(folder, account, log));
    const attached = await attach(folder, name);
    if (attached !== null) return { attached, isReattached };
  }
  throw endsAtOnce(folder);
}

/** @returns false when another program has started it in the meantime */
async function makeAndStart(
  folder: string,
  account: ServerAccount,
  log: DatabaseLog,
): Promise<boolean> {
  const majorVersion = await readMajorVersion(folder);
  const binaries = await findBinaries(account, majorVersion, folder);
  if (majorVersion === null) {
    log.info(
      { event: 'server_created' },
      `making a database with PostgreSQL ${binaries.version} in ${folder}`,
    );
    await createFolder(folder, binaries, account);
  }
  return startServer(folder, binaries, account);
}

interface Attached {
  readonly port: number;
  readonly password: string;
  readonly version: string;
}

/** Waits until the server answers. @returns null when it has ended meanwhile */
async function attach(folder: string, name: string): Promise<Attached | null> {
  const password = await readPassword(folder);
  const deadlineMs = performance.now() + ATTACH_TIMEOUT_MS;
  for (;;) {
    const server = await findServer(folder);
    if (server === null) return null;
    const version = await ask(server, { password, folder, name });
    if (version !== null && server.port !== null) return { port: server.port, password, version };
    if (performance.now() > deadlineMs) throw portSilent(folder, server.pid, server.port);
    await delay(ATTACH_POLL_MS);
  }
}

/** Makes our database when it is missing. @returns the version; null when there is no answer yet */
async function ask(
  { port }: ServerProcess,
  {
    password,
    folder,
    name,
  }: { readonly password: string; readonly folder: string; readonly name: string },
): Promise<string | null> {
  if (port === null) return null;
  const settings = {
    connectionString: connectionStringFor(port, password, 'postgres'),
    applicationName: 'datasync-probe',
    connectTimeoutMs: 5_000,
  };
  try {
    return await withClient(settings, async (client) => {
      const found = await client.query<{ version: string; exists: boolean }>(
        `SELECT current_setting('server_version') AS version,
                EXISTS (SELECT FROM pg_database WHERE datname = $1) AS exists`,
        [name],
      );
      const row = found.rows[0];
      if (row === undefined) return null;
      if (!row.exists) await createDatabase(client, name);
      return row.version.split(' ')[0] ?? row.version;
    });
  } catch (error) {
    const fault = faultFromDatabaseError(error);
    if (fault.code === 'DATABASE_UNAVAILABLE') return null;
    if (/password/.test(fault.message)) throw noPassword(folder);
    throw asIngestionError(error);
  }
}

/** Two programs may do so at once: the loser finds it made. */
async function createDatabase(client: pg.ClientBase, name: string): Promise<void> {
  await client.query(`CREATE DATABASE ${name}`).catch((error: { code?: string }) => {
    if (error.code !== '42P04' && error.code !== '23505') throw error;
  });
}

function connectionStringFor(port: number, password: string, database: string): string {
  return `postgresql://${OWNER_NAME}:${password}@127.0.0.1:${port}/${database}`;
}

/** For a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
