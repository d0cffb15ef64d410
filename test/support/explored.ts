/** An exploration of a simulator in this process. */
import type { LimitMemory } from '../../src/explore/asker.js';
import { fieldsOf } from '../../src/explore/census.js';
import { concludeExploration } from '../../src/explore/exploration.js';
import { type Explored, explore } from '../../src/explore/explore.js';
import { defaultBudget } from '../../src/explore/plan.js';
import { type ExploreScope, PAGES } from '../../src/explore/probe.js';
import type { Exploration } from '../../src/explore/schema.js';
import { subjectOf } from '../../src/explore/subject.js';
import { startSimulator } from '../../src/simulator/server.js';
import { type SimulatorSettings, simulatorSettings } from '../../src/simulator/settings.js';
import type { SimulatorStats } from '../../src/simulator/stats.js';
import { datasync, headersFor } from './datasync.js';
import { workerSettings } from './sample-pages.js';
import { fullestWindow } from './windows.js';

export interface ExploredSimulator {
  readonly settings: SimulatorSettings;
  readonly explored: Explored;
  readonly exploration: Exploration;
  readonly stats: SimulatorStats;
}

type Changes = Readonly<Partial<SimulatorSettings>>;

/** Starts a simulator with some knobs changed, explores it, stops it. */
export async function exploreSimulator(
  changes: Changes,
  scope: Partial<ExploreScope> = {},
  memory: LimitMemory | null = null,
): Promise<ExploredSimulator> {
  const settings = simulatorSettings.parse({ ...QUICK, ...changes });
  const simulator = await startSimulator(settings);
  try {
    const expected = {
      latencyMs: settings.latencyMs,
      policy: { quota: settings.eventsQuota || 10, windowMs: settings.eventsWindowMs },
    };
    const { origin } = simulator;
    const explored = await exploreOrigin(origin, { expected, ...scope }, memory);
    const exploration = concludeExploration(explored, {
      ...{ source: datasync, known: KNOWN, origin, keyHash: 'hash', run: RUN },
      advice: { sizeSetting: 'BATCH_SIZE', declaresLimits: false },
    });
    return { settings, explored, exploration, stats: simulator.stats() };
  } finally {
    await simulator.close();
  }
}

/**
 * The most requests that the server saw in a window a tenth shorter than its own: on a busy machine
 * a request may arrive late by that much, which no client can know. A client that forgot its earlier
 * requests, or sent one too many, would still be far above the quota.
 */
export function mostInWindow(stats: SimulatorStats, windowMs: number): number {
  return fullestWindow(stats.eventsArrivalsMs, windowMs * 0.9);
}

/** The most requests that it sent in a window: by its own clock, for arrivals are late at random. */
export function mostSentInWindow({ notebook }: Explored, windowMs: number): number {
  const starts = notebook.starts.get(PAGES) ?? [];
  return fullestWindow(
    starts.map(({ sentAtMs }) => sentAtMs),
    windowMs,
  );
}

/** Explores whatever is there, with the simulator's key. */
export function exploreOrigin(
  origin: string,
  scope: Partial<ExploreScope> = {},
  memory: LimitMemory | null = null,
): Promise<Explored> {
  const expected = { latencyMs: 10, policy: datasync.defaultPolicy };
  const subject = subjectOf(datasync);
  const wanted = { subject, isThorough: false, doesProvoke: false, expected, ...scope };
  return explore({
    source: datasync,
    fetchSettings: workerSettings(origin, {
      headers: headersFor(SIMULATOR_KEY),
      bodyBytesMax: 64_000_000,
    }),
    scope: { budget: defaultBudget(wanted), ...wanted },
    reserve: 0,
    memoryOf: (bucket) => (bucket === 'events' ? memory : null),
    onProgress: () => {},
  });
}

const KNOWN = {
  fields: fieldsOf(datasync),
  ...{ paging: null, declaredLimits: null, hasCredentials: true },
};
const SIMULATOR_KEY = 'simulator-key';

/** Small pages and a short window, so that an exploration takes about one of them. */
const QUICK = {
  events: 20_000,
  pageCap: 500,
  latencyMs: 10,
  latencyJitterMs: 2,
  eventsQuota: 15,
  eventsWindowMs: 1_000,
} satisfies Changes;

const RUN = {
  pageLimit: null,
  concurrency: 10,
  creditBytes: 16_000_000,
  reserve: 0,
  cursorThresholdMs: 60_000,
  recordsPerSecond: null,
};
