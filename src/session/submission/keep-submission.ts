/** Keeps what the API has answered to a submission, which cannot be had again: in three places. */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Run } from '../../database/ledger-types.js';
import type { RunStore } from '../../database/run-store.js';
import { amendReport } from '../../observe/run-report-files.js';
import type { SessionContext } from '../context.js';
import { reportedSubmission, type SubmissionRecord } from '../reports/reported-submission.js';

export interface KeptSubmission {
  /** Beside the ids; null: it could not be written there. */
  readonly file: string | null;
  /** Why it is not kept everywhere, a sentence for each place. */
  readonly complaints: readonly string[];
}

/** What keeps it from one place must not keep it from the others. @param output the file of the ids */
export async function keepSubmission(
  { config }: SessionContext,
  store: RunStore,
  { run, output }: { readonly run: Run; readonly output: string },
  record: SubmissionRecord,
): Promise<KeptSubmission> {
  const submission = reportedSubmission({ ...record });
  const places = await Promise.allSettled([
    writeRecord(dirname(output), record),
    store.setSubmission(run.run, record),
    amendReport(config.reportsFolder, run, { submission }),
  ]);
  const complaints = places.flatMap((place) =>
    place.status === 'rejected' ? [(place.reason as Error).message] : [],
  );
  return { file: places[0].status === 'fulfilled' ? places[0].value : null, complaints };
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
