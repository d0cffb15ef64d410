/** TLS as psql does it, against a server without, with, and with nothing else. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import type { IngestionError } from '../../src/core/fault.js';
import { openPool, waitForDatabase } from '../../src/database/connect.js';
import { accountFor } from '../../src/database/server-account.js';
import { give } from '../../src/database/server-folder.js';
import { environmentFor, useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { useOwnPostgres } from '../support/own-postgres.js';

const postgres = useOwnPostgres();
const simulate = useSimulator();
const folder = useIngestFolder();
const run = promisify(execFile);

const withMode = (query: string): string => `${postgres.connectionString}${query}`;

/** @returns whether the connection that was made is encrypted */
async function connect(query: string, variables = {}): Promise<boolean> {
  const address = await waitForDatabase(withMode(query), { forMs: 5_000, variables });
  const pool = openPool(address, { max: 1, applicationName: 'datasync-test' });
  const { rows } = await pool.query<{ ssl: boolean }>(
    'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
  );
  await pool.end();
  return rows[0]?.ssl === true;
}

const refusal = (query: string): Promise<IngestionError> =>
  connect(query).then(
    () => {
      throw new Error('it connected');
    },
    (error: IngestionError) => error,
  );

describe('a server without TLS', () => {
  test.each(['', '?sslmode=disable', '?sslmode=allow', '?sslmode=prefer'])(
    '%j connects without',
    async (query) => {
      expect(await connect(query)).toBe(false);
    },
  );

  test('PGSSLMODE=prefer connects too', async () => {
    expect(await connect('', { PGSSLMODE: 'prefer' })).toBe(false);
  });

  test.each(['?sslmode=require', '?sslmode=verify-full'])('%j is refused', async (query) => {
    const { fault } = await refusal(query);
    expect(fault).toMatchObject({ code: 'DATABASE_REFUSED', retryable: false });
    expect(fault.message).toContain('no TLS');
  });

  test('a wrong password is told as such, whichever attempt is refused', async () => {
    const address = new URL(withMode('?sslmode=prefer'));
    address.password = 'wrong';
    await expect(waitForDatabase(address.href, { forMs: 5_000 })).rejects.toThrow('password');
  });

  test('nothing but records and results is written, whatever the driver would warn of', async () => {
    const simulator = await simulate({ events: 1_000 });
    const url = new URL(withMode('?sslmode=prefer'));
    const passFile = join(folder.path, 'pgpass');
    await writeFile(passFile, `*:*:*:*:${decodeURIComponent(url.password)}\n`, { mode: 0o600 });
    url.password = '';
    const environment = {
      ...environmentFor(simulator, { connectionString: url.href }, { PGPASSFILE: passFile }),
    };
    const exit = await folder.run(['ingest', '--json'], environment);
    expect(exit.code, exit.stderr).toBe(0);
    const strangers = exit.stderr
      .split('\n')
      .filter((line) => line !== '' && line !== 'ingestion complete' && !line.startsWith('{'));
    expect(strangers).toEqual([]);
  });
});

describe('a server with TLS', () => {
  let certificate = '';

  beforeEach(async (context) => {
    const { dataFolder } = postgres;
    certificate = join(dataFolder, 'server.crt');
    const key = join(dataFolder, 'server.key');
    try {
      await run('openssl', [
        ...['req', '-new', '-x509', '-days', '2', '-nodes', '-subj', '/CN=elsewhere.example'],
        ...['-out', certificate, '-keyout', key],
      ]);
    } catch {
      return context.skip('openssl is not installed: it makes the certificate');
    }
    const account = await accountFor(dataFolder);
    for (const file of [certificate, key]) await give(file, account);
    await postgres.query('ALTER SYSTEM SET ssl = on');
    await postgres.query('SELECT pg_reload_conf()');
    await expect.poll(() => connect('?sslmode=require').catch(() => null)).toBe(true);
  });

  test.each([
    ['', false],
    ['?sslmode=disable', false],
    ['?sslmode=allow', false],
    ['?sslmode=prefer', true],
    ['?sslmode=require', true],
    ['?sslmode=no-verify', true],
  ])('%j connects with TLS: %j', async (query, isEncrypted) => {
    expect(await connect(query)).toBe(isEncrypted);
  });

  test('a certificate is checked where that is asked for', async () => {
    const { fault } = await refusal('?sslmode=verify-full');
    expect(fault).toMatchObject({ code: 'DATABASE_REFUSED', retryable: false });
    expect(fault.remedy).toContain('sslrootcert');
    const trusted = `sslrootcert=${encodeURIComponent(certificate)}`;
    expect(await connect(`?sslmode=verify-ca&${trusted}`)).toBe(true);
    // It is of another host.
    expect((await refusal(`?sslmode=verify-full&${trusted}`)).fault.message).toContain('altnames');
  });

  test('that lets nobody in without is reached with it, also where nothing is said', async () => {
    const rules = join(postgres.dataFolder, 'pg_hba.conf');
    const before = await readFile(rules, 'utf8');
    const plain = before.replaceAll(/^host\b/gm, 'hostssl');
    expect(plain).not.toBe(before);
    await writeFile(rules, plain);
    await postgres.query('SELECT pg_reload_conf()').catch(() => {});
    await expect.poll(() => connect('?sslmode=disable').catch(() => 'refused')).toBe('refused');
    try {
      expect(await connect('')).toBe(true);
      expect(await connect('?sslmode=allow')).toBe(true);
      const { fault } = await refusal('?sslmode=disable');
      expect(fault.remedy).toContain('pg_hba.conf');
    } finally {
      await writeFile(rules, before);
      const address = await waitForDatabase(withMode('?sslmode=require'));
      const pool = openPool(address, { max: 1, applicationName: 'datasync-test' });
      await pool.query('SELECT pg_reload_conf()');
      await pool.end();
    }
  });
});
