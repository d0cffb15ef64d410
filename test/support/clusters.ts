/** What tests of a breaking cluster begin with: servers, and runs with a limit that several members walk. */
import { beforeEach } from 'vitest';
import { migrateDatabase } from '../../src/database/migrate.js';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import { ClusterRun, withPool } from './cluster-run.js';
import { keepJournal } from './holder-journal.js';
import { type Simulation, useEmptyTables, useSimulator } from './ingest-check.js';
import { useIngestFolder } from './ingest-process.js';
import type { OwnPostgres } from './own-postgres.js';
import { type RedisServer, useRedisServer } from './redis-server.js';

/** `RUNS=10` repeats each kind of fault; each repetition draws other moments. */
export const ROUNDS = Array.from({ length: Number(process.env.RUNS ?? 1) }, (_, nth) => nth + 1);

/** The lease unless `MEMBER_LEASE` says otherwise, and one that is soon over, in seconds. */
export const LEASE = '8';
const SHORT_LEASE = '2';

/**
 * Sixty pages: eight seconds by the limit. Until the end is awaited, the answers take so long that members which join
 * have something to walk, and that the run is at work when something breaks.
 */
const LIMITED = { events: 30_000, eventsQuota: 40, eventsWindowMs: 5_000, latencyMs: 1_000 };
const UNHURRIED = { BATCH_SIZE: '500', WORKER_CONCURRENCY: '2' };

export interface ClusterSettings {
  readonly simulated?: Partial<SimulatorSettings>;
  /** Of all members. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the processes are members of one run. @default true */
  readonly isShared?: boolean;
}

export interface Clusters {
  readonly redis: RedisServer;
  readonly database: { readonly connectionString: string };
  /** @param kind of fault, for the table */
  begin(kind: string, settings?: ClusterSettings): Promise<ClusterRun>;
  /** Of the run that was begun last. */
  readonly simulator: Simulation;
}

/** Called at the top of a test file. @param own the PostgreSQL that is to break @default the one of all tests */
export function useClusters(own?: OwnPostgres): Clusters {
  const redis = useRedisServer();
  const database = own ?? useEmptyTables();
  const folder = useIngestFolder();
  const simulate = useSimulator();
  let simulator: Simulation | null = null;
  beforeEach(() =>
    withPool(database, async (pool) => {
      await migrateDatabase(pool);
      await keepJournal(pool);
    }),
  );
  return {
    redis,
    database,
    get simulator() {
      if (simulator === null) throw new Error('no run was begun');
      return simulator;
    },
    async begin(kind, { simulated, env, isShared = true } = {}) {
      simulator = await simulate({ ...LIMITED, ...simulated });
      return new ClusterRun({
        ...{ kind, database, folder, simulator },
        redis: isShared ? redis : null,
        env: { ...UNHURRIED, MEMBER_LEASE: SHORT_LEASE, ...env },
      });
    },
  };
}
