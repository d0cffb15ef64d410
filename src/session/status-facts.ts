/** Asks the database where a run stands. */
import type { Pool } from 'pg';
import { openChildStore } from '../database/child-store.js';
import { loadClusterView } from '../database/cluster-view.js';
import { countRows } from '../database/count-rows.js';
import type { Run } from '../database/ledger-types.js';
import { openRunHistory } from '../database/run-history.js';
import { findLockHolder } from '../database/run-lock.js';
import { openRunProgress } from '../database/run-progress.js';
import { openRunStore } from '../database/run-store.js';
import { REST_SPAN_MS, wholeWindowsMs } from '../observe/pace.js';
import type { CommittedSpan, StatusFacts } from '../observe/run-status.js';
import { streamTable } from '../postgres/stream-table.js';
import { nowMs } from '../runtime/clock.js';

/** A span of so many windows is looked at; where no limit is known, of minutes. */
const WINDOW_MS_UNKNOWN = 60_000;

/**
 * @param countsTable whether the rows of the table are counted, unless the run is under way: the count
 *   would be of another moment, and cost the run's database a second
 * @throws IngestionError with the fault of the database
 */
export async function statusFacts(
  pool: Pool,
  run: Run,
  { countsTable }: { readonly countsTable: boolean },
): Promise<StatusFacts> {
  const store = openRunStore(pool);
  const progress = openRunProgress(pool);
  const [limit, holder] = await Promise.all([
    progress.limit(run.origin),
    findLockHolder(pool, run),
  ]);
  const spanMs = wholeWindowsMs(REST_SPAN_MS, limit?.windowMs ?? WINDOW_MS_UNKNOWN);
  const spanOf = async (sinceMs: number): Promise<CommittedSpan> => ({
    ...(await progress.committedSince(run.run, sinceMs)),
    sinceMs,
  });
  // The process at work began with the run, or took its lock later.
  const workedSinceMs =
    holder === null || run.firstRequestAtMs === null
      ? null
      : Math.max(run.firstRequestAtMs, Date.parse(holder.since));
  const isChild = run.settings.parent !== undefined;
  const [children, totals, segments, extent, all, worked, recent, cluster] = await Promise.all([
    isChild ? openChildStore(pool).count(run.run) : null,
    store.loadTotals(run.run),
    isChild ? [] : progress.segments(run.run),
    openRunHistory(pool).extent(run.run),
    progress.committedSince(run.run, 0),
    workedSinceMs === null ? null : spanOf(workedSinceMs),
    workedSinceMs === null ? null : spanOf(Math.max(workedSinceMs, nowMs() - spanMs)),
    loadClusterView(pool),
  ]);
  const { source, origin, status, startedAtMs, finishedAtMs, resumeAtMs, lastError } = run;
  const { firstRequestAtMs, sourceTotal, warnings } = run;
  return {
    ...{ run: run.run, source, origin, status, startedAtMs, finishedAtMs, resumeAtMs, lastError },
    ...{
      firstRequestAtMs,
      sourceTotal,
      warnings,
      totals,
      segments,
      children,
      limit,
      worked,
      recent,
      cluster,
    },
    lastCommitMs: all.lastMs,
    newestMs: extent.newestMs,
    tableRows: countsTable && holder === null ? await countRows(pool, streamTable(run)) : null,
    worker: holder === null ? null : `${holder.applicationName}, since ${holder.since}`,
  };
}
