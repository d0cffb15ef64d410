/** Puts how all streams of a process ended into the report of each. */
import type { Run } from '../../database/ledger-types.js';
import type { ReportedStream } from '../../observe/run-report.js';
import { amendReport } from '../../observe/run-report-files.js';
import type { SessionContext } from '../context.js';

/** A report that cannot be written is told, and is no failure. */
export async function keepStreams(
  { config, log }: SessionContext,
  runs: readonly Run[],
  streams: readonly ReportedStream[],
): Promise<void> {
  try {
    for (const run of runs) {
      await amendReport(config.reportsFolder, run, { streams: [...streams] });
    }
  } catch (error) {
    const { message } = error as Error;
    log.warn({ event: 'report_unwritten' }, `the report of the run cannot be written: ${message}`);
  }
}
