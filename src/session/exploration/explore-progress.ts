/** The line that `explore` shows of itself: how far, how fast, how long still. */
import type { ExploreProgress } from '../../explore/explore.js';
import { formatDuration } from '../../observe/eta.js';
import { fitLine } from '../../observe/fit-line.js';

export interface ExploreClock {
  readonly nowMs: number;
  readonly startedAtMs: number;
  /** By the plan. */
  readonly expectedMs: number;
}

/** @returns at most 79 columns */
export function exploreLine(progress: ExploreProgress, clock: ExploreClock): string {
  const { probe, pageRequests, budget, waitsUntilMs } = progress;
  const { nowMs, startedAtMs, expectedMs } = clock;
  if (probe === '') return 'opening the API';
  const count = `${probe}: ${pageRequests} of at most ${budget} requests`;
  const perMinute = (pageRequests * 60_000) / Math.max(1, nowMs - startedAtMs);
  const rate = pageRequests === 0 ? '' : `, ${perMinute.toFixed(1)}/min`;
  // A wait that outlasts the plan is the better guess.
  const leftMs = Math.max(startedAtMs + expectedMs, waitsUntilMs ?? 0) - nowMs;
  const left = leftMs <= 0 ? '' : `, about ${formatDuration(leftMs)} left`;
  const isWaiting = waitsUntilMs !== null && waitsUntilMs > nowMs;
  const wait = isWaiting ? `, waits ${formatDuration(waitsUntilMs - nowMs)}` : '';
  return fitLine([`${count}${rate}${left}${wait}`, `${count}${rate}${left}`, `${count}${left}`]);
}
