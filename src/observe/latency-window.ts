/** Percentiles of the last few hundred durations: what happens now, at a fixed cost. */

const KEPT = 512;

export interface Percentiles {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Durations seen in all; the percentiles are those of the last 512. */
  readonly count: number;
}

export class LatencyWindow {
  readonly #lastMs = new Float64Array(KEPT);
  #count = 0;

  add(durationMs: number): void {
    this.#lastMs[this.#count % KEPT] = durationMs;
    this.#count++;
  }

  /** @returns null while there is none */
  percentiles(): Percentiles | null {
    if (this.#count === 0) return null;
    const sorted = this.#lastMs.slice(0, Math.min(KEPT, this.#count)).sort();
    return {
      p50Ms: nearestRank(sorted, 0.5),
      p95Ms: nearestRank(sorted, 0.95),
      p99Ms: nearestRank(sorted, 0.99),
      count: this.#count,
    };
  }
}

function nearestRank(sorted: Float64Array, share: number): number {
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return Math.round((sorted[rank - 1] ?? 0) * 10) / 10;
}
