/**
 * Memory of a worker thread. The data plane makes no object per row, but each received chunk of
 * 64 KB is memory outside the heap that only a collection frees; a small young generation collects
 * often and cheaply, and keeps about 20 MB off the process.
 */
export const WORKER_RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 2 } as const;
