/** What a start asks of the database before the first page bears a connection that is cut. */
import { afterEach, expect, test } from 'vitest';
import { openPool } from '../../src/database/connect.js';
import { hasLedger } from '../../src/database/migrate.js';
import { createLogger } from '../../src/observe/logger.js';
import { openDatabase, openLedger } from '../../src/session/open-database.js';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.js';
import { readConfig } from '../support/datasync.js';
import { API_KEY } from '../support/ingest-check.js';
import { usePostgres } from '../support/postgres.js';

const database = usePostgres();
/** More than there are; the first that is not reached ends the test. */
const PIECES_MAX = 100;

let proxy: CuttingProxy | null = null;
afterEach(() => proxy?.close());

async function partsFor(connectionString: string) {
  const read = readConfig({ TARGET_API_KEY: API_KEY, DATABASE_URL: connectionString }, {});
  if (!read.ok) throw new Error('the configuration is usable');
  const { log, conceal } = await createLogger({ level: 'silent', isTerminal: false });
  return { config: read.config, log, conceal };
}

async function emptyDatabase(): Promise<string> {
  const url = new URL(database.connectionString);
  url.pathname = `${url.pathname}_empty`;
  await database.pool.query(`DROP DATABASE IF EXISTS ${url.pathname.slice(1)} WITH (FORCE)`);
  await database.pool.query(`CREATE DATABASE ${url.pathname.slice(1)}`);
  return url.href;
}

test.each([
  ['a run, which makes the tables,', openDatabase, emptyDatabase],
  ['a command that looks on', openLedger, async () => database.connectionString],
])('%s bears a cut at any one of the answers of its start', async (_who, open, place) => {
  let cuts = 0;
  for (let piece = 1; piece <= PIECES_MAX; piece++) {
    const where = await place();
    proxy = await startCuttingProxy(where);
    const parts = await partsFor(proxy.connectionString);
    let isCut = false;
    void proxy.cutAtPiece(piece).then(() => {
      isCut = true;
    });
    const opened = await open(parts);
    expect(opened).not.toBeNull();
    await opened?.close();
    const direct = openPool(where, { max: 1, applicationName: 'datasync-test' });
    expect(await hasLedger(direct)).toBe(true);
    await direct.end();
    await proxy.close();
    if (!isCut) break;
    cuts++;
  }
  expect(cuts).toBeGreaterThan(5);
  expect(cuts).toBeLessThan(PIECES_MAX);
  await database.pool.query(
    `DROP DATABASE IF EXISTS ${new URL(database.connectionString).pathname.slice(1)}_empty WITH (FORCE)`,
  );
});
