/** The run report for a terminal: no line over 80 columns. */
import { writtenText } from '../core/committed-page.js';
import { field } from './columns.js';
import { formatBytes, formatCount, formatDuration } from './eta.js';
import { changeText } from './field-change-words.js';
import type { LatencySummary } from './latency-histogram.js';
import { NO_PAINT, type Paint, statusStyle } from './paint.js';
import {
  isUnderWay,
  type ReportTotals,
  type RunReportDocument,
  reportTotals,
} from './run-report.js';

const QUARANTINE_LINES = 5;
const CHANGE_LINES = 10;

/** How people say what a request waits for (core/wait-times). */
const WAIT_WORDS: Readonly<Record<string, string>> = {
  permit: "the API's limit",
  answer: "the API's answers",
  slot: 'a free request',
  credit: 'the database',
  end: 'the end',
};

export function runReportText(report: RunReportDocument, paint: Paint = NO_PAINT): string {
  const totals = reportTotals(report);
  const title = `Run ${report.run}: ${paint(statusStyle(report.status), report.status)}`;
  const lines = [
    ...(report.reason === null ? [] : field('reason', report.reason)),
    ...report.warnings.flatMap((text) => field('warning', text)),
    ...field('source', `${report.source}, ${report.origin}`),
    ...rowLines(report),
    ...timeLines(report, totals),
    ...requestLines(report, totals),
    ...unreportedLines(totals),
    ...engineLines(report),
    ...quarantineLines(report),
    ...fieldLines(report),
    ...field('verified', verifiedText(report)),
    ...(isProven(report) ? [] : field('', verifyCommand(report))),
    ...submissionLines(report),
    ...field('versions', namedList(report.versions)),
  ];
  return [title, ...lines].join('\n');
}

function rowLines({ rows, pages }: RunReportDocument): string[] {
  const of = rows.total === null ? '' : ` of ${formatCount(rows.total)}`;
  return [
    ...field(
      'rows',
      `${formatCount(rows.ingested)}${of} committed, from ${formatCount(pages)} pages`,
    ),
    ...field(
      'records',
      `${formatCount(rows.returned)} returned = ${writtenText(rows)} + ` +
        `${formatCount(rows.duplicate)} duplicate + ${formatCount(rows.quarantined)} in quarantine`,
    ),
    ...(rows.deleted === null
      ? []
      : field('deleted', `${formatCount(rows.deleted)} rows that the source no longer has`)),
  ];
}

function timeLines(report: RunReportDocument, totals: ReportTotals): string[] {
  const { firstRequestAtMs, endedAtMs, resumeAtMs, sessions } = report;
  const rate = `${formatCount(totals.eventsPerSecond ?? 0)} rows/s`;
  return [
    ...(firstRequestAtMs === null ? [] : field('first call', instantText(firstRequestAtMs))),
    ...(endedAtMs === null
      ? []
      : field(isUnderWay(report) ? 'last page' : 'end', instantText(endedAtMs))),
    ...(totals.elapsedMs === null
      ? []
      : field(
          'duration',
          sessions.length > 1
            ? `${formatDuration(totals.elapsedMs)}, pauses included`
            : `${formatDuration(totals.elapsedMs)}, ${rate}`,
        )),
    ...(sessions.length > 1
      ? field(
          'at work',
          `${formatDuration(totals.activeMs)} in ${sessions.length} sessions, ${rate}`,
        )
      : []),
    ...(resumeAtMs === null ? [] : field('resume', `from ${instantText(resumeAtMs)}`)),
  ];
}

function requestLines(report: RunReportDocument, totals: ReportTotals): string[] {
  const { limit, sessions } = report;
  const last = sessions.at(-1);
  if (last === undefined) return [];
  const refused = totals.refused === 0 ? 'none refused' : `${formatCount(totals.refused)} refused`;
  const lines = field(
    'requests',
    `${formatCount(totals.requests)}, ${refused}, ${formatCount(totals.retries)} retries, ` +
      `${formatBytes(totals.bytes)}`,
  );
  if (limit !== null) {
    const when = sessions.length > 1 ? ', last session' : '';
    const used =
      last.utilisation === null ? '' : `, ${percent(last.utilisation)} of what it permits${when}`;
    lines.push(...field('limit', `${limit.quota} per ${formatDuration(limit.windowMs)}${used}`));
  }
  const faults = Object.entries(totals.faults);
  if (faults.length > 0) {
    lines.push(
      ...field(
        'faults',
        faults.map(([code, times]) => `${code} × ${formatCount(times)}`).join(', '),
      ),
    );
  }
  return lines;
}

function unreportedLines({ unreportedRows }: ReportTotals): string[] {
  if (unreportedRows === 0) return [];
  return field(
    'unreported',
    `${formatCount(unreportedRows)} rows are of processes that have left no report: killed, or still at work`,
  );
}

function engineLines(report: RunReportDocument): string[] {
  const { latency, waits, databaseShare, writeMethod, peakRssBytes } = report;
  const waited = Object.entries(waits)
    .filter(([, share]) => share >= 0.005)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, share]) => `${WAIT_WORDS[reason] ?? reason} ${percent(share)}`);
  const database = [
    ...(databaseShare === null ? [] : [`busy ${percent(databaseShare)} of the time`]),
    ...(writeMethod === null ? [] : [writeMethod]),
  ];
  return [
    ...latencyLine('head', latency.head),
    ...latencyLine('page', latency.fetch),
    ...latencyLine('commit', latency.write),
    ...(waited.length === 0 ? [] : field('waited for', waited.join(', '))),
    ...(database.length === 0 ? [] : field('database', database.join(', '))),
    ...(peakRssBytes === null ? [] : field('memory', `${formatBytes(peakRssBytes)} at most`)),
  ];
}

function latencyLine(name: string, summary: LatencySummary | null): string[] {
  if (summary === null) return [];
  const { p50Ms, p95Ms, p99Ms, maxMs } = summary;
  return field(name, `p50 ${p50Ms} ms, p95 ${p95Ms} ms, p99 ${p99Ms} ms, at most ${maxMs} ms`);
}

function quarantineLines(report: RunReportDocument): string[] {
  const { quarantine } = report;
  const lines = quarantine
    .slice(0, QUARANTINE_LINES)
    .flatMap(({ reason, records, segment, page }, index) =>
      field(
        index === 0 ? 'set aside' : '',
        `${formatCount(records)} × ${reason}, first in segment ${segment}, page ${page}`,
      ),
    );
  const more = quarantine.length - QUARANTINE_LINES;
  return [
    ...lines,
    ...(more > 0 ? field('', `and ${more} more reasons`) : []),
    ...(lines.length > 0 ? field('see them', quarantineQuery(report)) : []),
  ];
}

function fieldLines({ fieldChanges }: RunReportDocument): string[] {
  const lines = fieldChanges
    .slice(0, CHANGE_LINES)
    .flatMap((change, index) => field(index === 0 ? 'fields' : '', changeText(change)));
  const more = fieldChanges.length - CHANGE_LINES;
  return [...lines, ...(more > 0 ? field('', `and ${more} more`) : [])];
}

/** What shows the records that were set aside. */
export function quarantineQuery({ run }: Pick<RunReportDocument, 'run'>): string {
  return `SELECT * FROM ingestion_quarantine WHERE run = ${run}`;
}

/** What a proof of the run has found. */
export function verifiedText({ verification, pages }: RunReportDocument): string {
  if (verification === null) return 'not since its last process ended';
  const { ok, atMs, rows, differences } = verification;
  const when = instantText(atMs);
  if (verification.pages !== pages) return `not since ${when}, before its last pages`;
  if (ok) return `${formatCount(rows)} rows in the table, no difference, ${when}`;
  return `${formatCount(differences)} ${differences === 1 ? 'difference' : 'differences'}, ${when}`;
}

export function isProven({ verification, pages }: RunReportDocument): boolean {
  return verification?.ok === true && verification.pages === pages;
}

/** What makes a proof, and names the differences. */
export function verifyCommand({ run }: Pick<RunReportDocument, 'run'>): string {
  return `datasync verify --run ${run}`;
}

function submissionLines({ submission }: RunReportDocument): string[] {
  if (submission === null) return [];
  const { submissionNumber, eventCount, timeToSubmit, submittedAt, githubRepoUrl } = submission;
  const counted = eventCount === null ? '' : `, ${formatCount(eventCount)} ids`;
  return [
    ...field('submitted', `number ${submissionNumber ?? '?'}${counted}, ${githubRepoUrl}`),
    ...(submittedAt === null ? [] : field('', submittedAt)),
    ...(timeToSubmit === null ? [] : field('', `time to complete ${timeToSubmit}`)),
  ];
}

function namedList(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/** `2026-01-27 19:20:12 UTC`. */
export function instantText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `99.6 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
