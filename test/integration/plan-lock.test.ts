/** One process at a time plans a run of a stream, and what it did while it did not hold the lock does not count. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type Fault, IngestionError } from '../../src/core/fault.js';
import type { StreamKey } from '../../src/database/ledger-types.js';
import { Patience } from '../../src/database/patience.js';
import { type PlanLockSettings, withPlanLock } from '../../src/database/plan-lock.js';
import { acquireRunLock } from '../../src/database/run-lock.js';
import { asked, inTransaction } from '../../src/database/transaction.js';
import { startCuttingProxy } from '../support/cutting-proxy.js';
import { usePostgres } from '../support/postgres.js';
import { REPOSITORY } from '../support/repository.js';
import { STREAM, untilLockWaits } from '../support/run-members.js';

const database = usePostgres();
const NAME = `datasync-ingestion plan ${STREAM.source}/${STREAM.stream} ${STREAM.origin}`;
const COUNT_HELD = `SELECT count(*)::integer AS held FROM pg_locks
  WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0)`;

beforeEach(async () => {
  await database.pool.query('DROP TABLE IF EXISTS planned; CREATE TABLE planned (by text)');
});

/** Of a process of its own. */
function withLock<T>(
  work: (session: pg.Pool) => Promise<T>,
  { stream, ...settings }: Partial<PlanLockSettings> & { stream?: StreamKey } = {},
): Promise<T> {
  const { connectionString } = database;
  const patience = new Patience({ forMs: 60_000 });
  const all = { connectionString, patience, leaseMs: 60_000, ...settings };
  return withPlanLock(stream ?? STREAM, all, work);
}

async function planned(): Promise<string[]> {
  const { rows } = await database.pool.query<{ by: string }>('SELECT by FROM planned');
  return rows.map(({ by }) => by);
}

async function heldBy(): Promise<number | undefined> {
  const { rows } = await database.pool.query<{ held: number }>(COUNT_HELD, [NAME]);
  return rows[0]?.held;
}

/** Something that a test lets happen. */
function gate(): { readonly passed: Promise<void>; open: () => void } {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

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
  await withLock(async () => expect(await heldBy()).toBe(1), { stream });
  expect(done).toEqual(['first begins']);
  finish.open();
  expect(await Promise.all([first, second])).toEqual([1, 2]);
  expect(done).toEqual(['first begins', 'first ends', 'second']);
  expect(await heldBy()).toBe(0);
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
  expect(await heldBy()).toBe(0);
  expect(await withLock(async () => 'next')).toBe('next');
});

describe('work whose session is lost meanwhile', () => {
  const sessionOf = async (session: pg.Pool): Promise<number> => {
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
    expect(await heldBy()).toBe(0);
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
          expect(await heldBy()).toBe(1);
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

describe('work that fails', () => {
  const fault = (code: Fault['code'], retryable: boolean): Fault => ({
    code,
    message: '',
    retryable,
  });

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
      expect(await heldBy()).toBe(1);
      await session.query("INSERT INTO planned VALUES ('all the same')");
    });
    expect(await planned()).toEqual(['all the same']);
  });
});

describe('a holder', () => {
  /** Of a session that does nothing, under the lock. */
  async function silent(name: string, use: () => Promise<void>): Promise<void> {
    const { connectionString } = database;
    const holder = new pg.Client({ connectionString, application_name: name });
    holder.on('error', () => {});
    await holder.connect();
    try {
      await holder.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [NAME]);
      await use();
    } finally {
      await holder.end();
    }
  }

  test('that shows no life for its lease is ended, and told of', async () => {
    await silent('datasync-plan, lease 50 ms', async () => {
      const onFrozen = vi.fn();
      expect(await withLock(async () => 'taken', { onFrozen })).toBe('taken');
      expect(onFrozen).toHaveBeenCalledTimes(1);
    });
  });

  test.each([
    ['whose lease is not over', 'datasync-plan, lease 600000 ms'],
    ['of a version that shows no life', 'datasync-control'],
  ])('%s is named as what to end', async (_, name) => {
    await silent(name, async () => {
      const work = vi.fn(async () => {});
      const waiting = withLock(work, { heldForMs: 1_100 });
      await expect(waiting).rejects.toMatchObject({
        fault: {
          code: 'DATABASE_CONFLICT',
          retryable: true,
          message: expect.stringContaining('the run of events'),
          remedy: expect.stringContaining('frozen'),
        },
      });
      expect(work).not.toHaveBeenCalled();
      expect(await heldBy()).toBe(1);
    });
  });

  test('whose statement takes longer than its lease is at work', async () => {
    const slow = 4_217;
    const blocker = await database.pool.connect();
    await blocker.query('SELECT pg_advisory_lock($1)', [slow]);
    const [entered, refused] = [gate(), gate()];
    const holder = withLock(
      async (session) => {
        const answer = session.query('SELECT pg_advisory_lock($1)', [slow]);
        entered.open();
        await answer;
        return 'done';
      },
      { leaseMs: 1 },
    );
    await entered.passed;
    await untilLockWaits(database.pool);
    const waiting = withLock(async () => {}, { heldForMs: 1_100 }).finally(refused.open);
    await expect(waiting).rejects.toMatchObject({ fault: { code: 'DATABASE_CONFLICT' } });
    await blocker.query('SELECT pg_advisory_unlock($1)', [slow]);
    blocker.release();
    expect(await holder).toBe('done');
  });

  test('that waits for something else shows that it lives', async () => {
    const changedAt = async () => {
      const { rows } = await database.pool.query<{ at: string }>(
        `SELECT state_change::text AS at FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'datasync-plan%'`,
      );
      return rows[0]?.at;
    };
    await withLock(async () => {
      const before = await changedAt();
      await vi.waitFor(async () => expect(await changedAt()).not.toBe(before), {
        timeout: 20_000,
        interval: 50,
      });
    });
  });

  test('that was frozen finds on waking up that it has to look again, and writes nothing before', async () => {
    const script = join(REPOSITORY, 'dist/test/support/planning-process.js');
    const child = fork(script, [database.connectionString, '1500'], { execArgv: [] });
    try {
      expect(await once(child, 'message')).toEqual(['held', undefined]);
      child.kill('SIGSTOP');
      const insert = (session: pg.Pool) => session.query("INSERT INTO planned VALUES ('other')");
      await withLock(async (session) => void (await insert(session)));
      const again = once(child, 'message');
      child.kill('SIGCONT');
      child.send('go on');
      expect(await again).toEqual(['held', undefined]);
      const last = once(child, 'message');
      child.send('go on');
      expect(await last).toEqual([2, undefined]);
      expect(await planned()).toEqual(['other', 'frozen 2']);
      await once(child, 'exit');
    } finally {
      child.kill('SIGKILL');
    }
  });
});

test('a database that is away is told as a fault', async () => {
  const url = new URL(database.connectionString);
  url.port = '1';
  const patience = new Patience({ forMs: 0 });
  const work = withLock(async () => {}, { connectionString: url.href, patience });
  await expect(work).rejects.toMatchObject({ fault: { code: 'DATABASE_UNAVAILABLE' } });
});
