/** CPU time of the program while it runs. */

/** Up to an instant, in ms since the start of the process. */
export interface CpuSample {
  readonly atMs: number;
  /** Of all threads, those that have ended included. */
  readonly ownMs: number;
  readonly mainMs: number;
}

/** Main's share of the CPU time between two instants; null where no two samples lie between them. */
export function mainShareBetween(
  samples: readonly CpuSample[],
  fromMs: number,
  toMs: number,
): number | null {
  const between = samples.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  const [first] = between;
  const last = between.at(-1);
  if (first === undefined || last === undefined || last.ownMs === first.ownMs) return null;
  return (last.mainMs - first.mainMs) / (last.ownMs - first.ownMs);
}
