import { beforeEach, describe, expect, test } from 'vitest';
import type { LimitRow, StartsWanted } from '../../src/database/ledger-types.js';
import { openRunStore, type RunStore } from '../../src/database/run-store.js';
import { formatPosition, type Position } from '../../src/paging/position.js';
import { EVENTS_TABLE } from '../../src/postgres/stream-table.js';
import { usePostgres } from '../support/postgres.js';

const database = usePostgres();
let store: RunStore;
let run: number;

const ORIGIN = 'simulator seed 1, 1000 events';
const STREAM = { source: 'datasync', stream: 'events', origin: ORIGIN };
const place = (ms: number): Position => ({ ms, id: '00000000-0000-4000-8000-000000000001' });

beforeEach(async () => {
  await database.pool.query('TRUNCATE ingestion_pages');
  store = openRunStore(database.pool);
  const settings = { concurrency: 4 };
  ({ run } = await store.createRun({ ...STREAM, table: EVENTS_TABLE, settings }));
});
interface PageRow {
  readonly segment: number;
  readonly page: number;
  readonly after: Position | null;
  readonly through: Position | null;
  readonly nextCursor: string | null;
}

/** As the writer does it; all but the positions are the same for each page. */
async function commitPage({ segment, page, after, through, nextCursor }: PageRow): Promise<void> {
  await database.pool.query(
    `INSERT INTO ingestion_pages (run, segment, page, cursor, next_cursor, next_cursor_expires_at,
       has_more, after_position, through_position, fetched_at, returned, inserted, duplicate,
       known, quarantined, bytes, id, digest)
     VALUES ($1, $2, $3, 'c', $4, to_timestamp(1769541612.369), $4::text IS NOT NULL, $5, $6, now(),
       10, 7, 2, 1, 1, 100, nextval('ingestion_page_ids'), 0)`,
    [
      run,
      segment,
      page,
      nextCursor,
      after && formatPosition(after),
      through && formatPosition(through),
    ],
  );
}

describe('runs', () => {
  test('a new run is the latest of its source and origin, and runs', async () => {
    const latest = await store.findLatestRun(STREAM);
    expect(latest).toMatchObject({
      run,
      source: 'datasync',
      origin: ORIGIN,
      status: 'running',
      finishedAtMs: null,
      resumeAtMs: null,
      lastError: null,
      settings: { concurrency: 4 },
    });
    expect(Math.abs(Date.now() - Number(latest?.startedAtMs))).toBeLessThan(60_000);
    expect(await store.findLatestRun({ ...STREAM, origin: 'another' })).toBeNull();
  });

  test('a paused run says when to come back and why, and forgets both when it goes on', async () => {
    const resumeAtMs = 1_769_541_612_369;
    await store.setRunStatus(run, 'paused', { resumeAtMs, lastError: 'quota spent' });
    expect(await store.findLatestRun(STREAM)).toMatchObject({
      status: 'paused',
      resumeAtMs,
      lastError: 'quota spent',
      finishedAtMs: null,
    });
    await store.setRunStatus(run, 'running');
    expect(await store.findLatestRun(STREAM)).toMatchObject({
      status: 'running',
      resumeAtMs: null,
      lastError: null,
    });
  });

  test('an error of a run that goes on is there until it is over, and none comes after its end', async () => {
    await store.setLastError(run, 'HTTP 503');
    expect((await store.findRun(run))?.lastError).toBe('HTTP 503');
    await store.setLastError(run, null);
    expect((await store.findRun(run))?.lastError).toBeNull();
    await store.setRunStatus(run, 'paused', { lastError: 'quota spent' });
    await store.setLastError(run, 'HTTP 503');
    expect((await store.findRun(run))?.lastError).toBe('quota spent');
  });

  test('a complete run has its end', async () => {
    await store.setRunStatus(run, 'complete');
    const latest = await store.findLatestRun(STREAM);
    expect(latest?.status).toBe('complete');
    expect(latest?.finishedAtMs).not.toBeNull();
  });
});

describe('segments and pages', () => {
  test('pages come back as they were committed, in the order of segment and page', async () => {
    await commitPage({ segment: 1, page: 0, after: place(5), through: null, nextCursor: null });
    await commitPage({ segment: 0, page: 1, after: place(9), through: place(5), nextCursor: 'n1' });
    await commitPage({ segment: 0, page: 0, after: null, through: place(9), nextCursor: 'n0' });
    const pages = await store.loadPages(run);
    expect(pages.map(({ segment, page }) => [segment, page])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
    ]);
    expect(pages[1]).toEqual({
      id: expect.any(Number),
      segment: 0,
      page: 1,
      cursor: 'c',
      nextCursor: 'n1',
      nextCursorExpiresAtMs: 1_769_541_612_369,
      hasMore: true,
      isOrdered: true,
      clipped: 0,
      after: place(9),
      through: place(5),
      returned: 10,
      inserted: 7,
      updated: 0,
      duplicate: 2,
      known: 1,
      quarantined: 1,
      last: null,
    });
    expect(pages[2]).toMatchObject({ hasMore: false, nextCursor: null, through: null });
    expect(await store.loadTotals(run)).toEqual({
      pages: 3,
      returned: 30,
      inserted: 21,
      updated: 0,
      duplicate: 6,
      differing: 0,
      quarantined: 3,
      // What was there before cannot be more than others have written: nothing.
      rows: 21,
    });
  });

  test('rows that were there before the run are its own too, as many as others have written', async () => {
    const first = run;
    await commitPage({ segment: 0, page: 0, after: null, through: null, nextCursor: null });
    ({ run } = await store.createRun({ ...STREAM, table: EVENTS_TABLE, settings: {} }));
    for (let page = 0; page < 9; page++) {
      await commitPage({ segment: 0, page, after: null, through: place(page), nextCursor: 'n' });
    }
    // Each page says that it found one row of others, who have written seven in all.
    expect((await store.loadTotals(run)).rows).toBe(63 + 7);
    await database.pool.query('UPDATE ingestion_unowned_rows SET count = 1');
    expect((await store.loadTotals(run)).rows).toBe(63 + 8);
    await database.pool.query('UPDATE ingestion_unowned_rows SET count = 0');
    expect((await store.loadTotals(first)).rows).toBe(7 + 1);
  });

  test('a run without pages has totals of zero', async () => {
    expect(await store.loadPages(run)).toEqual([]);
    expect(await store.loadTotals(run)).toEqual({
      ...{ pages: 0, returned: 0, inserted: 0, updated: 0, duplicate: 0 },
      ...{ differing: 0, quarantined: 0 },
      rows: 0,
    });
  });
});

describe('limits', () => {
  const key = { origin: ORIGIN, keyHash: 'abc', bucket: 'events' };

  /** What one process gives; nothing is planned. */
  const givenBy = (owner: string, limits: readonly LimitRow[]): StartsWanted => ({
    limits: limits.map((row) => ({ ...row, free: null, spanMs: null })),
    ...{ owner, heirOf: [], boot: { id: 'machine', atMs: 1_700_000_000_000.5 } },
    ...{ count: 0, untilMs: 0 },
  });

  test('all logs of a bucket come back as they were saved last, for its key alone', async () => {
    expect((await store.loadLimits(key)).rows).toEqual([]);
    const none = { quota: null, windowMs: null, startedAtMs: [], startedCount: [] };
    await store.reserveStarts(
      key,
      givenBy('a', [
        { ...none, bucket: 'events/gone', name: 'gone' },
        { ...none, bucket: 'events/kept', name: 'kept' },
      ]),
    );
    const log = {
      ...{ bucket: 'events/kept', name: 'kept', quota: 10, windowMs: 60_000 },
      startedAtMs: [1_769_541_612_369.25, 1_769_541_613_000],
      startedCount: [1, 9],
    };
    const other = { ...log, bucket: 'events/other', name: 'other', quota: 30 };
    const { nowMs } = await store.reserveStarts(key, givenBy('a', [log, other]));
    expect(Math.abs(nowMs - Date.now())).toBeLessThan(5_000);
    const known = { owner: 'a', boot: 'machine', bootAtMs: 1_700_000_000_000.5 };
    const saved = [
      { ...log, ...known },
      { ...other, ...known },
    ];
    expect((await store.loadLimits(key)).rows).toEqual(saved);
    expect((await store.loadLimits({ ...key, bucket: 'metrics' })).rows).toEqual([]);
    expect((await store.loadLimits({ ...key, keyHash: 'abd' })).rows).toEqual([]);
    await store.reserveStarts({ ...key, bucket: 'event' }, givenBy('a', []));
    expect((await store.loadLimits(key)).rows).toHaveLength(2);
  });
});

describe('counts of the table', () => {
  test('they follow the rows; the estimate is known once the table was analysed', async () => {
    expect(await store.tableHasRows(EVENTS_TABLE)).toBe(false);
    expect(await store.estimateRows(EVENTS_TABLE)).toBeNull();
    await database.pool.query(
      `INSERT INTO ingested_events (id, data) SELECT gen_random_uuid(), '{}' FROM generate_series(1, 500)`,
    );
    await database.pool.query('ANALYZE ingested_events');
    expect(await store.tableHasRows(EVENTS_TABLE)).toBe(true);
    expect(await store.estimateRows(EVENTS_TABLE)).toBe(500);
  });
});

test('a database that refuses is told as a fault with its code', async () => {
  await database.pool.query('ALTER TABLE ingestion_limits RENAME TO hidden');
  const key = { origin: ORIGIN, keyHash: 'abc', bucket: 'events' };
  await expect(store.loadLimits(key)).rejects.toMatchObject({
    name: 'IngestionError',
    fault: { code: 'DATABASE_REFUSED', message: expect.stringContaining('42P01') },
  });
  await database.pool.query('ALTER TABLE hidden RENAME TO ingestion_limits');
});
