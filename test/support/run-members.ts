/** Members of a run as the ledger has them: they join, die and come back at a test's word. */
import type { Pool } from 'pg';
import { vi } from 'vitest';
import type { SegmentRange } from '../../src/core/claimed-segments.js';
import { type Joined, openMemberStore } from '../../src/database/members.js';
import { openRunStore } from '../../src/database/run-store.js';
import type { Holder, SegmentStore, TakenSegment } from '../../src/database/segment-store.js';
import type { Position } from '../../src/paging/position.js';
import { EVENTS_TABLE } from '../../src/postgres/stream-table.js';

export const STREAM = { source: 'datasync', stream: 'events', origin: 'https://api.example' };
export const LEASE_MS = 60_000;

export const place = (ms: number): Position => ({
  ms,
  id: '00000000-0000-4000-8000-000000000001',
});

export interface RunMember extends Joined {
  readonly holder: Holder;
}

export async function beginRun(pool: Pool, settings = {}): Promise<number> {
  const store = openRunStore(pool);
  return (await store.createRun({ ...STREAM, table: EVENTS_TABLE, settings })).run;
}

export async function joinRun(pool: Pool, run: number, leaseMs = LEASE_MS): Promise<RunMember> {
  const facts = { name: 'host process 1', version: '1.0.0', sourceDigest: 'abc' };
  const joined = await openMemberStore(pool).join(run, facts, { leaseMs, isShared: true });
  return { ...joined, holder: { run, epoch: joined.epoch } };
}

/** Its lease is over since a minute, as when its process was frozen. */
export async function lapse(pool: Pool, { holder }: RunMember): Promise<void> {
  await pool.query(
    `UPDATE ingestion_members SET lease_until = clock_timestamp() - interval '1 minute'
     WHERE run = $1 AND epoch = $2`,
    [holder.run, holder.epoch],
  );
}

/** It has renewed its lease in time for so long. */
export async function steadyFor(pool: Pool, { holder }: RunMember, ms: number): Promise<void> {
  await pool.query(
    `UPDATE ingestion_members SET steady_since = clock_timestamp() - $3 * interval '1 millisecond'
     WHERE run = $1 AND epoch = $2`,
    [holder.run, holder.epoch, ms],
  );
}

export interface StoredSegment {
  readonly segment: number;
  readonly after: string | null;
  readonly bound: string | null;
  readonly status: string;
  /** Its holder; 0: nobody. */
  readonly epoch: number;
}

export async function segmentsOf(pool: Pool, run: number): Promise<StoredSegment[]> {
  const { rows } = await pool.query<StoredSegment>(
    `SELECT segment, after_position AS after, bound_position AS bound, status, epoch
     FROM ingestion_segments WHERE run = $1 ORDER BY segment`,
    [run],
  );
  return rows;
}

/** Children without pages, numbered from `first` on; nobody holds them. */
export async function makeChildren(
  pool: Pool,
  run: number,
  count: number,
  first = 1,
): Promise<void> {
  await pool.query(
    `INSERT INTO ingestion_segments (run, segment, parent, status)
     SELECT $1, n, jsonb_build_object('id', n), 'open'
     FROM generate_series($2::integer, $2::integer + $3::integer - 1) AS n`,
    [run, first, count],
  );
}

/** Ranges of 100 ms each, one behind the other, numbered from `segment` on. */
export const neighbours = (segment: number, count: number): SegmentRange[] =>
  Array.from({ length: count }, (_, nth) => ({
    segment: segment + nth,
    after: place(10_000 - nth * 100),
    bound: place(10_000 - (nth + 1) * 100),
  }));

export async function makePage(
  pool: Pool,
  run: number,
  segment: number,
  page: number,
): Promise<void> {
  await pool.query(
    `INSERT INTO ingestion_pages (run, segment, page, has_more, fetched_at, returned, inserted, duplicate,
       quarantined, bytes) VALUES ($1, $2, $3, true, now(), 0, 0, 0, 0, 0)`,
    [run, segment, page],
  );
}

/** A page of a segment that is being written: it has asked whether the segment is held. */
export interface PageUnderWay {
  commit(): Promise<void>;
}

/** Runs `use` while a page is under way. */
export async function withPageUnderWay(
  pool: Pool,
  { run, epoch }: Holder,
  segment: number,
  use: (page: PageUnderWay) => Promise<void>,
): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT ingestion_hold_segment($1, $2, $3)', [run, segment, epoch]);
    await client.query(
      `INSERT INTO ingestion_pages (run, segment, page, has_more, fetched_at, returned, inserted,
         updated, duplicate, known, quarantined, bytes)
       VALUES ($1, $2, 1, true, now(), 0, 0, 0, 0, 0, 0, 0)`,
      [run, segment],
    );
    await use({
      async commit() {
        await client.query('COMMIT');
      },
    });
  } finally {
    // Closed rather than given back: after a failed test its transaction may still be open.
    client.release(true);
  }
}

/** Whether a page of the segment may be written by the member. @throws the server's error: it may not */
export async function writesPage(
  pool: Pool,
  { run, epoch }: Holder,
  segment: number,
): Promise<void> {
  await pool.query('SELECT ingestion_hold_segment($1, $2, $3)', [run, segment, epoch]);
}

/** Waits until as many sessions of the tests' pool wait for a lock. */
export async function untilLockWaits(pool: Pool, count = 1): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rowCount } = await pool.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      if (rowCount !== count) throw new Error(`${rowCount} sessions wait for a lock, not ${count}`);
    },
    { timeout: 20_000, interval: 10 },
  );
}

/** All of a run, whatever their numbers. */
export function claimAll(
  segments: SegmentStore,
  { holder, plan }: RunMember,
  steadyMs = 0,
): Promise<TakenSegment[]> {
  return segments.claim(holder, { first: 0, last: 2_000_000_000 }, { steadyMs, plan });
}

export const numbersOf = (segments: readonly { readonly segment: number }[]): number[] =>
  segments.map(({ segment }) => segment);
