/** What is shown of a schedule: when the next run begins, and how those before it ended. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface ScheduleView {
  /** `every 15 min 00 s`, or the expression and its time zone. */
  readonly text: string;
  /** Epoch ms; null: a run is at work. */
  readonly nextRunAtMs: number | null;
}

const OUTCOMES = ['complete', 'failed', 'paused'] as const;

export type ScheduledOutcome = (typeof OUTCOMES)[number];

export class ScheduleMetrics {
  readonly #runs: Counter<'outcome'>;

  /** @param nextRunAtMs epoch ms; null: a run is at work */
  constructor(registry: Registry, nextRunAtMs: () => number | null) {
    const registers = [registry];
    new Gauge({
      name: 'datasync_next_run_timestamp_seconds',
      help: 'When the schedule begins the next run, seconds since the epoch; 0: one is at work.',
      registers,
      collect() {
        this.set((nextRunAtMs() ?? 0) / 1000);
      },
    });
    this.#runs = new Counter({
      name: 'datasync_runs_total',
      help: 'Runs that the schedule has begun or gone on with, by how they ended.',
      labelNames: ['outcome'],
      registers,
    });
    for (const outcome of OUTCOMES) this.#runs.inc({ outcome }, 0);
  }

  ended(outcome: ScheduledOutcome): void {
    this.#runs.inc({ outcome });
  }
}
