/**
 * Metrics of the runs of one stream in a process, one after another. Counters go on from run to run, as Prometheus
 * expects of a process; what is asked of the engine is asked of the newest run's.
 */
import type { Registry } from 'prom-client';
import { assert } from '../core/fault.js';
import { WAIT_REASONS, type WaitReason } from '../core/wait-times.js';
import { addEngineMetrics, type EngineParts } from './engine-metrics.js';
import { RunMetrics } from './metrics.js';

export interface RegisteredRun extends Omit<EngineParts, 'earlierWaitMs'> {
  readonly source: string;
  readonly stream: string;
}

export class RunRegistry {
  readonly registry: Registry;
  #run: RegisteredRun | null = null;
  #metrics: RunMetrics | null = null;
  #asked: readonly string[] = [];
  /** What the runs before it have waited. */
  readonly #waitedMs = new Map<WaitReason, number>();
  #endedAtMs: number | null = null;

  constructor(registry: Registry) {
    this.registry = registry;
  }

  /** A run begins. @returns who counts what happens in it */
  begin(run: RegisteredRun): RunMetrics {
    const { registry } = this;
    const earlier = this.#run;
    for (const name of this.#asked) registry.removeSingleMetric(name);
    if (earlier !== null) {
      assert(earlier.stream === run.stream, 'each stream has a registry of its own');
      for (const reason of WAIT_REASONS) {
        const waitedMs = earlier.scheduler.waits.totalMs(reason, this.#nowMs(earlier));
        this.#waitedMs.set(reason, this.#waitedBefore(reason) + waitedMs);
      }
    }
    registry.setDefaultLabels({ source: run.source, stream: run.stream });
    this.#metrics ??= new RunMetrics(registry, run.nowMs);
    this.#run = run;
    this.#endedAtMs = null;
    const asked = {
      ...run,
      nowMs: () => this.#nowMs(run),
      earlierWaitMs: (reason: WaitReason) => this.#waitedBefore(reason),
    };
    const before = new Set(this.#names());
    addEngineMetrics(registry, asked);
    this.#asked = this.#names().filter((name) => !before.has(name));
    return this.#metrics;
  }

  /** The run is over: its times stand still until the next one begins. */
  ended(atMs: number): void {
    this.#endedAtMs = atMs;
  }

  #nowMs({ nowMs }: RegisteredRun): number {
    return this.#endedAtMs ?? nowMs();
  }

  #waitedBefore(reason: WaitReason): number {
    return this.#waitedMs.get(reason) ?? 0;
  }

  #names(): string[] {
    return this.registry.getMetricsAsArray().map(({ name }) => name);
  }
}
