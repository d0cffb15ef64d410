/** The report of a run as its files and the ledger know it together. */
import type { Pool } from 'pg';
import type { Config } from '../../config/config.js';
import type { Run } from '../../database/ledger-types.js';
import { openRunHistory, type RunReport } from '../../database/run-history.js';
import { findLockHolder } from '../../database/run-lock.js';
import { isUnderWay, NO_TIMELINE, type RunReportDocument } from '../../observe/run-report.js';
import { findReport, type ReportFiles } from '../../observe/run-report-files.js';
import { runState } from '../../observe/run-status.js';
import { unknownRunText } from '../ledger-reader.js';
import { UserError } from '../user-error.js';
import { VERSION } from '../version.js';
import { reportedSubmission } from './reported-submission.js';

export interface LoadedReport {
  readonly report: RunReportDocument;
  /** What the ledger alone says. */
  readonly ledger: RunReport;
  /** Null: no process has left any. */
  readonly files: ReportFiles | null;
}

/** @throws UserError when the ledger has no such run; IngestionError */
export async function loadReport(
  pool: Pool,
  { reportsFolder }: Pick<Config, 'reportsFolder'>,
  run: Run,
): Promise<LoadedReport> {
  const [kept, ledger] = await Promise.all([
    findReport(reportsFolder, run),
    ledgerReport(pool, run),
  ]);
  if (kept === null) return { ...ledger, files: null };
  const report = broughtUpToDate(kept.report, ledger.report);
  return { report, ledger: ledger.ledger, files: kept.files };
}

/** The file is of the last process that ended well: a later one may have been killed, or be at work. */
function broughtUpToDate(kept: RunReportDocument, ledger: RunReportDocument): RunReportDocument {
  const { status, reason, resumeAtMs, endedAtMs, rows, pages } = ledger;
  const { quarantine, fieldChanges, warnings } = ledger;
  return {
    ...kept,
    ...(isUnderWay(ledger) ? { status, reason, resumeAtMs, endedAtMs } : {}),
    rows: { ...rows, total: rows.total ?? kept.rows.total },
    ...{ pages, quarantine, fieldChanges, warnings },
    submission: ledger.submission ?? kept.submission,
  };
}

/** What the ledger can say of a run whose process has left no report: it was killed, or still runs. */
async function ledgerReport(pool: Pool, run: Run): Promise<Omit<LoadedReport, 'files'>> {
  const { source, origin, startedAtMs, settings } = run;
  const [found, holder] = await Promise.all([
    openRunHistory(pool).report(run.run),
    findLockHolder(pool, run),
  ]);
  if (found === null) throw new UserError(unknownRunText(run.run));
  const status = runState(run.status, holder !== null);
  const report: RunReportDocument = {
    version: 1,
    ...{ run: run.run, source, origin, startedAtMs, status, settings: { ...settings } },
    reason: run.lastError,
    resumeAtMs: run.resumeAtMs,
    warnings: [...run.warnings],
    firstRequestAtMs: run.firstRequestAtMs,
    endedAtMs: run.finishedAtMs ?? found.lastCommitMs,
    rows: {
      ...{ ingested: found.rows, total: run.sourceTotal, returned: found.returned },
      ...{ inserted: found.inserted, updated: found.updated, duplicate: found.duplicate },
      ...{ quarantined: found.quarantined, deleted: run.deleted },
    },
    pages: found.pages,
    ...{ sessions: [], limit: null, waits: {}, databaseShare: null, writeMethod: null },
    latency: { head: null, fetch: null, scan: null, write: null },
    ...{ peakRssBytes: null, mainLoopDelayP99Ms: null, timeline: NO_TIMELINE },
    quarantine: [...found.quarantine],
    fieldChanges: [...found.fieldChanges],
    versions: { datasync: VERSION },
    ...{ submission: reportedSubmission(run.submission), verification: null },
  };
  return { report, ledger: found };
}
