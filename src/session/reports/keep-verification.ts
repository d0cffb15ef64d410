/** Puts the result of a verification into the report of its run, where there is one. */
import type { Run } from '../../database/ledger-types.js';
import type { Verification } from '../../database/verify/verify-types.js';
import { amendReport } from '../../observe/run-report-files.js';
import { nowMs } from '../../runtime/clock.js';
import type { SessionContext } from '../context.js';

/** A report that cannot be written changes nothing about the proof: that is told, and is no failure. */
export async function keepVerification(
  { config, log }: SessionContext,
  run: Run,
  { ok, rows, pages, differences }: Verification,
): Promise<void> {
  try {
    const verification = { ok, atMs: nowMs(), rows, pages, differences: differences.length };
    await amendReport(config.reportsFolder, run, { verification });
  } catch (error) {
    const { message } = error as Error;
    log.warn({ event: 'report_unwritten' }, `the report of the run cannot be written: ${message}`);
  }
}
