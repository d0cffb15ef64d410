/** Members as the ledger tells of them, for tests of what is shown. */
import type { ClusterView, RunMembers, SeenMember } from '../../src/core/cluster-view.js';

/** Of the views that are made here. */
export const SEEN_AT_MS = Date.UTC(2026, 0, 27, 12);

export function seenMember(changes: Partial<SeenMember> = {}): SeenMember {
  return {
    ...{ epoch: 1, name: 'web-1 process 12', version: '0.2.0', phase: 'walking' },
    ...{ joinedAtMs: SEEN_AT_MS - 90_000, leaseUntilMs: SEEN_AT_MS + 8_000, isDead: false },
    figures: { requests: 40, rows: 40_000, rowsPerSecond: 500.4, inFlight: 3, heldRecords: 0 },
    ...{ segments: 2, held: [0, 3] },
    ...changes,
  };
}

export const DEAD = { isDead: true, leaseUntilMs: SEEN_AT_MS - 34_000 };

export function runOf(members: readonly SeenMember[], changes: Partial<RunMembers> = {}) {
  return {
    ...{ run: 7, source: 'github', stream: 'issues', origin: 'https://api.example', members },
    ...changes,
  };
}

export function clusterOf(...runs: readonly RunMembers[]): ClusterView {
  return { atMs: SEEN_AT_MS, runs };
}
