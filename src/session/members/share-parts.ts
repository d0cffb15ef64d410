/** What a share is made of, and who looks on at it. */
import type { ReceivedCounts } from '../../core/received-records.js';
import type { Joined, MemberState, MemberStore } from '../../database/members.js';
import type { SegmentStore } from '../../database/segment-store.js';
import type { SegmentQueue } from '../../queue/segment-queue.js';
import type { SeedingParts } from './segment-seeds.js';
import type { ShareObserver } from './share-observer.js';

export interface ShareParts {
  readonly joined: Joined;
  readonly segments: SegmentStore;
  readonly members: MemberStore;
  readonly queue: SegmentQueue;
  readonly seeding: SeedingParts;
  /** Other members may work on the run. */
  readonly isShared: boolean;
  readonly leaseMs: number;
  /** What all members have received of the run. */
  readonly countAll: () => Promise<ReceivedCounts>;
  /** Rows that it has by the ledger, of all members. */
  readonly countRows: () => Promise<number>;
  /** Null: nobody looks on. */
  readonly observer: ShareObserver | null;
}

/** What others are told of the share, and what is told to it. */
export interface ShareView {
  state(): MemberState;
  /** Another member has nothing to do. */
  help(): void;
  /** Dead members hold segments, and no member is idle. */
  takeLeftBehind(): void;
  /** @param rows that the run has by the ledger, of all members */
  recounted(rows: number): void;
}
