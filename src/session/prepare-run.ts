/** Finds the run to go on with, or begins one: what is done, what is still to be walked. */
import type { Config } from '../config/config.js';
import { IngestionError } from '../core/fault.js';
import { pagesWalkedAgain, planResume, type ResumePlan } from '../core/resume.js';
import type { SegmentSeed } from '../core/segment.js';
import type { LedgerPage, Run, RunTotals, StreamKey } from '../database/ledger-types.js';
import type { RunStore } from '../database/run-store.js';
import { type StreamTable, tableOf } from '../postgres/stream-table.js';
import type { Source } from '../source/source.js';

export interface PreparedRun {
  readonly run: Run;
  readonly totals: RunTotals;
  /** Committed pages of earlier processes; null when the run begins now. */
  readonly resumedFrom: number | null;
  /** What is still to be walked. */
  readonly segments: readonly SegmentSeed[];
  readonly plan: ResumePlan;
  /** Committed by earlier processes. */
  readonly pages: readonly LedgerPage[];
  /** Of the earliest row that is known to end a page of earlier processes; Infinity: none is. */
  readonly earliestMs: number;
  readonly nextSegment: number;
}

const WALKED_AGAIN = 'pages without a key that the walk comes to again are fetched anew';

/**
 * @returns the finished run instead, when there is one and no new one was asked for
 * @throws IngestionError, DATABASE_REFUSED when the table that a run has written is not the one to go on with
 */
export async function prepareRun(
  config: Config,
  store: RunStore,
  known: { source: Source; streamKey: StreamKey; nowMs: number },
): Promise<{ readonly finished: Run } | { readonly prepared: PreparedRun }> {
  const { source, streamKey, nowMs } = known;
  const latest = await store.findLatestRun(streamKey);
  const isOver = latest === null || config.restart;
  if (!isOver && latest.status === 'complete') return { finished: latest };
  const run = isOver
    ? await store.createRun({
        ...streamKey,
        table: tableOf(source.target),
        settings: settingsOf(config),
      })
    : latest;
  const pages = isOver ? [] : await pagesToGoOnFrom(store, run, known);
  if (!isOver) {
    await store.setRunStatus(run.run, 'running');
    await store.supersedeOpenSegments(run.run);
  }
  const plan = planResume(pages, { paging: source.paging, nowMs });
  const firstSegment = await store.nextSegmentNumber(run.run);
  const segments = plan.gaps.map((gap, index) => ({ ...gap, segment: firstSegment + index }));
  await store.openSegments(run.run, segments);
  return {
    prepared: {
      run,
      totals: await store.loadTotals(run.run),
      resumedFrom: isOver ? null : pages.length,
      segments,
      plan,
      pages,
      earliestMs: earliestMs(pages),
      nextSegment: firstSegment + segments.length,
    },
  };
}

/**
 * Committed pages of earlier processes. Rows without a key are not known when they come again: those that
 * the walk would come to go before.
 */
async function pagesToGoOnFrom(
  store: RunStore,
  run: Run,
  { source, nowMs }: { readonly source: Source; readonly nowMs: number },
): Promise<LedgerPage[]> {
  const pages = await store.loadPages(run.run);
  const table = tableOf(source.target);
  if (pages.some(({ inserted }) => inserted > 0)) await checkTable(store, run, table);
  if (table.key.length > 0) return pages;
  const again = pagesWalkedAgain(pages, { paging: source.paging, nowMs });
  const ids = again.flatMap(({ id }) => id ?? []);
  if (ids.length === 0) return pages;
  await store.releasePages({ run: run.run, table, ids, reason: WALKED_AGAIN });
  return store.loadPages(run.run);
}

/** Rows of one run in two tables, or in none, would be proved by no ledger. */
async function checkTable(store: RunStore, run: Run, table: StreamTable): Promise<void> {
  const { tableName, tableKey } = run;
  const isSame = tableName === table.qualified && tableKey.join() === table.key.join();
  if (isSame && (await store.hasTable(tableName))) return;
  const what = isSame
    ? `the table ${tableName}, which run ${run.run} has written, is not there any more`
    : `run ${run.run} has written the table ${formOf(tableName, tableKey)}, and the source now names ${formOf(table.qualified, table.key)}`;
  throw new IngestionError({
    code: 'DATABASE_REFUSED',
    message: what,
    retryable: false,
    remedy: `${isSame ? 'Bring it back' : 'Name it as before'} to go on with the run, or begin a new one with --restart`,
  });
}

function formOf(name: string, key: readonly string[]): string {
  return key.length === 0 ? `${name} without a key` : `${name} with the key ${key.join(', ')}`;
}

function earliestMs(pages: readonly LedgerPage[]): number {
  // A page whose last row lies before its start shows a source of another order.
  const behindStart = pages.flatMap(({ after, last }) =>
    after !== null && last !== null && last.ms <= after.ms ? last.ms : [],
  );
  return behindStart.reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY);
}

/** What is worth knowing of a run later. No secret is among it. */
function settingsOf(config: Config): Record<string, unknown> {
  const { concurrency, pageLimit, writeMethod, reservedRequests } = config;
  return { concurrency, pageLimit, writeMethod, reservedRequests };
}
