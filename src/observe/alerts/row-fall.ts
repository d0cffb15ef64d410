/** Whether a complete run has returned far fewer records than the ones before it. Pure. */

/** How many earlier runs a run is compared with, the newest. */
export const COMPARED_RUNS_MAX = 5;

export interface RowFall {
  readonly records: number;
  /** Of the runs before it. */
  readonly median: number;
}

/**
 * @param records that the run was given
 * @param earlier the same of complete runs before it, each a whole pass over the same stream
 * @param share of the median that may be missing; 0: nothing is told
 * @returns null when there are enough, or nothing to compare with
 */
export function rowFall(
  records: number,
  earlier: readonly number[],
  share: number,
): RowFall | null {
  if (share === 0 || earlier.length === 0) return null;
  const median = medianOf(earlier);
  return records < median * (1 - share) ? { records, median } : null;
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
