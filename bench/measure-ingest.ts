/**
 * One measured run, end to end: a fresh simulator, what it can give alone, an emptied database, and
 * the program from its start to its end.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.js';
import { BenchError } from './bench-error.js';
import { mainShareBetween } from './cpu-samples.js';
import type { BenchDatabase } from './database.js';
import { startLatencyProxy } from './latency-proxy.js';
import type { BenchWriteMethod } from './options.js';
import {
  type IngestJson,
  type IngestRun,
  startIngest,
  startSimulatorProcess,
} from './processes.js';
import { measureServer, type ServerRate } from './server-rate.js';

/** More than a rendered event takes. */
const EVENT_BYTES = 400;
/** Pages of several walks side by side overlap: the cache must hold them beside the warmed ones. */
const CACHE_HEADROOM = 2;
const CACHE_MEMORY_SHARE = 0.4;

/** What is run. */
export interface Variant {
  readonly events: number;
  /** Events a page. */
  readonly limit: number;
  readonly concurrency: number;
  readonly latencyMs: number;
  /** Round trip to the database. */
  readonly databaseLatencyMs: number;
  readonly writeMethod: BenchWriteMethod;
  /** Cursors that the program cannot read: it has to walk one chain. */
  readonly isOpaque: boolean;
}

/** What came of one run of it. */
export interface IngestMeasurement {
  readonly variant: Variant;
  /** 0 is the warm-up. */
  readonly round: number;
  readonly result: IngestJson;
  readonly wallMs: number;
  readonly server: ServerRate;
  /** Main's share of the program's CPU time from its first commit to its last request. */
  readonly busyMainShare: number | null;
  /**
   * CPU time of each side during the run; null where it cannot be read. Up to 100 ms of time are
   * missing at the end of `ingestMain`.
   */
  readonly cpuMs: {
    readonly ingest: number | null;
    readonly ingestMain: number | null;
    readonly postgres: number | null;
    readonly simulator: number;
  };
  /** [ms since the start, resident bytes]. */
  readonly memory: readonly (readonly [number, number])[];
  /** When the server saw each request, in ms since the first. */
  readonly arrivalsMs: readonly number[];
}

/** `c20 l5000 0ms auto`; with the events in front where they differ. */
export function variantName(variant: Variant): string {
  const { concurrency, limit, latencyMs, databaseLatencyMs, writeMethod, isOpaque } = variant;
  const name = `c${concurrency} l${limit} ${latencyMs}ms ${writeMethod}`;
  const distance = databaseLatencyMs === 0 ? '' : ` database ${databaseLatencyMs}ms`;
  return `${name}${distance}${isOpaque ? ' opaque' : ''}`;
}

export function cacheKnobs(events: number, limit: number): Record<string, number> {
  const neededBytes = events * EVENT_BYTES;
  const cacheBytes = Math.min(neededBytes * CACHE_HEADROOM, totalmem() * CACHE_MEMORY_SHARE);
  // Warming what does not fit would only push out what was rendered before.
  const warmLimit = neededBytes <= cacheBytes ? limit : 0;
  return { 'cache-bytes': Math.ceil(cacheBytes), 'warm-limit': warmLimit };
}

/** The program's flags for a variant. */
export function ingestFlags(
  variant: Pick<Variant, 'concurrency' | 'limit' | 'writeMethod'>,
): string[] {
  const { concurrency, limit, writeMethod } = variant;
  return [
    `--concurrency=${concurrency}`,
    `--limit=${limit}`,
    `--write-method=${writeMethod}`,
    '--restart',
  ];
}

/** A folder for the program to work in; it leaves its state file there. */
export async function withFolder<T>(parent: string, run: (folder: string) => Promise<T>) {
  const folder = await mkdtemp(join(parent, 'ingest-'));
  try {
    return await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws BenchError when the run fails or does not bring every row */
export async function measureIngest(
  bench: Bench,
  database: BenchDatabase,
  variant: Variant,
  round: number,
): Promise<IngestMeasurement> {
  const { events, limit, latencyMs, isOpaque } = variant;
  const simulator = await startSimulatorProcess({
    events,
    'latency-ms': latencyMs,
    'latency-jitter-ms': 0,
    'events-quota': 0,
    ...cacheKnobs(events, limit),
    ...(isOpaque ? { 'opaque-cursors': true } : {}),
  });
  const proxy =
    variant.databaseLatencyMs === 0
      ? null
      : await startLatencyProxy(database.connectionString, variant.databaseLatencyMs);
  try {
    const server = await measureServer(simulator, variant);
    await database.reset();
    const statsBefore = await simulator.stats();
    const postgresBeforeMs = database.cpuMs();
    const run = await withFolder(bench.workFolder, (cwd) =>
      startIngest(ingestFlags(variant), {
        cwd,
        databaseUrl: proxy?.connectionString ?? database.connectionString,
        baseUrl: simulator.baseUrl,
      }).end(),
    );
    const postgresAfterMs = database.cpuMs();
    const statsAfter = await simulator.stats();
    expectAll(run.result, variant);
    const arrivals = statsAfter.eventsArrivalsMs.slice(statsBefore.eventsArrivalsMs.length);
    const arrivalsMs = relative(arrivals);
    return {
      variant,
      round,
      result: run.result,
      wallMs: run.wallMs,
      server,
      busyMainShare: busyMainShare(run, arrivalsMs),
      cpuMs: {
        ingest: run.cpuMs,
        ingestMain: run.cpuSamples.at(-1)?.mainMs ?? null,
        postgres:
          postgresBeforeMs === null || postgresAfterMs === null
            ? null
            : postgresAfterMs - postgresBeforeMs,
        simulator: statsAfter.cpuMs - statsBefore.cpuMs,
      },
      memory: run.memory,
      arrivalsMs,
    };
  } finally {
    await proxy?.close();
    await simulator.stop();
  }
}

/** The first commit follows the first request so soon that the time between two samples hides it. */
function busyMainShare(
  { result, cpuSamples }: IngestRun,
  arrivalsMs: readonly number[],
): number | null {
  const { firstCommitMs } = result;
  if (firstCommitMs === null) return null;
  return mainShareBetween(cpuSamples, firstCommitMs, firstCommitMs + (arrivalsMs.at(-1) ?? 0));
}

/** In ms since the first, to a tenth. */
export function relative(timesMs: readonly number[]): number[] {
  const first = timesMs[0] ?? 0;
  return timesMs.map((ms) => Math.round((ms - first) * 10) / 10);
}

function expectAll(result: IngestJson, variant: Variant): void {
  const { status, eventsIngested } = result;
  if (status === 'complete' && eventsIngested === variant.events) return;
  throw new BenchError(
    `${variantName(variant)}: ${status} with ${eventsIngested} of ${variant.events} events`,
  );
}
