/**
 * Deaths of the process and of its threads, at exact moments. Whatever dies, the next start ends with
 * exactly the API's ids and asks again only for what had not committed.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import {
  environmentFor,
  expectExactly,
  ledgerSums,
  type Simulation,
  untilDisconnected,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { breaking, type Exit, useIngestFolder } from '../support/ingest-process.js';
import { expectPaced } from '../support/own-starts.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

const EVENTS = 12_000;
/** Nothing may keep a process alive that has said its last word. */
const LINGER_MS = 3_000;
/** The log of starts is saved for a few at a time. */
const SLOW = { eventsQuota: 10, eventsWindowMs: 500 };
const CHAINS = { events: 40_000, eventsQuota: 0, latencyMs: 60 };
/** Pages of a run: the last one of a segment need not be full. */
const BATCH = { BATCH_SIZE: '1000' };

/** The program, broken as `wish` says: see break-process. */
async function runBroken(
  simulator: Simulation,
  wish: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<Exit> {
  const environment = environmentFor(simulator, database, { ...BATCH, ...changes });
  const exit = await folder.run(['ingest', '--json'], environment, breaking(wish));
  expect(exit.lingeredMs, exit.stderr).toBeLessThan(LINGER_MS);
  return exit;
}

/** The start after `broken` completes the run, and what it fetches is what the ledger lacked. */
async function expectCompletedAfter(broken: Exit, simulator: Simulation): Promise<void> {
  await untilDisconnected(database.pool);
  const lost = simulator.stats().pagesServed - (await ledgerSums(database.pool)).pages;
  const environment = environmentFor(simulator, database, BATCH);
  const exit = await folder.run(['ingest', '--json'], environment);
  expect(exit.code, exit.stderr).toBe(0);
  expect(exit.lingeredMs, exit.stderr).toBeLessThan(LINGER_MS);
  await expectExactly(database.pool, simulator.settings);
  const sums = await ledgerSums(database.pool);
  expect(sums).toMatchObject({ inserted: simulator.settings.events, unbalanced: 0 });
  // Every page was served once, but for those that the death lost.
  expect(simulator.stats().pagesServed).toBeLessThanOrEqual(sums.pages + lost);
  expectPaced([broken, exit], simulator.settings);
  const verified = await folder.run(['verify'], environment);
  expect(verified.code, verified.stdout).toBe(0);
}

describe('SIGKILL as a message crosses the loop', () => {
  const moments: readonly [string, Partial<SimulatorSettings>][] = [
    ['out:reserveStarts:1', {}],
    ['out:reserveStarts:3', SLOW],
    ['in:startsReserved:1', {}],
    ['in:startsReserved:3', SLOW],
    ['out:fetch:1', {}],
    ['out:fetch:5', {}],
    ['in:head:1', {}],
    ['in:head:6', {}],
    ['in:scanned:1', {}],
    ['in:scanned:7', {}],
    ['in:failed:1', { htmlError: 0.3 }],
    ['in:failed:2', { truncatedBody: 0.3, truncatedBodyBytes: 50_000 }],
    ['out:write:1', {}],
    ['out:write:4', {}],
    ['in:committed:1', {}],
    ['in:committed:8', {}],
    ['out:splitSegment:1', CHAINS],
    ['out:splitSegment:3', CHAINS],
    ['out:endSegment:1', CHAINS],
    ['out:endSegment:3', CHAINS],
    ['out:finish:1', {}],
  ];
  test.each(moments)('%s (%o): the next start ends with exactly the ids', async (moment, knobs) => {
    const simulator = await simulate({ events: EVENTS, ...knobs });
    const broken = await runBroken(simulator, `kill=${moment}`);
    expect(broken.signal, broken.stderr).toBe('SIGKILL');
    await expectCompletedAfter(broken, simulator);
  });

  test.each(['in:head:4', 'out:write:3', 'in:committed:5', 'out:finish:1'])(
    '%s: with cursors that only the API can read likewise',
    async (moment) => {
      const simulator = await simulate({ events: EVENTS, opaqueCursors: true });
      const broken = await runBroken(simulator, `kill=${moment}`);
      expect(broken.signal, broken.stderr).toBe('SIGKILL');
      await expectCompletedAfter(broken, simulator);
    },
  );

  test('control: without a wish the program is not broken', async () => {
    const simulator = await simulate({ events: 2_000 });
    const { code } = await runBroken(simulator, 'none');
    expect(code).toBe(0);
  });
});

describe('a thread that dies', () => {
  test.each([
    ['once', '1'],
    ['once', '2'],
    ['memory', '1'],
  ])(
    'a fetch worker (%s, one of %s): its pages are asked for again and the run goes on',
    async (manner, FETCH_THREADS) => {
      const simulator = await simulate({ events: EVENTS });
      const marker = join(folder.path, 'died');
      const wish = `fetch=${manner}:${marker}`;
      const { code, result, stderr } = await runBroken(simulator, wish, { FETCH_THREADS });
      expect(existsSync(marker)).toBe(true);
      expect(code, stderr).toBe(0);
      expect(stderr).toContain('the fetch worker died');
      expect(Number(result?.retries)).toBeGreaterThanOrEqual(1);
      await expectExactly(database.pool, simulator.settings);
      expect(await ledgerSums(database.pool)).toMatchObject({ inserted: EVENTS, unbalanced: 0 });
    },
  );

  test('a page that kills its worker three times ends the run and is named', async () => {
    const simulator = await simulate({ events: EVENTS });
    const broken = await runBroken(simulator, 'fetch=always');
    expect(broken.code).toBe(1);
    expect(String(broken.result?.reason)).toMatch(
      // A page that a cursor leads to: the second of the first segment, or any of another.
      /segment (0, page 2|[1-9]\d*, page 1): .*killed a worker 3 times/,
    );
    expect(broken.tookMs).toBeLessThan(20_000);
    await expectCompletedAfter(broken, simulator);
  });

  test('the writer, with a page in hand: the run ends at once and the next start completes it', async () => {
    const simulator = await simulate({ events: EVENTS });
    const broken = await runBroken(simulator, 'writer=3');
    expect(broken.code, broken.stderr).toBe(1);
    expect(String(broken.result?.reason)).toContain('the writer thread died');
    await expectCompletedAfter(broken, simulator);
  });
});

test('a state file that cannot be written is told once and costs nothing', async () => {
  const simulator = await simulate({ events: EVENTS });
  const { code, stderr } = await folder.run(
    ['ingest', '--json'],
    // Its folder cannot be made.
    environmentFor(simulator, database, { ...BATCH, STATE_FILE: '/dev/full/state' }),
  );
  expect(code, stderr).toBe(0);
  expect(stderr.match(/the state file cannot be written/g)).toHaveLength(1);
  expect(stderr).toMatch(/ENOTDIR|EEXIST/);
  await expectExactly(database.pool, simulator.settings);
});
