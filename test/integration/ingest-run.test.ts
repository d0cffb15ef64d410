/** A run from nothing, a second start, a new run, and what `status` and `doctor` say of them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { holdingCommits } from '../support/hold-commits.js';
import {
  environmentFor,
  expectExactly,
  ledgerSums,
  runStatus,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { REPOSITORY } from '../support/repository.js';
import { fullestWindow } from '../support/windows.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

describe('a run', () => {
  test('from nothing ends with exactly the ids of the API, and says so', async () => {
    const simulator = await simulate({ events: 30_500, eventsQuota: 16, eventsWindowMs: 4_000 });
    const { code, result, stderr, stdout } = await folder.run(
      ['ingest', '--json'],
      environmentFor(simulator, database),
    );
    expect(code, stderr).toBe(0);
    await expectExactly(database.pool, simulator.settings);

    const stats = simulator.stats();
    expect(stderr).toMatch(/^ingestion complete$/m);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    const sums = await ledgerSums(database.pool);
    expect(sums).toMatchObject({ inserted: 30_500, quarantined: 0, unbalanced: 0 });
    expect(result).toMatchObject({
      status: 'complete',
      eventsIngested: 30_500,
      returned: sums.returned,
      inserted: 30_500,
      updated: 0,
      duplicate: sums.duplicate,
      quarantined: 0,
      pages: sums.pages,
      requests: stats.eventsArrivalsMs.length,
      refused: 0,
      retries: 0,
      durationMs: expect.any(Number),
      eventsPerSecond: expect.any(Number),
      permittedRequests: expect.any(Number),
      peakRssBytes: expect.any(Number),
      mainLoopDelayP99Ms: expect.any(Number),
      resumedFrom: null,
      writeMethod: expect.stringMatching(/copy|insert/),
    });
    const permitted = Number(result?.permittedRequests);
    expect(permitted).toBeGreaterThanOrEqual(stats.eventsArrivalsMs.length);
    // The share itself is for the bench: this machine may be busy.
    expect(result?.utilisation).toSatisfy((share: number) => share > 0.5 && share <= 1);
    expect(stats.refused).toBe(0);
    expect(fullestWindow(stats.eventsArrivalsMs, 4_000)).toBeLessThanOrEqual(16);
    expect(await runStatus(database.pool)).toBe('complete');
    expect(folder.readState()).toMatchObject({ status: 'complete', eventsIngested: 30_500 });
  });

  test('of an API that holds nothing is complete with no row', async () => {
    const simulator = await simulate({ events: 0 });
    const { code, result } = await folder.run(
      ['ingest', '--json'],
      environmentFor(simulator, database),
    );
    expect(code).toBe(0);
    expect(result).toMatchObject({ status: 'complete', eventsIngested: 0, pages: 1, requests: 1 });
  });

  test('behind one that is finished asks for what is new', async () => {
    const simulator = await simulate();
    const environment = environmentFor(simulator, database);
    await folder.run(['ingest', '--json'], environment);
    const { code, result } = await folder.run(['ingest', '--json'], environment);
    expect(code).toBe(0);
    expect(result).toMatchObject({ run: 2, status: 'complete', requests: 1, inserted: 0 });
    expect((await folder.run(['verify'], environment)).code).toBe(0);
  });

  /** The default source, every run of which reads all. */
  function wholeSource(): readonly string[] {
    const shipped = readFileSync(join(REPOSITORY, 'sources/datasync.yaml'), 'utf8');
    const path = join(folder.path, 'whole.yaml');
    writeFileSync(path, shipped.replace(/^.*incremental: .*$/m, ''));
    return ['ingest', '--source', path];
  }

  test('that is finished is left alone where nothing tells what is new, and asks the API nothing', async () => {
    const simulator = await simulate();
    const environment = environmentFor(simulator, database);
    const ingest = wholeSource();
    await folder.run([...ingest, '--json'], environment);
    const before = simulator.stats();

    const second = await folder.run([...ingest, '--json'], environment);
    expect(second.code).toBe(0);
    expect(second.result).toMatchObject({ status: 'complete', alreadyComplete: true });
    expect(second.stderr).toMatch(/^ingestion complete$/m);
    expect(simulator.stats().requests).toEqual(before.requests);
    const spoken = await folder.run(ingest, environment);
    expect(spoken.stdout).toMatch(/is finished: 20,000 rows.*--full/s);
    expect(spoken.stdout).toMatch(/^ingestion complete$/m);
  });

  test('that is finished, and whose rows were deleted since, says what the table has', async () => {
    const simulator = await simulate({ events: 5_000 });
    const environment = environmentFor(simulator, database);
    const ingest = wholeSource();
    await folder.run([...ingest, '--json'], environment);
    await database.pool.query(
      'DELETE FROM ingested_events WHERE id IN (SELECT id FROM ingested_events LIMIT 3)',
    );
    const again = await folder.run([...ingest, '--json'], environment);
    expect(again.result).toMatchObject({
      ...{ alreadyComplete: true, eventsIngested: 5_000, tableRows: 4_997 },
      message: 'Run 1 is finished: 5,000 rows by the ledger; the table has 4,997 rows.',
    });
    expect(again.stderr).toMatch(/"event":"rows_missing".*3 rows fewer than the ledger says/);
    const { stdout } = await folder.run(['status', ...ingest.slice(1)], environment);
    expect(stdout).toMatch(/table +4,997 rows, 3 fewer than the ledger says/);
  });

  test('begun anew by --restart deletes nothing and finds every row a duplicate', async () => {
    const simulator = await simulate();
    const environment = environmentFor(simulator, database);
    await folder.run(['ingest', '--json'], environment);
    await database.pool.query(
      "INSERT INTO ingested_events VALUES ('00000000-0000-4000-8000-000000000000', now(), '{}')",
    );

    const { code, result } = await folder.run(['ingest', '--restart', '--json'], environment);
    expect(code).toBe(0);
    expect(result).toMatchObject({ run: 2, inserted: 0, eventsIngested: 20_000 });
    expect(await ledgerSums(database.pool, 2)).toMatchObject({ inserted: 0, unbalanced: 0 });
    await database.pool.query("DELETE FROM ingested_events WHERE id::text LIKE '00000000-%'");
    await expectExactly(database.pool, simulator.settings);
    expect(await runStatus(database.pool, 1)).toBe('complete');
  });

  test.each([
    ['', {}],
    [' over pages that say no count', { flatShape: true, eventsQuota: 500 }],
  ])(
    'stopped by --max-events%s is paused with exit 3, and goes on at the next start',
    async (_, knobs) => {
      const simulator = await simulate(knobs);
      const environment = environmentFor(simulator, database);
      const first = await folder.run(['ingest', '--json', '--max-events', '5000'], environment);
      expect(first.code, first.stderr).toBe(3);
      expect(first.result).toMatchObject({
        status: 'paused',
        reason: expect.stringMatching('5000'),
      });
      const { pages, inserted } = await ledgerSums(database.pool);
      expect(inserted).toBeGreaterThanOrEqual(5_000);
      expect(inserted).toBeLessThan(20_000);

      const second = await folder.run(['ingest', '--json'], environment);
      expect(second.result).toMatchObject({ status: 'complete', resumedFrom: pages });
      await expectExactly(database.pool, simulator.settings);
    },
  );

  test.each([-3_600_000, 3_600_000])(
    'whose API has a clock that is %d ms ahead is cut in two and resumed',
    async (clockSkewMs) => {
      const simulator = await simulate({ clockSkewMs, eventsQuota: 500, latencyMs: 50 });
      const environment = environmentFor(simulator, database, { BATCH_SIZE: '250' });
      const first = await folder.run(['ingest', '--json', '--max-events', '10000'], environment);
      expect(first.code, first.stderr).toBe(3);
      expect((await ledgerSums(database.pool)).segments).toBeGreaterThan(1);
      expect(simulator.stats().requests.events).not.toHaveProperty('400');

      const second = await folder.run(['ingest', '--json'], environment);
      expect(second.code, second.stderr).toBe(0);
      expect(second.stderr).not.toMatch(/seek_failed|walk_restarted/);
      // The first request of a process goes alone, and its answer tells the time.
      expect(simulator.stats().requests.events?.[400] ?? 0).toBeLessThanOrEqual(1);
      await expectExactly(database.pool, simulator.settings);
      expect(await ledgerSums(database.pool)).toMatchObject({ inserted: 20_000, duplicate: 0 });
    },
  );

  test('with --dry-run asks and writes nothing', async () => {
    const simulator = await simulate();
    const { code, result } = await folder.run(
      ['ingest', '--dry-run', '--json'],
      environmentFor(simulator, database),
    );
    expect(code).toBe(0);
    expect(result).toMatchObject({ status: 'dry-run', pageLimit: 1000, asked: { type: 'next' } });
    const told = await folder.run(
      ['ingest', '--dry-run', '--since', '2026-01-01'],
      environmentFor(simulator, database),
    );
    expect(told.stdout).toContain('asked        from 2026-01-01 to the end');
    expect(simulator.stats().requests).toEqual({});
    expect(await runStatus(database.pool)).toBeUndefined();
  });
});

describe('status and doctor', () => {
  test('status tells where a half-done and a finished run stand', async () => {
    const simulator = await simulate();
    const environment = environmentFor(simulator, database);
    const none = await folder.run(['status', '--json'], environment);
    expect(none.result).toEqual({ status: 'none', message: expect.stringMatching(/^No run yet/) });

    await folder.run(['ingest', '--json', '--max-events', '5000'], environment);
    const { inserted, pages } = await ledgerSums(database.pool);
    const asked = simulator.stats().requests;
    const half = await folder.run(['status', '--json'], environment);
    expect(half.code).toBe(0);
    expect(half.result).toMatchObject({ run: 1, status: 'paused', rows: inserted, pages });
    expect(Number(half.result?.openSegments)).toBeGreaterThanOrEqual(1);
    expect(half.result).toMatchObject({ reason: '--max-events 5000 reached', lastError: null });
    expect(simulator.stats().requests).toEqual(asked);

    await folder.run(['ingest', '--json'], environment);
    const finished = await folder.run(['status', '--json'], environment);
    expect(finished.result).toMatchObject({
      status: 'complete',
      rows: 20_000,
      quarantined: 0,
      openSegments: 0,
      lastError: null,
    });
    const spoken = await folder.run(['status'], environment);
    expect(spoken.stdout).toMatch(/Run 1: complete[\s\S]*20,000 of 20,000 rows committed/);
    expect(spoken.stdout).toMatch(/table +20,000 rows$/m);
  });

  test('status answers while another process runs, and does not disturb it', async () => {
    const simulator = await simulate({ eventsQuota: 5, eventsWindowMs: 500 });
    const environment = environmentFor(simulator, database);
    const running = await holdingCommits(database, async (hold) => {
      const first = folder.start(['ingest', '--json'], environment);
      await first.untilLog('page_committed', { count: 3 });
      await hold();
      const { code, result } = await folder.run(['status', '--json'], environment);
      expect(code).toBe(0);
      expect(result).toMatchObject({ status: 'running' });
      expect(Number(result?.pages)).toBeGreaterThanOrEqual(3);
      return first;
    });
    expect((await running.end()).code).toBe(0);
    await expectExactly(database.pool, simulator.settings);
  });

  test('doctor judges the disk where the embedded database lies', async () => {
    const blocker = join(folder.path, 'blocker');
    writeFileSync(blocker, 'a file where the folder should be');
    const { code, result } = await folder.run(['doctor', '--json'], { DATA_FOLDER: blocker });
    expect(code).toBe(1);
    expect(result?.findings).toContainEqual({
      ...{ what: 'disk', isGood: false, message: expect.stringContaining(blocker) },
    });
    expect(result?.findings).toContainEqual(
      expect.objectContaining({ what: 'state file', isGood: true }),
    );
  });

  test('doctor names what is wrong and its remedy, with exit 1', async () => {
    const simulator = await simulate();
    const { code, result } = await folder.run(
      ['doctor', '--json'],
      environmentFor(
        simulator,
        { connectionString: 'postgres://nobody:hunter2@127.0.0.1:1/none' },
        { DATABASE_WAIT: '0' },
      ),
    );
    expect(code).toBe(1);
    expect(result).toMatchObject({ isGood: false });
    const findings = JSON.stringify(result);
    expect(findings).toMatch(/127\.0\.0\.1:1\/none/);
    expect(findings).toMatch(/Check that PostgreSQL runs/);
    expect(findings).not.toMatch('hunter2');
  });
});
