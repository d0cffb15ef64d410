/** Members that claim, write, give, cut and plan all at once: nobody's statement fails for another one's. */
import type { Pool } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { IngestionError } from '../../src/core/fault.js';
import { openPool } from '../../src/database/connect.js';
import { Patience } from '../../src/database/patience.js';
import { openSegmentStore, type SegmentStore } from '../../src/database/segment-store.js';
import { usePostgres } from '../support/postgres.js';
import { seededRandom } from '../support/random.js';
import {
  beginRun,
  claimAll,
  joinRun,
  makeChildren,
  place,
  type RunMember,
  segmentsOf,
  untilLockWaits,
} from '../support/run-members.js';

const database = usePostgres();
const ROUNDS = 25;
const CHILDREN = 60;

let pools: Pool[] = [];
beforeEach(() => {
  pools = [];
});
afterEach(async () => {
  for (const pool of pools) await pool.end();
});

function openMemberPool(): Pool {
  const pool = openPool(database.connectionString, { max: 3, applicationName: 'datasync-member' });
  pools.push(pool);
  return pool;
}

/** A page of the segment: null: it is committed; else the code that refused it. */
async function writePage(
  pool: Pool,
  { holder }: RunMember,
  segment: number,
  page: number,
): Promise<string | null> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT ingestion_hold_segment($1, $2, $3)', [
      ...[holder.run, segment, holder.epoch],
    ]);
    await client.query(
      `INSERT INTO ingestion_pages (run, segment, page, has_more, fetched_at, returned, inserted,
         duplicate, quarantined, bytes, request_id) VALUES ($1, $2, $3, true, now(), 0, 0, 0, 0, 0, $4)`,
      [holder.run, segment, page, `${holder.epoch}`],
    );
    await client.query('COMMIT');
    return null;
  } catch (error) {
    await client.query('ROLLBACK');
    return String((error as { code?: string }).code);
  } finally {
    client.release();
  }
}

test('every statement gets through, and only holders write', async () => {
  const run = await beginRun(database.pool);
  await makeChildren(database.pool, run, CHILDREN);
  const random = seededRandom(11);
  const upTo = (count: number) => Math.floor(random() * count);
  let written = 0;
  let refused = 0;

  async function work(nth: number): Promise<void> {
    const pool = openMemberPool();
    const store = openSegmentStore(pool, new Patience({ forMs: 60_000 }));
    const member = await joinRun(database.pool, run);
    const { holder, firstSegment } = member;
    for (let round = 0; round < ROUNDS; round++) {
      const first = 1 + upTo(CHILDREN);
      const claimed = await store.claim(
        holder,
        { first, last: first + upTo(20) },
        { steadyMs: 0, plan: member.plan },
      );
      const own = firstSegment + round;
      await store.open(holder, [{ segment: own, after: null, bound: null }]);
      const targets = [...claimed.map(({ segment }) => segment), own];
      const results = await Promise.all(
        targets.map((segment) => writePage(pool, member, segment, nth * 1_000 + round)),
      );
      for (const code of results) {
        expect([null, 'DSL01']).toContain(code);
        if (code === null) written++;
        else refused++;
      }
      // A plan of another member may have come before.
      await store.split(holder, own, place(round), own + 50_000).catch((error: unknown) => {
        expect((error as IngestionError).fault.code).toBe('LEASE_LOST');
      });
      if (round % 5 === nth) await store.plan(run, [{ after: null, bound: null }]);
      await store.end(holder, targets.slice(0, 2));
      await store.release(holder);
    }
  }

  const outcomes = await Promise.allSettled([0, 1, 2, 3].map(work));
  const errors = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  expect(errors.map((error) => (error instanceof IngestionError ? error.fault : error))).toEqual(
    [],
  );
  expect(written).toBeGreaterThan(ROUNDS);
  const { rows } = await database.pool.query('SELECT FROM ingestion_pages WHERE run = $1', [run]);
  expect(rows).toHaveLength(written);
  expect(written + refused).toBeGreaterThan(0);
  expect((await segmentsOf(database.pool, run)).filter(({ epoch }) => epoch !== 0)).toEqual([]);
});

test.each<[string, (store: SegmentStore, member: RunMember) => Promise<unknown>]>([
  ['planned anew', (store, { holder }) => store.plan(holder.run, [])],
  ['claimed', (store, member) => claimAll(store, member)],
  ['given', (store, { holder }) => store.release(holder)],
  ['ended', (store, { holder }) => store.end(holder, [3, 2, 1])],
])('segments are %s in their order, whatever order they lie in', async (_, change) => {
  const run = await beginRun(database.pool);
  const member = await joinRun(database.pool, run);
  const store = openSegmentStore(database.pool);
  for (const first of [3, 2, 1]) {
    await makeChildren(database.pool, run, 1, first);
    const terms = { steadyMs: 0, plan: member.plan };
    await store.claim(member.holder, { first, last: first }, terms);
  }
  // So that a scan meets them as they lie.
  await database.pool.query('VACUUM FULL ANALYZE ingestion_segments');
  const lock = 'SELECT FROM ingestion_segments WHERE run = $1 AND segment = $2 FOR UPDATE';
  const other = await database.pool.connect();
  let changed: Promise<unknown>;
  try {
    await other.query('BEGIN');
    await other.query(lock, [run, 1]);
    changed = change(store, member);
    await untilLockWaits(database.pool);
    // Behind the one that is waited for: it has not been locked yet.
    await other.query(`${lock} NOWAIT`, [run, 3]);
    await other.query('COMMIT');
  } finally {
    // Closed: after a failure its transaction is still open.
    other.release(true);
  }
  await changed;
});
