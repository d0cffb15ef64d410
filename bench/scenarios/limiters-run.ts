/** One run behind a limiter that somebody else wrote: a cold start, and an end within a time. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from '../bench.js';
import type { BenchDatabase } from '../database.js';
import type { LimiterSpec } from '../limiters/catalogue.js';
import { earliestMs, requestsFor, shareUsed } from '../limiters/permits.js';
import { broken, type LimiterOutcome } from '../limiters/promise.js';
import { ingestFlags, withFolder } from '../measure-ingest.js';
import {
  type IngestExit,
  type IngestProcess,
  startIngest,
  startLimiterServer,
} from '../processes.js';

export interface LimitersMeasurement extends LimiterOutcome {
  readonly name: string;
  /** `share` of the later half alone. */
  readonly laterShare: number | null;
  /** From the first to the last accepted request. */
  readonly tookMs: number;
  /** The same at best. */
  readonly floorMs: number;
  /** What of the promise was not kept. */
  readonly broken: readonly string[];
  /** In ms since the first request. */
  readonly acceptedMs: readonly number[];
  readonly refusedMs: readonly number[];
  /** The end of what the program said, where its run is not complete. */
  readonly said: string | null;
}

/** Small pages: here requests count, not rows. */
const PAGE_LIMIT = 100;
const CONCURRENCY = 10;
/** At the limit. */
const LEAST_SECONDS = 12;
/** A run may take so many times the floor, and so long besides. */
const PATIENCE = 3;
const PATIENCE_MS = 30_000;
/** For the end that SIGTERM asks for. */
const FAREWELL_MS = 5_000;
/** A storm of refusals is counted, but not kept instant by instant. */
const KEPT_INSTANTS_MAX = 1_000;

export async function measureLimiter(
  bench: Bench,
  database: BenchDatabase,
  spec: LimiterSpec,
): Promise<LimitersMeasurement> {
  const { name, limits } = spec;
  const pages = requestsFor(limits, (bench.options.seconds ?? LEAST_SECONDS) * 1000);
  const floorMs = earliestMs(limits, pages - 1);
  const events = pages * PAGE_LIMIT;
  const server = await startLimiterServer(name, events);
  try {
    await database.reset();
    const exit = await withFolder(bench.workFolder, (cwd) => {
      const where = { cwd, databaseUrl: database.connectionString, baseUrl: server.baseUrl };
      const flags = ingestFlags({
        concurrency: CONCURRENCY,
        limit: PAGE_LIMIT,
        writeMethod: 'auto',
      });
      return exitWithin(startIngest(flags, where), floorMs * PATIENCE + PATIENCE_MS);
    });
    const { acceptedMs, refusedMs } = await server.stats();
    const { rows } = await database.pool.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM ingested_events',
    );
    const firstMs = Math.min(acceptedMs[0] ?? Infinity, refusedMs[0] ?? Infinity);
    const outcome: LimiterOutcome = {
      ending: endingOf(exit),
      hasAllRows: rows[0]?.count === events,
      accepted: acceptedMs.length,
      refused: refusedMs.length,
      share: shareUsed(limits, acceptedMs),
      saidShare: exit?.run?.result.utilisation ?? null,
    };
    return {
      ...outcome,
      name,
      laterShare: shareUsed(limits, acceptedMs, 'middle'),
      tookMs: (acceptedMs.at(-1) ?? 0) - (acceptedMs[0] ?? 0),
      floorMs,
      broken: broken(spec, outcome),
      acceptedMs: since(firstMs, acceptedMs),
      refusedMs: since(firstMs, refusedMs),
      said: exit?.code === 0 ? null : (exit?.said ?? null),
    };
  } finally {
    await server.stop();
  }
}

/** @returns null when the run had to be ended */
async function exitWithin(run: IngestProcess, patienceMs: number): Promise<IngestExit | null> {
  const exit = run.exit();
  const first = await within(exit, patienceMs);
  if (first !== null) return first;
  run.signal('SIGTERM');
  if ((await within(exit, FAREWELL_MS)) === null) run.signal('SIGKILL');
  await exit;
  return null;
}

async function within<T>(awaited: Promise<T>, spanMs: number): Promise<T | null> {
  const given = new AbortController();
  try {
    return await Promise.race([
      awaited,
      delay(spanMs, null, { signal: given.signal }).catch(() => null),
    ]);
  } finally {
    given.abort();
  }
}

function endingOf(exit: IngestExit | null): string {
  if (exit === null) return 'no end';
  return exit.code === 0 ? (exit.run?.result.status ?? 'no result') : `exit ${exit.code}`;
}

function since(firstMs: number, timesMs: readonly number[]): number[] {
  return timesMs.slice(0, KEPT_INSTANTS_MAX).map((ms) => Math.round(ms - firstMs));
}
