import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Fault, IngestionError } from '../../src/core/fault.js';
import { openPool, waitForDatabase } from '../../src/database/connect.js';
import { usePostgres } from '../support/postgres.js';

const database = usePostgres();

/** Passes connections on to the real server, on a port that nobody listens on until then. */
async function openGate(port: number): Promise<Server> {
  const target = Number(new URL(database.connectionString).port);
  const gate = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    client.pipe(server).pipe(client);
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
  });
  gate.listen(port, '127.0.0.1');
  await once(gate, 'listening');
  return gate;
}

async function findClosedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function withUrl(change: (url: URL) => void): string {
  const url = new URL(database.connectionString);
  change(url);
  return url.href;
}

const faultOf = (...args: Parameters<typeof waitForDatabase>): Promise<Fault> =>
  waitForDatabase(...args).then(
    () => {
      throw new Error('it connected');
    },
    (error: IngestionError) => error.fault,
  );

describe('waitForDatabase', () => {
  test('a database that is there is not waited for', async () => {
    const waits: number[] = [];
    await waitForDatabase(database.connectionString, {
      onWait: (_fault, waitMs) => waits.push(waitMs),
    });
    expect(waits).toEqual([]);
  });

  test('a database that comes up during the wait is found, and the waits grow', async () => {
    const port = await findClosedPort();
    const waits: number[] = [];
    let gate: Promise<Server> | null = null;
    await waitForDatabase(
      withUrl((url) => {
        url.port = String(port);
      }),
      {
        onWait: (_fault, waitMs) => {
          waits.push(waitMs);
          if (waits.length === 2) gate = openGate(port);
        },
      },
    );
    expect(waits).toHaveLength(2);
    expect(Number(waits[1])).toBeGreaterThan(Number(waits[0]));
    const opened = await (gate as Promise<Server> | null);
    opened?.close();
  });

  test('a database that stays away is given up after the time given, by name and remedy', async () => {
    const port = await findClosedPort();
    const startedMs = performance.now();
    const fault = await faultOf(
      withUrl((url) => {
        url.port = String(port);
      }),
      { forMs: 700 },
    );
    // Unless told otherwise it waits for 20 s.
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(fault).toMatchObject({ code: 'DATABASE_UNAVAILABLE', retryable: true });
    expect(fault?.message).toContain(`127.0.0.1:${port}/`);
    expect(fault?.message).toContain('0.7 s');
    expect(fault?.remedy).toContain('DATABASE_URL');
  });

  test('a server that accepts and says nothing does not hold the wait beyond its time', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const fault = await faultOf(`postgresql://a:b@127.0.0.1:${port}/c`, { forMs: 400 });
    silent.close();
    expect(fault?.code).toBe('DATABASE_UNAVAILABLE');
  });

  test.each([
    ['a wrong password', (url: URL) => (url.password = 'hunter2'), /password/],
    ['a database that does not exist', (url: URL) => (url.pathname = '/nowhere'), /not exist/],
  ])('%s is refused at once, without the password in any word', async (_name, change, words) => {
    const connectionString = withUrl(change);
    const fault = await faultOf(connectionString, {
      onWait: () => {
        throw new Error('waited');
      },
    });
    expect(fault).toMatchObject({ code: 'DATABASE_REFUSED', retryable: false });
    expect(fault?.message).toMatch(words);
    expect(JSON.stringify(fault)).not.toContain(new URL(connectionString).password);
  });
});

describe('openPool', () => {
  test('an idle connection that the server cuts is reported and replaced', async () => {
    const codes: string[] = [];
    const pool = openPool(database.connectionString, {
      max: 1,
      applicationName: 'datasync-cut',
      onIdleFault: (fault) => codes.push(fault.code),
    });
    await pool.query('SELECT 1');
    const cut = once(pool, 'error');
    await database.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'datasync-cut'`,
    );
    await cut;
    expect(codes).toEqual(['DATABASE_UNAVAILABLE']);
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  test('a statement beyond its time is ended by the server', async () => {
    const pool = openPool(database.connectionString, {
      max: 1,
      applicationName: 'datasync-slow',
      statementTimeoutMs: 50,
    });
    await expect(pool.query('SELECT pg_sleep(30)')).rejects.toMatchObject({ code: '57014' });
    await pool.end();
  });
});
