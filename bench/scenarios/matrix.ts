/** The matrix: every combination of the lists, end to end and without a limit. */
import type { Bench, Section } from '../bench.js';
import type { Variant } from '../measure-ingest.js';
import type { BenchOptions } from '../options.js';
import {
  ingestFigures,
  memoryPlot,
  RESOURCE_NOTES,
  requestsPlot,
  resourceTable,
  SPEED_NOTES,
  sharedSettings,
  speedTable,
  throughputPlot,
} from '../report/ingest-tables.js';
import { runRounds } from '../rounds.js';

const RUNS = 5;

/** All combinations, in the order of the lists. Pure. */
export function matrixVariants(options: BenchOptions): Variant[] {
  const variants: Variant[] = [];
  for (const events of options.events ?? [500_000])
    for (const limit of options.limit ?? [5_000])
      for (const latencyMs of options.latencyMs ?? [0])
        for (const writeMethod of options.writeMethod ?? ['auto'])
          for (const concurrency of options.concurrency ?? [20])
            for (const databaseLatencyMs of options.databaseLatencyMs ?? [0])
              variants.push({
                ...{ events, limit, latencyMs, databaseLatencyMs, writeMethod, concurrency },
                isOpaque: false,
              });
  return variants;
}

export async function matrixScenario(bench: Bench): Promise<Section> {
  const variants = matrixVariants(bench.options);
  const result = await runRounds(bench, variants, bench.options.runs ?? RUNS);
  return {
    name: 'matrix',
    title: 'End to end, without a limit',
    notes: [sharedSettings(variants), ...SPEED_NOTES, ...RESOURCE_NOTES],
    tables: [speedTable(result), resourceTable(result)],
    plots: [
      throughputPlot(result, 'concurrency', 'concurrency'),
      throughputPlot(result, 'limit', 'events a page'),
      requestsPlot(result),
      memoryPlot(result),
    ],
    figures: ingestFigures(result),
    measurements: [result.baselines, ...result.variants.flatMap((one) => one.measurements)],
  };
}
