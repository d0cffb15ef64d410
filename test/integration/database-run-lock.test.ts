import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { expect, test } from 'vitest';
import type { Fault } from '../../src/core/fault.js';
import { acquireRunLock } from '../../src/database/run-lock.js';
import { usePostgres } from '../support/postgres.js';

const database = usePostgres();
const ORIGIN = 'https://api.example';
const take = (settings = {}) => acquireRunLock(database.pool, 'datasync', ORIGIN, settings);

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
  const other = await acquireRunLock(database.pool, 'datasync', 'https://other.example', {
    patienceMs: 0,
  });
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
    await acquireRunLock(pool, 'datasync', ${JSON.stringify(ORIGIN)});
    process.stdout.write('held');`;
  const args = ['--input-type=module', '--eval', script, database.connectionString];
  const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  await expect(take({ patienceMs: 0 })).rejects.toThrow(`process ${holder.pid}`);
  holder.kill('SIGKILL');
  await (await take()).release();
});
