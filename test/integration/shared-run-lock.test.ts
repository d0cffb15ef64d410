/** The run lock between processes that share a run and those that do not, and whom a process that stands by ends. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { NO_FIGURES } from '../../src/core/cluster-view.js';
import type { Fault } from '../../src/core/fault.js';
import { openPool } from '../../src/database/connect.js';
import { openMemberStore } from '../../src/database/members.js';
import {
  acquireRunLock,
  endFrozenHolders,
  findLockHolder,
  type RunLock,
  type RunLockSettings,
  requireUnlocked,
} from '../../src/database/run-lock.js';
import { usePostgres } from '../support/postgres.js';
import { beginRun, joinRun, LEASE_MS, lapse, STREAM } from '../support/run-members.js';

const database = usePostgres();
const take = (settings: RunLockSettings = {}) =>
  acquireRunLock(database.pool, STREAM, { patienceMs: 0, ...settings });

async function holding(
  settings: RunLockSettings,
  use: (lock: RunLock) => Promise<void>,
): Promise<void> {
  const lock = await take(settings);
  try {
    await use(lock);
  } finally {
    await lock.release();
  }
}

describe('a lock that members share', () => {
  const REFUSED = { fault: { code: 'ALREADY_RUNNING', retryable: false } };

  test('is taken by each of them', async () => {
    await holding({ isShared: true }, async (first) => {
      await holding({ isShared: true }, async (second) => {
        expect(second.session).not.toBe(first.session);
        expect(await findLockHolder(database.pool, STREAM)).not.toBeNull();
      });
    });
    await holding({}, async () => {});
  });

  test.each([
    [{ activity: 'ingestion' }, 'two at once would spend the same limit twice'],
    [{ activity: 'exploration' }, 'two at once would spend the same limit twice'],
    [{ activity: 'retry' }, 'two at once would change the same pages'],
  ] as const)('keeps out all that do not share it: %o', async (settings, why) => {
    const members = [await take({ isShared: true }), await take({ isShared: true })];
    for (const member of members) {
      const refusal = await take(settings).catch((error: unknown) => error);
      expect(refusal).toMatchObject(REFUSED);
      expect(refusal).toMatchObject({
        fault: {
          message: expect.stringMatching(
            new RegExp(`^this ingestion is already being run by .*process ${process.pid}`),
          ),
          remedy: expect.stringContaining(why),
        },
      });
      // The other one still holds it.
      await member.release();
    }
    await holding(settings, async () => {});
  });

  test.each([
    ['ingestion', 'this ingestion is already being run'],
    ['exploration', 'this API is being explored'],
    ['retry', 'records of this stream in quarantine are being tried again'],
  ] as const)('is refused beside a process alone: %s', async (activity, why) => {
    await holding({ activity }, async () => {
      const refusal = await take({ isShared: true }).catch((error: unknown) => error);
      expect(refusal).toMatchObject(REFUSED);
      expect(String(refusal)).toContain(why);
    });
    await holding({ isShared: true }, async () => {});
  });

  test('tells whoever must work alone that it may join', async () => {
    await holding({ isShared: true }, async () => {
      const refusals = await Promise.all([
        take().catch((error: unknown) => error),
        requireUnlocked(database.pool, STREAM).catch((error: unknown) => error),
      ]);
      for (const refusal of refusals) {
        expect(refusal).toMatchObject({ fault: { remedy: expect.stringContaining('--redis') } });
      }
      const exploring = await take({ activity: 'exploration' }).catch((error: unknown) => error);
      expect(exploring).toMatchObject({
        fault: { remedy: expect.not.stringContaining('--redis') },
      });
    });
    await holding({}, async () => {
      const refusal = await take().catch((error: unknown) => error);
      expect(refusal).toMatchObject({ fault: { remedy: expect.not.stringContaining('--redis') } });
    });
  });
});

describe('the holder of a lock is ended', () => {
  let run: number;
  beforeEach(async () => {
    run = await beginRun(database.pool);
  });

  /** Whether it was ended: a process that takes the lock of `settings`, and then does `first`. */
  async function isEnded(settings: RunLockSettings, first: () => Promise<unknown>) {
    // Of its own, as a process that has started now has one.
    const pool = openPool(database.connectionString, {
      max: 1,
      applicationName: 'datasync-holder',
    });
    const faults: Fault[] = [];
    const onLost = (fault: Fault) => faults.push(fault);
    const lock = await acquireRunLock(pool, STREAM, { patienceMs: 0, onLost, ...settings });
    await first();
    const isTold = await endFrozenHolders(database.pool, STREAM, run);
    if (isTold) await vi.waitFor(() => expect(faults).toHaveLength(1), { timeout: 20_000 });
    await lock.release();
    await pool.end();
    return faults.length > 0;
  }

  const joinAndLapse = async () => lapse(database.pool, await joinRun(database.pool, run));

  test('when it has joined, and its lease is over', async () => {
    expect(await isEnded({}, joinAndLapse)).toBe(true);
    await holding({}, async () => {});
  });

  test('when it has renewed its lease over that lock, which it had lost and taken again', async () => {
    const member = await joinRun(database.pool, run);
    const state = { phase: 'walking', shareable: 0, figures: NO_FIGURES } as const;
    const renewAndLapse = async () => {
      await openMemberStore(database.pool).renew(member.holder, state, LEASE_MS);
      await lapse(database.pool, member);
    };
    expect(await isEnded({}, renewAndLapse)).toBe(true);
  });

  test('not while its lease lasts, or that of another member', async () => {
    expect(await isEnded({}, () => joinRun(database.pool, run))).toBe(false);
    await joinAndLapse();
    expect(await isEnded({}, joinAndLapse)).toBe(false);
  });

  test('not before it has joined, for it may be planning: whoever died before', async () => {
    expect(await isEnded({}, async () => {})).toBe(false);
    await joinAndLapse();
    expect(await isEnded({}, async () => {})).toBe(false);
  });

  test('however long ago it was heard of', async () => {
    const longAgo = async () => {
      const { holder } = await joinRun(database.pool, run);
      await database.pool.query(
        `UPDATE ingestion_members SET lease_until = clock_timestamp() - interval '3 days' WHERE run = $1`,
        [holder.run],
      );
    };
    expect(await isEnded({}, longAgo)).toBe(true);
  });

  test('not when it explores, or tries the quarantine again', async () => {
    expect(await isEnded({ activity: 'exploration' }, joinAndLapse)).toBe(false);
    expect(await isEnded({ activity: 'retry' }, joinAndLapse)).toBe(false);
  });

  test('with all who share the lock, and nobody else of the database', async () => {
    const lost: string[] = [];
    const first = await take({ isShared: true, onLost: () => lost.push('first') });
    const second = await take({ isShared: true, onLost: () => lost.push('second') });
    const other = await acquireRunLock(
      database.pool,
      { ...STREAM, stream: 'others' },
      { onLost: () => lost.push('other') },
    );
    await joinAndLapse();
    expect(await endFrozenHolders(database.pool, STREAM, run)).toBe(true);
    await vi.waitFor(() => expect(lost.sort()).toEqual(['first', 'second']), { timeout: 20_000 });
    for (const lock of [first, second, other]) await lock.release();
    expect(lost).toHaveLength(2);
  });

  test('where nobody holds it, none is', async () => {
    await joinAndLapse();
    expect(await endFrozenHolders(database.pool, STREAM, run)).toBe(false);
  });

  test('a database that is away is told as a fault', async () => {
    const url = new URL(database.connectionString);
    url.port = '1';
    const pool = openPool(url.href, { max: 1, applicationName: 'datasync-away' });
    await expect(endFrozenHolders(pool, STREAM, run)).rejects.toMatchObject({
      fault: { code: 'DATABASE_UNAVAILABLE' },
    });
    await pool.end();
  });
});
