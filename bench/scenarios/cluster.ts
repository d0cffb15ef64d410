/** Cluster: what members cost and gain, alone and together, with a limit and without one. */
import type { Bench, Section } from '../bench.js';
import { startRedis } from '../redis.js';
import { percent, ratio, seconds, tenth } from '../report/figures.js';
import { median, rotated, type Summary, summarise, summariseKnown } from '../statistics.js';
import { type LeaseCosts, measureLeases } from './cluster-leases.js';
import { measureReservations } from './cluster-reservations.js';
import { type ClusterMeasurement, type ClusterVariant, measureCluster } from './cluster-run.js';

const RUNS = 3;
const EVENTS = 3_000_000;
const PAGE = 5_000;
const MEMBERS = [1, 2, 4];
const LIMITED_MEMBERS = [1, 2, 4, 8];
const LIMIT = { quota: 40, windowMs: 4_000 };
const LIMITED_WINDOWS = 10;
const SMALL_PAGE = 500;
const LATENCY_MS = 30;
const RESERVING = [1, 8, 64];
const LEASING = [10, 100, 1_000];

export async function clusterScenario(bench: Bench): Promise<Section> {
  const { options, progress } = bench;
  const database = await bench.database();
  const redis = await startRedis();
  try {
    const events = options.events?.[0] ?? EVENTS;
    const open = (members: number, redisUrl: string | null): ClusterVariant => ({
      ...{ members, redisUrl, events, limit: options.limit?.[0] ?? PAGE, policy: null },
      ...{ isKilled: false, latencyMs: 0 },
    });
    const policy = options.policies?.[0] ?? LIMIT;
    const limited = (members: number, isKilled: boolean): ClusterVariant => ({
      ...{ members, redisUrl: redis.url, policy, isKilled, latencyMs: LATENCY_MS },
      ...{ limit: SMALL_PAGE, events: (LIMITED_WINDOWS * policy.quota + 2) * SMALL_PAGE },
    });
    const variants = [
      open(1, null),
      ...MEMBERS.map((members) => open(members, redis.url)),
      ...LIMITED_MEMBERS.map((members) => limited(members, false)),
      limited(2, true),
    ];
    const runs = options.runs ?? RUNS;
    progress.expect(variants.length * runs);
    const measured: ClusterMeasurement[] = [];
    for (let round = 1; round <= runs; round++) {
      for (const variant of rotated(variants, round)) {
        const one = await progress.step(
          `round ${round} of ${runs}, ${nameOf(variant)}`,
          () => measureCluster(bench, database, variant),
          (found) => told(found),
        );
        measured.push(one);
      }
    }
    const reservations: Costs['reservations'] = [];
    for (const members of RESERVING) {
      reservations.push([members, await measureReservations(database, members)]);
    }
    const leases: Costs['leases'] = [];
    for (const members of LEASING) leases.push([members, await measureLeases(database, members)]);
    return sectionOf(variants, measured, { reservations, leases });
  } finally {
    await redis.stop();
  }
}

/** What the ledger bears, by the number of members. */
interface Costs {
  readonly reservations: (readonly [number, readonly number[]])[];
  readonly leases: (readonly [number, LeaseCosts])[];
}

function sectionOf(
  variants: readonly ClusterVariant[],
  measured: readonly ClusterMeasurement[],
  { reservations, leases }: Costs,
): Section {
  const of = (variant: ClusterVariant) => measured.filter((one) => one.variant === variant);
  const rateOf = (variant: ClusterVariant) =>
    summarise(of(variant).map((one) => one.eventsPerSecond));
  const [alone] = variants;
  const aloneRate = alone === undefined ? Number.NaN : rateOf(alone).median;
  const open = variants.filter(({ policy }) => policy === null);
  const limited = variants.filter(({ policy, isKilled }) => policy !== null && !isKilled);
  const killed = variants.filter(({ isKilled }) => isKilled).flatMap(of);
  const takeover = summariseKnown(killed.map(({ takeoverMs }) => takeoverMs));
  const usedOf = (variant: ClusterVariant) =>
    summariseKnown(of(variant).map(({ utilisation }) => utilisation));
  const figures: Record<string, Summary> = {};
  for (const variant of open) figures[`${nameOf(variant)}, events/s`] = rateOf(variant);
  for (const variant of limited) {
    const used = usedOf(variant);
    if (used !== null) figures[`${nameOf(variant)}, used`] = used;
  }
  return {
    name: 'cluster',
    title: 'Members of one run',
    notes: [
      'events/s: over the time from the first request to the last. Members, API, PostgreSQL and Redis share the machine.',
      'used: as in scenario limit, of one limit for all. takeover: from the kill of a member to the first page that another',
      'commits of what it held, with the default lease.',
    ],
    tables: [
      {
        title: 'Without a limit (medians)',
        columns: ['', 'events/s', 'x alone'],
        rows: open.map((variant) => {
          const { median: rate } = rateOf(variant);
          return [
            nameOf(variant),
            Math.round(rate).toLocaleString('en-US'),
            ratio(rate / aloneRate),
          ];
        }),
      },
      {
        title: 'Under one limit (medians; refused in all)',
        columns: ['', 'used', 'least', 'refused'],
        rows: limited.map((variant) => {
          const used = usedOf(variant);
          const refused = of(variant).reduce((sum, one) => sum + one.refused, 0);
          return [
            nameOf(variant),
            percent(used?.median ?? null),
            percent(used?.min ?? null),
            String(refused),
          ];
        }),
      },
      {
        title: 'Takeover after a kill',
        columns: ['', 'seconds', 'most', 'refused'],
        rows: [
          [
            '2 members, one killed',
            seconds(takeover?.median ?? null),
            seconds(takeover?.max ?? null),
            String(killed.reduce((sum, one) => sum + one.refused, 0)),
          ],
        ],
      },
      {
        title: 'A reservation of starts, 5,400 in the log (ms)',
        columns: ['members', 'median', 'most'],
        rows: reservations.map(([members, costs]) => {
          return [String(members), tenth(median(costs)), tenth(Math.max(...costs))];
        }),
      },
      {
        title: 'The ledger of a run with so many members (ms, medians)',
        columns: [
          'members',
          'renewal of a lease',
          'look for what is free',
          'segment changes hands',
        ],
        rows: leases.map(([members, { renewal, look, handover }]) => {
          return [String(members), ...[renewal, look, handover].map((ms) => tenth(median(ms)))];
        }),
      },
    ],
    plots: [],
    figures,
    measurements: [...measured, ...reservations, ...leases],
  };
}

function nameOf({ members, redisUrl, policy, isKilled }: ClusterVariant): string {
  const who = members === 1 ? '1 member' : `${members} members`;
  const how = redisUrl === null ? ' without Redis' : '';
  const limit = policy === null ? '' : `, ${policy.quota} per ${policy.windowMs / 1000} s`;
  return `${who}${how}${limit}${isKilled ? ', one killed' : ''}`;
}

function told({ variant, eventsPerSecond, utilisation, refused, takeoverMs }: ClusterMeasurement) {
  if (variant.policy === null)
    return `${Math.round(eventsPerSecond).toLocaleString('en-US')} events/s`;
  const takeover = takeoverMs === null ? '' : `, taken over in ${seconds(takeoverMs)} s`;
  return `${percent(utilisation)} used, ${refused} refused${takeover}`;
}
