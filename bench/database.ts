/**
 * The bench's database: one of its own name, made at the start and dropped at the end, on an embedded
 * server or on a server that is given. No table that somebody else made is ever touched.
 */
import pg from 'pg';
import { asIngestionError, openPool } from '../src/database/connect.js';
import { startEmbeddedPostgres } from '../src/database/embedded.js';
import { migrateDatabase } from '../src/database/migrate.js';
import { BenchError } from './bench-error.js';
import { readParent, readTreeMs } from './proc.js';

const DATABASE_NAME = 'datasync_bench';
const DATABASE_IN_USE = '55006';
const INSUFFICIENT_PRIVILEGE = '42501';

export interface BenchDatabase {
  /** Holds the password: for connecting, never for printing. */
  readonly connectionString: string;
  readonly pool: pg.Pool;
  readonly version: string;
  /** Empties every table and writes all to disk, so that each run starts from the same state. */
  reset(): Promise<void>;
  /** CPU time of all of the server's processes; null where it cannot be read. */
  cpuMs(): number | null;
  close(): Promise<void>;
}

/** @param known.url null: embedded, in `dataFolder` */
export async function openBenchDatabase(known: {
  readonly url: string | null;
  readonly dataFolder: string;
  readonly note: (text: string) => void;
}): Promise<BenchDatabase> {
  const embedded =
    known.url === null
      ? await startEmbeddedPostgres({
          dataFolder: known.dataFolder,
          log: { info: (_, message) => known.note(message) },
        })
      : null;
  const serverUrl = embedded?.connectionString ?? (known.url as string);
  try {
    return await openIn(serverUrl, async () => embedded?.stop());
  } catch (error) {
    await embedded?.stop();
    throw error instanceof BenchError ? error : asIngestionError(error);
  }
}

async function openIn(serverUrl: string, stop: () => Promise<void>): Promise<BenchDatabase> {
  await withClient(serverUrl, async (client) => {
    await dropDatabase(client);
    await client.query(`CREATE DATABASE ${DATABASE_NAME}`);
  });
  const url = new URL(serverUrl);
  url.pathname = `/${DATABASE_NAME}`;
  const pool = openPool(url.href, { max: 2, applicationName: 'datasync-bench' });
  await migrateDatabase(pool);
  const { rows } = await pool.query<{ version: string; pid: number }>(
    `SELECT current_setting('server_version') AS version, pg_backend_pid() AS pid`,
  );
  const postmaster = postmasterOf(rows[0]?.pid ?? 0, url.hostname);
  return {
    connectionString: url.href,
    pool,
    version: (rows[0]?.version ?? 'unknown').split(' ')[0] as string,
    reset: () => reset(pool),
    cpuMs: () => (postmaster === null ? null : readTreeMs(postmaster)),
    async close() {
      await pool.end();
      await withClient(serverUrl, dropDatabase);
      await stop();
    },
  };
}

async function dropDatabase(client: pg.Client): Promise<void> {
  try {
    await client.query(`DROP DATABASE IF EXISTS ${DATABASE_NAME}`);
  } catch (error) {
    if ((error as { code?: string }).code !== DATABASE_IN_USE) throw error;
    throw new BenchError(
      `the database ${DATABASE_NAME} is in use: another bench runs on this server`,
    );
  }
}

async function withClient(url: string, run: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    await run(client);
  } finally {
    await client.end();
  }
}

async function reset(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT quote_ident(tablename) AS name FROM pg_tables
     WHERE schemaname = 'public' AND tablename NOT IN ('ingestion_migrations', 'ingestion_database')
     ORDER BY 1`,
  );
  await pool.query(`TRUNCATE ${rows.map(({ name }) => name).join(', ')} RESTART IDENTITY`);
  await pool.query('CHECKPOINT').catch((error: { code?: string }) => {
    // On a server of somebody else's it may not be ours to ask for.
    if (error.code !== INSUFFICIENT_PRIVILEGE) throw error;
  });
}

/** A backend's parent, where the server runs on this machine and outside of a container. */
function postmasterOf(backend: number, host: string): number | null {
  if (!['127.0.0.1', 'localhost', '[::1]', ''].includes(host)) return null;
  const parent = readParent(backend);
  const server = parent === null ? null : readParent(parent.pid);
  return parent?.name.startsWith('postgres') === true && server !== null ? parent.pid : null;
}
