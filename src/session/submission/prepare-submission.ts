/** What comes before a submission: a finished run, its proof, and the file of its ids. */
import { listOtherWriters } from '../../database/export/table-writers.js';
import { verificationText } from '../../database/verify/verification-text.js';
import { verifyRun } from '../../database/verify/verify-run.js';
import { formatCount } from '../../observe/eta.js';
import { streamTable } from '../../postgres/stream-table.js';
import type { SubmissionList } from '../../source/submission-form.js';
import { openOutputFile } from '../export/open-output.js';
import { type Exported, writeRows } from '../export/write-ids.js';
import { type FoundRun, notCompleteText, unknownRunText } from '../ledger-reader.js';
import { reportedSubmission } from '../reports/reported-submission.js';
import { UserError } from '../user-error.js';
import { findTwin, type Sent } from './submit-decide.js';

/** @param permitsAgain of a run that was submitted before, too @throws UserError where it may not be submitted */
export async function requireSubmittable(
  { database, run }: FoundRun,
  permitsAgain: boolean,
): Promise<void> {
  if (run.status !== 'complete') {
    throw new UserError(`${await notCompleteText(database.pool, run)}.`, 'paused');
  }
  const earlier = reportedSubmission(run.submission);
  if (earlier !== null && !permitsAgain) {
    throw new UserError(
      `Run ${run.run} was submitted already, as number ${earlier.submissionNumber ?? '?'}; ` +
        '--again spends another submission on it.',
    );
  }
}

/** @returns the rows that are proved @throws UserError where the proof fails, or rows are of others */
export async function proveForSubmission({ database: { pool }, run }: FoundRun): Promise<number> {
  const proof = await verifyRun(pool, { run: run.run });
  if (proof === null) throw new UserError(unknownRunText(run.run));
  const before = proof.pass.type === 'full' ? 0 : proof.owners.otherRuns;
  const writers = await listOtherWriters(pool, run);
  // A run that has read what is new goes on from runs of its own stream.
  const proved =
    writers.length === 0 ? Math.max(proof.rows, proof.owners.run + before) : proof.rows;
  const others = proof.tableRows - proved;
  if (!proof.ok) {
    throw new UserError(`${verificationText(proof)}\nNothing was sent.`);
  }
  if (others > 0) {
    const whose = writers.length === 0 ? 'no run' : writers.map(({ origin }) => origin).join(', ');
    throw new UserError(
      `The table holds ${formatCount(others)} rows that are not of run ${run.run}, but of ${whose}. ` +
        'Nothing was sent: ingest into a database of its own, and submit from there.',
    );
  }
  return proved;
}

/**
 * @param proved rows that were proved
 * @throws UserError when the table is not what was proved, or the file cannot be written
 */
export async function exportForSubmission(
  { database: { pool }, run }: FoundRun,
  proved: number,
  settings: { readonly output: string; readonly isQuiet: boolean; readonly leave: () => never },
): Promise<Exported> {
  const sink = await openOutputFile(settings.output, { isGzip: false });
  return writeRows(pool, {
    table: streamTable(run),
    ...{ ...settings, sink, format: 'ids', order: 'id', expected: proved },
    check: (rows) => {
      if (rows === proved) return;
      throw new UserError('The table has changed since it was verified. Nothing was sent.');
    },
  });
}

/** Where nobody looks at the list, what is there already is not sent again. @throws UserError */
export function refuseTwin(before: SubmissionList, sent: Sent): void {
  const twin = findTwin(before, sent);
  if (twin === null) return;
  throw new UserError(
    `The API has counted ${formatCount(sent.idCount)} ids for ${sent.githubRepoUrl} already, as number ` +
      `${twin.submissionNumber ?? '?'}. Nothing was sent; --again spends another submission on them.`,
  );
}
