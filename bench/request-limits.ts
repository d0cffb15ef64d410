/**
 * How well a log of request starts uses a limit of `quota` in any window. Pure.
 *
 * Taken from the arrivals that the server saw, so that it does not rest on what the client says of
 * itself.
 */
import type { BenchPolicy } from './options.js';

/**
 * Request number quota × k + 1 cannot start before k windows have passed since the first: for the
 * largest k, k × window over the time that it took.
 *
 * @param startsMs ascending
 * @returns null while no whole window has passed
 */
export function utilisationOf(startsMs: readonly number[], policy: BenchPolicy): number | null {
  const windows = Math.floor((startsMs.length - 1) / policy.quota);
  const first = startsMs[0];
  const last = startsMs[windows * policy.quota];
  if (windows < 1 || first === undefined || last === undefined) return null;
  return (windows * policy.windowMs) / (last - first);
}

/** Whole windows that a log covers. */
export function windowsOf(startsMs: readonly number[], policy: BenchPolicy): number {
  return Math.max(0, Math.floor((startsMs.length - 1) / policy.quota));
}

/**
 * The same after a restart, where the starts of before still fill the window: the earliest possible
 * time of the last start, had each left as soon as the limit permits, over the time that it took.
 *
 * @param before starts of the earlier process, ascending
 * @param after starts of the later one, ascending
 */
export function utilisationAfter(
  before: readonly number[],
  after: readonly number[],
  policy: BenchPolicy,
): number | null {
  const first = after[0];
  const last = after.at(-1);
  if (first === undefined || last === undefined || after.length <= policy.quota) return null;
  const log = [...before, first];
  for (let index = 1; index < after.length; index++) {
    const freesMs = (log[log.length - policy.quota] ?? Number.NEGATIVE_INFINITY) + policy.windowMs;
    log.push(Math.max(first, freesMs));
  }
  const earliestMs = log.at(-1) as number;
  return earliestMs === first ? null : (earliestMs - first) / (last - first);
}

/** Corners of the staircase that bounds a walk from its first request on: [ms, requests]. */
export function permittedSteps(policy: BenchPolicy, spanMs: number): [number, number][] {
  const corners: [number, number][] = [];
  for (let window = 0; window * policy.windowMs <= spanMs; window++) {
    corners.push([window * policy.windowMs, policy.quota * (window + 1)]);
  }
  corners.push([spanMs, corners.at(-1)?.[1] ?? policy.quota]);
  return corners;
}
