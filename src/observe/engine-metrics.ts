/** Gauges of the engine, read when they are scraped: credits, queues, limit, pools, the run's state. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Limiter } from '../core/limiter.js';
import type { Scheduler } from '../core/scheduler.js';
import { WAIT_REASONS, type WaitReason } from '../core/wait-times.js';
import type { RunFigures } from './run-figures.js';

/** How many of a pool's places are taken. */
export interface PoolUse {
  readonly pool: 'fetch' | 'write' | 'control';
  readonly used: number;
  readonly size: number;
}

export interface EngineParts {
  readonly scheduler: Scheduler;
  readonly limiter: Limiter;
  readonly figures: RunFigures;
  readonly pools: () => readonly PoolUse[];
  readonly nowMs: () => number;
  /** What requests of earlier runs of this process have waited. */
  readonly earlierWaitMs: (reason: WaitReason) => number;
}

const RUN_STATES = ['starting', 'running', 'finishing', 'complete', 'paused', 'failed'] as const;

export type RunState = (typeof RUN_STATES)[number];

/** Stages of a page by the phase that the scheduler knows it in. */
const STAGES = { inFlight: 'fetch', scanning: 'scan', held: 'hold', writing: 'write' } as const;
type Phase = keyof typeof STAGES;

export function addEngineMetrics(registry: Registry, parts: EngineParts): void {
  const { scheduler, limiter, figures, pools, nowMs } = parts;
  const gauge = (name: string, help: string, read: () => number): void => {
    const registers = [registry];
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge(
    'datasync_credits_held_bytes',
    'Bytes fetched, or expected of a request in flight, and not yet committed.',
    () => Math.round(scheduler.credits.heldBytes),
  );
  gauge(
    'datasync_credits_limit_bytes',
    'Bytes that may be held uncommitted.',
    () => scheduler.credits.bytesMax,
  );
  gauge(
    'datasync_limit_requests',
    "The API's limit: requests in a window; 0: no limit is known.",
    () => limiter.policy?.quota ?? 0,
  );
  gauge(
    'datasync_limit_window_seconds',
    "The API's limit: its window; 0: no limit is known.",
    () => (limiter.policy?.windowMs ?? 0) / 1000,
  );
  gauge('datasync_permits_available', 'Requests that may start now; NaN: no limit.', () => {
    const tokens = limiter.tokensAt(nowMs());
    return Number.isFinite(tokens) ? tokens : Number.NaN;
  });
  gauge(
    'datasync_segments_open',
    'Segments that are still being walked.',
    () => [...scheduler.openSegments()].length,
  );
  gauge(
    'datasync_run_rows',
    "Rows that the run's pages wrote or found, over all restarts.",
    () => figures.at(nowMs()).rows,
  );
  gauge(
    'datasync_source_rows',
    'Rows that the source says it holds; 0: it has not said.',
    () => figures.at(nowMs()).total ?? 0,
  );
  gauge(
    'datasync_run_duration_seconds',
    'Time since the first request of this process; it ends with the run.',
    () => figures.at(nowMs()).durationMs / 1000,
  );
  gauge(
    'datasync_run_rows_per_second',
    'Rows that this process wrote or found, over that time.',
    () => figures.at(nowMs()).rowsPerSecond,
  );
  gauge('datasync_run_seconds_left', 'Until the run is complete; NaN: not known.', () => {
    const rest = figures.at(nowMs()).rest;
    return rest === null ? Number.NaN : rest.remainingMs / 1000;
  });
  gauge(
    'datasync_limit_used_ratio',
    "Share of the API's limit that was used; NaN: not known.",
    () => figures.utilisation() ?? Number.NaN,
  );
  new Gauge({
    name: 'datasync_pages_outstanding',
    help: 'Pages asked for and not committed, by stage.',
    labelNames: ['stage'],
    registers: [registry],
    collect() {
      const counts = scheduler.outstandingByPhase();
      for (const phase of Object.keys(STAGES) as Phase[]) {
        this.set({ stage: STAGES[phase] }, counts[phase]);
      }
    },
  });
  new Gauge({
    name: 'datasync_pool_used',
    help: 'Places taken: requests in flight, pages being written, control connections.',
    labelNames: ['pool'],
    registers: [registry],
    collect() {
      for (const { pool, used } of pools()) this.set({ pool }, used);
    },
  });
  new Gauge({
    name: 'datasync_pool_size',
    help: 'Places that there are.',
    labelNames: ['pool'],
    registers: [registry],
    collect() {
      for (const { pool, size } of pools()) this.set({ pool }, size);
    },
  });
  addWaits(registry, parts);
}

/** Counters that the engine keeps itself: set to what it says. */
function addWaits(registry: Registry, { scheduler, nowMs, earlierWaitMs }: EngineParts): void {
  const waitedSeconds = (reason: WaitReason): number =>
    (earlierWaitMs(reason) + scheduler.waits.totalMs(reason, nowMs())) / 1000;
  new Counter({
    name: 'datasync_limiter_wait_seconds_total',
    help: "Time in which the next request waited for the API's limit alone.",
    registers: [registry],
    collect() {
      this.reset();
      this.inc(waitedSeconds('permit'));
    },
  });
  new Counter({
    name: 'datasync_wait_seconds_total',
    help: 'Time by what the next request waited for: permit, answer, slot, credit, end.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const reason of WAIT_REASONS) this.inc({ reason }, waitedSeconds(reason));
    },
  });
}

/** One series a state, 1 for the one that holds: what alert rules ask for. */
export function addRunState(
  registry: Registry,
  state: () => Promise<RunState | null> | RunState | null,
): void {
  new Gauge({
    name: 'datasync_run_state',
    help: 'State of the latest run: 1 for the one that holds, 0 for the others.',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      const current = await state();
      for (const each of RUN_STATES) this.set({ state: each }, each === current ? 1 : 0);
    },
  });
}
