/** Who holds the plan lock: one that is at work is waited for, and one that shows no life is ended. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test, vi } from 'vitest';
import { gate, LOCK_NAME, usePlanners } from '../support/planners.js';
import { usePostgres } from '../support/postgres.js';
import { REPOSITORY } from '../support/repository.js';
import { untilLockWaits } from '../support/run-members.js';

const database = usePostgres();
const { withLock, held, planned } = usePlanners(database);

/** Of a session that does nothing, under the lock. */
async function silent(name: string, use: () => Promise<void>): Promise<void> {
  const { connectionString } = database;
  const holder = new pg.Client({ connectionString, application_name: name });
  holder.on('error', () => {});
  await holder.connect();
  try {
    await holder.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [LOCK_NAME]);
    await use();
  } finally {
    await holder.end();
  }
}

test('one that shows no life for its lease is ended, and told of', async () => {
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
    expect(await held()).toBe(1);
  });
});

test('one whose statement takes longer than its lease is at work', async () => {
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

test('one that waits for something else shows that it lives', async () => {
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

test('one that was frozen finds on waking up that it has to look again, and writes nothing before', async () => {
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
