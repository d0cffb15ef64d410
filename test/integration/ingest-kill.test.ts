/**
 * SIGKILL at random moments, and what may be lost between two starts: the state file, the cursor.
 * However a run was cut, it ends with exactly the API's ids.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  environmentFor,
  expectExactly,
  ledgerSums,
  type Simulation,
  untilDisconnected,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import {
  breaking,
  type Exit,
  type IngestProcess,
  useIngestFolder,
} from '../support/ingest-process.js';
import { drawInteger, seededRandom } from '../support/random.js';

const SEED = Number(process.env.SEED ?? Math.floor(performance.timeOrigin) % 1_000_000);
const random = seededRandom(SEED);

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

/** Starts the program and kills it at a random line of its log. @returns null when it ended before */
async function killAtRandom(simulator: Simulation, linesMax: number): Promise<IngestProcess> {
  const child = folder.start(['ingest', '--json'], environmentFor(simulator, database));
  const count = drawInteger(random, 1, linesMax);
  // A run that ends before is as good a moment as any.
  await child.untilLog(() => true, { count }).catch(() => null);
  await child.kill();
  await untilDisconnected(database.pool);
  return child;
}

/** Starts the program, which is killed as it hears of the commit with this number. */
async function killAtCommit(simulator: Simulation, count: number): Promise<void> {
  const environment = environmentFor(simulator, database);
  const flags = breaking(`kill=in:committed:${count}`);
  const { signal, stderr } = await folder.run(['ingest', '--json'], environment, flags);
  expect(signal, stderr).toBe('SIGKILL');
  await untilDisconnected(database.pool);
}

/** What the API served and the ledger does not have. */
async function uncommittedPages(simulator: Simulation): Promise<number> {
  return simulator.stats().pagesServed - (await ledgerSums(database.pool)).pages;
}

async function finish(simulator: Simulation): Promise<Exit> {
  const exit = await folder.run(['ingest', '--json'], environmentFor(simulator, database));
  expect(exit.code, `seed ${SEED}: ${exit.stderr}`).toBe(0);
  await expectExactly(database.pool, simulator.settings);
  return exit;
}

describe('a run killed at random moments', () => {
  test('ends with exactly the ids, and fetches again only what had not committed', async () => {
    const simulator = await simulate({ events: 60_000 });
    // Ten pages a life at most, so that there is always something left.
    for (let kill = 0; kill < 6; kill++) await killAtRandom(simulator, 20);
    const lost = await uncommittedPages(simulator);
    const { result } = await finish(simulator);
    const { pages, segments, unbalanced } = await ledgerSums(database.pool);
    expect(unbalanced).toBe(0);
    expect(result).toMatchObject({ eventsIngested: 60_000, inserted: 60_000, pages });
    // Each segment ends in a page that is not full; whatever is beyond that was fetched twice.
    expect(pages, `seed ${SEED}`).toBeLessThanOrEqual(60 + segments);
    expect(simulator.stats().pagesServed, `seed ${SEED}`).toBe(pages + lost);
    expect(simulator.stats().refused, `seed ${SEED}`).toBe(0);
  });

  test('does so with opaque cursors, that only the API can read', async () => {
    const simulator = await simulate({ opaqueCursors: true });
    for (let kill = 0; kill < 3; kill++) await killAtRandom(simulator, 12);
    const lost = await uncommittedPages(simulator);
    await finish(simulator);
    const { pages } = await ledgerSums(database.pool);
    expect(simulator.stats().pagesServed, `seed ${SEED}`).toBe(pages + lost);
  });
});

describe('a killed run resumes from the database', () => {
  const damages: readonly [string, () => void][] = [
    ['deleted', () => rmSync(folder.stateFile, { force: true })],
    ['garbage', () => damage('\u0000\u0001{"cursor": 12')],
    ['a directory', () => mkdirSync(folder.stateFile, { recursive: true })],
    ['from another time', () => damage('{"cursor":"bm9uZQ==","eventsIngested":99,"segments":[]}')],
  ];

  function damage(content: string): void {
    mkdirSync(dirname(folder.stateFile), { recursive: true });
    writeFileSync(folder.stateFile, content);
  }

  test.each(damages)('with a state file that is %s', async (_, spoil) => {
    const simulator = await simulate();
    await killAtCommit(simulator, 5);
    rmSync(folder.stateFile, { force: true });
    spoil();
    const { pages } = await ledgerSums(database.pool);
    const lost = await uncommittedPages(simulator);
    const { result } = await finish(simulator);
    expect(result?.resumedFrom).toBe(pages);
    const sums = await ledgerSums(database.pool);
    expect(simulator.stats().pagesServed).toBe(sums.pages + lost);
  });
});

describe('a stop that outlasts the cursor', () => {
  const TTL_MS = 1_500;

  /** Kills a run half-way and waits until every cursor that it was given has died. */
  async function stopPastTheCursor(simulator: Simulation): Promise<void> {
    await killAtCommit(simulator, 8);
    const { rows } = await database.pool.query<{ ms: number }>(
      `SELECT greatest(0, extract(epoch FROM max(next_cursor_expires_at) - clock_timestamp())
         * 1000)::float8 AS ms FROM ingestion_pages`,
    );
    await new Promise((resolve) => setTimeout(resolve, (rows[0]?.ms ?? 0) + 50));
  }

  test('costs no page where positions can be sought', async () => {
    const simulator = await simulate({ cursorTtlMs: TTL_MS });
    await stopPastTheCursor(simulator);
    const lost = await uncommittedPages(simulator);
    const { result } = await finish(simulator);
    const { pages, segments } = await ledgerSums(database.pool);
    expect(pages).toBeLessThanOrEqual(20 + segments);
    expect(simulator.stats().pagesServed).toBe(pages + lost);
    expect(result).toMatchObject({ eventsIngested: 20_000, inserted: 20_000 });
  });

  test('is walked again from the start with opaque cursors, known rows being duplicates', async () => {
    const simulator = await simulate({ cursorTtlMs: TTL_MS, opaqueCursors: true });
    await stopPastTheCursor(simulator);
    const { inserted } = await ledgerSums(database.pool);
    const { result } = await finish(simulator);
    const sums = await ledgerSums(database.pool);
    expect(sums).toMatchObject({ inserted: 20_000, unbalanced: 0 });
    expect(sums.duplicate).toBeGreaterThanOrEqual(inserted);
    expect(result).toMatchObject({ status: 'complete', eventsIngested: 20_000 });
  });
});
