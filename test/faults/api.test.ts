/**
 * Faults of the API at growing rates and in bursts, over every way of walking the source: exactly
 * the API's good rows in the end, the bad ones in quarantine, no start too many, and a clean `verify`.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { PROFILES, type SimulatorSettings } from '../../src/simulator/settings.js';
import { expectedRows } from '../../src/simulator/truth.js';
import { type FixtureServer, startFixtureServer } from '../support/fixture-server.js';
import {
  environmentFor,
  expectExactly,
  ledgerSums,
  type Simulation,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { type Exit, useIngestFolder } from '../support/ingest-process.js';
import { expectPaced } from '../support/own-starts.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

type Knobs = Partial<SimulatorSettings>;

/** Deadlines and pauses of a second, so that a stall costs a test no minute. */
const QUICK = {
  BATCH_SIZE: '250',
  RETRY_PAUSE: '0.1',
  HEAD_DEADLINE: '0.5',
  IDLE_DEADLINE: '0.5',
  BODY_BYTES_MAX: '1000000',
  QUARANTINE_LIMIT: '0.2',
};

/** Where no fault stalls: a machine that does must not look like one. */
const PATIENT = { HEAD_DEADLINE: '30', IDLE_DEADLINE: '30' };

/** Those whose raw text is never the same twice, so that they can be counted. */
const DISTINCT_KINDS =
  'noId,malformedId,nulInString,invalidUtf8,badJson,unreadableTimestamp,missingTimestamp';

/** Larger than `BODY_BYTES_MAX`. */
const HUGE = { hugeBodyBytes: 1_500_000 };
const SMALL = { events: 5_000, seed: 11 };
/** With these every kind hits within the first twenty requests; a loop begins at the tenth. */
const SINGLES_SEED = 29;
const LOOP_SEED = 15;

const CHAINS = { eventsQuota: 0, latencyMs: 40 };
const WALKS: readonly [string, Knobs][] = [
  ['one chain', { eventsQuota: 500 }],
  ['several chains', CHAINS],
  ['opaque cursors', { eventsQuota: 500, opaqueCursors: true }],
];

/** Every fault that a run survives, each at the same share. */
function everyFault(share: number): Knobs {
  return {
    ...HUGE,
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
    totalLies: share,
    clockSkewMs: 37_000,
    reservedPage: share,
    duplicateRows: share,
  };
}

/** Ingests all; fails unless the table, the ledger and the limit are as they must be. */
async function expectSurvived(
  knobs: Knobs,
  changes: Readonly<Record<string, string>> = {},
): Promise<{ simulator: Simulation; exit: Exit }> {
  const simulator = await simulate({ ...SMALL, ...knobs });
  const environment = environmentFor(simulator, database, { ...QUICK, ...changes });
  const exit = await folder.run(['ingest', '--json'], environment);
  expect(exit.code, exit.stdout + exit.stderr).toBe(0);
  await expectExactly(database.pool, simulator.settings);
  const { rowCount, quarantinedCount } = expectedRows(simulator.settings);
  expect(exit.result).toMatchObject({ status: 'complete', eventsIngested: rowCount });
  expectPaced([exit], simulator.settings);
  const sums = await ledgerSums(database.pool);
  expect(sums).toMatchObject({ inserted: rowCount, unbalanced: 0 });
  // A row that was served twice is kept twice, and is the same but for the form of its timestamp,
  // which its place in the page decides.
  const { rows } = await database.pool.query(
    `SELECT DISTINCT regexp_replace(raw_text, '"timestamp":("[^"]*"|[0-9.]+),', '')
     FROM ingestion_quarantine`,
  );
  expect(rows).toHaveLength(quarantinedCount);
  const verified = await folder.run(['verify'], environment);
  expect(verified.code, verified.stdout).toBe(0);
  return { simulator, exit };
}

/** How many faults of all kinds a simulator has made. */
function faultCount(simulator: Simulation): number {
  return Object.values(simulator.stats().faults).reduce((sum, count) => sum + count, 0);
}

describe.each(WALKS)('over %s', (_, walk) => {
  test('control: without a fault nothing is asked for twice', async () => {
    const { simulator, exit } = await expectSurvived(walk, PATIENT);
    expect(simulator.stats().faults).toEqual({});
    expect(exit.result).toMatchObject({ retries: 0 });
    expect(simulator.stats().pagesServed).toBe((await ledgerSums(database.pool)).pages);
  });

  test.each([
    [0.01, 5_000],
    [0.05, 5_000],
    [0.1, 2_500],
  ])('all faults together, each at a share of %d', async (share, events) => {
    const { simulator } = await expectSurvived({ ...walk, ...everyFault(share), events });
    expect(faultCount(simulator)).toBeGreaterThanOrEqual(share * 100);
  });

  test('all faults in bursts of five', async () => {
    const bursts = { faultBurst: 5, htmlErrorBurst: 5 };
    const { simulator } = await expectSurvived({ ...walk, ...everyFault(0.04), ...bursts });
    expect(faultCount(simulator)).toBeGreaterThanOrEqual(5);
  });

  test('hostile rows, five in a hundred, beside all faults', async () => {
    const knobs = { ...walk, ...everyFault(0.02), hostileRows: 0.05, hostileKinds: DISTINCT_KINDS };
    const { simulator } = await expectSurvived(knobs);
    expect(expectedRows(simulator.settings).quarantinedCount).toBeGreaterThan(100);
  });
});

test('the chaos profile, as `simulate --profile chaos` has it', async () => {
  // Its hostile rows may be alike: "null" for one.
  const hostileKinds = DISTINCT_KINDS;
  const knobs = { ...PROFILES.chaos, ...SMALL, latencyMs: 5, hostileKinds };
  const { simulator } = await expectSurvived(knobs);
  expect(faultCount(simulator)).toBeGreaterThan(0);
});

describe('one at a time, at a share of 0.1', () => {
  const singles: readonly [keyof SimulatorSettings, Knobs][] = [
    ['htmlError', {}],
    ['truncatedBody', { truncatedBodyBytes: 50_000 }],
    ['nullBody', {}],
    ['nonJsonBody', {}],
    ['wrongContentType', {}],
    ['reset', {}],
    ['stall', {}],
    ['stallHead', {}],
    ['hugeBody', HUGE],
    ['reservedPage', {}],
    ['duplicateRows', {}],
    ['missingLimitHeaders', {}],
    ['nonsenseLimitHeaders', {}],
    ['totalLies', CHAINS],
  ];
  test.each(singles)('%s', async (kind, knobs) => {
    const seeded = { eventsQuota: 500, seed: SINGLES_SEED, ...knobs, [kind]: 0.1 };
    const { simulator } = await expectSurvived(seeded);
    expect(simulator.stats().faults).toHaveProperty(kind);
  });

  test('a body of 128 MB is cut off where it outgrows the limit, not held', async () => {
    const { exit, simulator } = await expectSurvived({ hugeBody: 0.15, eventsQuota: 500 });
    expect(simulator.stats().faults.hugeBody).toBeGreaterThanOrEqual(2);
    expect(Number(exit.result?.peakRssBytes)).toBeLessThan(300_000_000);
  });
});

describe('a limit that is at work', () => {
  const tight = { eventsQuota: 12, eventsWindowMs: 1_000 };

  const dialects = ['github', 'iso', 'http-date'] as const;
  test.each(
    dialects.flatMap((limitDialect) =>
      [-3_600_000, 3_600_000].map((clockSkewMs) => ({ limitDialect, clockSkewMs })),
    ),
  )('told as instants by a clock that is an hour off is kept: %o', async (knobs) => {
    // A slow machine would open a second chain, whose built cursor is dead by a clock that is ahead.
    const oneChain = { ...PATIENT, WORKER_CONCURRENCY: '1' };
    const { exit } = await expectSurvived({ ...tight, events: 4_000, ...knobs }, oneChain);
    // 17 pages at 12 a second; a minute if the window were not learned.
    expect(exit.tookMs).toBeLessThan(20_000);
  });

  test('is kept by what is asked for again', async () => {
    await expectSurvived({ ...tight, ...everyFault(0.05) });
  });

  test.each([2_147_483_648, 4_294_967_295])('a quota of %d', async (eventsQuota) => {
    const { exit } = await expectSurvived({ eventsQuota }, PATIENT);
    expect(exit.result).toMatchObject({ refused: 0 });
  });
});

describe('what ends a run in the middle', () => {
  let elsewhere: FixtureServer | null = null;
  afterEach(async () => {
    await elsewhere?.close();
    elsewhere = null;
  });

  /** Runs into the fault, then against the same address without it. */
  async function expectMended(knobs: Knobs, code: number): Promise<Exit> {
    const first = await simulate({ ...SMALL, ...knobs });
    const changes = { ...QUICK, ...PATIENT, WORKER_CONCURRENCY: '1' };
    const environment = environmentFor(first, database, changes);
    const exit = await folder.run(['ingest', '--json'], environment);
    expect(exit.code, exit.stderr).toBe(code);
    const { pages } = await ledgerSums(database.pool);
    expect(pages).toBeGreaterThan(0);
    await first.close();
    const { seed } = first.settings;
    const mended = await simulate({ ...SMALL, seed, port: first.port });
    const again = await folder.run(['ingest', '--json'], environment);
    expect(again.code, again.stderr).toBe(0);
    expect(again.result).toMatchObject({ resumedFrom: pages });
    await expectExactly(database.pool, mended.settings);
    const sums = await ledgerSums(database.pool);
    expect(mended.stats().pagesServed).toBe(sums.pages - pages);
    return exit;
  }

  test('a redirect: the key goes to no other host, and the next start completes', async () => {
    elsewhere = await startFixtureServer((_, response) => response.end('{}'));
    const redirectTo = `${elsewhere.origin}/api/v1/events`;
    const { result } = await expectMended({ redirect: 0.15, redirectTo }, 1);
    expect(result?.reason).toMatch(/segment \d+, page \d+: HTTP 302.*redirects/);
    expect(elsewhere.requests).toHaveLength(0);
  });

  test('a key that dies: exit 4, and the next start completes', async () => {
    const { result } = await expectMended({ keyDiesAfterRequests: 6 }, 4);
    expect(result?.reason).toMatch(/refused the key/);
  });

  test('a cursor that loops: exit 1, and the next start completes', async () => {
    const { result } = await expectMended(
      { loopingCursor: 0.5, faultBurst: 20, seed: LOOP_SEED },
      1,
    );
    expect(result?.reason).toMatch(/segment \d+, page \d+: the API gave a cursor/);
  });
});
