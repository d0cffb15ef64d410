/** Scouting: the last requests of a quota look how long its window is, each after a longer gap. */

/** Half of the quota at most. */
const SCOUTS_MAX = 10;
const GAP_MIN_MS = 100;
/** Each waits so many times as long as all before it. */
const GROWTH = 2;

export interface Scouted {
  readonly quota: number;
  /** What the API says is left of it. */
  readonly left: number;
  readonly lastStartMs: number;
  /** From the first start to the last. */
  readonly elapsedMs: number;
}

/** When the next one leaves, epoch ms; 0: there is enough left that it need not look. */
export function scoutAtMs({ quota, left, lastStartMs, elapsedMs }: Scouted): number {
  if (left > Math.min(SCOUTS_MAX, Math.ceil(quota / 2))) return 0;
  return lastStartMs + Math.max(GAP_MIN_MS, elapsedMs * GROWTH);
}
