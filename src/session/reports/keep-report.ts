/** Puts the report of a session into its files. What cannot be written is told, and ends nothing. */
import { relative } from 'node:path';
import type { Pool } from 'pg';
import type { RunOutcome } from '../../core/scheduler-types.js';
import { openRunHistory } from '../../database/run-history.js';
import type { RunReportDocument } from '../../observe/run-report.js';
import type { SessionFigures } from '../../observe/run-report-session.js';
import { sessionReport } from '../../observe/run-report-session.js';
import type { SessionContext } from '../context.js';
import { VERSION } from '../version.js';

export type KnownFigures = Omit<SessionFigures, 'quarantine' | 'fieldChanges' | 'versions'>;

/** @returns the page's path as seen from here; null when it could not be written */
export async function keepReport(
  { config, log }: SessionContext,
  pool: Pool,
  figures: KnownFigures,
): Promise<string | null> {
  // The page is made of text that a start has no use for.
  const { writeReport } = await import('../../observe/run-report-files.js');
  try {
    const { postgres, ...found } = await askDatabase(pool, figures.run.run, figures.outcome);
    const versions = {
      ...{ datasync: VERSION, node: process.versions.node, PostgreSQL: postgres },
      machine: `${process.platform} ${process.arch}`,
    };
    const report = sessionReport({ ...figures, ...found, versions });
    const { files, setAside } = await writeReport(config.reportsFolder, report);
    if (setAside !== null) {
      const where = relative('.', setAside);
      log.info(
        { event: 'report_set_aside', where },
        `there was a report of another run ${report.run}: it is ${where} now`,
      );
    }
    return relative('.', files.page);
  } catch (error) {
    const { message } = error as Error;
    log.warn({ event: 'report_unwritten' }, `the report of the run cannot be written: ${message}`);
    return null;
  }
}

interface DatabaseFacts extends Pick<RunReportDocument, 'quarantine' | 'fieldChanges'> {
  readonly postgres: string;
}

/** A database that is the reason of the end is not asked, for it would only be waited for. */
async function askDatabase(pool: Pool, run: number, outcome: RunOutcome): Promise<DatabaseFacts> {
  const unknown = { quarantine: [], fieldChanges: [], postgres: 'unknown' };
  if (outcome.status === 'failed' && outcome.fault.code.startsWith('DATABASE')) return unknown;
  try {
    const history = openRunHistory(pool);
    const [quarantine, fieldChanges, { rows }] = await Promise.all([
      history.quarantine(run),
      history.fieldChanges(run),
      pool.query<{ server_version: string }>('SHOW server_version'),
    ]);
    const postgres = rows[0]?.server_version ?? 'unknown';
    return { quarantine: [...quarantine], fieldChanges: [...fieldChanges], postgres };
  } catch {
    return unknown;
  }
}
