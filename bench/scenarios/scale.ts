/** Scale: does the cost grow with the number of events and nothing else? */
import type { Bench, Section } from '../bench.js';
import type { Variant } from '../measure-ingest.js';
import { ratio, seconds } from '../report/figures.js';
import {
  ingestFigures,
  memoryPlot,
  RESOURCE_NOTES,
  resourceTable,
  SPEED_NOTES,
  sharedSettings,
  speedTable,
  throughputPlot,
} from '../report/ingest-tables.js';
import type { Table } from '../report/table.js';
import { type RoundsResult, runRounds } from '../rounds.js';
import { median } from '../statistics.js';

const EVENTS = [100_000, 500_000, 1_000_000, 3_000_000];
const RUNS = 3;
/** What the rates of other sizes are held against. */
const REFERENCE_EVENTS = 500_000;

export async function scaleScenario(bench: Bench): Promise<Section> {
  const { options } = bench;
  const variants: Variant[] = (options.events ?? EVENTS).map((events) => ({
    events,
    limit: options.limit?.[0] ?? 5_000,
    concurrency: options.concurrency?.[0] ?? 20,
    latencyMs: options.latencyMs?.[0] ?? 0,
    databaseLatencyMs: 0,
    writeMethod: options.writeMethod?.[0] ?? 'auto',
    isOpaque: false,
  }));
  const result = await runRounds(bench, variants, options.runs ?? RUNS);
  return {
    name: 'scale',
    title: 'Growth with the number of events',
    notes: [sharedSettings(variants), ...SPEED_NOTES, ...RESOURCE_NOTES],
    tables: [growthTable(result), speedTable(result), resourceTable(result)],
    plots: [throughputPlot(result, 'events', 'events'), memoryPlot(result)],
    figures: ingestFigures(result),
    measurements: [result.baselines, ...result.variants.flatMap((one) => one.measurements)],
  };
}

/** Linear growth is a rate that stays. */
function growthTable({ variants }: RoundsResult): Table {
  const reference =
    variants.find(({ variant }) => variant.events === REFERENCE_EVENTS) ?? variants[0];
  return {
    title: `Rate and memory against those of ${reference?.variant.events.toLocaleString('en-US')} events`,
    columns: ['events', 'seconds', 'rate', 'memory'],
    rows: variants.map(({ variant, measurements, eventsPerSecond, peakRssBytes }) => [
      variant.events.toLocaleString('en-US'),
      seconds(median(measurements.map(({ result }) => result.durationMs))),
      ratio(eventsPerSecond.median / (reference?.eventsPerSecond.median ?? Number.NaN)),
      ratio(peakRssBytes.median / (reference?.peakRssBytes.median ?? Number.NaN)),
    ]),
  };
}
