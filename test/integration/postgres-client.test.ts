/** No wait on a connection is without an end, and no session depends on what others have set. */
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openPool } from '../../src/database/connect.js';
import { streamCopy } from '../../src/database/export/copy-stream.js';
import { permitSilence } from '../../src/postgres/client.js';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.js';
import { usePostgres } from '../support/postgres.js';

const database = usePostgres();

let proxy: CuttingProxy;
beforeEach(async () => {
  proxy = await startCuttingProxy(database.connectionString);
});
afterEach(() => proxy.close());

let sockets: Duplex[] = [];

function open(silenceMs: number, max = 1): Pool {
  const pool = openPool(proxy.connectionString, {
    max,
    applicationName: 'datasync-silence',
    silenceMs,
  });
  sockets = [];
  pool.on('connect', (client) => sockets.push(client.connection.stream));
  return pool;
}

/** One that is left open would keep the process from ending. */
const untilClosed = () =>
  vi.waitFor(() => expect(sockets.map(({ destroyed }) => destroyed)).not.toContain(false), {
    timeout: 10_000,
    interval: 10,
  });

describe('a server that stands still', () => {
  test('fails the statement, and every later one on that connection at once', async () => {
    const pool = open(200);
    const client = await pool.connect();
    await client.query('SELECT 1');
    proxy.freeze();
    const failures = [client.query('SELECT 2'), client.query('SELECT 3')];
    await expect(failures[0]).rejects.toMatchObject({ code: 'ESILENT' });
    await expect(failures[1]).rejects.toMatchObject({ code: 'ESILENT' });
    await expect(client.query('ROLLBACK')).rejects.toThrow('not queryable');
    client.release(true);
    await pool.end();
    await untilClosed();
  });

  test('keeps no connection open after the goodbye, whether it was idle or busy', async () => {
    const pool = open(60_000, 2);
    const busy = await pool.connect();
    await (await pool.connect()).release();
    expect(sockets).toHaveLength(2);
    proxy.freeze();
    const statement = busy.query('SELECT 1').catch(() => {});
    busy.release(true);
    await pool.end();
    await statement;
    await untilClosed();
  });
});

describe('silence is not time', () => {
  const SLOW_ROWS = `COPY (SELECT repeat('x', 20000), pg_sleep(0.05) FROM generate_series(1, 40)) TO STDOUT`;

  test('an answer that keeps coming for longer is read to its end', async () => {
    const pool = open(1_000);
    const client = await pool.connect();
    let rows = 0;
    await streamCopy(client, SLOW_ROWS, () => rows++);
    expect(rows).toBe(40);
    client.release();
    await pool.end();
  });

  test('an answer that this side holds back is not taken for silence', async () => {
    const pool = open(200);
    const client = await pool.connect();
    let holds = 0;
    const hold = () => (holds++ === 1 ? delay(700) : null);
    const rows = "COPY (SELECT repeat('x', 20000) FROM generate_series(1, 500)) TO STDOUT";
    let count = 0;
    await streamCopy(client, rows, () => count++, { hold });
    expect(count).toBe(500);
    client.release();
    await pool.end();
  });

  test('a statement that may be silent for longer is waited for, and the next is not', async () => {
    const pool = open(200);
    const client = await pool.connect();
    permitSilence(client, 60_000);
    await client.query('SELECT pg_sleep(0.6)');
    permitSilence(client, null);
    await expect(client.query('SELECT pg_sleep(5)')).rejects.toMatchObject({ code: 'ESILENT' });
    client.release(true);
    await pool.end();
  });

  test('such a statement is waited for no longer than that though the server answers', async () => {
    const pool = open(200);
    // The server was heard last before the statement.
    const startedAtMs = performance.now();
    const client = await pool.connect();
    permitSilence(client, 700);
    await expect(client.query('SELECT pg_sleep(5)')).rejects.toMatchObject({ code: 'ESILENT' });
    expect(performance.now() - startedAtMs).toBeGreaterThan(650);
    client.release(true);
    await pool.end();
  });

  test('such a statement fails once the server answers nobody', async () => {
    const pool = open(200);
    const client = await pool.connect();
    permitSilence(client, 600_000);
    const statement = client.query('SELECT pg_sleep(5)');
    proxy.freeze();
    await expect(statement).rejects.toMatchObject({ code: 'ESILENT' });
    client.release(true);
    await pool.end();
    await untilClosed();
  });

  test('a server that refuses the connection which asks after it is alive', async () => {
    const pool = open(200);
    const client = await pool.connect();
    const url = new URL(database.connectionString);
    const name = url.pathname.slice(1);
    url.pathname = '/postgres';
    const other = openPool(url.href, { max: 1, applicationName: 'datasync-test' });
    await other.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    permitSilence(client, 60_000);
    const slept = client.query('SELECT pg_sleep(0.6)');
    await expect(slept).resolves.toMatchObject({ rowCount: 1 });
    await other.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    client.release();
    await Promise.all([pool.end(), other.end()]);
  });

  test('an idle connection is left in peace', async () => {
    const pool = open(100);
    const session = async () =>
      (await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
    const before = await session();
    await delay(400);
    expect(await session()).toBe(before);
    await pool.end();
  });
});

test('what a role or database sets for its sessions changes none of what the program relies on', async () => {
  const name = new URL(database.connectionString).pathname.slice(1);
  for (const setting of [
    "client_encoding = 'LATIN1'",
    'array_nulls = off',
    'extra_float_digits = 0',
    "DateStyle = 'German'",
  ]) {
    await database.pool.query(`ALTER DATABASE ${name} SET ${setting}`);
  }
  const pool = open(60_000);
  const { rows } = await pool.query<{ settings: string }>(
    `SELECT concat_ws(' ', current_setting('client_encoding'), current_setting('array_nulls'),
       current_setting('extra_float_digits'), current_setting('DateStyle')) AS settings`,
  );
  expect(rows[0]?.settings).toMatch(/^UTF8 on 1 ISO/);
  await pool.end();
  await database.pool.query(`ALTER DATABASE ${name} RESET ALL`);
});
