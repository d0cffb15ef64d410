/** What is told and kept of a submission, however it ended. */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CommandContext, CommandFailure } from '../../commands/context.js';
import { EXIT } from '../../commands/exit-codes.js';
import { IngestionError } from '../../core/fault.js';
import type { Run } from '../../database/ledger-types.js';
import type { RunStore } from '../../database/run-store.js';
import { formatCount } from '../../observe/eta.js';
import { findReport, replaceReport } from '../../observe/run-report-files.js';
import type { Submission } from '../../source/submissions.js';
import { reportedSubmission, type SubmissionRecord } from '../reports/reported-submission.js';
import type { SubmitOutcome } from './submit-ids.js';

export interface Attempted {
  readonly run: Run;
  readonly output: string;
  /** Where the person wants no other attempt: a plain no and Ctrl-C differ. */
  readonly exitCodeOfNo: number;
  readonly record: Omit<SubmissionRecord, 'answer' | 'isFromList'>;
}

/** @returns the exit code @throws CommandFailure, IngestionError unless it was submitted */
export async function concludeSubmission(
  context: CommandContext,
  store: RunStore,
  outcome: SubmitOutcome,
  attempted: Attempted,
): Promise<number> {
  switch (outcome.type) {
    case 'refused':
      throw new IngestionError(outcome.fault);
    case 'givenUp':
      throw new CommandFailure(`Nothing was submitted: ${outcome.reason}.`, attempted.exitCodeOfNo);
    case 'unknown':
      throw new CommandFailure(
        `It is not known whether the submission counted: ${outcome.reason}. It was not sent again; ` +
          '--dry-run shows what the API has counted.',
      );
    case 'submitted':
      break;
  }
  const record: SubmissionRecord = {
    ...attempted.record,
    answer: outcome.submission,
    isFromList: outcome.isFromList,
  };
  context.say(submittedText(outcome.submission));
  const file = await keep(context, store, attempted, record);
  if (file !== null) context.say(`  kept in   ${file}`);
  const { eventCount } = outcome.submission;
  const isWhole = eventCount === null || eventCount === record.ids.count;
  context.json({ status: isWhole ? 'submitted' : 'incomplete', file, ...record });
  if (isWhole) return EXIT.complete;
  process.stderr.write(
    `The API counted ${formatCount(eventCount)} of ${formatCount(record.ids.count)} ids.\n`,
  );
  return EXIT.failed;
}

function submittedText(submission: Submission): string {
  const { submissionNumber, eventCount, timeToSubmit, remainingSubmissions } = submission;
  const counted = eventCount === null ? '' : `, ${formatCount(eventCount)} ids counted`;
  return [
    `Submission ${submissionNumber ?? '?'} received${counted}`,
    ...(timeToSubmit === null ? [] : [`  time to complete  ${timeToSubmit}`]),
    ...(remainingSubmissions === null ? [] : [`  left      ${remainingSubmissions}`]),
  ].join('\n');
}

/** The answer cannot be had again: what keeps it from one place must not keep it from the others. */
async function keep(
  context: CommandContext,
  store: RunStore,
  { run, output }: Attempted,
  record: SubmissionRecord,
): Promise<string | null> {
  const kept = await findReport(context.config.reportsFolder, run);
  const submission = reportedSubmission({ ...record });
  const places = await Promise.allSettled([
    writeRecord(dirname(output), record),
    store.setSubmission(run.run, record),
    kept === null ? null : replaceReport(kept.files, { ...kept.report, submission }),
  ]);
  for (const place of places) {
    if (place.status === 'fulfilled') continue;
    const { message } = place.reason as Error;
    process.stderr.write(`Warning: the answer could not be kept everywhere: ${message}\n`);
  }
  return places[0]?.status === 'fulfilled' ? places[0].value : null;
}

/** Another key counts from 1 again: what is there by that number stays. @returns where it was written */
async function writeRecord(folder: string, record: SubmissionRecord): Promise<string> {
  const number = record.answer.submissionNumber ?? 'unnumbered';
  const text = `${JSON.stringify(record, null, 2)}\n`;
  const file = join(folder, `submission-${number}.json`);
  try {
    await writeFile(file, text, { flag: 'wx' });
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const other = join(folder, `submission-${number}-${record.sentAt.replaceAll(':', '-')}.json`);
  await writeFile(other, text, { flag: 'wx' });
  return other;
}
