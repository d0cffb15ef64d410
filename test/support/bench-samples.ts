/** Variants and measurements of the bench, made up. */
import type { IngestMeasurement, Variant } from '../../bench/measure-ingest.js';

export function benchVariant(fields: Partial<Variant> = {}): Variant {
  return {
    events: 500_000,
    limit: 5000,
    concurrency: 20,
    latencyMs: 0,
    databaseLatencyMs: 0,
    writeMethod: 'auto',
    isOpaque: false,
    ...fields,
  };
}

/** A run of `durationMs`, 4 s of CPU time, PostgreSQL's unknown. */
export function benchMeasurement(
  variant: Variant,
  round: number,
  durationMs: number,
): IngestMeasurement {
  return {
    variant,
    round,
    wallMs: durationMs + 500,
    result: {
      status: 'complete',
      eventsIngested: variant.events,
      requests: 100,
      refused: 0,
      retries: 0,
      durationMs,
      eventsPerSecond: (variant.events * 1000) / durationMs,
      utilisation: null,
      peakRssBytes: 150_000_000,
      mainLoopDelayP99Ms: 12,
      firstCommitMs: 600,
      writeMethod: 'copy',
    },
    server: { pagesPerSecond: 100, eventsPerSecond: 500_000 },
    busyMainShare: 0.1,
    cpuMs: { ingest: 4000, ingestMain: 400, postgres: null, simulator: 300 },
    memory: [
      [0, 50_000_000],
      [100, 150_000_000],
    ],
    arrivalsMs: [0, 100, 200],
  };
}
