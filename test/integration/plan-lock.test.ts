/** One process at a time plans a run of a stream, and what it did while it did not hold the lock does not count. */
import type { Pool } from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { type Fault, IngestionError } from '../../src/core/fault.js';
import { Patience } from '../../src/database/patience.js';
import { acquireRunLock } from '../../src/database/run-lock.js';
import { asked, inTransaction } from '../../src/database/transaction.js';
import { startCuttingProxy } from '../support/cutting-proxy.js';
import { gate, usePlanners } from '../support/planners.js';
import { usePostgres } from '../support/postgres.js';
import { STREAM } from '../support/run-members.js';

const database = usePostgres();
const { withLock, held, planned } = usePlanners(database);

test('work is done one by one, and each is told what its own has given', async () => {
  const done: string[] = [];
  const [entered, finish] = [gate(), gate()];
  const first = withLock(async () => {
    done.push('first begins');
    entered.open();
    await finish.passed;
    done.push('first ends');
    return 1;
  });
  await entered.passed;
  const second = withLock(async () => {
    done.push('second');
    return 2;
  });
  // The second one is at it, and waits.
  const stream = { ...STREAM, origin: 'https://other.example' };
  await withLock(async () => expect(await held()).toBe(1), { stream });
  expect(done).toEqual(['first begins']);
  finish.open();
  expect(await Promise.all([first, second])).toEqual([1, 2]);
  expect(done).toEqual(['first begins', 'first ends', 'second']);
  expect(await held()).toBe(0);
});

test.each([{ source: 'others' }, { stream: 'others' }, { origin: 'https://others.example' }])(
  'another source, stream or origin is planned beside it: %o',
  async (change) => {
    const stream = { ...STREAM, ...change };
    expect(await withLock(() => withLock(async () => 'both', { stream }))).toBe('both');
  },
);

test('it does not stand in the way of the run lock', async () => {
  await withLock(async () => {
    await (await acquireRunLock(database.pool, STREAM, { patienceMs: 0 })).release();
  });
});

test('it is free again when the work throws, and the error is handed on', async () => {
  const thrown = new RangeError('no plan');
  const work = withLock(() => Promise.reject(thrown));
  await expect(work).rejects.toBe(thrown);
  // The server ends the session in its own time.
  await expect.poll(held, { timeout: 30_000 }).toBe(0);
  expect(await withLock(async () => 'next')).toBe('next');
});

describe('work whose session is lost meanwhile', () => {
  const sessionOf = async (session: Pool): Promise<number> => {
    const { rows } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return rows[0]?.pid ?? 0;
  };
  const end = (pid: number) => database.pool.query('SELECT pg_terminate_backend($1)', [pid]);

  test('is done once more, for another one may have planned beside it', async () => {
    const done: string[] = [];
    const found = await withLock(async (session) => {
      done.push('first');
      if (done.length > 1) return 'again';
      await end(await sessionOf(session));
      await withLock(async () => done.push('beside it'));
      return 'in vain';
    });
    expect([found, done]).toEqual(['again', ['first', 'beside it', 'first']]);
    expect(await held()).toBe(0);
  });

  test('writes nothing any more', async () => {
    let attempts = 0;
    const refusals: unknown[] = [];
    await withLock(async (session) => {
      if (++attempts > 1) return;
      await end(await sessionOf(session));
      await withLock(async () => {});
      const writing = () => session.query("INSERT INTO planned VALUES ('behind its back')");
      await writing().catch((error: unknown) => refusals.push(error));
      await writing().catch((error: unknown) => refusals.push(error));
    });
    expect([attempts, refusals.length]).toEqual([2, 2]);
    expect(await planned()).toEqual([]);
  });

  test('is done again though the server has not noticed: its own session is ended', async () => {
    const proxy = await startCuttingProxy(database.connectionString);
    try {
      let attempts = 0;
      const onFrozen = vi.fn();
      const { connectionString } = proxy;
      await withLock(
        async () => {
          if (++attempts > 1) return;
          proxy.cutClients();
          expect(await held()).toBe(1);
        },
        { connectionString, onFrozen },
      );
      expect(attempts).toBe(2);
      expect(onFrozen).not.toHaveBeenCalled();
    } finally {
      await proxy.close();
    }
  });

  test('ends with the fault once the patience is over', async () => {
    let attempts = 0;
    const work = withLock(
      async (session) => {
        attempts++;
        await end(await sessionOf(session));
      },
      { patience: new Patience({ forMs: 0 }) },
    );
    await expect(work).rejects.toMatchObject({
      fault: { code: 'DATABASE_UNAVAILABLE', retryable: true },
    });
    expect(attempts).toBe(1);
  });
});

test('what its patience waits for within the session is not waited for once that is lost', async () => {
  let attempts = 0;
  await withLock(async (session, patience) => {
    if (++attempts > 1) return;
    let failures = 1;
    const passing = async () => {
      if (failures-- > 0) throw new IngestionError(fault('DATABASE_UNAVAILABLE', true));
      return 'passed';
    };
    expect(await patience.during(passing)).toBe('passed');
    const own = 'SELECT pg_terminate_backend(pg_backend_pid())';
    await patience.during(() => asked(session.query(own)));
  });
  expect(attempts).toBe(2);
});

const fault = (code: Fault['code'], retryable: boolean): Fault => ({
  code,
  message: '',
  retryable,
});

describe('work that fails', () => {
  test('for what can pass is done again', async () => {
    const work = vi.fn(async () => 'done');
    work.mockRejectedValueOnce(new IngestionError(fault('DATABASE_CONFLICT', true)));
    expect(await withLock(work)).toBe('done');
    expect(work).toHaveBeenCalledTimes(2);
  });

  test('for what cannot is not', async () => {
    const thrown = new IngestionError(fault('DATABASE_REFUSED', false));
    const work = vi.fn(() => Promise.reject(thrown));
    await expect(withLock(work)).rejects.toBe(thrown);
    expect(work).toHaveBeenCalledTimes(1);
  });

  test('within a transaction keeps the lock', async () => {
    await withLock(async (session) => {
      const broken = inTransaction(session, (client) => asked(client.query('SELECT nothing')));
      await expect(broken).rejects.toMatchObject({ fault: { code: 'DATABASE_REFUSED' } });
      expect(await held()).toBe(1);
      await session.query("INSERT INTO planned VALUES ('all the same')");
    });
    expect(await planned()).toEqual(['all the same']);
  });
});

test('a database that is away is told as a fault', async () => {
  const url = new URL(database.connectionString);
  url.port = '1';
  const patience = new Patience({ forMs: 0 });
  const work = withLock(async () => {}, { connectionString: url.href, patience });
  await expect(work).rejects.toMatchObject({ fault: { code: 'DATABASE_UNAVAILABLE' } });
});
