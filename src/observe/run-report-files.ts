/** The files of a run's report: `<run>.json` and `<run>.html` in one folder. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { joinReports, type RunReportDocument, readReport } from './run-report.js';
import { runReportPage } from './run-report-page.js';

export interface ReportFiles {
  readonly json: string;
  readonly page: string;
}

export function reportFiles(folder: string, run: number): ReportFiles {
  return { json: join(folder, `${run}.json`), page: join(folder, `${run}.html`) };
}

/** @returns null when there is none, or what is there is no report */
export async function loadReport(folder: string, run: number): Promise<RunReportDocument | null> {
  try {
    return readReport(JSON.parse(await readFile(reportFiles(folder, run).json, 'utf8')));
  } catch {
    return null;
  }
}

/**
 * Writes both files, each at once; joins what earlier processes of the same run have reported.
 *
 * @throws the system's error when they cannot be written
 */
export async function writeReport(folder: string, report: RunReportDocument): Promise<ReportFiles> {
  return replaceReport(folder, joinReports(await loadReport(folder, report.run), report));
}

/** The same, in the place of what is there. */
export async function replaceReport(
  folder: string,
  report: RunReportDocument,
): Promise<ReportFiles> {
  await mkdir(folder, { recursive: true });
  const files = reportFiles(folder, report.run);
  await replaceFile(files.json, `${JSON.stringify(report)}\n`);
  await replaceFile(files.page, runReportPage(report));
  return files;
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}
