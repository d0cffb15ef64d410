/** What the ledger bears for members of a run beside their pages: leases, looks, and segments that change hands. */
import { NO_FIGURES } from '../../src/core/cluster-view.js';
import { openMemberStore } from '../../src/database/members.js';
import { openRunStore } from '../../src/database/run-store.js';
import { type Holder, openSegmentStore } from '../../src/database/segment-store.js';
import { EVENTS_TABLE } from '../../src/postgres/stream-table.js';
import type { BenchDatabase } from '../database.js';

const SEGMENTS_EACH = 4;
const SAMPLES = 100;
/** Longer than the measurement takes: nobody dies meanwhile. */
const LEASE_MS = 600_000;
const FACTS = { name: 'bench process 1', version: 'bench', sourceDigest: 'bench' };
const STREAM = { source: 'bench', stream: 'events', origin: 'https://bench.example' };

/** ms of each. */
export interface LeaseCosts {
  /** Every two seconds, of each member. */
  readonly renewal: readonly number[];
  /** Every second, of each member that has nothing to do. */
  readonly look: readonly number[];
  /** A segment that one gives, and another claims. */
  readonly handover: readonly number[];
}

export async function measureLeases(database: BenchDatabase, members: number): Promise<LeaseCosts> {
  await database.reset();
  const { pool } = database;
  const { run } = await openRunStore(pool).createRun({
    ...{ ...STREAM, table: EVENTS_TABLE, settings: {} },
  });
  const [store, segments] = [openMemberStore(pool), openSegmentStore(pool)];
  const holders: Holder[] = [];
  for (let nth = 0; nth < members; nth++) {
    const { epoch, firstSegment } = await store.join(run, FACTS, {
      ...{ leaseMs: LEASE_MS, isShared: true },
    });
    const holder = { run, epoch };
    holders.push(holder);
    const own = Array.from({ length: SEGMENTS_EACH }, (_, index) => firstSegment + index);
    await segments.open(
      holder,
      own.map((segment) => ({ segment, after: null, bound: null })),
    );
  }
  const state = { phase: 'walking', shareable: 1, figures: NO_FIGURES } as const;
  const renewal = await timed(async (nth) => {
    const holder = holders[nth % members] as Holder;
    if ((await store.renew(holder, state, LEASE_MS)) === null) throw new Error('a lease is lost');
  });
  const look = await timed(async () => void (await segments.look(run, false)));
  const [giver = { run, epoch: 0 }] = holders;
  const taker = holders.at(-1) ?? giver;
  const { plan } = await segments.look(run, false);
  const { rows } = await pool.query<{ first: number }>(
    'SELECT min(segment) AS first FROM ingestion_segments WHERE run = $1 AND epoch = $2',
    [run, giver.epoch],
  );
  const first = rows[0]?.first ?? 0;
  const handover = await timed(async (nth) => {
    const [from, to] = nth % 2 === 0 ? [giver, taker] : [taker, giver];
    await segments.release(from, [first]);
    const taken = await segments.claim(to, { first, last: first }, { steadyMs: 0, plan });
    if (taken.length === 0) throw new Error('a segment that is free is claimed');
  });
  return { renewal, look, handover };
}

async function timed(work: (nth: number) => Promise<void>): Promise<number[]> {
  const costs: number[] = [];
  for (let nth = 0; nth < SAMPLES; nth++) {
    const beganMs = performance.now();
    await work(nth);
    costs.push(performance.now() - beganMs);
  }
  return costs;
}
