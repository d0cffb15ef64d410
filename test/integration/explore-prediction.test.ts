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
const RATIO_MIN = 0.8;
const RATIO_MAX = 1.2;

/** Some seconds each; a minute of the live API is one here. */
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
    events: 10_000,
    eventsQuota: 40,
    eventsWindowMs: 1_000,
    latencyMs: 60,
    opaqueCursors: true,
  },
  'no headers at all': { events: 30_000, eventsQuota: 0, limitDialect: 'none', latencyMs: 150 },
};

/** What else the machine does may spoil one comparison, but not each. */
const ATTEMPTS = 3;
const TIMEOUT_MS = 300_000;
/** Profiles at once: most of each is waiting. */
const AT_ONCE = 2;

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

async function ingest(simulator: Simulation): Promise<number> {
  const environment = environmentFor(simulator, database, LARGEST);
  const { code, stderr, result } = await folder.run(['ingest', '--json'], environment);
  expect(code, stderr).toBe(0);
  return Number(result?.durationMs);
}

test(
  'an ingestion takes as long as predicted, whatever the API is like',
  async () => {
    const profiles = Object.entries(PROFILES);
    const compared: { name: string; ratio: number; predictedMs: number; boundBy: string }[] = [];
    const queue = profiles.map(([name, knobs], index) => ({ name, knobs, index }));
    const work = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { name, knobs, index } = next;
        for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
          // Other events than those of the others; and for the ingestion a limit that nobody has used.
          const settings = { pageCap: 200, ...knobs, seed: 100 + index + attempt * 100 };
          const { durationMs, boundBy } = await predict(await simulate(settings), name);
          const tookMs = await ingest(await simulate(settings));
          const ratio = tookMs / durationMs;
          compared.push({ name, ratio, predictedMs: durationMs, boundBy });
          if (isGood(ratio)) break;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const table = JSON.stringify(compared, null, 1);
    for (const [name] of profiles) {
      const last = compared.filter((each) => each.name === name).at(-1);
      expect(isGood(last?.ratio ?? Number.NaN), table).toBe(true);
    }
    const bounds = Object.fromEntries(compared.map(({ name, boundBy }) => [name, boundBy]));
    expect(bounds).toMatchObject({ live: 'limit', fast: 'limit', opaque: 'latency' });
  },
  TIMEOUT_MS,
);

function isGood(ratio: number): boolean {
  return ratio >= RATIO_MIN && ratio <= RATIO_MAX;
}
