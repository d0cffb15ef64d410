/** For tests of the embedded server itself: a folder, and a server in it, for each test. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded.js';
import { findServer } from '../../src/database/server-process.js';
import { skipWithoutPostgres } from './postgres.js';
import { stopEmbeddedPostgres } from './stop-embedded.js';

export interface EmbeddedFolder {
  /** Holds `data/postgres`, which is not there yet; any account can enter it. */
  readonly parent: string;
  readonly dataFolder: string;
  /** All that was logged by `start`. */
  readonly messages: readonly string[];
  start(name?: string): Promise<EmbeddedPostgres>;
}

/** A new folder before each test; its server is stopped and it is removed after each. */
export function useEmbeddedFolder(): EmbeddedFolder {
  let parent = '';
  let messages: string[] = [];
  const dataFolder = (): string => join(parent, 'data', 'postgres');
  skipWithoutPostgres();
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'datasync-embedded-'));
    await chmod(parent, 0o755);
    messages = [];
  });
  afterEach(async () => {
    await stopEmbeddedPostgres(dataFolder());
    await rm(parent, { recursive: true, force: true });
  });
  return {
    get parent() {
      return parent;
    },
    get dataFolder() {
      return dataFolder();
    },
    get messages() {
      return messages;
    },
    start: (name = 'ingestion') =>
      startEmbeddedPostgres({
        dataFolder: dataFolder(),
        name,
        log: { info: (_, message) => messages.push(message) },
      }),
  };
}

/** Rows of one statement, over a connection of its own. */
export async function query<Row extends pg.QueryResultRow>(
  { connectionString }: EmbeddedPostgres,
  text: string,
): Promise<Row[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** The process of the server that runs in a folder. */
export async function pidOf(dataFolder: string): Promise<number> {
  const server = await findServer(dataFolder);
  if (server === null) throw new Error('no server runs');
  return server.pid;
}
