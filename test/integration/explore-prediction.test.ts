/** The prediction of an exploration against the ingestion that follows it, both as real processes. */
import { expect, test } from 'vitest';
import { explorationForm, type Prediction } from '../../src/explore/schema.js';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import {
  environmentFor,
  type Simulation,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

/** The whole page: an environment with another size would be another run. */
const LARGEST = { BATCH_SIZE: '', LOG_LEVEL: 'info' };

/** Some seconds each, of which hardly any is the machine's; a minute of the live API is one here. */
const PROFILES: Readonly<Record<string, Partial<SimulatorSettings>>> = {
  live: {
    events: 9_000,
    eventsQuota: 10,
    eventsWindowMs: 1_000,
    latencyMs: 58,
    latencyJitterMs: 12,
  },
  fast: {
    events: 11_000,
    eventsQuota: 20,
    eventsWindowMs: 2_000,
    latencyMs: 20,
    latencyJitterMs: 5,
  },
  slow: {
    events: 7_000,
    eventsQuota: 10,
    eventsWindowMs: 1_000,
    latencyMs: 500,
    latencyJitterMs: 60,
  },
  // In the middle of a window's pages: the number of events is estimated.
  flat: { events: 10_000, eventsQuota: 20, eventsWindowMs: 2_000, latencyMs: 20, flatShape: true },
  opaque: {
    events: 4_000,
    eventsQuota: 40,
    eventsWindowMs: 1_000,
    latencyMs: 150,
    opaqueCursors: true,
  },
  'no headers at all': { events: 14_000, eventsQuota: 0, limitDialect: 'none', latencyMs: 300 },
};

const PAGE_CAP = 200;
/** Of what is predicted. */
const SHARE_MIN = 0.8;
const SHARE_MAX = 1.2;
const ATTEMPTS = 3;
const TIMEOUT_MS = 300_000;
/** Profiles at once, for most of each is waiting; what has to be repeated has the machine for itself. */
const AT_ONCE = 2;

interface Comparison {
  readonly name: string;
  readonly prediction: Prediction;
  readonly tookMs: number;
  readonly pages: number;
  readonly requests: number;
  /** However quick the machine is, the API takes this long. */
  readonly floorMs: number;
}

async function predict(simulator: Simulation, name: string): Promise<Prediction> {
  const environment = environmentFor(simulator, database, LARGEST);
  // In a folder of its own, so that no ingestion takes over another one's findings.
  const args = ['explore', '--json', '--no-database', '--output-folder', name];
  const { code, stderr, result } = await folder.run(args, environment);
  expect(code, stderr).toBe(0);
  const { prediction } = explorationForm.parse(result);
  if (prediction === null) throw new Error(`${name}: nothing is predicted`);
  return prediction;
}

async function compare(name: string, settings: Partial<SimulatorSettings>): Promise<Comparison> {
  const prediction = await predict(await simulate(settings), name);
  // Again, for a limit that nobody has used.
  const simulator = await simulate(settings);
  const environment = environmentFor(simulator, database, LARGEST);
  const { code, stderr, result } = await folder.run(['ingest', '--json'], environment);
  expect(code, stderr).toBe(0);
  return {
    ...{ name, prediction, floorMs: floorMs(simulator.settings) },
    ...{ tookMs: Number(result?.durationMs), pages: Number(result?.pages) },
    requests: Number(result?.requests),
  };
}

/** Of the full pages that there are: each waits for its window, and in a single chain for the one before. */
function floorMs(settings: SimulatorSettings): number {
  const { events, eventsQuota, eventsWindowMs, latencyMs, opaqueCursors } = settings;
  const pages = Math.ceil(events / PAGE_CAP);
  const windows = eventsQuota === 0 ? 0 : Math.floor((pages - 1) / eventsQuota);
  return Math.max(windows * eventsWindowMs, opaqueCursors ? pages * latencyMs : latencyMs);
}

/**
 * What else the machine does lengthens an ingestion, and the latency that a prediction rests on: so
 * the least of each are compared.
 */
function shareOfLeast(comparisons: readonly Comparison[]): number {
  const tookMs = Math.min(...comparisons.map((each) => each.tookMs));
  return tookMs / Math.min(...comparisons.map(({ prediction }) => prediction.durationMs));
}

function isAsPredicted(share: number): boolean {
  return share >= SHARE_MIN && share <= SHARE_MAX;
}

test(
  'an ingestion takes as long and asks as often as predicted, whatever the API is like',
  async () => {
    const comparisons: Comparison[] = [];
    const of = (name: string) => comparisons.filter((each) => each.name === name);
    const names = Object.keys(PROFILES);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const queue = names.filter((name) => !isAsPredicted(shareOfLeast(of(name))));
      const work = async () => {
        for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
          // Other events than those of the others.
          const seed = 100 * (attempt + 1) + names.indexOf(name);
          comparisons.push(await compare(name, { pageCap: PAGE_CAP, ...PROFILES[name], seed }));
        }
      };
      await Promise.all(Array.from({ length: attempt === 0 ? AT_ONCE : 1 }, work));
    }
    const table = JSON.stringify(comparisons, null, 1);
    for (const { prediction, tookMs, pages, requests, floorMs: leastMs } of comparisons) {
      expect(Math.min(tookMs, prediction.durationMs), table).toBeGreaterThanOrEqual(leastMs);
      // Each chain ends in a page that need not be full, and how many there are depends on the latency.
      expect(pages / prediction.pages, table).toSatisfy(isAsPredicted);
      expect(requests / prediction.requests, table).toSatisfy(isAsPredicted);
    }
    for (const name of names) {
      expect(shareOfLeast(of(name)), table).toSatisfy(isAsPredicted);
    }
    // A single chain, of full pages.
    const { pages, requests, prediction } = of('opaque')[0] as Comparison;
    expect([pages, requests]).toEqual([prediction.pages, prediction.requests]);
    const bounds = Object.fromEntries(
      comparisons.map((each) => [each.name, each.prediction.boundBy]),
    );
    expect(bounds).toMatchObject({ live: 'limit', fast: 'limit', opaque: 'latency' });
  },
  TIMEOUT_MS,
);
