/** `datasync report [run]`: shows the report of a run again, ended or not. */
import { relative } from 'node:path';
import { Command } from 'commander';
import type { Pool } from 'pg';
import type { Run } from '../database/ledger-types.js';
import { openRunHistory } from '../database/run-history.js';
import { findLockHolder } from '../database/run-lock.js';
import { openRunStore } from '../database/run-store.js';
import { field } from '../observe/columns.js';
import { painterFor } from '../observe/paint.js';
import { isUnderWay, NO_TIMELINE, type RunReportDocument } from '../observe/run-report.js';
import { findReport } from '../observe/run-report-files.js';
import { runReportText } from '../observe/run-report-text.js';
import { runState } from '../observe/run-status.js';
import { type CommandContext, CommandFailure, commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { findRun, noLedgerText, noRunText } from './find-run.js';
import { openLedger } from './open-database.js';
import { reportedSubmission } from './reported-submission.js';
import { VERSION } from './version.js';
import { wholeNumber } from './whole-number.js';

export function reportCommand(): Command {
  return new Command('report')
    .description('show the report of a run again')
    .argument('[run]', 'its number; default: the latest', wholeNumber)
    .option('--simulate', 'the run over the bundled simulator')
    .option('--json', 'print the report as one JSON line')
    .addHelpText(
      'after',
      `
Each process that works on a run writes <run>.json and <run>.html into
REPORTS_FOLDER when it ends. Without these files the report has what the ledger
knows. Where another database has had a run by that number, its files have a
longer name.

Example:
  datasync report 1`,
    )
    .action(async (run: number | undefined, flags: Record<string, unknown>) => {
      const context = await commandContext({ ...flags, logLevel: 'warn', readsOnly: true });
      const database = await openLedger(context);
      if (database === null) throw new CommandFailure(noLedgerText(context.config));
      try {
        await showReport(context, database.pool, run);
      } finally {
        await database.close();
      }
      process.exitCode = EXIT.complete;
    });
}

/** @throws CommandFailure when there is no such run */
async function showReport(
  context: CommandContext,
  pool: Pool,
  chosen: number | undefined,
): Promise<void> {
  const { config } = context;
  const store = openRunStore(pool);
  const run = await findRun(store, config, chosen);
  if (run === null) throw new CommandFailure(noRunText(config, chosen));
  const [kept, ledger] = await Promise.all([
    findReport(config.reportsFolder, run),
    ledgerReport(pool, run),
  ]);
  const report = kept === null ? ledger : broughtUpToDate(kept.report, ledger);
  context.say(runReportText(report, painterFor(process.stdout)));
  if (kept !== null) context.say(field('page', relative('.', kept.files.page)).join('\n'));
  context.json(report);
}

/** The file is of the last process that ended well: a later one may have been killed, or be at work. */
function broughtUpToDate(kept: RunReportDocument, ledger: RunReportDocument): RunReportDocument {
  const { status, reason, resumeAtMs, endedAtMs, rows, pages, quarantine } = ledger;
  return {
    ...kept,
    ...(isUnderWay(ledger) ? { status, reason, resumeAtMs, endedAtMs } : {}),
    rows: { ...rows, total: rows.total ?? kept.rows.total },
    ...{ pages, quarantine },
    submission: ledger.submission ?? kept.submission,
  };
}

/** What the ledger can say of a run whose process has left no report: it was killed, or still runs. */
async function ledgerReport(pool: Pool, run: Run): Promise<RunReportDocument> {
  const { source, origin, startedAtMs, settings } = run;
  const [found, holder] = await Promise.all([
    openRunHistory(pool).report(run.run),
    findLockHolder(pool, source, origin),
  ]);
  if (found === null) throw new CommandFailure(`The ledger has no run ${run.run}.`);
  const status = runState(run.status, holder !== null);
  return {
    version: 1,
    ...{ run: run.run, source, origin, startedAtMs, status, settings: { ...settings } },
    reason: run.lastError,
    resumeAtMs: run.resumeAtMs,
    firstRequestAtMs: run.firstRequestAtMs,
    endedAtMs: run.finishedAtMs ?? found.lastCommitMs,
    rows: {
      ...{ ingested: found.covered, total: run.sourceTotal, returned: found.returned },
      ...{ inserted: found.inserted, duplicate: found.duplicate, quarantined: found.quarantined },
    },
    pages: found.pages,
    ...{ sessions: [], limit: null, waits: {}, databaseShare: null, writeMethod: null },
    latency: { head: null, fetch: null, scan: null, write: null },
    ...{ peakRssBytes: null, mainLoopDelayP99Ms: null, timeline: NO_TIMELINE },
    quarantine: [...found.quarantine],
    versions: { datasync: VERSION },
    submission: reportedSubmission(run.submission),
  };
}
