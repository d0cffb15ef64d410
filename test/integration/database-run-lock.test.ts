import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import pg from 'pg';
import { expect, test, vi } from 'vitest';
import type { Fault } from '../../src/core/fault.js';
import { openPool } from '../../src/database/connect.js';
import { keepRunLock } from '../../src/database/kept-run-lock.js';
import { Patience } from '../../src/database/patience.js';
import { acquireRunLock } from '../../src/database/run-lock.js';
import { startCuttingProxy } from '../support/cutting-proxy.js';
import { usePostgres } from '../support/postgres.js';

const database = usePostgres();
const ORIGIN = 'https://api.example';
const STREAM = { source: 'datasync', stream: 'events', origin: ORIGIN };
const take = (settings = {}) => acquireRunLock(database.pool, STREAM, settings);

test('a second instance is refused, and told who holds the ingestion and since when', async () => {
  const lock = await take();
  const refusal = await take({ patienceMs: 0 }).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ fault: { code: 'ALREADY_RUNNING', retryable: false } });
  expect(String(refusal)).toContain(`process ${process.pid}`);
  expect(String(refusal)).toMatch(/database session \d+, since \d{4}-\d\d-\d\dT[\d:]+Z/);
  await lock.release();
});

test('another source or origin is not held up', async () => {
  const lock = await take();
  const other = await acquireRunLock(
    database.pool,
    { ...STREAM, origin: 'https://other.example' },
    {
      patienceMs: 0,
    },
  );
  await other.release();
  await lock.release();
});

test('a released lock is free at once, and a release can be repeated', async () => {
  const lock = await take();
  await lock.release();
  await lock.release();
  await (await take({ patienceMs: 0 })).release();
});

test('a lock that is given back within the patience is taken', async () => {
  const lock = await take();
  const second = take({ patienceMs: 10_000 });
  await lock.release();
  await (await second).release();
});

test('the loss of the connection is reported once, and the lock is free', async () => {
  const faults: Fault[] = [];
  const losses = new EventEmitter();
  const loss = once(losses, 'loss');
  const lock = await take({
    onLost: (fault: Fault) => {
      faults.push(fault);
      losses.emit('loss');
    },
  });
  await database.pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name LIKE 'datasync-ingestion process%' AND datname = current_database()`,
  );
  await loss;
  await (await take({ patienceMs: 10_000 })).release();
  await lock.release();
  expect(faults).toHaveLength(1);
  expect(faults[0]?.code).toBe('DATABASE_UNAVAILABLE');
});

const LOCK_SESSIONS = `FROM pg_stat_activity
  WHERE application_name LIKE 'datasync-ingestion process%' AND datname = current_database()`;

/** Keeps the lock; `told` holds what was reported, and `until` waits for it. */
async function keep(forMs = 10_000) {
  const told: string[] = [];
  const lock = await keepRunLock({
    acquire: (settings) => take(settings),
    patience: new Patience({ forMs }),
    onLost: () => told.push('lost'),
    onBack: () => told.push('back'),
  });
  const until = (event: string) =>
    vi.waitFor(() => expect(told.at(-1)).toBe(event), { timeout: 10_000, interval: 10 });
  return { lock, told, until };
}

test('a kept lock is taken again whenever its connection is lost', async () => {
  const { lock, told, until } = await keep();
  for (let loss = 1; loss <= 3; loss++) {
    await database.pool.query(`SELECT pg_terminate_backend(pid) ${LOCK_SESSIONS}`);
    await vi.waitFor(() => expect(told).toHaveLength(2 * loss), { timeout: 10_000, interval: 10 });
    await until('back');
    await expect(take({ patienceMs: 0 })).rejects.toThrow('already being run');
  }
  // Whoever asks learns of a loss that nobody has noticed yet.
  await database.pool.query(`SELECT pg_terminate_backend(pid) ${LOCK_SESSIONS}`);
  await lock.held();
  expect(told).toHaveLength(8);
  await expect(take({ patienceMs: 0 })).rejects.toThrow('already being run');
  await lock.release();
  await (await take({ patienceMs: 0 })).release();
});

test('a kept lock that another instance has taken meanwhile is gone, and says who has it', async () => {
  const { lock, until } = await keep();
  const intruder = new pg.Client({
    connectionString: database.connectionString,
    application_name: 'intruder',
  });
  await intruder.connect();
  const waiting = intruder.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [
    `datasync-ingestion datasync ${ORIGIN}`,
  ]);
  await vi.waitFor(
    async () => {
      const { rowCount } = await database.pool.query(
        "SELECT FROM pg_stat_activity WHERE application_name = 'intruder' AND wait_event_type = 'Lock'",
      );
      expect(rowCount).toBe(1);
    },
    { timeout: 20_000, interval: 20 },
  );
  await database.pool.query(`SELECT pg_terminate_backend(pid) ${LOCK_SESSIONS}`);
  await waiting;
  expect(await lock.gone).toMatchObject({
    code: 'ALREADY_RUNNING',
    message: expect.stringContaining('intruder'),
  });
  await until('lost');
  await expect(lock.held()).rejects.toMatchObject({ fault: { code: 'ALREADY_RUNNING' } });
  await lock.release();
  await intruder.end();
});

test('a lost session that the server still believes in gives way to its successor', async () => {
  const lock = await take();
  await expect(take({ patienceMs: 0, predecessor: lock.session + 1 })).rejects.toThrow(
    'already being run',
  );
  const successor = await take({ patienceMs: 2_000, predecessor: lock.session });
  expect(successor.session).not.toBe(lock.session);
  await lock.release();
  await successor.release();
});

test('a connection that is lost without a word is noticed, and who took the lock meanwhile is named', async () => {
  const proxy = await startCuttingProxy(database.connectionString);
  const pool = openPool(proxy.connectionString, { max: 2, applicationName: 'datasync-control' });
  const told: string[] = [];
  const kept = await keepRunLock({
    acquire: (settings) =>
      acquireRunLock(pool, STREAM, { ...settings, probeEveryMs: 20, answerMs: 200 }),
    patience: new Patience({ forMs: 10_000 }),
    onLost: (fault) => told.push(fault.message),
    onBack: () => told.push('back'),
  });
  proxy.cutServers();
  const other = await take({ patienceMs: 20_000 });
  expect(await kept.gone).toMatchObject({
    code: 'ALREADY_RUNNING',
    message: expect.stringContaining(`process ${process.pid}`),
  });
  expect(told).toEqual([expect.stringContaining('nothing came from the server')]);
  await kept.release();
  await other.release();
  await pool.end();
  await proxy.close();
});

test('a release is not reported as a loss', async () => {
  const faults: Fault[] = [];
  const lock = await take({ onLost: (fault: Fault) => faults.push(fault) });
  const removed = once(database.pool, 'remove');
  await lock.release();
  await removed;
  expect(faults).toEqual([]);
});

test('a program that is killed with the lock does not keep its next start from it', async () => {
  const module = (name: string): string =>
    JSON.stringify(new URL(`../../src/database/${name}.js`, import.meta.url).href);
  const script = `
    import { openPool } from ${module('connect')};
    import { acquireRunLock } from ${module('run-lock')};
    const pool = openPool(process.argv[1], { max: 1, applicationName: 'killed' });
    await acquireRunLock(pool, ${JSON.stringify(STREAM)});
    process.stdout.write('held');`;
  const args = ['--input-type=module', '--eval', script, database.connectionString];
  const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  await expect(take({ patienceMs: 0 })).rejects.toThrow(`process ${holder.pid}`);
  holder.kill('SIGKILL');
  await (await take()).release();
});
