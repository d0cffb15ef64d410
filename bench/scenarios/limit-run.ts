/** One run under a limit: in one piece, or with a restart in mid-window. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from '../bench.js';
import { BenchError } from '../bench-error.js';
import type { BenchDatabase } from '../database.js';
import { cacheKnobs, ingestFlags, relative, withFolder } from '../measure-ingest.js';
import type { BenchPolicy } from '../options.js';
import {
  type IngestRun,
  type SimulatorProcess,
  startIngest,
  startSimulatorProcess,
} from '../processes.js';
import { utilisationAfter, utilisationOf, windowsOf } from '../request-limits.js';

export interface LimitVariant {
  readonly policy: BenchPolicy;
  readonly latencyMs: number;
  readonly isRestarted: boolean;
  /** Whole windows to cover; after the restart, where there is one. */
  readonly windows: number;
  readonly limit: number;
  readonly concurrency: number;
}

export interface LimitMeasurement {
  readonly variant: LimitVariant;
  /** By the arrivals at the server; of the second process, where there is one. */
  readonly utilisation: number | null;
  /** By the program itself. */
  readonly saidUtilisation: number | null;
  readonly windows: number;
  readonly refused: number;
  /** In ms since the first, of both processes. */
  readonly arrivalsMs: readonly number[];
}

/** When the restart comes: so many windows and a half after the start. */
const WINDOWS_BEFORE_RESTART = 3;
const POLL_MS = 100;
const EXIT_INTERRUPTED = 130;

export async function measureLimit(
  bench: Bench,
  database: BenchDatabase,
  variant: LimitVariant,
): Promise<LimitMeasurement> {
  const { policy, limit, isRestarted } = variant;
  const windows = variant.windows + (isRestarted ? WINDOWS_BEFORE_RESTART + 1 : 0);
  // The request after the last whole window proves it; one more for the end of the walk.
  const events = (windows * policy.quota + 2) * limit;
  const simulator = await startSimulatorProcess({
    events,
    'latency-ms': variant.latencyMs,
    'latency-jitter-ms': 0,
    'events-quota': policy.quota,
    'events-window-ms': policy.windowMs,
    ...cacheKnobs(events, limit),
  });
  try {
    await database.reset();
    const where = { databaseUrl: database.connectionString, baseUrl: simulator.baseUrl };
    const { run, before } = await withFolder(bench.workFolder, (cwd) =>
      isRestarted
        ? runTwice(variant, simulator, { ...where, cwd })
        : runOnce(variant, { ...where, cwd }),
    );
    const stats = await simulator.stats();
    if (run.result.eventsIngested !== events) {
      throw new BenchError(`${run.result.eventsIngested} of ${events} events are in the table`);
    }
    const all = stats.eventsArrivalsMs;
    const [earlier, own] = [all.slice(0, before), all.slice(before)];
    return {
      variant,
      utilisation: isRestarted
        ? utilisationAfter(earlier, own, policy)
        : utilisationOf(own, policy),
      saidUtilisation: run.result.utilisation,
      windows: windowsOf(own, policy),
      refused: stats.refused,
      arrivalsMs: relative(all),
    };
  } finally {
    await simulator.stop();
  }
}

interface Where {
  readonly cwd: string;
  readonly databaseUrl: string;
  readonly baseUrl: string;
}

function flagsOf({ concurrency, limit }: LimitVariant): string[] {
  return ingestFlags({ concurrency, limit, writeMethod: 'auto' });
}

async function runOnce(
  variant: LimitVariant,
  where: Where,
): Promise<{ run: IngestRun; before: number }> {
  return { run: await startIngest(flagsOf(variant), where).end(), before: 0 };
}

/** @returns the second process, and how many requests the first one had sent */
async function runTwice(
  variant: LimitVariant,
  simulator: SimulatorProcess,
  where: Where,
): Promise<{ run: IngestRun; before: number }> {
  const { policy } = variant;
  const flags = flagsOf(variant);
  const first = startIngest(flags, where);
  const failed = first.end(EXIT_INTERRUPTED).then(() => true);
  let hasEnded = false;
  failed.then(
    () => {
      hasEnded = true;
    },
    () => {
      hasEnded = true;
    },
  );
  for (;;) {
    const { eventsArrivalsMs } = await simulator.stats();
    const startMs = eventsArrivalsMs[0];
    const stopMs = (startMs ?? Infinity) + policy.windowMs * (WINDOWS_BEFORE_RESTART + 0.5);
    if (hasEnded || performance.timeOrigin + performance.now() >= stopMs) break;
    await delay(POLL_MS);
  }
  first.signal('SIGTERM');
  await failed;
  const before = (await simulator.stats()).eventsArrivalsMs.length;
  const resumeFlags = flags.filter((flag) => flag !== '--restart');
  return { run: await startIngest(resumeFlags, where).end(), before };
}
