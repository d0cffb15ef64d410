/**
 * The embedded server that all test files share: where it lies, and its end.
 *
 * Apart from `postgres.ts`, because vitest loads `stop-postgres.ts` outside of its workers, where
 * nothing may import vitest itself.
 */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded.js';
import { findServer } from '../../src/database/server-process.js';

const SHARED_FOLDER = join(tmpdir(), `datasync-test-postgres-${process.getuid?.() ?? 0}`);

/** The application name of the connection that each test file holds while it runs. */
export const KEEPER_NAME = 'datasync-test-keeper';

/** Starts the server, or attaches to it. */
export function startSharedServer(): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataFolder: SHARED_FOLDER, log: { info: () => {} } });
}

/** Ends the server and removes its data, unless another test run on this machine uses it. */
export async function stopSharedServerIfUnused(): Promise<void> {
  if ((await findServer(SHARED_FOLDER)) === null) return;
  const server = await startSharedServer();
  if ((await countKeepers(server.connectionString)) > 0) return;
  await server.stop();
  await rm(SHARED_FOLDER, { recursive: true, force: true });
}

async function countKeepers(connectionString: string): Promise<number> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rowCount } = await client.query(
      'SELECT FROM pg_stat_activity WHERE application_name = $1',
      [KEEPER_NAME],
    );
    return rowCount ?? 0;
  } finally {
    await client.end();
  }
}
