/**
 * Percentiles over all durations of a run, at a fixed cost: a histogram whose steps are 1 % wide.
 * What happens now is told by latency-window.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** An hour; what takes longer counts as one. */
const HIGHEST_US = 3_600_000_000;
const FIGURES = 2;

export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export class LatencyHistogram {
  readonly #histogram: RecordableHistogram = createHistogram({
    lowest: 1,
    highest: HIGHEST_US,
    figures: FIGURES,
  });
  #totalMs = 0;

  /** The sum of all durations. */
  get totalMs(): number {
    return this.#totalMs;
  }

  add(durationMs: number): void {
    // Clocks of two threads may differ by a little, so that a short span can come out negative.
    const us = Math.round(Math.max(0, durationMs) * 1000);
    this.#totalMs += us / 1000;
    this.#histogram.record(Math.min(HIGHEST_US, Math.max(1, us)));
  }

  /** @returns null while there is none */
  summary(): LatencySummary | null {
    const { count } = this.#histogram;
    if (count === 0) return null;
    const percentile = (share: number): number => inMs(this.#histogram.percentile(share));
    return {
      count,
      meanMs: Math.round((this.#totalMs / count) * 100) / 100,
      p50Ms: percentile(50),
      p95Ms: percentile(95),
      p99Ms: percentile(99),
      maxMs: inMs(this.#histogram.max),
    };
  }
}

function inMs(us: number): number {
  return Math.round(us / 10) / 100;
}
