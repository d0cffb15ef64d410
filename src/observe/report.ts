/**
 * The report of a run: the last JSON line of `ingest`, and the same as text for a person.
 */
import { writtenText } from '../core/committed-page.js';
import type { RunOutcome } from '../core/scheduler-types.js';
import { type Pass, passText } from '../source/pass.js';
import { field } from './columns.js';
import { formatBytes, formatCount, formatDuration } from './eta.js';
import { reasonOf, resumeAtMsOf, statusAfter } from './run-end.js';
import type { RunFigures } from './run-figures.js';
import type { RunStats } from './run-stats.js';

/** What became of the rows of earlier runs that a run of all of the source has not seen. */
export type Deletion =
  | { readonly type: 'deleted'; readonly rows: number }
  /** `rows`: how many there are; null: not known. The reason is the end of a sentence. */
  | { readonly type: 'kept'; readonly rows: number | null; readonly reason: string };

/**
 * The last JSON line of `ingest`. Rows are those of the run over all restarts; requests, time (from the first
 * request) and rate are of this process.
 */
export interface IngestResult {
  /** How the process ended, as its exit code says: `interrupted` leaves the run paused. */
  readonly status: RunOutcome['status'];
  readonly run: number;
  /** Which part of the stream the run reads. */
  readonly pass: Pass;
  readonly eventsIngested: number;
  readonly returned: number;
  readonly inserted: number;
  readonly updated: number;
  readonly duplicate: number;
  readonly quarantined: number;
  /** Rows of earlier runs that the source no longer has; null: nobody asked. */
  readonly deleted: number | null;
  /** Why none was deleted though somebody asked; null: nobody did, or they were. */
  readonly keptReason: string | null;
  readonly pages: number;
  readonly requests: number;
  /** Answers with 429. */
  readonly refused: number;
  readonly retries: number;
  readonly durationMs: number;
  readonly eventsPerSecond: number;
  readonly permittedRequests: number | null;
  readonly utilisation: number | null;
  readonly peakRssBytes: number;
  readonly mainLoopDelayP99Ms: number;
  readonly firstCommitMs: number | null;
  /** Pages that earlier processes had committed; null when the run began here. */
  readonly resumedFrom: number | null;
  readonly writeMethod: string;
  readonly reason: string | null;
  readonly resumeAt: string | null;
  /** What whoever uses the rows should know, though the run may be complete. */
  readonly warnings: readonly string[];
}

export function ingestResult(known: {
  readonly run: number;
  readonly pass: Pass;
  readonly outcome: RunOutcome;
  readonly stats: RunStats;
  readonly figures: RunFigures;
  readonly resumedFrom: number | null;
  readonly warnings: readonly string[];
  /** Null: nobody asked for one. */
  readonly deletion: Deletion | null;
  /** Of the process, or on a schedule of the attempt. */
  readonly startedAtMs: number;
  readonly nowMs: number;
}): IngestResult {
  const { outcome, stats } = known;
  const figures = known.figures.at(known.nowMs);
  return {
    status: outcome.status,
    run: known.run,
    pass: known.pass,
    eventsIngested: figures.rows,
    ...stats.counts,
    ...deletionFields(known.deletion),
    pages: stats.pages,
    requests: stats.requests,
    refused: stats.refused,
    retries: stats.retries,
    durationMs: Math.round(figures.durationMs),
    eventsPerSecond: Math.round(figures.rowsPerSecond),
    permittedRequests: figures.permitted,
    utilisation: known.figures.utilisation(),
    peakRssBytes: stats.peakRssBytes,
    mainLoopDelayP99Ms: Math.round(stats.mainLoopDelayP99Ms * 10) / 10,
    firstCommitMs:
      stats.firstCommitAtMs === null ? null : Math.round(stats.firstCommitAtMs - known.startedAtMs),
    resumedFrom: known.resumedFrom,
    writeMethod: methodName(stats.methods),
    reason: reasonOf(outcome),
    resumeAt: isoOrNull(resumeAtMsOf(outcome)),
    warnings: known.warnings,
  };
}

export function deletionFields(
  deletion: Deletion | null,
): Pick<IngestResult, 'deleted' | 'keptReason'> {
  if (deletion === null) return { deleted: null, keptReason: null };
  return deletion.type === 'deleted'
    ? { deleted: deletion.rows, keptReason: null }
    : { deleted: 0, keptReason: deletion.reason };
}

/** Where there is more to see. */
export interface ReportPlaces {
  /** Where the rows are, with its schema. */
  readonly table: string;
  /** The line that opens the data. */
  readonly open: string;
  /** The page with all of it; null: there is none. */
  readonly page?: string | null;
}

/** The report for a person; no line over 80 columns but the one that opens the data. */
export function reportText(result: IngestResult, where: ReportPlaces): string {
  const used =
    result.utilisation === null
      ? describeRequests(result)
      : `${describeRequests(result)}, ${(result.utilisation * 100).toFixed(1)} % of the limit used`;
  const rows = [
    ['rows', `${formatCount(result.eventsIngested)} of this run, by the ledger`],
    [
      'records',
      `${formatCount(result.returned)} returned = ${writtenText(result)}` +
        ` + ${formatCount(result.duplicate)} duplicate`,
    ],
    ['', `+ ${formatCount(result.quarantined)} in quarantine`],
    ...(result.deleted === null || result.keptReason !== null
      ? []
      : [['deleted', `${formatCount(result.deleted)} rows that the source no longer has`]]),
    ['pages', formatCount(result.pages)],
    [
      'time',
      `${formatDuration(result.durationMs)}, ${formatCount(result.eventsPerSecond)} rows/s` +
        (result.resumedFrom === null ? '' : ' since this start'),
    ],
    ['requests', used],
    ['writing', result.writeMethod],
    ['memory', `${formatBytes(result.peakRssBytes)} at most`],
    ['table', where.table],
    ['data', where.open],
    ...(where.page == null ? [] : [['report', where.page]]),
  ];
  if (result.pass.type !== 'full') rows.unshift(['reads', passText(result.pass)]);
  if (result.resumedFrom !== null) {
    const at = rows.findIndex(([name]) => name === 'time');
    rows.splice(at, 0, ['resumed', `from ${formatCount(result.resumedFrom)} committed pages`]);
  }
  const title = `Run ${result.run}: ${statusAfter(result.status)}`;
  const reason = result.reason === null ? [] : [`  ${result.reason}`];
  const warnings = [
    ...result.warnings.flatMap((text) => field('warning', text)),
    ...(result.keptReason === null
      ? []
      : field('kept', `nothing is deleted: ${result.keptReason}`)),
  ];
  const lines = rows.map(([name, value]) => `  ${(name ?? '').padEnd(9)} ${value}`);
  return [title, ...reason, ...warnings, ...lines].join('\n');
}

function describeRequests(result: IngestResult): string {
  const refused = result.refused === 0 ? 'none refused' : `${result.refused} refused`;
  return `${formatCount(result.requests)}, ${refused}, ${result.retries} retries`;
}

function methodName(methods: { copy: number; insert: number }): string {
  if (methods.copy > 0 && methods.insert > 0)
    return `copy ${methods.copy}, insert ${methods.insert}`;
  return methods.insert > 0 ? 'insert' : 'copy';
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
