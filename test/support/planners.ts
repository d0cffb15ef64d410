/** Processes that plan: each call of `withLock` is one of its own, and `planned` has what they have written. */
import type { Pool } from 'pg';
import { beforeEach } from 'vitest';
import type { StreamKey } from '../../src/database/ledger-types.js';
import { Patience } from '../../src/database/patience.js';
import { type PlanLockSettings, withPlanLock } from '../../src/database/plan-lock.js';
import type { TestDatabase } from './postgres.js';
import { STREAM } from './run-members.js';

export const LOCK_NAME = `datasync-ingestion plan ${STREAM.source}/${STREAM.stream} ${STREAM.origin}`;
const COUNT_HELD = `SELECT count(*)::integer AS held FROM pg_locks
  WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0)`;

export interface Planners {
  withLock<T>(
    work: (session: Pool, patience: Patience) => Promise<T>,
    settings?: Partial<PlanLockSettings> & { readonly stream?: StreamKey },
  ): Promise<T>;
  /** How many sessions hold the lock of `STREAM`. */
  held(): Promise<number | undefined>;
  /** The rows of the table `planned (by text)`, which is empty before each test. */
  planned(): Promise<string[]>;
}

/** Called at the top of a test file, behind `usePostgres`. */
export function usePlanners(database: TestDatabase): Planners {
  beforeEach(async () => {
    await database.pool.query('DROP TABLE IF EXISTS planned; CREATE TABLE planned (by text)');
  });
  return {
    withLock(work, { stream = STREAM, ...settings } = {}) {
      const { connectionString } = database;
      const patience = new Patience({ forMs: 60_000 });
      return withPlanLock(
        stream,
        { connectionString, patience, leaseMs: 60_000, ...settings },
        ({ pool, patience: within }) => work(pool, within),
      );
    },
    async held() {
      const { rows } = await database.pool.query<{ held: number }>(COUNT_HELD, [LOCK_NAME]);
      return rows[0]?.held;
    },
    async planned() {
      const { rows } = await database.pool.query<{ by: string }>('SELECT by FROM planned');
      return rows.map(({ by }) => by);
    },
  };
}

/** Something that a test lets happen. */
export function gate(): { readonly passed: Promise<void>; open: () => void } {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}
