/** Limit: how much of what a limit permits is used, and whether any request is refused. */
import type { Bench, Section } from '../bench.js';
import type { BenchPolicy } from '../options.js';
import { percent } from '../report/figures.js';
import type { Plot } from '../report/svg.js';
import { permittedSteps } from '../request-limits.js';
import { type Summary, summarise, summariseKnown } from '../statistics.js';
import { type LimitMeasurement, type LimitVariant, measureLimit } from './limit-run.js';

const POLICIES: readonly BenchPolicy[] = [
  { quota: 10, windowMs: 2_000 },
  { quota: 20, windowMs: 2_000 },
  { quota: 10, windowMs: 6_000 },
];
const RUNS = 1;
const WINDOWS = 10;
const SHORT_LATENCY_MS = 5;
const USUAL_LATENCY_MS = 300;
/** Of the spacing: several requests must then be under way at once. */
const LONG_LATENCY = 2.5;
const CONCURRENCY = 10;
/** Small pages: here requests count, not rows. */
const PAGE_LIMIT = 100;

/** Every policy with every latency, and once more with a restart in mid-window. Pure. */
export function limitVariants(bench: Pick<Bench, 'options'>): LimitVariant[] {
  const { options } = bench;
  return (options.policies ?? POLICIES).flatMap((policy) => {
    const spacingMs = policy.windowMs / policy.quota;
    const latencies = options.latencyMs ?? [
      SHORT_LATENCY_MS,
      USUAL_LATENCY_MS,
      Math.max(Math.round(spacingMs * LONG_LATENCY), USUAL_LATENCY_MS + 100),
    ];
    const variant = (latencyMs: number, isRestarted: boolean): LimitVariant => ({
      policy,
      latencyMs,
      isRestarted,
      windows: WINDOWS,
      limit: options.limit?.[0] ?? PAGE_LIMIT,
      concurrency: options.concurrency?.[0] ?? CONCURRENCY,
    });
    return [
      ...latencies.map((latencyMs) => variant(latencyMs, false)),
      variant(latencies[0] ?? SHORT_LATENCY_MS, true),
    ];
  });
}

export async function limitScenario(bench: Bench): Promise<Section> {
  const { progress, options } = bench;
  const database = await bench.database();
  const variants = limitVariants(bench);
  const runs = options.runs ?? RUNS;
  progress.expect(variants.length * runs);
  const measurements: LimitMeasurement[] = [];
  for (let round = 1; round <= runs; round++) {
    for (const variant of variants) {
      const measured = await progress.step(
        `round ${round} of ${runs}, ${nameOf(variant)}`,
        () => measureLimit(bench, database, variant),
        (one) => `${percent(one.utilisation)} used, ${one.refused} refused`,
      );
      measurements.push(measured);
    }
  }
  const results = variants.map((variant) => ({
    variant,
    own: measurements.filter((one) => one.variant === variant),
  }));
  return {
    name: 'limit',
    title: 'Under a limit',
    notes: [
      'used: windows x length over the time from the first request to the one that the last of these',
      'windows lets in, by the arrivals that the server saw; said: the same by the program itself.',
      'Restarted runs are ended by SIGTERM in mid-window and started again; their figure is of the',
      'requests after the restart, against the earliest times that the log of both permits. The',
      'limit rules here, so neither A0 nor the server alone is a measure: the permitted requests are.',
    ],
    tables: [
      {
        title: 'Permitted requests (medians; refused in all)',
        columns: ['', 'windows', 'requests', 'used', 'least', 'said', 'refused'],
        rows: results.map(({ variant, own }) => {
          const used = usedOf(own);
          const said = summariseKnown(own.map((one) => one.saidUtilisation));
          return [
            nameOf(variant),
            String(Math.min(...own.map((one) => one.windows))),
            String(summarise(own.map((one) => one.arrivalsMs.length)).median),
            percent(used?.median ?? null),
            percent(used?.min ?? null),
            percent(said?.median ?? null),
            String(own.reduce((sum, one) => sum + one.refused, 0)),
          ];
        }),
      },
    ],
    plots: plotsOf(results),
    figures: figuresOf(results),
    measurements,
  };
}

interface LimitResult {
  readonly variant: LimitVariant;
  readonly own: readonly LimitMeasurement[];
}

function policyName({ quota, windowMs }: BenchPolicy): string {
  return `${quota} per ${windowMs / 1000} s`;
}

function nameOf({ policy, latencyMs, isRestarted }: LimitVariant): string {
  return `${policyName(policy)}, ${latencyMs} ms${isRestarted ? ', restarted' : ''}`;
}

function usedOf(own: readonly LimitMeasurement[]): Summary | null {
  return summariseKnown(own.map((one) => one.utilisation));
}

function figuresOf(results: readonly LimitResult[]): Record<string, Summary> {
  return Object.fromEntries(
    results.flatMap(({ variant, own }) => {
      const used = usedOf(own);
      return used === null ? [] : [[`${nameOf(variant)}, used`, used]];
    }),
  );
}

/** One plot a policy: every latency's requests against the staircase of what is permitted. */
function plotsOf(results: readonly LimitResult[]): Plot[] {
  const policies = [...new Set(results.map(({ variant }) => variant.policy))];
  return policies.map((policy) => {
    const ofPolicy = results.filter(({ variant }) => variant.policy === policy);
    const spanMs = Math.max(...ofPolicy.map(({ own }) => own[0]?.arrivalsMs.at(-1) ?? 0));
    const corners = permittedSteps(policy, spanMs);
    return {
      title: `Requests against the permitted line, ${policyName(policy)}`,
      xLabel: 'seconds since the first request',
      yLabel: 'requests',
      series: [
        {
          name: 'permitted',
          kind: 'limit' as const,
          points: staircase(corners).map(([ms, count]): [number, number] => [ms / 1000, count]),
        },
        ...ofPolicy.map(({ variant, own }) => ({
          name: nameOf(variant),
          kind: 'trace' as const,
          points: (own[0]?.arrivalsMs ?? []).map((ms, index): [number, number] => [
            ms / 1000,
            index + 1,
          ]),
        })),
      ],
    };
  });
}

/** Level, then up. */
function staircase(corners: readonly [number, number][]): [number, number][] {
  return corners.flatMap(([ms, count], index) => {
    const before = corners[index - 1];
    return before === undefined
      ? [[ms, count]]
      : [
          [ms, before[1]],
          [ms, count],
        ];
  });
}
