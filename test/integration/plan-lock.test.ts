/** One process at a time plans a run of a stream. */
import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openPool } from '../../src/database/connect.js';
import { withPlanLock } from '../../src/database/plan-lock.js';
import { acquireRunLock } from '../../src/database/run-lock.js';
import { usePostgres } from '../support/postgres.js';
import { STREAM } from '../support/run-members.js';

const database = usePostgres();
const NAME = `datasync-ingestion plan ${STREAM.source}/${STREAM.stream} ${STREAM.origin}`;
const COUNT_HELD = `SELECT count(*)::integer AS held FROM pg_locks
  WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0)`;

/** Of two processes. */
let pools: [pg.Pool, pg.Pool];

beforeEach(() => {
  const open = (): pg.Pool =>
    openPool(database.connectionString, { max: 2, applicationName: 'datasync-planner' });
  pools = [open(), open()];
});
afterEach(async () => {
  for (const pool of pools) await pool.end();
});

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
  const first = withPlanLock(pools[0], STREAM, async () => {
    done.push('first begins');
    entered.open();
    await finish.passed;
    done.push('first ends');
    return 1;
  });
  await entered.passed;
  const second = withPlanLock(pools[1], STREAM, async () => {
    done.push('second');
    return 2;
  });
  // The second one is at it, and waits.
  await withPlanLock(pools[1], { ...STREAM, origin: 'https://other.example' }, async () => {
    expect(await heldBy()).toBe(1);
  });
  expect(done).toEqual(['first begins']);
  finish.open();
  expect(await Promise.all([first, second])).toEqual([1, 2]);
  expect(done).toEqual(['first begins', 'first ends', 'second']);
  expect(await heldBy()).toBe(0);
});

test.each([{ source: 'others' }, { stream: 'others' }, { origin: 'https://others.example' }])(
  'another source, stream or origin is planned beside it: %o',
  async (change) => {
    const found = withPlanLock(pools[0], STREAM, () =>
      withPlanLock(pools[1], { ...STREAM, ...change }, async () => 'both'),
    );
    expect(await found).toBe('both');
  },
);

test('it does not stand in the way of the run lock', async () => {
  await withPlanLock(pools[0], STREAM, async () => {
    await (await acquireRunLock(pools[1], STREAM, { patienceMs: 0 })).release();
  });
});

test('it is free again when the work throws, and the error is handed on', async () => {
  const thrown = new RangeError('no plan');
  const work = withPlanLock(pools[0], STREAM, () => Promise.reject(thrown));
  await expect(work).rejects.toBe(thrown);
  expect(await heldBy()).toBe(0);
  expect(await withPlanLock(pools[1], STREAM, async () => 'next')).toBe('next');
});

test('work whose lock was lost meanwhile is not taken for done: another one may have planned beside it', async () => {
  const ended = gate();
  const work = withPlanLock(pools[0], STREAM, async () => {
    const { rows } = await database.pool.query<{ pid: number }>(
      `SELECT pg_terminate_backend(pid), pid FROM pg_stat_activity
       WHERE application_name = 'datasync-planner' AND datname = current_database()`,
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(await withPlanLock(pools[1], STREAM, async () => 'beside it')).toBe('beside it');
    ended.open();
    return 'planned';
  });
  await ended.passed;
  await expect(work).rejects.toMatchObject({ fault: { code: 'DATABASE_UNAVAILABLE' } });
});

test('a planner that never ends is named as what to end', async () => {
  const holder = new pg.Client({ connectionString: database.connectionString });
  await holder.connect();
  await holder.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [NAME]);
  const work = vi.fn(async () => {});
  const waiting = withPlanLock(pools[0], STREAM, work, 200);
  await expect(waiting).rejects.toMatchObject({
    fault: {
      code: 'DATABASE_CONFLICT',
      retryable: true,
      message: expect.stringContaining('the run of events'),
      remedy: expect.stringContaining('frozen'),
    },
  });
  expect(work).not.toHaveBeenCalled();
  await holder.end();
});

test('a database that is away is told as a fault', async () => {
  const url = new URL(database.connectionString);
  url.port = '1';
  const away = openPool(url.href, { max: 1, applicationName: 'datasync-away' });
  await expect(withPlanLock(away, STREAM, async () => {})).rejects.toMatchObject({
    fault: { code: 'DATABASE_UNAVAILABLE' },
  });
  await away.end();
});
