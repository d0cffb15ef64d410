/**
 * Timeline of a run for its report: a point a second at first, at most 600 in all (history.ts), so
 * that a run of an hour costs what one of ten minutes does.
 */

import type { Limiter } from '../core/limiter.js';
import type { Scheduler } from '../core/scheduler.js';
import { History, type HistoryColumns, type Sample } from './history.js';
import { RecentRate } from './recent-rate.js';
import type { RunStats } from './run-stats.js';

const EVERY_MS = 1_000;

export interface TimelineParts {
  readonly stats: RunStats;
  readonly bucket: Pick<Limiter, 'policy'>;
  readonly scheduler: Pick<Scheduler, 'credits' | 'outstandingByPhase'>;
  readonly nowMs: () => number;
}

export class RunTimeline {
  readonly #parts: TimelineParts;
  readonly #history = new History();
  readonly #rate = new RecentRate();
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
    const { stats, bucket, scheduler, nowMs } = this.#parts;
    const atMs = nowMs();
    const { policy } = bucket;
    const { inFlight, scanning, held, writing } = scheduler.outstandingByPhase();
    return {
      atMs: Math.round(atMs),
      rows: stats.eventsIngested,
      rowsPerSecond: Math.round(
        this.#rate.mark(atMs, stats.eventsIngested, policy?.windowMs ?? null),
      ),
      requests: stats.requests,
      permitted: stats.permittedRequests(policy, atMs),
      fetching: inFlight,
      scanning: scanning + held,
      writing,
      heldBytes: Math.round(scheduler.credits.heldBytes),
    };
  }
}
