/** What the end-to-end tests share: simulators, the program's variables, and what they compare. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { afterEach, beforeEach, expect } from 'vitest';
import { type SimulatorHandle, startSimulator } from '../../src/simulator/server.js';
import { type SimulatorSettings, settingsFor } from '../../src/simulator/settings.js';
import { expectedRows } from '../../src/simulator/truth.js';
import { type TestDatabase, usePostgres } from './postgres.js';

/** A key that occurs nowhere by chance. */
export const API_KEY = 'ds_secret_k3y_7f2c9e';
const DISCONNECT_MS = 10_000;
const POLL_MS = 20;

/** Fast enough that a test takes a second, with a limit that is at work. */
const QUICK = {
  apiKey: API_KEY,
  events: 20_000,
  latencyMs: 10,
  latencyJitterMs: 5,
  eventsQuota: 50,
  eventsWindowMs: 1_000,
} satisfies Partial<SimulatorSettings>;

export interface Simulation extends SimulatorHandle {
  readonly settings: SimulatorSettings;
}

/** @returns starts a simulator that is closed after the test; `changes` are to `QUICK` */
export function useSimulator(): (changes?: Partial<SimulatorSettings>) => Promise<Simulation> {
  const open: SimulatorHandle[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((simulator) => simulator.close()));
  });
  return async (changes = {}) => {
    const settings = settingsFor('fast', { ...QUICK, ...changes });
    const simulator = await startSimulator(settings);
    open.push(simulator);
    return { ...simulator, settings };
  };
}

/** The file's database, with empty tables at the start of each test. */
export function useEmptyTables(): TestDatabase {
  const database = usePostgres();
  beforeEach(async () => {
    await database.pool.query(
      `TRUNCATE ingested_events, ingestion_runs, ingestion_limits, ingestion_segments, ingestion_members,
         ingestion_pages, ingestion_quarantine, ingestion_watermarks, ingestion_fields,
         ingestion_field_changes RESTART IDENTITY`,
    );
  });
  return database;
}

/** The program's variables for a simulator and a database. `LOG_LEVEL` debug tells of each page. */
export function environmentFor(
  simulator: { readonly baseUrl: string },
  database: { readonly connectionString: string },
  changes: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    TARGET_API_KEY: API_KEY,
    API_BASE_URL: simulator.baseUrl,
    DATABASE_URL: database.connectionString,
    BATCH_SIZE: '1000',
    LOG_LEVEL: 'debug',
    ...changes,
  };
}

/** How the table differs from what the API holds; two empty lists and the count when it does not. */
export interface Difference {
  readonly rows: number;
  /** The first few ids of the API that the table lacks. */
  readonly missing: readonly string[];
  /** The first few ids of the table that the API lacks, or that stand at another instant. */
  readonly wrong: readonly string[];
}

export async function differenceFromTruth(
  pool: Pool,
  settings: SimulatorSettings,
): Promise<Difference> {
  const truth = expectedRows(settings);
  const ids = Buffer.from(truth.ids.buffer, truth.ids.byteOffset, truth.ids.byteLength);
  const expected = new Map<string, number>();
  for (let row = 0; row < truth.rowCount; row++) {
    const id = ids.toString('hex', row * 16, row * 16 + 16);
    expected.set(id, truth.occurredAtMs[row] ?? Number.NaN);
  }
  const { rows } = await pool.query<{ id: string; ms: number | null }>(
    `SELECT encode(uuid_send(id), 'hex') AS id,
       (extract(epoch FROM occurred_at) * 1000)::float8 AS ms
     FROM ingested_events`,
  );
  const wrong: string[] = [];
  for (const { id, ms } of rows) {
    const expectedMs = expected.get(id);
    if (!Object.is(expectedMs, ms ?? Number.NaN)) wrong.push(id);
    expected.delete(id);
  }
  const missing = [...expected.keys()].slice(0, 3);
  return { rows: rows.length, missing, wrong: wrong.slice(0, 3) };
}

/** Fails unless the table holds exactly what the API does. */
export async function expectExactly(pool: Pool, settings: SimulatorSettings): Promise<void> {
  const { rowCount } = expectedRows(settings);
  expect(await differenceFromTruth(pool, settings)).toEqual({
    rows: rowCount,
    missing: [],
    wrong: [],
  });
}

/** Sums over the pages of a run. */
export interface LedgerSums {
  readonly pages: number;
  readonly segments: number;
  readonly returned: number;
  readonly inserted: number;
  readonly duplicate: number;
  readonly quarantined: number;
  /** Pages whose `returned` is not the sum of the other three. */
  readonly unbalanced: number;
}

export async function ledgerSums(pool: Pool, run = 1): Promise<LedgerSums> {
  const { rows } = await pool.query<LedgerSums>(
    `SELECT count(*)::int AS pages, count(DISTINCT segment)::int AS segments,
       coalesce(sum(returned), 0)::int AS returned, coalesce(sum(inserted), 0)::int AS inserted,
       coalesce(sum(duplicate), 0)::int AS duplicate,
       coalesce(sum(quarantined), 0)::int AS quarantined,
       count(*) FILTER (WHERE returned <> inserted + duplicate + quarantined)::int AS unbalanced
     FROM ingestion_pages WHERE run = $1`,
    [run],
  );
  const [sums] = rows;
  if (sums === undefined) throw new Error('an aggregate has one row');
  return sums;
}

export async function runStatus(pool: Pool, run = 1): Promise<string | undefined> {
  const { rows } = await pool.query<{ status: string }>(
    'SELECT status FROM ingestion_runs WHERE run = $1',
    [run],
  );
  return rows[0]?.status;
}

/** A killed program's commit may still be at work: what it left is known once its sessions end. */
export async function untilDisconnected(pool: Pool): Promise<void> {
  const deadlineMs = performance.now() + DISCONNECT_MS;
  for (;;) {
    const { rowCount } = await pool.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database()
         AND backend_type = 'client backend' AND application_name <> 'datasync-test'`,
    );
    if (rowCount === 0) return;
    if (performance.now() > deadlineMs) throw new Error(`${rowCount} sessions outlive the program`);
    await delay(POLL_MS);
  }
}
