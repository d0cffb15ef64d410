/** How far a run is: as figures for the log, and as the line that a terminal shows. */
import type { LimitPolicy } from '../core/token-bucket.js';
import { estimateRest, formatCount, formatDuration } from './eta.js';
import { fitLine } from './fit-line.js';
import type { RunStats } from './run-stats.js';

export interface RunProgress {
  readonly eventsIngested: number;
  /** What the source says it holds; null: it has not said. */
  readonly total: number | null;
  /** Of this process. */
  readonly eventsPerSecond: number;
  /** Null while nothing can be said. */
  readonly remainingMs: number | null;
  readonly boundBy: 'limit' | 'speed' | null;
}

export function runProgress(
  stats: RunStats,
  known: {
    readonly pageLimit: number;
    readonly policy: LimitPolicy | null;
    readonly nowMs: number;
  },
): RunProgress {
  const { eventsIngested, eventsIngestedHere, sourceTotal } = stats;
  const elapsedMs = stats.durationMs(known.nowMs);
  const eta = estimateRest({
    total: sourceTotal,
    ingested: eventsIngested,
    ingestedHere: eventsIngestedHere,
    pageLimit: Math.max(1, known.pageLimit),
    policy: known.policy,
    elapsedMs,
  });
  return {
    eventsIngested,
    total: sourceTotal,
    eventsPerSecond: Math.round((eventsIngestedHere * 1000) / Math.max(1, elapsedMs)),
    remainingMs: eta === null ? null : Math.round(eta.remainingMs),
    boundBy: eta?.boundBy ?? null,
  };
}

/** At most 79 columns. */
export function runLine(progress: RunProgress): string {
  const { eventsIngested, total, eventsPerSecond, remainingMs, boundBy } = progress;
  const count = formatCount(eventsIngested);
  const rate = `, ${formatCount(eventsPerSecond)}/s`;
  const rest = remainingMs === null ? '' : `, ${formatDuration(remainingMs)} left`;
  const bound = boundBy === null ? '' : ` (${boundBy})`;
  if (total === null) return fitLine([`${count} events${rate}${rest}${bound}`]);
  const share = ` (${((eventsIngested / Math.max(1, total)) * 100).toFixed(1)} %)`;
  return fitLine([
    `${count} of ${formatCount(total)} events${share}${rate}${rest}${bound}`,
    `${count} events${share}${rate}${rest}${bound}`,
    `${count} events${share}${rest}`,
  ]);
}
