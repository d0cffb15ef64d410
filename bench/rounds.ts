/**
 * Rounds: every variant once a round, A0 among them, begun at another one each time, so that what
 * the machine does beside it falls on all alike. A ratio is always taken within a round.
 */
import { formatCount } from '../src/observe/eta.js';
import { type Baseline, type BaselineRun, prepareBaseline } from './baseline.js';
import type { Bench } from './bench.js';
import {
  type IngestMeasurement,
  measureIngest,
  type Variant,
  variantName,
} from './measure-ingest.js';
import { rotated, type Summary, summarise, summariseKnown } from './statistics.js';

/** A0 over the same number of rows. */
export interface BaselineResult {
  readonly events: number;
  readonly means: Baseline['means'];
  readonly runs: readonly BaselineRun[];
  readonly eventsPerSecond: Summary;
}

export interface VariantResult {
  readonly variant: Variant;
  readonly measurements: readonly IngestMeasurement[];
  readonly eventsPerSecond: Summary;
  readonly ratioToBaseline: Summary;
  readonly ratioToServer: Summary;
  readonly serverEventsPerSecond: Summary;
  readonly wallMs: Summary;
  readonly peakRssBytes: Summary;
  readonly busyMainShare: Summary | null;
  readonly cpuMs: Readonly<Record<keyof IngestMeasurement['cpuMs'], Summary | null>>;
}

export interface RoundsResult {
  readonly variants: readonly VariantResult[];
  readonly baselines: readonly BaselineResult[];
}

type Item =
  | { readonly type: 'baseline'; readonly baseline: Baseline }
  | { readonly type: 'variant'; readonly variant: Variant };

/** @param runs measured rounds; a warm-up of the smallest A0 and its first variant goes before */
export async function runRounds(
  bench: Bench,
  variants: readonly Variant[],
  runs: number,
): Promise<RoundsResult> {
  const { progress } = bench;
  const database = await bench.database();
  const sizes = [...new Set(variants.map(({ events }) => events))].sort((a, b) => a - b);
  progress.expect(sizes.length + 2 + runs * (sizes.length + variants.length));
  const baselines: Baseline[] = [];
  for (const events of sizes) {
    const prepare = () => prepareBaseline(events, bench.workFolder);
    baselines.push(
      await progress.step(`rows of A0, ${formatCount(events)}`, prepare, () => 'ready'),
    );
  }
  const items: Item[] = baselines.flatMap((baseline) => [
    { type: 'baseline' as const, baseline },
    ...variants
      .filter(({ events }) => events === baseline.events)
      .map((variant) => ({ type: 'variant' as const, variant })),
  ]);
  const loads = new Map<Baseline, BaselineRun[]>(baselines.map((baseline) => [baseline, []]));
  const measurements: IngestMeasurement[] = [];
  for (let round = 0; round <= runs; round++) {
    const name = round === 0 ? 'warm-up' : `round ${round} of ${runs}`;
    for (const item of round === 0 ? items.slice(0, 2) : rotated(items, round)) {
      if (item.type === 'baseline') {
        const { baseline } = item;
        const load = await progress.step(
          `${name}, A0 (${baseline.means}) ${formatCount(baseline.events)}`,
          () => baseline.measure(database),
          (run) => `${formatCount(run.eventsPerSecond)} events/s`,
        );
        if (round > 0) loads.get(baseline)?.push(load);
        continue;
      }
      const { variant } = item;
      const measured = await progress.step(
        `${name}, ${variantName(variant)} ${formatCount(variant.events)}`,
        () => measureIngest(bench, database, variant, round),
        (run) => `${formatCount(run.result.eventsPerSecond)} events/s`,
      );
      if (round > 0) measurements.push(measured);
    }
  }
  return summariseRounds(variants, measurements, loads);
}

/** @param loads A0 by round */
export function summariseRounds(
  variants: readonly Variant[],
  measurements: readonly IngestMeasurement[],
  loads: ReadonlyMap<Baseline, readonly BaselineRun[]>,
): RoundsResult {
  const baselines = [...loads].map(([{ events, means }, runs]) => ({
    events,
    means,
    runs,
    eventsPerSecond: summarise(runs.map((run) => run.eventsPerSecond)),
  }));
  return {
    baselines,
    variants: variants.map((variant) => {
      const own = measurements.filter((one) => one.variant === variant);
      const loadsOfSize = baselines.find(({ events }) => events === variant.events)?.runs ?? [];
      const rate = ({ result }: IngestMeasurement): number =>
        (variant.events * 1000) / Math.max(1, result.durationMs);
      const known = (read: (one: IngestMeasurement) => number | null) =>
        summariseKnown(own.map(read));
      return {
        variant,
        measurements: own,
        eventsPerSecond: summarise(own.map(rate)),
        ratioToBaseline: summarise(
          own.map((one) => rate(one) / (loadsOfSize[one.round - 1]?.eventsPerSecond ?? Number.NaN)),
        ),
        ratioToServer: summarise(own.map((one) => rate(one) / one.server.eventsPerSecond)),
        serverEventsPerSecond: summarise(own.map((one) => one.server.eventsPerSecond)),
        wallMs: summarise(own.map((one) => one.wallMs)),
        peakRssBytes: summarise(own.map((one) => one.result.peakRssBytes)),
        busyMainShare: known((one) => one.busyMainShare),
        cpuMs: {
          ingest: known((one) => one.cpuMs.ingest),
          ingestMain: known((one) => one.cpuMs.ingestMain),
          postgres: known((one) => one.cpuMs.postgres),
          simulator: known((one) => one.cpuMs.simulator),
        },
      };
    }),
  };
}
