/** Asks the database where a run stands. */
import type { Pool } from 'pg';
import type { Config } from '../config/config.js';
import { countRows } from '../database/count-rows.js';
import { openRunHistory } from '../database/run-history.js';
import { findLockHolder } from '../database/run-lock.js';
import { openRunProgress } from '../database/run-progress.js';
import { openRunStore } from '../database/run-store.js';
import type { StatusFacts } from '../observe/run-status.js';
import { sourceNamed } from '../source/registry.js';
import { findRun } from './find-run.js';

const PACE_MIN_MS = 60_000;

/**
 * @param countsTable whether the rows of the table are counted, unless the run is under way: the count
 *   would be of another moment, and cost the run's database a second
 * @returns null when there is no run @throws IngestionError with the fault of the database
 */
export async function statusFacts(
  pool: Pool,
  config: Config,
  chosen: number | undefined,
  { countsTable }: { readonly countsTable: boolean },
): Promise<StatusFacts | null> {
  const store = openRunStore(pool);
  const progress = openRunProgress(pool);
  const run = await findRun(store, config, chosen);
  if (run === null) return null;
  const { bucket, defaultPolicy } = sourceNamed(run.source);
  const [limit, holder] = await Promise.all([
    progress.limit(run.origin, bucket),
    findLockHolder(pool, run.source, run.origin),
  ]);
  // Two windows: ten pages at once and then none for a minute is a pace too.
  const spanMs = Math.max(PACE_MIN_MS, 2 * (limit ?? defaultPolicy).windowMs);
  const [totals, segments, pace, extent] = await Promise.all([
    store.loadTotals(run.run),
    progress.segments(run.run),
    progress.pace(run.run, spanMs),
    openRunHistory(pool).extent(run.run),
  ]);
  const { source, origin, status, startedAtMs, finishedAtMs, resumeAtMs, lastError } = run;
  const { firstRequestAtMs, sourceTotal } = run;
  return {
    ...{ run: run.run, source, origin, status, startedAtMs, finishedAtMs, resumeAtMs, lastError },
    ...{ firstRequestAtMs, sourceTotal, totals, segments, pace, limit },
    newestMs: extent.newestMs,
    tableRows: countsTable && holder === null ? await countRows(pool) : null,
    worker: holder === null ? null : `${holder.applicationName}, since ${holder.since}`,
  };
}
