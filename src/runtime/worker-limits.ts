/**
 * Memory of a worker thread. The data plane makes no object per row, but each received chunk of
 * 64 KB is memory outside the heap that only a collection frees; a small young generation collects
 * often and cheaply, and keeps about 20 MB off the process. The old generation holds little but code; a
 * page that fills it ends its worker, not the machine.
 */
export const WORKER_RESOURCE_LIMITS = {
  maxYoungGenerationSizeMb: 2,
  maxOldGenerationSizeMb: 512,
} as const;
