/**
 * Metrics of the runs of a process, one after another. Counters go on from run to run, as Prometheus
 * expects of a process; what is asked of the engine is asked of the newest run's. With another stream
 * all of them begin anew, under its labels.
 */
import type { Registry } from 'prom-client';
import { assert } from '../core/fault.js';
import { WAIT_REASONS, type WaitReason } from '../core/wait-times.js';
import { addEngineMetrics, type EngineParts } from './engine-metrics.js';
import { processRegistry, RunMetrics } from './metrics.js';

export interface RegisteredRun extends Omit<EngineParts, 'earlierWaitMs'> {
  readonly source: string;
  readonly stream: string;
}

export class RunRegistry {
  readonly registry: Registry;
  #run: RegisteredRun | null = null;
  #metrics: RunMetrics | null = null;
  #counted: readonly string[] = [];
  #asked: readonly string[] = [];
  /** What the runs before it have waited. */
  readonly #waitedMs = new Map<WaitReason, number>();
  #endedAtMs: number | null = null;

  constructor(registry = processRegistry()) {
    this.registry = registry;
  }

  /** A run begins. @returns who counts what happens in it */
  begin(run: RegisteredRun): RunMetrics {
    const { registry } = this;
    const earlier = this.#run;
    this.#remove(this.#asked);
    if (earlier?.stream === run.stream) {
      for (const reason of WAIT_REASONS) {
        const waitedMs = earlier.scheduler.waits.totalMs(reason, this.#nowMs(earlier));
        this.#waitedMs.set(reason, this.#waitedBefore(reason) + waitedMs);
      }
    } else {
      this.#remove(this.#counted);
      this.#waitedMs.clear();
      this.#counted = this.#added(() => {
        this.#metrics = new RunMetrics(registry, run.nowMs);
      });
    }
    this.#run = run;
    this.#endedAtMs = null;
    registry.setDefaultLabels({ source: run.source, stream: run.stream });
    const asked = {
      ...run,
      nowMs: () => this.#nowMs(run),
      earlierWaitMs: (reason: WaitReason) => this.#waitedBefore(reason),
    };
    this.#asked = this.#added(() => addEngineMetrics(registry, asked));
    assert(this.#metrics !== null, 'a run is counted by nobody');
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

  #added(add: () => void): readonly string[] {
    const before = new Set(this.#names());
    add();
    return this.#names().filter((name) => !before.has(name));
  }

  #names(): string[] {
    return this.registry.getMetricsAsArray().map(({ name }) => name);
  }

  #remove(names: readonly string[]): void {
    for (const name of names) this.registry.removeSingleMetric(name);
  }
}
