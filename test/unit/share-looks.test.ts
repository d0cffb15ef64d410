/** A member that has nothing to do: looks again and again, and takes what the ledger says is free. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { assert } from '../../src/core/fault.js';
import type { SegmentSpan } from '../../src/core/taking.js';
import type { SegmentStore } from '../../src/database/segment-store.js';
import { MemoryQueue } from '../../src/queue/memory-queue.js';
import type { SegmentQueue } from '../../src/queue/segment-queue.js';
import { Share } from '../../src/session/members/share.js';
import type { ShareParts } from '../../src/session/members/share-parts.js';

const RUN = 1;
const ME = { epoch: 7, plan: 1, firstSegment: 100 };
const SPAN: SegmentSpan = { first: 3, last: 3 };

/** A queue that hands nothing out, as when another member keeps the job, or Redis is away. */
class StingyQueue extends MemoryQueue {
  override async offer(): Promise<void> {}
}

interface Ledger {
  readonly free: () => readonly SegmentSpan[];
  readonly claimed: SegmentSpan[];
}

function shareOver({ free, claimed }: Ledger, queue: SegmentQueue): Share {
  const store: Partial<SegmentStore> = {
    look: vi.fn(async () => ({ plan: 1, hasOpen: true, free: free() })),
    async claim(_, span) {
      claimed.push(span);
      return [
        { segment: 3, after: null, bound: null, parent: null, hasPages: false, wasHeld: false },
      ];
    },
    release: async () => {},
  };
  const parts: Partial<ShareParts> = {
    ...{ joined: ME, isShared: true, leaseMs: 8_000, queue },
    segments: store as SegmentStore,
    members: { leave: async () => {} } as unknown as ShareParts['members'],
    seeding: {
      run: RUN,
      isOrdered: true,
      planned: new Map([[3, { segment: 3, after: null, bound: null }]]),
    } as unknown as ShareParts['seeding'],
  };
  return new Share(parts as ShareParts);
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

test('what the queue does not hand out is taken by the ledger', async () => {
  const claimed: SegmentSpan[] = [];
  const share = shareOver({ free: () => [SPAN], claimed }, new StingyQueue());
  expect(await share.take()).toEqual({
    seeds: [{ segment: 3, after: null, bound: null }],
    isThrough: false,
  });
  expect(claimed).toMatchObject([SPAN]);
  await share.leave();
});

test('what is free only later is found, whatever garbage is collected meanwhile', async () => {
  let looks = 0;
  const free = () => (looks++ === 0 ? [] : [SPAN]);
  const share = shareOver({ free, claimed: [] }, new MemoryQueue());
  const taking = share.take();
  await vi.waitFor(() => assert(looks === 1, 'it has looked once'));
  collectGarbage();
  expect((await taking).seeds).toHaveLength(1);
  await share.leave();
});

test('a job of what was taken without it is done, and nothing is walked twice', async () => {
  const queue = new MemoryQueue();
  const claimed: SegmentSpan[] = [];
  const share = shareOver({ free: () => [SPAN], claimed }, queue);
  expect((await share.take()).seeds).toHaveLength(1);
  // Another member has found it free before, and offers it late.
  const again = share.take();
  await vi.waitFor(() => assert(claimed.length > 1, 'it is offered once more'), { timeout: 5_000 });
  await share.leave();
  expect((await again).seeds).toEqual([]);
});
