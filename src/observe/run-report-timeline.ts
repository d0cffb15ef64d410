/**
 * Timeline of a run for its report: a point a second at first, at most 600 in all (history.ts), so
 * that a run of an hour costs what one of ten minutes does.
 */

import type { Scheduler } from '../core/scheduler.js';
import { History, type HistoryColumns, type Sample } from './history.js';
import type { RunFigures } from './run-figures.js';
import type { RunStats } from './run-stats.js';

const EVERY_MS = 1_000;

export interface TimelineParts {
  readonly stats: RunStats;
  readonly figures: RunFigures;
  readonly scheduler: Pick<Scheduler, 'credits' | 'outstandingByPhase'>;
  readonly nowMs: () => number;
}

export class RunTimeline {
  readonly #parts: TimelineParts;
  readonly #history = new History();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: TimelineParts) {
    this.#parts = parts;
  }

  start(): void {
    this.tick();
    this.#timer = setInterval(() => this.tick(), EVERY_MS);
    this.#timer.unref();
  }

  /** Adds the last point. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#history.finish(this.#measure());
  }

  tick(): void {
    this.#history.add(this.#measure());
  }

  columns(): HistoryColumns {
    return this.#history.columns();
  }

  #measure(): Sample {
    const nowMs = this.#parts.nowMs();
    this.#parts.figures.mark(nowMs);
    return measureRun(this.#parts, nowMs);
  }
}

/** A point of a run's history. */
export function measureRun(parts: Omit<TimelineParts, 'nowMs'>, nowMs: number): Sample {
  const { stats, figures, scheduler } = parts;
  const { inFlight, scanning, held, writing } = scheduler.outstandingByPhase();
  const { rows, recentRowsPerSecond, permitted } = figures.at(nowMs);
  return {
    atMs: Math.round(nowMs),
    rows,
    rowsPerSecond: Math.round(recentRowsPerSecond),
    requests: stats.requests,
    permitted,
    fetching: inFlight,
    scanning: scanning + held,
    writing,
    heldBytes: Math.round(scheduler.credits.heldBytes),
  };
}
