/** What dead members held, and members take that have enough to do: as the scheduler asks for it, and the share takes it. */
import { describe, expect, test, vi } from 'vitest';
import { Frontier } from '../../src/core/frontier.js';
import type { SchedulerEvent } from '../../src/core/scheduler-types.js';
import type { SegmentSeed } from '../../src/core/segment.js';
import { SegmentFeed } from '../../src/core/segment-feed.js';
import { leaveShares, one, shareOver, whole } from '../support/played-share.js';
import { NOW_MS, opaque, schedulerOver } from '../support/stepped-scheduler.js';

leaveShares();

const seed = (segment: number): SegmentSeed => ({ segment, after: null, bound: null });
const LEFT_BEHIND = { type: 'leftBehind' } as const satisfies SchedulerEvent;

describe('a scheduler that has enough to do', () => {
  /** One request at a time, and two segments that wait. */
  function busy() {
    const feed = new SegmentFeed({ ofChildren: false });
    feed.seeded([seed(1), seed(2), seed(3)], false);
    const scheduler = schedulerOver(new Frontier(opaque, { feed }), undefined, { concurrency: 1 });
    const asked = (...events: readonly SchedulerEvent[]) =>
      scheduler.step(events, NOW_MS).filter(({ type }) => type === 'seedsWanted');
    expect(asked()).toEqual([]);
    return { asked, feed };
  }

  test('asks for it, once until it is answered', () => {
    const { asked, feed } = busy();
    const wanted = [{ type: 'seedsWanted', isLeftBehind: true }];
    expect(asked(LEFT_BEHIND)).toEqual(wanted);
    expect(asked(LEFT_BEHIND)).toEqual([]);
    expect(asked({ type: 'seeded', seeds: [seed(7)], isThrough: false })).toEqual([]);
    expect(feed.left).toBe(3);
    expect(asked(LEFT_BEHIND)).toEqual(wanted);
  });

  test('asks for nothing once it is draining', () => {
    const { asked } = busy();
    expect(asked({ type: 'drain', outcome: { status: 'interrupted' } }, LEFT_BEHIND)).toEqual([]);
  });
});

test('one that is short asks as ever, and waits', () => {
  const feed = new SegmentFeed({ ofChildren: false });
  const scheduler = schedulerOver(new Frontier(opaque, { feed }));
  expect(scheduler.step([LEFT_BEHIND], NOW_MS)).toEqual([
    { type: 'seedsWanted', isLeftBehind: false },
  ]);
});

describe('a share', () => {
  const members = [3, 4].map((epoch) => ({ epoch, phase: 'walking', shareable: 0 }) as const);

  test('is told of it with its lease, where nobody has nothing to do', async () => {
    const { share, view, ledger, told } = shareOver();
    const idle = { epoch: 5, phase: 'idle', shareable: 0 } as const;
    ledger.renewed = { plan: 1, free: 0, isLeftBehind: true, members: [...members, idle] };
    share.begin(view);
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(2));
    expect(view.takeLeftBehind).not.toHaveBeenCalled();
    ledger.renewed = { plan: 1, free: 0, isLeftBehind: true, members };
    await vi.waitFor(() => expect(view.takeLeftBehind).toHaveBeenCalled());
  });

  test('takes all that nobody who lives holds', async () => {
    const { share, ledger, done } = shareOver();
    ledger.rest = { ...ledger.rest, free: [one(4), one(9)] };
    ledger.claimed = [whole(4)];
    const block = await share.take(true);
    expect(block).toEqual({ seeds: [seed(4)], isThrough: false });
    expect(done.map((what) => what.split(' steady')[0])).toEqual(['claim 4..4', 'claim 9..9']);
  });

  test('does not wait where there is nothing of it', async () => {
    const { share } = shareOver();
    expect(await share.take(true)).toEqual({ seeds: [], isThrough: false });
  });

  test('goes by the plan that it has joined', async () => {
    const { share, ledger } = shareOver();
    ledger.rest = { ...ledger.rest, plan: 2 };
    await expect(share.take(true)).rejects.toMatchObject({ fault: { code: 'LEASE_LOST' } });
  });
});
