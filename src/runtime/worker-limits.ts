/**
 * Memory of a worker thread. The data plane makes no object per row, but each received chunk of
 * 64 KB is memory outside the heap that only a collection frees; a small young generation collects
 * often and cheaply, and keeps about 20 MB off the process. The old generation holds little but code; a
 * page that fills it ends its worker, not the machine.
 */
import { setFlagsFromString } from 'node:v8';

export const WORKER_RESOURCE_LIMITS = {
  maxYoungGenerationSizeMb: 2,
  maxOldGenerationSizeMb: 512,
} as const;

const INITIAL_OLD_GENERATION_MB = 64;
/** What is received of smaller pages is soon freed: the first limit is not reached by it. */
const LARGE_PAGE_RECORDS = 1_000;

/**
 * V8 takes main, which allocates little, for idle, and collects it three times over to give memory back, where
 * once is enough. To be called as the process begins: V8 ends one that has begun such collections by then, as a
 * worker or a standby has that waits for its run.
 */
export function collectIdleOnce(): void {
  setFlagsFromString('--memory-reducer-single-gc');
}

/**
 * Sets what V8 does of its own, in this thread and those to come; to be called before the workers
 * start. V8 counts memory outside the heap against the old generation's first limit, which for a heap
 * of 9 MB is soon reached: one full collection every five pages that frees nothing which a young one
 * would not, a tenth of the program's processor time.
 *
 * Small pages leave objects of their own behind: each thread would let as much of these grow.
 *
 * @param pageRecords asked for at once
 */
export function spareFullCollections(pageRecords: number): void {
  if (pageRecords < LARGE_PAGE_RECORDS) return;
  setFlagsFromString(`--initial-old-space-size=${INITIAL_OLD_GENERATION_MB}`);
}
