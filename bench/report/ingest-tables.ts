/** Tables, plots and figures of rounds of `ingest`: what matrix, chain and scale share. Pure. */
import { formatCount } from '../../src/observe/eta.js';
import { type Variant, variantName } from '../measure-ingest.js';
import type { RoundsResult, VariantResult } from '../rounds.js';
import { median, type Summary, summarise } from '../statistics.js';
import {
  compactCount,
  hundredths,
  megabytes,
  ratio,
  relativeSpread,
  seconds,
  spread,
} from './figures.js';
import type { Plot, Series } from './svg.js';
import type { Table } from './table.js';

/** What the columns of the speed table mean; the reader needs it once. */
export const SPEED_NOTES = [
  'events/s: rows over the time from the first request to the last commit. spread: how far the',
  'slowest and the quickest run lie from the median, in percent. x A0: against the rate of COPY of',
  'the same rows into the same table in the same round. x server: against what autocannon gets from',
  'the same server at the same page size, latency and number of connections.',
] as const;

export const RESOURCE_NOTES = [
  'wall: seconds of the whole process, its start and end included. first: ms from the start of the',
  'process to the first commit. RSS: peak MB. own, PG, server: CPU seconds of the program, of',
  'PostgreSQL and of the simulator; main: share of its first thread in its own, busy: the same from',
  'the first commit to the last request. p99: delay of the main loop in ms.',
] as const;

type Part = readonly [name: string, read: (variant: Variant) => string];

const PARTS: readonly Part[] = [
  ['events', ({ events }) => compactCount(events)],
  ['concurrency', ({ concurrency }) => `c${concurrency}`],
  ['limit', ({ limit }) => `l${limit}`],
  ['latency', ({ latencyMs }) => `${latencyMs}ms`],
  ['method', ({ writeMethod }) => writeMethod],
  ['cursors', ({ isOpaque }) => (isOpaque ? 'opaque' : 'seekable')],
  ['with', ({ databaseLatencyMs }) => `database ${databaseLatencyMs}ms away`],
];

function differs(variants: readonly Variant[], [, read]: Part): boolean {
  return new Set(variants.map(read)).size > 1;
}

/** Short names: only what tells the variants apart. `sharedSettings` says the rest. */
export function namesOf(variants: readonly Variant[]): (variant: Variant) => string {
  const telling = PARTS.filter((part) => differs(variants, part));
  if (telling.length === 0) return variantName;
  return (variant) => telling.map(([, read]) => read(variant)).join(' ');
}

/** What all variants have in common, as a note. */
export function sharedSettings(variants: readonly Variant[]): string {
  const [first] = variants;
  if (first === undefined) return '';
  const shared = PARTS.filter((part) => !differs(variants, part));
  return `All runs: ${shared.map(([name, read]) => `${name} ${read(first).replace(/^[cl](?=\d)/, '')}`).join(', ')}.`;
}

export function speedTable({ variants, baselines }: RoundsResult): Table {
  const nameOf = namesOf(variants.map(({ variant }) => variant));
  return {
    title: 'Speed (median, min-max)',
    columns: ['', 'events/s', 'spread', 'x A0', 'min-max', 'x server'],
    rows: [
      ...baselines.map(({ events, means, eventsPerSecond }) => [
        `A0 ${means} ${compactCount(events)}`,
        formatCount(eventsPerSecond.median),
        relativeSpread(eventsPerSecond),
        '1.00',
      ]),
      ...variants.map(({ variant, eventsPerSecond, ratioToBaseline, ratioToServer }) => [
        nameOf(variant),
        formatCount(eventsPerSecond.median),
        relativeSpread(eventsPerSecond),
        ratio(ratioToBaseline.median),
        spread(ratioToBaseline, ratio),
        ratio(ratioToServer.median),
      ]),
    ],
  };
}

export function resourceTable({ variants }: RoundsResult): Table {
  const nameOf = namesOf(variants.map(({ variant }) => variant));
  return {
    title: 'Resources (medians)',
    columns: ['', 'wall', 'first', 'RSS', 'own', 'main', 'busy', 'PG', 'server', 'p99'],
    rows: variants.map((one) => {
      const { cpuMs, measurements } = one;
      const firstCommits = measurements.flatMap(({ result }) => result.firstCommitMs ?? []);
      const delays = measurements.map(({ result }) => result.mainLoopDelayP99Ms);
      return [
        nameOf(one.variant),
        seconds(one.wallMs.median),
        firstCommits.length === 0 ? '–' : formatCount(median(firstCommits)),
        megabytes(one.peakRssBytes.median),
        hundredths(cpuMs.ingest?.median ?? null),
        percent(mainShare(one), 0),
        percent(one.busyMainShare?.median ?? null, 1),
        hundredths(cpuMs.postgres?.median ?? null),
        hundredths(cpuMs.simulator?.median ?? null),
        median(delays).toFixed(0),
      ];
    }),
  };
}

function percent(share: number | null, digits: number): string {
  return share === null ? '–' : `${(share * 100).toFixed(digits)} %`;
}

function mainShare({ cpuMs }: VariantResult): number | null {
  const { ingest, ingestMain } = cpuMs;
  return ingest === null || ingestMain === null ? null : ingestMain.median / ingest.median;
}

/** Figures to compare with another bench. */
export function ingestFigures({ variants, baselines }: RoundsResult): Record<string, Summary> {
  const figures: Record<string, Summary> = {};
  for (const { events, eventsPerSecond } of baselines) {
    figures[`A0 ${events}, events/s`] = eventsPerSecond;
  }
  for (const one of variants) {
    const name = `${one.variant.events} ${variantName(one.variant)}`;
    figures[`${name}, events/s`] = one.eventsPerSecond;
    figures[`${name}, x A0`] = one.ratioToBaseline;
    figures[`${name}, RSS MB`] = summarise(
      one.measurements.map(({ result }) => result.peakRssBytes / 1e6),
    );
  }
  return figures;
}

/** Throughput by one property of the variants; a series for each combination of the others. */
export function throughputPlot(
  result: RoundsResult,
  by: 'concurrency' | 'limit' | 'events',
  xLabel: string,
): Plot {
  const series = new Map<string, VariantResult[]>();
  for (const one of result.variants) {
    const name = otherProperties(one.variant, by);
    series.set(name, [...(series.get(name) ?? []), one]);
  }
  const xs = result.variants.map(({ variant }) => variant[by]);
  const levels = result.baselines.map(({ events, eventsPerSecond }): Series => {
    const from = by === 'events' ? events : 0;
    const to = by === 'events' ? events : Math.max(...xs);
    return {
      name: `A0, ${formatCount(events)} events`,
      kind: 'limit',
      points: [
        [from, eventsPerSecond.median],
        [to, eventsPerSecond.median],
      ],
    };
  });
  return {
    title: `Throughput by ${xLabel}`,
    xLabel,
    yLabel: 'events/s',
    series: [
      ...[...series].map(([name, ones]): Series => {
        const sorted = [...ones].sort((a, b) => a.variant[by] - b.variant[by]);
        return {
          name,
          points: sorted.map(({ variant, eventsPerSecond: { median: y, min, max } }) => [
            variant[by],
            y,
            min,
            max,
          ]),
        };
      }),
      ...(by === 'events' ? [joined(levels)] : levels),
    ],
  };
}

/** A0 by size is one line. */
function joined(levels: readonly Series[]): Series {
  return { name: 'A0', kind: 'limit', points: levels.flatMap(({ points }) => points.slice(0, 1)) };
}

function otherProperties(variant: Variant, by: string): string {
  const { events, concurrency, limit, latencyMs, databaseLatencyMs } = variant;
  const { writeMethod, isOpaque } = variant;
  const parts = [
    by === 'events' ? '' : `${compactCount(events)} events`,
    by === 'concurrency' ? '' : `concurrency ${concurrency}`,
    by === 'limit' ? '' : `limit ${limit}`,
    `latency ${latencyMs} ms`,
    databaseLatencyMs === 0 ? '' : `database ${databaseLatencyMs} ms away`,
    writeMethod,
    isOpaque ? 'opaque' : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** Resident memory over the time of each variant's first measured run. */
export function memoryPlot({ variants }: RoundsResult): Plot {
  const nameOf = namesOf(variants.map(({ variant }) => variant));
  return {
    title: 'Memory over time',
    xLabel: 'seconds since the start of the process',
    yLabel: 'resident MB',
    series: variants.map(({ variant, measurements }) => ({
      name: nameOf(variant),
      kind: 'trace',
      points: (measurements[0]?.memory ?? []).map(([ms, bytes]) => [ms / 1000, bytes / 1e6]),
    })),
  };
}

/** Requests over the time of each variant's first measured run: nothing but the server limits them. */
export function requestsPlot({ variants }: RoundsResult): Plot {
  const nameOf = namesOf(variants.map(({ variant }) => variant));
  return {
    title: 'Requests over time',
    xLabel: 'seconds since the first request',
    yLabel: 'requests',
    series: variants.map(({ variant, measurements }) => ({
      name: nameOf(variant),
      kind: 'trace',
      points: (measurements[0]?.arrivalsMs ?? []).map((ms, index) => [ms / 1000, index + 1]),
    })),
  };
}
