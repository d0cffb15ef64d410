/** The run of a process as all its members have it. */
import { expect, test } from 'vitest';
import { asShared } from '../../src/observe/shared-live.js';
import type { LiveRun } from '../../src/observe/snapshot.js';
import { clusterOf, DEAD, runOf, seenMember } from '../support/seen-members.js';

const LIVE = {
  ...{ run: 7, members: null, pages: 20, recentRowsPerSecond: 500 },
  rows: { ingested: 20_000, total: 120_000, share: 1 / 6, inserted: 20_000 },
  eta: { remainingMs: 100_000, boundBy: 'limit' },
} as LiveRun;
const OTHER = seenMember({
  ...{ epoch: 2, name: 'web-2 process 34' },
  figures: { requests: 9, rows: 50_000, rowsPerSecond: 500, inFlight: 1, heldRecords: 0 },
});
const OF_TWO = clusterOf(runOf([seenMember(), OTHER, seenMember({ ...DEAD, epoch: 3 })]));
const PROGRESS = [{ run: 7, rows: 70_000, total: 120_000 }];

test('rows, share and time left are those of all, the rest its own', () => {
  const shared = asShared(LIVE, OF_TWO, PROGRESS);
  expect(shared).toMatchObject({ members: 2, pages: 20, rows: { inserted: 20_000 } });
  expect(shared.rows).toMatchObject({ ingested: 70_000, total: 120_000 });
  expect(shared.rows.share).toBeCloseTo(7 / 12, 9);
  // Half is left of what this process knows of: its limit is that of all.
  expect(shared.eta).toEqual({ remainingMs: 50_000, boundBy: 'limit' });
});

test('where speed binds, all are as fast as they are together', () => {
  const bound = { ...LIVE, eta: { remainingMs: 100_000, boundBy: 'speed' as const } };
  const { eta } = asShared(bound, OF_TWO, PROGRESS);
  expect((eta?.remainingMs ?? 0) / 1000).toBeCloseTo(25, 1);
});

test('what it has committed counts at once, also before the ledger was asked again', () => {
  const { rows } = asShared(LIVE, OF_TWO, [{ run: 7, rows: 19_000, total: null }]);
  expect(rows).toMatchObject({ ingested: 20_000, total: 120_000 });
});

test('a run that is its own, unknown yet, or over for it, stays as it is', () => {
  expect(asShared(LIVE, clusterOf(), PROGRESS)).toBe(LIVE);
  expect(asShared(LIVE, null, [])).toBe(LIVE);
  expect(asShared(LIVE, OF_TWO, [])).toBe(LIVE);
  const over = { ...LIVE, recentRowsPerSecond: null };
  expect(asShared(over, OF_TWO, PROGRESS)).toBe(over);
});
