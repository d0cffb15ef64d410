/** A share of a run over a ledger that a test plays, and a queue that others have too. */
import { afterEach, vi } from 'vitest';
import { NO_FIGURES } from '../../src/core/cluster-view.js';
import { type Fault, IngestionError } from '../../src/core/fault.js';
import type { RunRest, SegmentSpan } from '../../src/core/taking.js';
import type { MemberState, Renewed } from '../../src/database/members.js';
import type { TakenSegment } from '../../src/database/segment-store.js';
import { cursorChain } from '../../src/paging/cursor-chain.js';
import { MemoryJobs, MemoryQueue } from '../../src/queue/memory-queue.js';
import { Share } from '../../src/session/members/share.js';
import type { ShareParts, ShareView } from '../../src/session/members/share-parts.js';

export const AWAY: Fault = { code: 'DATABASE_UNAVAILABLE', message: 'away', retryable: true };
export const LEASE_MS = 40;

/** A segment that nobody has begun, as it was claimed. */
export const whole = (segment: number): TakenSegment => ({
  ...{ segment, after: null, bound: null, parent: null, hasPages: false, wasHeld: false },
});
export const one = (segment: number): SegmentSpan => ({ first: segment, last: segment });

const open: Share[] = [];

/** Called at the top of a test file: each share is left after its test. */
export function leaveShares(): void {
  afterEach(async () => {
    await Promise.all(open.splice(0).map((share) => share.leave().catch(() => {})));
  });
}

/** A share over a ledger that a test plays; `done` holds what was asked of it. */
export function shareOver({ isShared = true, leaseMs = LEASE_MS } = {}) {
  const done: string[] = [];
  const jobs = new MemoryJobs();
  const queue = new MemoryQueue(jobs);
  const ledger = {
    rest: { plan: 1, hasOpen: true, free: [] } as RunRest,
    /** What a claim takes. */
    claimed: [] as TakenSegment[],
    renewed: {
      plan: 1,
      free: 0,
      isLeftBehind: false,
      members: [{ epoch: 3, phase: 'idle', shareable: 0 }],
    } as Renewed | null,
    areOthersLeft: false,
    pages: [] as unknown[],
    fails: null as string | null,
    claiming: async () => {},
    counting: async () => ({ rows: 50, inserted: 40, known: 10, quarantined: 0 }),
  };
  const does = async (what: string): Promise<void> => {
    done.push(what);
    if (ledger.fails !== null && what.startsWith(ledger.fails)) throw new IngestionError(AWAY);
  };
  const told: MemberState[] = [];
  const parts = {
    joined: { epoch: 3, plan: 1, firstSegment: 100 },
    segments: {
      look: async () => ledger.rest,
      claim: async (
        _: unknown,
        { first, last }: SegmentSpan,
        { steadyMs }: { steadyMs: number },
      ) => {
        await does(`claim ${first}..${last} steady ${steadyMs}`);
        await ledger.claiming();
        return ledger.claimed.splice(0);
      },
      end: (_: unknown, ended: number[]) => does(`end ${ended.join()}`),
      supersede: (_: unknown, segment: number) => does(`supersede ${segment}`),
      release: (_: unknown, given?: number[]) => does(`release ${given?.join() ?? 'all'}`),
      divide: (_: unknown, first: { segment: number }) => does(`divide ${first.segment}`),
      areOthersLeft: async () => {
        await does('ask for others');
        return ledger.areOthersLeft;
      },
    },
    members: {
      renew: async (_: unknown, state: MemberState, forMs: number) => {
        await does(`renew for ${forMs}`);
        told.push(state);
        return ledger.renewed;
      },
      leave: () => does('leave'),
    },
    queue,
    seeding: {
      ...{ run: 7, planned: new Map(), isOrdered: false, nextNumber: () => 500 },
      store: { loadPages: async () => ledger.pages },
      ...{ paging: cursorChain({ cursorLifeMs: 60_000 }), knowsRows: false },
    },
    ...{ isShared, leaseMs, countAll: () => ledger.counting(), observer: null },
    countRows: async () => (await ledger.counting()).rows,
  } as unknown as ShareParts;
  const share = new Share(parts);
  open.push(share);
  const view = {
    state: vi.fn<ShareView['state']>(() => ({ phase: 'idle', shareable: 0, figures: NO_FIGURES })),
    help: vi.fn<ShareView['help']>(),
    takeLeftBehind: vi.fn<ShareView['takeLeftBehind']>(),
    recounted: vi.fn<ShareView['recounted']>(),
  };
  return { share, view, ledger, done, told, queue, others: new MemoryQueue(jobs) };
}
