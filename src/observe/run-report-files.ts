/**
 * The files of a run's report: `<run>.json` and `<run>.html` in one folder.
 *
 * A new database counts its runs from 1 again. What is there by that number of another run is kept under
 * a longer name, `<run>-<when that run began>`, and found there again when its database is back.
 */
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../files/write-whole.js';
import { isSameRun, joinReports, type RunReportDocument, readReport } from './run-report.js';
import { runReportPage } from './run-report-page.js';

export interface ReportFiles {
  readonly json: string;
  readonly page: string;
}

/** What tells a run from those of other databases. */
export type RunIdentity = Pick<RunReportDocument, 'run' | 'source' | 'origin' | 'startedAtMs'>;

export interface KeptReport {
  readonly report: RunReportDocument;
  readonly files: ReportFiles;
}

export interface WrittenReport {
  readonly files: ReportFiles;
  /** Where the report of another run by this number went to; null: there was none. */
  readonly setAside: string | null;
}

/** @returns null when this run has none, or what is there cannot be read */
export async function findReport(folder: string, run: RunIdentity): Promise<KeptReport | null> {
  for (const files of [reportFiles(folder, run.run), asideFiles(folder, run)]) {
    const report = await readReportFile(files.json);
    if (report !== null && isSameRun(report, run)) return { report, files };
  }
  return null;
}

/**
 * Writes both files, each at once; joins what earlier processes of the same run have reported.
 *
 * @throws the system's error when they cannot be written
 */
export async function writeReport(
  folder: string,
  report: RunReportDocument,
): Promise<WrittenReport> {
  await mkdir(folder, { recursive: true });
  const earlier = await findReport(folder, report);
  const files = reportFiles(folder, report.run);
  const setAside = earlier?.files.json === files.json ? null : await makeRoom(folder, report.run);
  await replaceReport(files, joinReports(earlier?.report ?? null, report));
  if (earlier !== null && earlier.files.json !== files.json) {
    await Promise.all([earlier.files.json, earlier.files.page].map((path) => rm(path)));
  }
  return { files, setAside };
}

/** Changes the report of a run, where it has one. @throws the system's error */
export async function amendReport(
  folder: string,
  run: RunIdentity,
  changes: Partial<RunReportDocument>,
): Promise<void> {
  const kept = await findReport(folder, run);
  if (kept !== null) await replaceReport(kept.files, { ...kept.report, ...changes });
}

/** Writes both files in the place of what is there. @throws the system's error */
export async function replaceReport(files: ReportFiles, report: RunReportDocument): Promise<void> {
  await writeWhole(files.json, `${JSON.stringify(report)}\n`);
  await writeWhole(files.page, runReportPage(report));
}

function reportFiles(folder: string, name: number | string): ReportFiles {
  return { json: join(folder, `${name}.json`), page: join(folder, `${name}.html`) };
}

function asideFiles(folder: string, { run, startedAtMs }: RunIdentity): ReportFiles {
  return reportFiles(folder, `${run}-${instantName(startedAtMs)}`);
}

/** Moves what is there by this number away. @returns where its JSON is now; null: there was nothing */
async function makeRoom(folder: string, run: number): Promise<string | null> {
  const files = reportFiles(folder, run);
  const found = await readReportFile(files.json);
  const aside =
    found === null ? await unreadableFiles(folder, run, files) : asideFiles(folder, found);
  const isThere = await moveIfThere(files.json, aside.json);
  return (await moveIfThere(files.page, aside.page)) || isThere ? aside.json : null;
}

/** What is no report of ours may be of a later version, or somebody's own file. */
async function unreadableFiles(
  folder: string,
  run: number,
  { json }: ReportFiles,
): Promise<ReportFiles> {
  const writtenAtMs = await stat(json).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  return reportFiles(folder, `${run}-unreadable-${instantName(writtenAtMs)}`);
}

async function moveIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Without colons, which some file systems do not take. */
function instantName(ms: number): string {
  return new Date(ms).toISOString().replaceAll(':', '-');
}

async function readReportFile(path: string): Promise<RunReportDocument | null> {
  try {
    return readReport(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null;
  }
}
