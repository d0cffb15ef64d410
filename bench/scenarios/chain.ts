/**
 * Chain: one chain of dependent pages, where each request needs the cursor of the page before. The
 * server's latency is its floor; what is above it is the program's own.
 */
import type { Bench, Section } from '../bench.js';
import { type IngestMeasurement, type Variant, variantName } from '../measure-ingest.js';
import { ratio, spread, tenth } from '../report/figures.js';
import {
  ingestFigures,
  namesOf,
  requestsPlot,
  SPEED_NOTES,
  sharedSettings,
  speedTable,
} from '../report/ingest-tables.js';
import { type RoundsResult, runRounds } from '../rounds.js';
import { type Summary, summarise } from '../statistics.js';

const RUNS = 3;

export async function chainScenario(bench: Bench): Promise<Section> {
  const { options } = bench;
  const variants: Variant[] = (options.latencyMs ?? [20, 100]).flatMap((latencyMs) =>
    [false, true].map((isOpaque) => ({
      events: options.events?.[0] ?? 500_000,
      limit: options.limit?.[0] ?? 5_000,
      concurrency: 1,
      latencyMs,
      databaseLatencyMs: 0,
      writeMethod: options.writeMethod?.[0] ?? 'auto',
      isOpaque,
    })),
  );
  const result = await runRounds(bench, variants, options.runs ?? RUNS);
  const names = namesOf(variants);
  const pages = result.variants.map(({ variant, measurements }) => {
    const own = summarise(measurements.map(msAPage));
    const server = summarise(measurements.map((one) => 1000 / one.server.pagesPerSecond));
    return { variant, name: names(variant), own, server };
  });
  return {
    name: 'chain',
    title: 'One chain of dependent pages',
    notes: [
      sharedSettings(variants),
      'ms a page: from the first to the last arrival of a request at the server, by their number.',
      'server alone: what a single connection of autocannon takes for a page, which it does not read.',
      ...SPEED_NOTES,
    ],
    tables: [
      {
        title: 'Milliseconds a page (median, min-max)',
        columns: ['', 'ms a page', 'min-max', 'above latency', 'server alone', 'x server'],
        rows: pages.map(({ name, variant, own, server }) => [
          name,
          tenth(own.median),
          spread(own, tenth),
          tenth(own.median - variant.latencyMs),
          tenth(server.median),
          ratio(own.median / server.median),
        ]),
      },
      speedTable(result),
    ],
    plots: [requestsPlot(result)],
    figures: { ...ingestFigures(result), ...pageFigures(pages) },
    measurements: measurementsOf(result),
  };
}

function msAPage({ arrivalsMs }: IngestMeasurement): number {
  return (arrivalsMs.at(-1) ?? 0) / Math.max(1, arrivalsMs.length - 1);
}

function pageFigures(
  pages: readonly { readonly variant: Variant; readonly own: Summary }[],
): Record<string, Summary> {
  return Object.fromEntries(
    pages.map(({ variant, own }) => [`${variantName(variant)}, ms a page`, own]),
  );
}

function measurementsOf(result: RoundsResult): unknown[] {
  return [result.baselines, ...result.variants.flatMap((one) => one.measurements)];
}
