/** Reads what tells where the walk of claimed segments goes on. */
import {
  arePagesNeeded,
  type ClaimedSegment,
  childSeedsOf,
  type Seeding,
  seedsOf,
  type TakingParts,
} from '../../core/claimed-segments.js';
import type { ChildStore } from '../../database/child-store.js';
import type { RunStore } from '../../database/run-store.js';
import { nowMs } from '../../runtime/clock.js';

export interface SeedingParts extends TakingParts {
  readonly run: number;
  readonly store: RunStore;
  readonly children: ChildStore;
}

/** @returns null where only a plan of the whole run tells how to go on */
export async function loadSeeds(
  claimed: readonly ClaimedSegment[],
  parts: SeedingParts,
): Promise<Seeding | null> {
  const { run, store, children } = parts;
  if (claimed.some(({ parent }) => parent !== null)) {
    const walked = claimed.flatMap(({ segment, hasPages }) => (hasPages ? [segment] : []));
    return childSeedsOf(claimed, await children.pagesOf(run, walked), nowMs());
  }
  const pages = arePagesNeeded(claimed, parts) ? await store.loadPages(run) : [];
  return seedsOf(claimed, pages, parts, nowMs());
}
