/** How far a run is: as figures for the log, and as the line that a terminal shows. */
import { formatCount, formatDuration, shareOf } from './eta.js';
import { fitLine } from './fit-line.js';
import type { Figures } from './run-figures.js';

export interface RunProgress {
  readonly eventsIngested: number;
  /** What the source says it holds; null: it has not said. */
  readonly total: number | null;
  /** Of a child stream: children that are finished, of those that there are. */
  readonly children?: { readonly done: number; readonly known: number };
  /** Of this process. */
  readonly eventsPerSecond: number;
  /** Null while nothing can be said. */
  readonly remainingMs: number | null;
  readonly boundBy: 'limit' | 'speed' | null;
}

export function runProgress({ rows, total, children, rowsPerSecond, rest }: Figures): RunProgress {
  return {
    eventsIngested: rows,
    total,
    ...(children !== null && { children: { ...children } }),
    eventsPerSecond: Math.round(rowsPerSecond),
    remainingMs: rest === null ? null : Math.round(rest.remainingMs),
    boundBy: rest?.boundBy ?? null,
  };
}

/** At most 79 columns. */
export function runLine(progress: RunProgress): string {
  const { eventsIngested, total, eventsPerSecond, remainingMs, boundBy } = progress;
  const count = formatCount(eventsIngested);
  const rate = `, ${formatCount(eventsPerSecond)}/s`;
  const rest = remainingMs === null ? '' : `, ${formatDuration(remainingMs)} left`;
  const bound = boundBy === null ? '' : ` (${boundBy})`;
  if (progress.children !== undefined) return childrenLine(progress.children, count, rate);
  const reached = shareOf(eventsIngested, total);
  if (total === null || reached === null) return fitLine([`${count} rows${rate}${rest}${bound}`]);
  const share = ` (${(reached * 100).toFixed(1)} %)`;
  return fitLine([
    `${count} of ${formatCount(total)} rows${share}${rate}${rest}${bound}`,
    `${count} rows${share}${rate}${rest}${bound}`,
    `${count} rows${share}${rest}`,
  ]);
}

function childrenLine(
  { done, known }: NonNullable<RunProgress['children']>,
  count: string,
  rate: string,
): string {
  const of = `${formatCount(done)} of ${formatCount(known)} children`;
  const share = ` (${((shareOf(done, known) ?? 0) * 100).toFixed(1)} %)`;
  return fitLine([`${of}${share}, ${count} rows${rate}`, `${of}${share}`]);
}
