/** How a command finds the run that it is about, and what it says where there is none. */
import { expect, test } from 'vitest';
import { openPool } from '../../src/database/connect.js';
import { migrateDatabase } from '../../src/database/migrate.js';
import { openRunStore } from '../../src/database/run-store.js';
import { createLogger } from '../../src/observe/logger.js';
import { EVENTS_TABLE } from '../../src/postgres/stream-table.js';
import { LedgerReader } from '../../src/session/ledger-reader.js';
import { runOriginOf } from '../../src/session/open-source.js';
import { UserError } from '../../src/session/user-error.js';
import { readConfig } from '../support/datasync.js';
import { API_KEY } from '../support/ingest-check.js';
import { usePostgres } from '../support/postgres.js';

/** A run over an origin. */
const stream = (origin: string) => ({
  ...{ source: 'datasync', stream: 'events', origin },
  table: EVENTS_TABLE,
});

const database = usePostgres();
const APPLICATION = 'datasync-test';

async function partsFor(connectionString: string, environment: Record<string, string> = {}) {
  const read = readConfig({ ...environment, DATABASE_URL: connectionString }, { readsOnly: true });
  if (!read.ok) throw new Error('the configuration is usable');
  const { log, conceal } = await createLogger({ level: 'silent', isTerminal: false });
  return { config: read.config, log, conceal };
}

test('a ledger that comes later is found, and so is its run', async () => {
  const url = new URL(database.connectionString);
  url.pathname = `${url.pathname}_later`;
  const name = url.pathname.slice(1);
  await database.pool.query(`CREATE DATABASE ${name}`);
  const direct = openPool(url.href, { max: 1, applicationName: APPLICATION });
  try {
    await LedgerReader.during(await partsFor(url.href), async (ledger) => {
      const absent = { type: 'none', text: expect.stringMatching(/^No run yet in .*_later: /) };
      expect(await ledger.find(undefined)).toEqual(absent);
      await migrateDatabase(direct);
      const empty = { type: 'none', text: 'No run yet: `datasync ingest` begins one.' };
      expect(await ledger.find(undefined)).toEqual(empty);
      const created = { ...stream('elsewhere'), settings: {} };
      await openRunStore(direct).createRun(created);
      expect(await ledger.find(undefined)).toMatchObject({ type: 'run', run: { run: 1 } });
      expect(await ledger.require(1)).toMatchObject({ run: { origin: 'elsewhere' } });
    });
  } finally {
    await direct.end();
    await database.pool.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }
});

test('a run of another source is not the configured one, unless it is asked for', async () => {
  const origin = 'http://api.example/api/v1';
  const parts = await partsFor(database.connectionString, {
    ...{ TARGET_API_KEY: API_KEY, API_BASE_URL: origin },
  });
  expect(runOriginOf(parts.config.target)).toBe(origin);
  const store = openRunStore(database.pool);
  await store.createRun({ ...stream('elsewhere'), settings: {} });
  await LedgerReader.during(parts, async (ledger) => {
    expect(await ledger.require(1)).toMatchObject({ run: { run: 1, origin: 'elsewhere' } });
    const missing = await ledger.require(undefined).catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(UserError);
    expect(missing).toMatchObject({ kind: 'failed', message: expect.stringContaining(origin) });
    await expect(ledger.require(2)).rejects.toThrow('The ledger has no run 2.');
    await store.createRun({ ...stream(origin), settings: {} });
    expect(await ledger.require(undefined)).toMatchObject({ run: { run: 2, origin } });
  });
});
