/**
 * The run store: runs, committed pages and limits, as the ledger's tables hold them.
 *
 * Pages are only read here. They are written by the writer, in the transaction that writes their
 * rows. Every function throws an IngestionError with the fault of the database when it fails.
 */
import type { Pool, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { assert } from '../core/fault.js';
import type { StreamTable } from '../postgres/stream-table.js';
import { asIngestionError } from './connect.js';
import { type PageRow, positionOf } from './ledger-rows.js';
import * as sql from './ledger-sql.js';
import type {
  LedgerPage,
  LimitKey,
  LimitsRead,
  Run,
  RunStatus,
  RunTotals,
  SourceFacts,
  StartsGranted,
  StartsWanted,
  StreamKey,
} from './ledger-types.js';
import type { Patience } from './patience.js';
import { type ReleasedPages, releasePages } from './release-pages.js';
import {
  abandonRuns,
  clearReplacement,
  completeReplacement,
  type Replacement,
} from './replace-rows.js';
import { acquireRunLock, type RunLock, type RunLockSettings } from './run-lock.js';
import {
  completeRun,
  findWatermark,
  type HighestOfRun,
  highestOfRun,
  type Watermark,
  type WatermarkChange,
} from './watermarks.js';

export interface RunStore {
  /** See run-lock. */
  acquireRunLock(stream: StreamKey, settings?: RunLockSettings): Promise<RunLock>;
  /** The newest run over a stream; null when there was none. */
  findLatestRun(stream: StreamKey): Promise<Run | null>;
  /** The newest run over whatever source; null: there was none. */
  findNewestRun(): Promise<Run | null>;
  findRun(run: number): Promise<Run | null>;
  /** Begins a run, with status `running`. @param run.settings must hold no secret */
  createRun(
    run: StreamKey & {
      readonly table: StreamTable;
      readonly settings: Readonly<Record<string, unknown>>;
    },
  ): Promise<Run>;
  /** Fields that are not given become null. `complete` and `failed` set the time of the end. */
  setRunStatus(
    run: number,
    status: RunStatus,
    why?: { readonly resumeAtMs?: number; readonly lastError?: string },
  ): Promise<void>;
  /** Null leaves what is known; the first request is kept. */
  setSourceFacts(run: number, facts: SourceFacts): Promise<void>;
  /** Of a run that goes on: once it has ended, nothing is changed. */
  setLastError(run: number, lastError: string | null): Promise<void>;
  /** Replaces those that are kept. */
  setWarnings(run: number, warnings: readonly string[]): Promise<void>;
  setSubmission(run: number, submission: object): Promise<void>;
  /** All committed pages, by segment and page. */
  loadPages(run: number): Promise<LedgerPage[]>;
  /** @param qualified as the ledger names it */
  hasTable(qualified: string): Promise<boolean>;
  /** See release-pages. */
  releasePages(released: Parameters<typeof releasePages>[1]): Promise<ReleasedPages>;
  /** Before a run begins: counts the rows of a table that no run has written into. */
  noteUnownedRows(table: StreamTable): Promise<void>;
  /** See replace-rows. */
  clearReplacement(stream: StreamKey, replacement: Replacement): Promise<string | null>;
  abandonRuns(run: number, replacement: Replacement): Promise<void>;
  completeReplacement(run: number, replacement: Replacement): Promise<void>;
  /** See watermarks. */
  findWatermark(stream: StreamKey): Promise<Watermark | null>;
  highestOfRun(run: number): Promise<HighestOfRun>;
  completeRun(run: number, change: WatermarkChange): Promise<void>;
  loadTotals(run: number): Promise<RunTotals>;
  /** All limits of the bucket, of all processes, also those that a version before this saved. */
  loadLimits(key: LimitKey): Promise<LimitsRead>;
  /** Atomic, and one after the other for a key: see the migration that makes its function. */
  reserveStarts(key: LimitKey, wanted: StartsWanted): Promise<StartsGranted>;
  /** The planner's guess, at no cost; null until the table was first analysed. */
  estimateRows(table: StreamTable): Promise<number | null>;
  /** False too where there is no such table. */
  tableHasRows(table: StreamTable): Promise<boolean>;
}

/** What a run in progress asks of its store. */
export interface RunStoreSettings {
  /** Every statement is tried again as long as it allows; each bears that. @default once */
  readonly patience?: Patience;
}

export function openRunStore(pool: Pool, { patience }: RunStoreSettings = {}): RunStore {
  const patient = <T>(attempt: () => Promise<T>): Promise<T> =>
    patience === undefined ? attempt() : patience.during(attempt);
  const query = <Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) =>
    patient(() => ask<Row>(pool, { text, values: [...values] }));

  async function hasTable(qualified: string): Promise<boolean> {
    return only(await query<{ isThere: boolean }>(sql.TABLE_IS_THERE, [qualified])).isThere;
  }

  async function loadPages(runNumber: number): Promise<LedgerPage[]> {
    const { rows } = await query<PageRow>(sql.LOAD_PAGES, [runNumber]);
    return rows.map((row) => ({
      ...row,
      after: positionOf(row.after),
      through: positionOf(row.through),
      last: positionOf(row.last),
    }));
  }

  return {
    acquireRunLock: (stream, settings) => acquireRunLock(pool, stream, settings),

    async findLatestRun({ source, stream, origin }) {
      const { rows } = await query<Run>(sql.FIND_LATEST_RUN, [source, stream, origin]);
      return rows[0] ?? null;
    },

    async findNewestRun() {
      return (await query<Run>(sql.FIND_NEWEST_RUN)).rows[0] ?? null;
    },

    async findRun(runNumber) {
      return (await query<Run>(sql.FIND_RUN, [runNumber])).rows[0] ?? null;
    },

    async createRun({ source, stream, origin, table, settings }) {
      const values = [source, stream, origin, table.qualified, table.key, JSON.stringify(settings)];
      return only(await query<Run>(sql.CREATE_RUN, values));
    },

    async setRunStatus(runNumber, status, why = {}) {
      const { resumeAtMs = null, lastError = null } = why;
      const result = await query(sql.SET_RUN_STATUS, [runNumber, status, resumeAtMs, lastError]);
      assert(result.rowCount === 1, `run ${runNumber} exists`);
    },

    async setSourceFacts(runNumber, { total, firstRequestAtMs }) {
      await query(sql.SET_SOURCE_FACTS, [runNumber, total, firstRequestAtMs]);
    },

    async setLastError(runNumber, lastError) {
      await query(sql.SET_LAST_ERROR, [runNumber, lastError]);
    },

    async setWarnings(runNumber, warnings) {
      await query(sql.SET_WARNINGS, [runNumber, JSON.stringify(warnings)]);
    },

    async setSubmission(runNumber, submission) {
      const result = await query(sql.SET_SUBMISSION, [runNumber, JSON.stringify(submission)]);
      assert(result.rowCount === 1, `run ${runNumber} exists`);
    },

    loadPages,

    hasTable,

    releasePages: (released) => releasePages(pool, released),

    async noteUnownedRows({ qualified }) {
      if (await hasTable(qualified)) await query(sql.noteUnownedRows(qualified), [qualified]);
    },

    clearReplacement: (stream, replacement) => clearReplacement(pool, stream, replacement),

    abandonRuns: (run, replacement) => abandonRuns(pool, run, replacement),

    completeReplacement: (run, replacement) =>
      patient(() => completeReplacement(pool, run, replacement)),

    findWatermark: (stream) => patient(() => findWatermark(pool, stream)),

    highestOfRun: (run) => patient(() => highestOfRun(pool, run)),

    completeRun: (run, change) => patient(() => completeRun(pool, run, change)),

    async loadTotals(runNumber) {
      return only(await query<RunTotals & QueryResultRow>(sql.LOAD_TOTALS, [runNumber]));
    },

    async loadLimits({ origin, keyHash, bucket }) {
      const values = [origin, keyHash, bucket];
      return only(await query<LimitsRead & QueryResultRow>(sql.LOAD_LIMITS, values));
    },

    async reserveStarts({ origin, keyHash, bucket }, wanted) {
      const { owner, heirOf, boot, limits, count, untilMs } = wanted;
      for (const { startedAtMs, startedCount } of limits) {
        assert(startedAtMs.length === startedCount.length, 'each start has a count');
      }
      const given = JSON.stringify(limits);
      const machine = [boot?.id ?? null, boot?.atMs ?? null];
      const values = [origin, keyHash, bucket, owner, heirOf, given, ...machine, count, untilMs];
      return only(await query<StartsGranted & QueryResultRow>(sql.RESERVE_STARTS, values));
    },

    async estimateRows({ qualified }) {
      const found = await query<{ estimate: number }>(sql.ESTIMATE_ROWS, [qualified]);
      const estimate = found.rows[0]?.estimate ?? -1;
      return estimate < 0 ? null : estimate;
    },

    async tableHasRows({ qualified }) {
      if (!(await hasTable(qualified))) return false;
      return only(await query<{ hasRows: boolean }>(sql.tableHasRows(qualified))).hasRows;
    },
  };
}

async function ask<Row extends QueryResultRow>(
  pool: Pool,
  statement: QueryConfig,
): Promise<QueryResult<Row>> {
  try {
    return await pool.query<Row>(statement);
  } catch (error) {
    throw asIngestionError(error);
  }
}

function only<Row extends QueryResultRow>(result: QueryResult<Row>): Row {
  const row = result.rows[0];
  assert(row !== undefined, 'the statement returns a row');
  return row;
}
