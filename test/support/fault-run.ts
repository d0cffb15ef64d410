/** Runs of the real program against a simulator and a server of the test's own. */

import { expect, vi } from 'vitest';
import { openPool } from '../../src/database/connect.js';
import {
  API_KEY,
  environmentFor,
  expectExactly,
  type LedgerSums,
  ledgerSums,
  type Simulation,
} from './ingest-check.js';
import type { Exit, IngestFolder, IngestProcess } from './ingest-process.js';
import type { OwnPostgres } from './own-postgres.js';
import { expectPaced } from './own-starts.js';

export interface FaultRun {
  /** Starts an ingestion. */
  start(changes?: Readonly<Record<string, string>>): IngestProcess;
  ledger(): Promise<LedgerSums>;
  /** Fails unless the table holds exactly what the API does. */
  expectExact(): Promise<void>;
  /** Starts again; fails unless that completes and asks again only for what had not committed. */
  expectResumed(): Promise<void>;
  /** Fails unless the table is exact, the ledger sums up, and `verify` proves both. */
  expectProven(): Promise<LedgerSums>;
  /** Fails when what was started, all of which has ended, overshot the limit together. */
  expectPaced(): Promise<void>;
  /** Ends `child` and fails unless it ended well and no page was asked for twice. */
  expectHealed(child: IngestProcess): Promise<Exit>;
}

export function faultRun(
  postgres: OwnPostgres,
  folder: IngestFolder,
  simulator: Simulation,
): FaultRun {
  const environment = (changes = {}) => environmentFor(simulator, postgres, changes);

  async function withPool<T>(use: (pool: ReturnType<typeof openPool>) => Promise<T>): Promise<T> {
    const pool = openPool(postgres.connectionString, { max: 2, applicationName: 'datasync-test' });
    return use(pool).finally(() => pool.end());
  }

  const started: IngestProcess[] = [];
  const run: FaultRun = {
    start(changes) {
      const child = folder.start(['ingest', '--json'], environment(changes));
      started.push(child);
      return child;
    },
    ledger: () => withPool((pool) => ledgerSums(pool)),
    expectExact: () => withPool((pool) => expectExactly(pool, simulator.settings)),
    async expectResumed() {
      const before = await run.ledger();
      const lost = simulator.stats().pagesServed - before.pages;
      const exit = await run.start().end();
      expect(exit.code, exit.stderr.slice(-4_000)).toBe(0);
      expect(exit.result).toMatchObject({ status: 'complete', resumedFrom: before.pages });
      const { pages } = await run.expectProven();
      expect(simulator.stats().pagesServed, 'pages that were asked for again').toBe(pages + lost);
    },
    async expectProven() {
      await run.expectExact();
      const sums = await run.ledger();
      expect(sums).toMatchObject({ inserted: simulator.settings.events, unbalanced: 0 });
      const verification = await folder.run(['verify', '--json'], environment());
      expect(verification.code, verification.stdout + verification.stderr).toBe(0);
      return sums;
    },
    async expectPaced() {
      expectPaced(await Promise.all(started.map(({ exited }) => exited)), simulator.settings);
    },
    async expectHealed(child) {
      const exit = await child.end(60_000);
      expect(exit.code, exit.stderr.slice(-4_000)).toBe(0);
      expectNoSecrets(exit, postgres);
      const { pages } = await run.expectProven();
      expect(simulator.stats().pagesServed, 'pages that were asked for again').toBe(pages);
      await run.expectPaced();
      return exit;
    },
  };
  return run;
}

/** Neither the key nor the database's password in anything that a process said. */
export function expectNoSecrets(exit: Exit, { connectionString }: OwnPostgres): void {
  const said = exit.stdout + exit.stderr;
  const { password } = new URL(connectionString);
  expect(password.length).toBeGreaterThan(8);
  expect(said).not.toContain(password);
  expect(said).not.toContain(API_KEY);
}

/** Fails unless the program ended with exit 5 and these words on what to do. */
export function expectRefused(exit: Exit, postgres: OwnPostgres, remedy: RegExp): void {
  expect(exit.code, exit.stderr.slice(-4_000)).toBe(5);
  expect(exit.stdout + exit.stderr).toMatch(remedy);
  expectNoSecrets(exit, postgres);
}

/** Waits until the writer's attempts have waited for a lock this many times. */
export async function untilBlocked(postgres: OwnPostgres, times: number): Promise<void> {
  const attempts = new Set<string>();
  await postgres.session((client) =>
    vi.waitFor(
      async () => {
        const { rows } = await client.query<{ attempt: string }>(
          `SELECT pid || ' ' || query_start AS attempt FROM pg_stat_activity
           WHERE application_name LIKE 'datasync-writer%' AND wait_event_type = 'Lock'
             AND datname = current_database()`,
        );
        for (const { attempt } of rows) attempts.add(attempt);
        expect(attempts.size).toBeGreaterThanOrEqual(times);
      },
      { timeout: 20_000, interval: 10 },
    ),
  );
}

/** From now on one statement in `share` that writes the ledger, the limits or a segment is refused. */
export async function refuseEvery(
  postgres: OwnPostgres,
  share: number,
  code: string,
): Promise<void> {
  const trigger = (event: string, table: string) =>
    `CREATE TRIGGER refuse BEFORE ${event} ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION refuse();`;
  await postgres.query(`
    CREATE SEQUENCE attempts;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF nextval('attempts') % ${share} <> 0 THEN RETURN NULL; END IF;
      RAISE EXCEPTION 'refused by a test' USING ERRCODE = '${code}';
    END $$;
    ${trigger('INSERT', 'ingestion_pages')}
    ${trigger('UPDATE', 'ingestion_limits')}
    ${trigger('UPDATE', 'ingestion_segments')}`);
}
