/** What one process takes of a run beside others, and what it leaves. */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import type { SegmentSpan } from '../../src/core/taking.js';
import type { MemoryQueue } from '../../src/queue/memory-queue.js';
import type { Share } from '../../src/session/members/share.js';
import { AWAY, LEASE_MS, leaveShares, one, shareOver, whole } from '../support/played-share.js';

leaveShares();

describe('what is left of the run', () => {
  test('is offered, claimed for its epoch, and walked', async () => {
    const { share, ledger, done } = shareOver();
    ledger.rest = { ...ledger.rest, free: [one(4)] };
    ledger.claimed = [whole(4)];
    expect(await share.take()).toEqual({
      seeds: [{ segment: 4, after: null, bound: null }],
      isThrough: false,
    });
    expect(done).toContain(`claim 4..4 steady ${LEASE_MS / 2}`);
  });

  test('is taken by a process alone at once, whoever is said to hold it', async () => {
    const { share, ledger, done } = shareOver({ isShared: false });
    ledger.rest = { ...ledger.rest, free: [one(4)] };
    ledger.claimed = [whole(4)];
    await share.take();
    expect(done).toEqual(['claim 4..4 steady 0']);
  });

  test('is nothing once no segment is open: jobs that are left over go', async () => {
    const { share, ledger, others } = shareOver();
    await others.offer([one(8)]);
    ledger.rest = { ...ledger.rest, hasOpen: false };
    expect(await share.take()).toEqual({ seeds: [], isThrough: true });
    expect(await others.take(AbortSignal.timeout(20))).toBeNull();
  });

  test('is looked for again when others hold all of it', async () => {
    const { share, ledger } = shareOver();
    const taking = share.take();
    await setImmediate();
    ledger.rest = { ...ledger.rest, free: [one(4)] };
    ledger.claimed = [whole(4)];
    expect((await taking).seeds).toHaveLength(1);
  });

  test('is not walked by a plan of before', async () => {
    const { share, ledger } = shareOver();
    ledger.rest = { ...ledger.rest, plan: 2 };
    await expect(share.take()).rejects.toMatchObject({ fault: { code: 'LEASE_LOST' } });
  });

  test('wants a plan where a chain has begun', async () => {
    const { share, ledger } = shareOver();
    ledger.rest = { ...ledger.rest, free: [one(4)] };
    ledger.claimed = [whole(4)];
    ledger.pages = [{ segment: 1 }];
    await expect(share.take()).rejects.toMatchObject({ fault: { code: 'PLAN_WANTED' } });
  });

  /** A job of which nothing can be claimed, and what becomes of it in the queue. @param free by the ledger */
  async function claimInVain(free: readonly SegmentSpan[]): Promise<MemoryQueue> {
    const { share, ledger, done, others } = shareOver();
    await others.offer([one(4)]);
    const taking = share.take();
    ledger.rest = { ...ledger.rest, free };
    await vi.waitFor(() => expect(done.some((text) => text.startsWith('claim 4'))).toBe(true));
    await setImmediate();
    await share.leave();
    await taking;
    await others.offer([one(4)]);
    return others;
  }

  test('a job of which nothing is to be had is done', async () => {
    const others = await claimInVain([one(3), one(5)]);
    expect(await others.take(AbortSignal.timeout(500))).toMatchObject(one(4));
  });

  test('a job whose holder may be dead comes again in a while', async () => {
    const others = await claimInVain([{ first: 1, last: 6 }]);
    expect(await others.take(AbortSignal.timeout(50))).toBeNull();
    expect(await others.take(AbortSignal.timeout(10_000))).toMatchObject(one(4));
  });

  test('what is given is offered to others at once, in one job', async () => {
    const { share, others } = shareOver();
    await share.give([7, 4, 5]);
    expect(await others.take(AbortSignal.timeout(1_000))).toMatchObject({ first: 4, last: 7 });
  });

  test('what is given, ended or superseded is in nobody’s hands: its job is done', async () => {
    for (const [how, end] of [
      ['release 4', (share: Share) => share.give([4])],
      ['end 4', (share: Share) => share.end([4])],
      ['supersede 4', (share: Share) => share.supersede(4)],
    ] as const) {
      const { share, ledger, done, others } = shareOver();
      ledger.rest = { ...ledger.rest, free: [one(4)] };
      ledger.claimed = [whole(4)];
      await share.take();
      await end(share);
      expect(done.at(-1)).toBe(how);
      await others.offer([one(4)]);
      expect(await others.take(AbortSignal.timeout(1_000))).toMatchObject(one(4));
    }
  });
});

describe('the count of all pages', () => {
  test('waits until others are through, and tells them before that it is', async () => {
    const { share, view, ledger, done } = shareOver({ leaseMs: 60_000 });
    share.begin(view);
    await setImmediate();
    ledger.areOthersLeft = true;
    done.length = 0;
    const counting = share.countAll();
    await vi.waitFor(() => expect(done).toEqual(['renew for 60000', 'ask for others']));
    ledger.areOthersLeft = false;
    expect(await counting).toMatchObject({ inserted: 40, known: 10 });
  });
});

describe('a share that is left', () => {
  test('is released first, then forgotten, and once', async () => {
    const { share, done, queue } = shareOver();
    await share.leave();
    await share.leave();
    expect(done).toEqual(['release all', 'leave']);
    expect(await queue.take()).toBeNull();
  });

  test.each(['release', 'leave'])(
    'closes its queue though the database is away: %s',
    async (fails) => {
      const { share, ledger, queue } = shareOver();
      ledger.fails = fails;
      await expect(share.leave()).rejects.toMatchObject({ fault: AWAY });
      expect(await queue.take()).toBeNull();
    },
  );

  test('takes nothing any more, and renews nothing', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const { share, view } = shareOver();
      share.begin(view);
      expect(vi.getTimerCount()).toBe(1);
      const taking = share.take();
      await setImmediate();
      await share.leave();
      expect(await taking).toEqual({ seeds: [], isThrough: false });
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
