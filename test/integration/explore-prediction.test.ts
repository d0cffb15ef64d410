/** The prediction of an exploration against the ingestion that follows it, both as real processes. */
import { expect, test } from 'vitest';
import { explorationForm } from '../../src/explore/schema.js';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import { environmentFor, useEmptyTables, useSimulator } from '../support/ingest-check.js';
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
  'no headers at all': { events: 40_000, eventsQuota: 0, limitDialect: 'none', latencyMs: 150 },
};

test.each(Object.entries(PROFILES))(
  '%s: an ingestion takes as long as predicted',
  async (_, knobs) => {
    const simulator = await simulate({ pageCap: 200, ...knobs });
    const environment = environmentFor(simulator, database, LARGEST);
    const explored = await folder.run(['explore', '--json'], environment);
    expect(explored.code, explored.stderr).toBe(0);
    const { prediction } = explorationForm.parse(explored.result);
    expect(prediction).not.toBeNull();
    // The forecast is of a run that begins with an unused limit.
    await database.pool.query('TRUNCATE ingestion_limits');
    const restarted = await simulate({ pageCap: 200, ...knobs });
    const ingested = await folder.run(
      ['ingest', '--json'],
      environmentFor(restarted, database, LARGEST),
    );
    expect(ingested.code, ingested.stderr).toBe(0);
    expect(restarted.stats().refused).toBe(0);
    const ratio = Number(ingested.result?.durationMs) / (prediction?.durationMs ?? Number.NaN);
    const said = JSON.stringify({ ratio, prediction, took: ingested.result?.durationMs });
    expect(ratio, said).toBeGreaterThanOrEqual(RATIO_MIN);
    expect(ratio, said).toBeLessThanOrEqual(RATIO_MAX);
  },
);
