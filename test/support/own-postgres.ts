/** A PostgreSQL server of a test file's own, to be brought down and up, and a database a test. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startEmbeddedPostgres } from '../../src/database/embedded.js';
import { findServer } from '../../src/database/server-process.js';
import { skipWithoutPostgres } from './postgres.js';
import { stopEmbeddedPostgres } from './stop-embedded.js';

const POLL_MS = 20;
const STOP_MS = 30_000;

export interface OwnPostgres {
  readonly dataFolder: string;
  /** Of the test's own empty database, as a superuser. */
  readonly connectionString: string;
  /** The server is killed with all its connections, as `pg_ctl stop -m immediate` does. */
  crash(): Promise<void>;
  /** As `pg_ctl stop -m fast`: what is under way is rolled back, and each client is told. */
  shutDown(): Promise<void>;
  /** Starts it again, on the same port. */
  start(): Promise<void>;
  /** One statement over a connection of its own. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** A setting for every session to come in the test's database. */
  setForAll(setting: string): Promise<void>;
  /** A session that stays open until `use` ends; an open transaction is rolled back. */
  session<T>(use: (client: pg.Client) => Promise<T>): Promise<T>;
}

/**
 * Called at the top of a test file or `describe`.
 *
 * @param place makes the folder that will hold the data, and @returns it with its removal; null where there can be none,
 *   and then the tests are skipped
 */
export function useOwnPostgres(place: () => Promise<Place | null> = temporaryFolder): OwnPostgres {
  const hasPostgres = skipWithoutPostgres();
  let parent: Place | null = null;
  let serverString = '';
  let connectionString = '';
  let databases = 0;

  const folder = (): string => join(parent?.path ?? '', 'postgres');

  async function end(signal: NodeJS.Signals): Promise<void> {
    const running = await findServer(folder());
    if (running === null) return;
    process.kill(running.pid, signal);
    const deadlineMs = performance.now() + STOP_MS;
    // Nothing announces the end of a process that is not our child.
    while ((await findServer(folder())) !== null) {
      if (performance.now() > deadlineMs) throw new Error('the server does not end');
      await delay(POLL_MS);
    }
  }

  const server: OwnPostgres = {
    get dataFolder() {
      return folder();
    },
    get connectionString() {
      return connectionString;
    },
    crash: () => end('SIGQUIT'),
    shutDown: () => end('SIGINT'),
    async start() {
      const started = await startEmbeddedPostgres({
        dataFolder: folder(),
        log: { info: () => {} },
      });
      if (serverString !== '' && started.connectionString !== serverString) {
        throw new Error('the server came back on another port');
      }
      serverString = started.connectionString;
    },
    query: (text, values) =>
      server.session(async (client) => (await client.query(text, values)).rows),
    async setForAll(setting) {
      const name = new URL(connectionString).pathname.slice(1);
      await server.query(`ALTER DATABASE ${name} SET ${setting}`);
    },
    async session(use) {
      const client = new pg.Client({ connectionString, application_name: 'datasync-test' });
      client.on('error', () => {});
      await client.connect();
      try {
        return await use(client);
      } finally {
        await client.end();
      }
    },
  };

  beforeAll(async () => {
    if (!hasPostgres()) return;
    parent = await place();
    if (parent !== null) await server.start();
  });
  beforeEach(async (context) => {
    if (!hasPostgres()) return;
    if (parent === null) return context.skip('there is no place for the data');
    await server.start();
    const url = new URL(serverString);
    url.pathname = `/faults_${++databases}`;
    connectionString = serverString;
    await server.query(`CREATE DATABASE ${url.pathname.slice(1)}`);
    connectionString = url.href;
  });
  afterAll(async () => {
    if (parent === null) return;
    await stopEmbeddedPostgres(folder());
    await parent.remove();
  });
  return server;
}

export interface Place {
  /** Any account can enter it. */
  readonly path: string;
  remove(): Promise<void>;
}

export async function temporaryFolder(): Promise<Place> {
  const path = await mkdtemp(join(tmpdir(), 'datasync-faults-'));
  await chmod(path, 0o755);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
