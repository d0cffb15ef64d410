/**
 * Faults of the API at growing rates and in bursts, over every way of walking the source: exactly
 * the API's good rows in the end, the bad ones in quarantine, and a clean `verify`.
 */
import { describe, expect, test } from 'vitest';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import { expectedRows } from '../../src/simulator/truth.js';
import {
  environmentFor,
  expectExactly,
  ledgerSums,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

type Knobs = Partial<SimulatorSettings>;

/** Deadlines and pauses of a second, so that a stall costs a test no minute. */
const QUICK = {
  BATCH_SIZE: '500',
  RETRY_PAUSE: '0.1',
  HEAD_DEADLINE: '1',
  IDLE_DEADLINE: '1',
  BODY_BYTES_MAX: '2000000',
  MAX_RETRIES: '6',
  QUARANTINE_LIMIT: '0.2',
};

const WALKS: readonly [string, Knobs][] = [
  ['one chain', { eventsQuota: 500 }],
  ['several chains', { eventsQuota: 0, latencyMs: 40 }],
  ['opaque cursors', { eventsQuota: 500, opaqueCursors: true }],
];

/** Every fault that a run survives, each at the same share. */
function everyFault(share: number): Knobs {
  return {
    htmlError: share,
    truncatedBody: share,
    truncatedBodyBytes: 50_000,
    nullBody: share,
    nonJsonBody: share,
    wrongContentType: share,
    reset: share,
    stall: share / 4,
    stallHead: share / 4,
    missingLimitHeaders: share,
    nonsenseLimitHeaders: share,
    hugeBody: share / 4,
    hugeBodyBytes: 3_000_000,
    reservedPage: share,
    duplicateRows: share,
    totalLies: share,
    clockSkewMs: 37_000,
  };
}

async function expectSurvived(knobs: Knobs): Promise<void> {
  const simulator = await simulate({ events: 10_000, seed: 11, ...knobs });
  const environment = environmentFor(simulator, database, QUICK);
  const { code, result, stderr } = await folder.run(['ingest', '--json'], environment);
  expect(code, stderr).toBe(0);
  await expectExactly(database.pool, simulator.settings);
  const { rowCount, quarantinedCount } = expectedRows(simulator.settings);
  expect(result).toMatchObject({ status: 'complete', eventsIngested: rowCount, refused: 0 });
  const sums = await ledgerSums(database.pool);
  expect(sums.unbalanced).toBe(0);
  // A page that was served twice brings its hostile rows twice.
  expect(sums.quarantined).toBeGreaterThanOrEqual(quarantinedCount);
  const verified = await folder.run(['verify'], environment);
  expect(verified.code, verified.stdout).toBe(0);
}

describe.each(WALKS)('over %s', (_, walk) => {
  test.each([0.01, 0.05])('all twelve faults together, each at a share of %d', async (share) => {
    await expectSurvived({ ...walk, ...everyFault(share) });
  });

  test('all faults in bursts of five', async () => {
    await expectSurvived({ ...walk, ...everyFault(0.04), faultBurst: 5, htmlErrorBurst: 5 });
  });

  test('hostile rows, five in a hundred, beside all faults', async () => {
    await expectSurvived({ ...walk, ...everyFault(0.02), hostileRows: 0.05 });
  });
});

describe('one at a time, at a share of 0.1', () => {
  const singles: readonly [string, Knobs][] = [
    ['a stall in mid-body', { stall: 0.1 }],
    ['no head', { stallHead: 0.1 }],
    ['a body far larger than expected', { hugeBody: 0.1, hugeBodyBytes: 3_000_000 }],
    ['a good answer that calls itself HTML', { wrongContentType: 0.1 }],
    ['a total that lies', { totalLies: 0.5, eventsQuota: 0, latencyMs: 40 }],
  ];
  test.each(singles)('%s', async (_, knobs) => {
    await expectSurvived({ events: 5_000, ...knobs });
  });
});
