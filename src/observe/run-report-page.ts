/**
 * The run report as one HTML page: no script, no file beside it, nothing loaded from anywhere. It can
 * be sent by mail and opened in ten years.
 */
import { formatBytes, formatCount, formatDuration } from './eta.js';
import { fieldText, kindsText, nowText } from './field-change-words.js';
import type { LatencySummary } from './latency-histogram.js';
import { type RunReportDocument, reportTotals } from './run-report.js';
import { type Chart, chartSvg } from './run-report-charts.js';
import { REPORT_STYLE } from './run-report-style.js';
import {
  instantText,
  isProven,
  percent,
  quarantineQuery,
  verifiedText,
  verifyCommand,
} from './run-report-text.js';

type Row = readonly (string | null)[];

/** An instant, `2026-01-27 19:20:12 UTC`, is the longest that stays on one line. */
const WHOLE_CHARS_MAX = 23;

export function runReportPage(report: RunReportDocument): string {
  const title = `Run ${report.run}: ${report.status}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<h1>Run ${report.run}: <span class="${escapeHtml(report.status)}">${escapeHtml(report.status)}</span></h1>
<p class="origin">${escapeHtml(`${report.source}, ${report.origin}`)}</p>
${report.reason === null ? '' : `<p class="reason">${escapeHtml(report.reason)}</p>`}
${report.warnings.map((text) => `<p class="warning">${escapeHtml(text)}</p>`).join('\n')}
${tiles(report)}
${charts(report).map(chartSvg).join('\n')}
${section('Time', ['', ''], timeRows(report))}
${section('Records', ['', ''], recordRows(report))}
${section('Latency, ms', ['', 'count', 'mean', 'p50', 'p95', 'p99', 'max'], latencyRows(report))}
${section('What requests waited for', ['', 'share'], waitRows(report))}
${section('Faults survived', ['code', 'times'], faultRows(report))}
${section('Proof', ['', ''], [['Verified', verifiedText(report)]])}
${isProven(report) ? '' : `<p>Verify it with <code class="whole">${verifyCommand(report)}</code></p>`}
${section('Quarantine', ['reason', 'records', 'first at'], quarantineRows(report))}
${report.quarantine.length === 0 ? '' : `<p>See them with <code>${escapeHtml(quarantineQuery(report))}</code></p>`}
${section('Fields that are not as in earlier runs', ['field', 'change', 'before', 'now'], fieldRows(report))}
${section('Sessions', ['began', 'ended', 'status', 'rows', 'requests', 'refused', 'limit used'], sessionRows(report))}
${section('Streams of the same start', ['stream', 'run', 'status', 'rows'], streamRows(report))}
${streamLinks(report)}
${section('Submission', ['', ''], submissionRows(report))}
${section('Settings', ['', ''], namedRows(report.settings))}
${section('Versions', ['', ''], namedRows(report.versions))}
</body>
</html>
`;
}

function tiles(report: RunReportDocument): string {
  const { rows, sessions, limit } = report;
  const totals = reportTotals(report);
  const utilisation = sessions.at(-1)?.utilisation ?? null;
  const shown: readonly (readonly [string, string | null])[] = [
    ['rows committed', formatCount(rows.ingested)],
    ['duration', totals.elapsedMs === null ? null : formatDuration(totals.elapsedMs)],
    [
      sessions.length > 1 ? 'rows/s at work' : 'rows/s',
      totals.eventsPerSecond === null ? null : formatCount(totals.eventsPerSecond),
    ],
    ['of the limit used', limit === null || utilisation === null ? null : percent(utilisation)],
    ['requests refused', sessions.length === 0 ? null : formatCount(totals.refused)],
    ['in quarantine', formatCount(rows.quarantined)],
    ['time to complete', report.submission?.timeToSubmit ?? null],
  ];
  const boxes = shown
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `<div><b>${escapeHtml(value ?? '')}</b>${name}</div>`);
  return `<div class="tiles">${boxes.join('')}</div>`;
}

function charts({ timeline, limit }: RunReportDocument): Chart[] {
  const atMs = timeline.atMs.map((ms) => ms ?? 0);
  return [
    {
      title: 'Rows committed',
      unit: 'count',
      atMs,
      series: [{ name: 'rows', values: timeline.rows }],
    },
    {
      title: 'Rows a second, over a window of the limit or 10 s',
      unit: 'count',
      atMs,
      series: [{ name: 'rows/s', values: timeline.rowsPerSecond }],
    },
    {
      title: limit === null ? 'Requests' : 'Requests, and what the limit permitted',
      unit: 'count',
      atMs,
      series: [
        { name: 'sent', values: timeline.requests, isStepped: true },
        ...(limit === null
          ? []
          : [{ name: 'permitted', values: timeline.permitted, isStepped: true }]),
      ],
    },
    {
      title: 'Pages at once',
      unit: 'count',
      atMs,
      series: [
        { name: 'being fetched', values: timeline.fetching },
        { name: 'being scanned', values: timeline.scanning },
        { name: 'being written', values: timeline.writing },
      ],
    },
    {
      title: 'Fetched and not yet committed',
      unit: 'bytes',
      atMs,
      series: [{ name: 'bytes', values: timeline.heldBytes }],
    },
  ];
}

function timeRows(report: RunReportDocument): Row[] {
  const { firstRequestAtMs, endedAtMs, databaseShare, limit } = report;
  const totals = reportTotals(report);
  return [
    ['First API call', firstRequestAtMs === null ? null : instantText(firstRequestAtMs)],
    ['End', endedAtMs === null ? null : instantText(endedAtMs)],
    [
      'Duration, pauses included',
      totals.elapsedMs === null ? null : formatDuration(totals.elapsedMs),
    ],
    ['At work', report.sessions.length === 0 ? null : formatDuration(totals.activeMs)],
    [
      'Events/s at work',
      totals.eventsPerSecond === null ? null : formatCount(totals.eventsPerSecond),
    ],
    ['Limit', limit === null ? null : `${limit.quota} in ${formatDuration(limit.windowMs)}`],
    ['Database busy', databaseShare === null ? null : percent(databaseShare)],
    ['Written by', report.writeMethod],
    ['Memory at most', report.peakRssBytes === null ? null : formatBytes(report.peakRssBytes)],
  ];
}

function recordRows(report: RunReportDocument): Row[] {
  const { rows, pages } = report;
  const { bytes, unreportedRows } = reportTotals(report);
  return [
    ['Source says', rows.total === null ? null : formatCount(rows.total)],
    ['Returned', formatCount(rows.returned)],
    ['Inserted', formatCount(rows.inserted)],
    ['Updated', rows.updated === 0 ? null : formatCount(rows.updated)],
    ['Duplicate', formatCount(rows.duplicate)],
    ['Quarantined', formatCount(rows.quarantined)],
    ['Deleted', rows.deleted === null ? null : formatCount(rows.deleted)],
    ['Pages', formatCount(pages)],
    ['Of processes without a report', unreportedRows === 0 ? null : formatCount(unreportedRows)],
    ['Body bytes', bytes === 0 ? null : formatBytes(bytes)],
  ];
}

function latencyRows({ latency }: RunReportDocument): Row[] {
  const row = (name: string, summary: LatencySummary | null): Row[] => {
    if (summary === null) return [];
    const { count, meanMs, p50Ms, p95Ms, p99Ms, maxMs } = summary;
    return [[name, formatCount(count), ...[meanMs, p50Ms, p95Ms, p99Ms, maxMs].map(String)]];
  };
  return [
    ...row('to the head', latency.head),
    ...row('to the last byte', latency.fetch),
    ...row('scan', latency.scan),
    ...row('commit', latency.write),
  ];
}

function waitRows({ waits }: RunReportDocument): Row[] {
  return Object.entries(waits).map(([reason, share]) => [reason, percent(share)]);
}

function faultRows(report: RunReportDocument): Row[] {
  const { faults } = reportTotals(report);
  return Object.entries(faults).map(([code, times]) => [code, formatCount(times)]);
}

function quarantineRows({ quarantine }: RunReportDocument): Row[] {
  return quarantine.map(({ reason, records, segment, page }) => [
    reason,
    formatCount(records),
    `segment ${segment}, page ${page}`,
  ]);
}

function fieldRows({ fieldChanges }: RunReportDocument): Row[] {
  return fieldChanges.map((one) => [
    fieldText(one),
    one.change,
    one.before.length === 0 ? '–' : kindsText(one.before),
    nowText(one),
  ]);
}

function sessionRows({ sessions }: RunReportDocument): Row[] {
  return sessions.map((one) => [
    instantText(one.startedAtMs),
    instantText(one.endedAtMs),
    one.status,
    formatCount(one.rows),
    formatCount(one.requests),
    formatCount(one.refused),
    one.utilisation === null ? '–' : percent(one.utilisation),
  ]);
}

function streamRows({ streams = [] }: RunReportDocument): Row[] {
  return streams.map(({ stream, run, status, rows }) => [
    stream,
    run === null ? '–' : String(run),
    status,
    formatCount(rows),
  ]);
}

/** They lie beside this one. */
function streamLinks({ run, streams = [] }: RunReportDocument): string {
  const links = streams.flatMap((each) =>
    each.run === null || each.run === run
      ? []
      : [`<a href="${each.run}.html">${escapeHtml(each.stream)}</a>`],
  );
  return links.length === 0 ? '' : `<p>Reports of the others: ${links.join(', ')}</p>`;
}

function submissionRows({ submission }: RunReportDocument): Row[] {
  if (submission === null) return [];
  const { submissionNumber, eventCount, submittedAt, timeToSubmit, githubRepoUrl } = submission;
  return [
    ['Number', submissionNumber === null ? null : String(submissionNumber)],
    ['Ids counted', eventCount === null ? null : formatCount(eventCount)],
    ['Submitted', submittedAt],
    ['Time to complete', timeToSubmit],
    ['Repository', githubRepoUrl],
  ];
}

function namedRows(values: Readonly<Record<string, unknown>>): Row[] {
  return Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
}

/** Nothing where there are no rows; rows without a value are left out. */
function section(title: string, heads: readonly string[], rows: readonly Row[]): string {
  const known = rows.filter((row) => row.every((cell) => cell !== null));
  if (known.length === 0) return '';
  const head = heads.some((one) => one !== '')
    ? `<thead><tr>${heads.map((one) => `<th>${escapeHtml(one)}</th>`).join('')}</tr></thead>`
    : '';
  const body = known
    .map(
      (row) => `<tr>${row.map((cell, column) => cellOf(cell ?? '', heads[column])).join('')}</tr>`,
    )
    .join('');
  const kind = heads.length > 2 ? ' class="wide"' : '';
  return `<h2>${escapeHtml(title)}</h2><table${kind}>${head}<tbody>${body}</tbody></table>`;
}

/** A number, a date or a word is never broken; on a phone its column's head stands beside it. */
function cellOf(text: string, head = ''): string {
  const label = head === '' ? '' : ` data-head="${escapeHtml(head)}"`;
  return `<td${label}${isShort(text) ? ' class="whole"' : ''}>${escapeHtml(text)}</td>`;
}

function isShort(text: string): boolean {
  return text.length <= WHOLE_CHARS_MAX;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Reasons and settings hold text from elsewhere. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
