/** Pages of a segment are written by the member that holds it, and by nobody else. */
import { beforeEach, describe, expect, test } from 'vitest';
import { openSegmentStore, type SegmentStore } from '../../src/database/segment-store.js';
import type { WriterSettings } from '../../src/protocol/writer-messages.js';
import { usePostgres } from '../support/postgres.js';
import {
  beginRun,
  claimAll,
  joinRun,
  lapse,
  neighbours,
  numbersOf,
  type RunMember,
} from '../support/run-members.js';
import { committed, countOf, waitingBackend, withWriter } from '../support/writer-database.js';
import { type TestRow, testPage, testRows } from '../support/writer-pages.js';

const database = usePostgres();
let segments: SegmentStore;
let run: number;
let member: RunMember;
let other: RunMember;

beforeEach(async () => {
  await database.pool.query(
    'TRUNCATE ingested_events, ingestion_pages, ingestion_quarantine, ingestion_segments',
  );
  segments = openSegmentStore(database.pool);
  run = await beginRun(database.pool);
  member = await joinRun(database.pool, run);
  other = await joinRun(database.pool, run);
  await segments.open(member.holder, neighbours(0, 1));
});

/** How a page comes to be written: by COPY, by INSERT, or by finding the rows that PostgreSQL refuses. */
const WAYS = [
  { way: 'copy', settings: { method: 'copy' }, rows: testRows(50), stored: 50 },
  { way: 'insert', settings: { method: 'insert' }, rows: testRows(50), stored: 50 },
  // At once: what was tried before would be refused already.
  {
    way: 'withoutRefused',
    settings: { hasTriggers: true },
    rows: withRefused(testRows(50)),
    stored: 49,
  },
] as const;

function withRefused(rows: TestRow[]): TestRow[] {
  return rows.map((row, nth) => (nth === 20 ? { ...row, record: '{"a":"\\u0000"}' } : row));
}

function write({ epoch }: RunMember, settings: Partial<WriterSettings>, rows: readonly TestRow[]) {
  return withWriter(database.connectionString, { ...settings, epoch }, (writer) =>
    writer.write(testPage(rows, { run })),
  );
}

async function expectNothingStored(): Promise<void> {
  for (const table of ['ingested_events', 'ingestion_pages', 'ingestion_quarantine']) {
    expect(await countOf(database.pool, table), table).toBe(0);
  }
}

describe.each(WAYS)('a page that is written by $way', ({ settings, rows, stored }) => {
  test('is taken of the holder', async () => {
    const { counts } = committed(await write(member, settings, rows));
    expect(counts).toMatchObject({ inserted: stored, quarantined: rows.length - stored });
    expect(await countOf(database.pool, 'ingested_events')).toBe(stored);
  });

  test('is refused of another member, and nothing of it is stored', async () => {
    expect(await write(other, settings, rows)).toMatchObject({
      type: 'failed',
      fault: { code: 'LEASE_LOST', retryable: false },
    });
    await expectNothingStored();
  });

  test.each([
    [
      'is claimed by another',
      () => lapse(database.pool, member).then(() => claimAll(segments, other)),
    ],
    ['is released', () => segments.release(member.holder)],
    ['has ended', () => segments.end(member.holder, [0])],
    ['was planned anew', () => segments.plan(run, [])],
  ] as const)('is refused once its segment %s', async (_, change) => {
    await change();
    expect(await write(member, settings, rows)).toMatchObject({ fault: { code: 'LEASE_LOST' } });
    await expectNothingStored();
  });

  test('is refused of a segment that is not there', async () => {
    const page = testPage(rows, { run, segment: 77 });
    const result = await withWriter(
      database.connectionString,
      { ...settings, epoch: member.epoch },
      (writer) => writer.write(page),
    );
    expect(result).toMatchObject({ type: 'failed', fault: { code: 'LEASE_LOST' } });
    // Its buffers come back.
    expect(result.type === 'failed' && result.batch).toBe(page.batch);
    await expectNothingStored();
  });

  test('and is under way when its segment is claimed commits before the claim returns', async () => {
    const client = await database.pool.connect();
    try {
      // The page stands still between its rows and its commit.
      await client.query('BEGIN');
      await client.query(
        `INSERT INTO ingestion_pages (run, segment, page, has_more, fetched_at, returned, inserted,
           duplicate, quarantined, bytes) VALUES ($1, 0, 0, true, now(), 0, 0, 0, 0, 0)`,
        [run],
      );
      await withWriter(
        database.connectionString,
        { ...settings, epoch: member.epoch },
        async (writer) => {
          const writing = writer.write(testPage(rows, { run }));
          await waitingBackend(database.pool);
          await lapse(database.pool, member);
          const claiming = claimAll(segments, other).then(async (claimed) => ({
            claimed,
            pages: await countOf(database.pool, 'ingestion_pages'),
          }));
          await waitingBackend(database.pool, 0, 'datasync-test');
          await client.query('ROLLBACK');
          const { claimed, pages } = await claiming;
          expect(numbersOf(claimed)).toEqual([0]);
          expect(pages).toBe(1);
          expect(committed(await writing).counts.inserted).toBe(stored);
          expect(await writer.write(testPage(rows, { run, page: 1 }))).toMatchObject({
            fault: { code: 'LEASE_LOST' },
          });
        },
      );
    } finally {
      client.release(true);
    }
    expect(await countOf(database.pool, 'ingestion_pages')).toBe(1);
  });
});

test('pages of several segments, held by several members, are written side by side', async () => {
  await segments.open(other.holder, neighbours(1, 1));
  const results = await Promise.all(
    [member, other].map(({ epoch }, segment) =>
      withWriter(database.connectionString, { epoch }, (writer) =>
        Promise.all(
          [0, 1, 2].map((page) =>
            writer.write(testPage(testRows(20, segment * 100 + page * 20), { run, segment, page })),
          ),
        ),
      ),
    ),
  );
  for (const result of results.flat()) expect(committed(result).counts.inserted).toBe(20);
  expect(await countOf(database.pool, 'ingested_events')).toBe(120);
});

test('a member that nobody asks for its epoch, as one that tries the quarantine again, holds nothing', async () => {
  const result = await withWriter(database.connectionString, {}, (writer) =>
    writer.write(testPage(testRows(10), { run, segment: 77 })),
  );
  expect(committed(result).counts.inserted).toBe(10);
});
