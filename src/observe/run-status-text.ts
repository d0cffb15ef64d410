/** A run's status for a terminal of 80 columns, and as one line. */
import { ordinalOfPlace } from '../paging/ordinals.js';
import { parsePosition } from '../paging/position.js';
import { bar, clip, field } from './columns.js';
import { formatCount, formatDuration } from './eta.js';
import { memberLines, membersOf, membersText, otherRunLines } from './members-text.js';
import { NO_PAINT, type Paint, statusStyle } from './paint.js';
import { instantText, percent } from './run-report-text.js';
import type { RunStatusView, SegmentView } from './run-status.js';

const BAR_COLUMNS = 30;
const SEGMENT_BAR_COLUMNS = 18;
const SEGMENTS_MAX = 12;

export function runStatusText(view: RunStatusView, paint: Paint = NO_PAINT): string {
  const { totals, sourceTotal, share, lastError, reason, worker, cluster } = view;
  // Each is told of by itself.
  const isShared = membersOf(cluster, view.run) !== null;
  const of = sourceTotal === null ? '' : ` of ${formatCount(sourceTotal)}`;
  const ahead = share === null ? '' : `  ${bar(share, BAR_COLUMNS)} ${percent(share)}  `;
  return [
    `Run ${view.run}: ${paint(statusStyle(view.state), view.state)}`,
    `${ahead === '' ? '  ' : ahead}${formatCount(totals.rows)}${of} rows committed`,
    ...tableLines(view),
    ...field('source', `${view.source}, ${view.origin}`),
    ...(worker === null || isShared ? [] : field('by', worker)),
    ...(reason === null ? [] : field('paused by', reason)),
    ...(view.state === 'stopped' ? field('', 'no process works on it: start again to go on') : []),
    ...timeLines(view),
    ...paceLines(view),
    ...field(
      'pages',
      `${formatCount(totals.pages)}, ${updatedText(totals)}${formatCount(totals.duplicate)} duplicates, ` +
        `${formatCount(totals.quarantined)} records in quarantine`,
    ),
    ...memberLines(cluster, view.run, paint),
    ...segmentLines(view),
    ...view.warnings.flatMap((text) => field('warning', text)),
    ...(lastError === null ? [] : field('last error', lastError)),
    ...otherRunLines(cluster, view.run),
  ].join('\n');
}

function updatedText({ updated }: RunStatusView['totals']): string {
  return updated === 0 ? '' : `${formatCount(updated)} rows updated, `;
}

/** What the ledger says can be held against the table, where somebody has counted it. */
function tableLines({ tableRows, totals }: RunStatusView): string[] {
  if (tableRows === null) return [];
  const missing = totals.rows - tableRows;
  const text = `${formatCount(tableRows)} rows`;
  if (missing <= 0) return field('table', text);
  return field('table', `${text}, ${formatCount(missing)} fewer than the ledger says`).concat(
    field('', '`datasync verify` names them'),
  );
}

function timeLines(view: RunStatusView): string[] {
  const { firstRequestAtMs, startedAtMs, finishedAtMs, resumeAtMs, lastCommitMs } = view;
  return [
    ...field('begun', instantText(firstRequestAtMs ?? startedAtMs)),
    ...(finishedAtMs === null ? [] : field('ended', instantText(finishedAtMs))),
    ...(lastCommitMs === null ? [] : field('last page', instantText(lastCommitMs))),
    ...(resumeAtMs === null ? [] : field('resume', `from ${instantText(resumeAtMs)}`)),
  ];
}

function paceLines(view: RunStatusView): string[] {
  const { rowsPerSecond, limit } = view;
  const policy =
    limit === null
      ? []
      : field('limit', `${limit.quota} requests in ${formatDuration(limit.windowMs)}`);
  if (rowsPerSecond === null) return policy;
  return [...field('rate', `${formatCount(rowsPerSecond)} rows/s${restText(view)}`), ...policy];
}

function restText({ eta }: RunStatusView): string {
  if (eta === null) return '';
  const by = eta.boundBy === 'limit' ? "the API's limit" : 'speed';
  return `, ${formatDuration(eta.remainingMs)} left, bound by ${by}`;
}

/** Open ones first: they are what moves. */
function segmentLines({ segments, openSegments, children }: RunStatusView): string[] {
  if (children !== null) {
    const { done, known } = children;
    return field('children', `${formatCount(done)} of ${formatCount(known)} finished`);
  }
  const shown = segments.filter(({ status }) => status === 'open').slice(0, SEGMENTS_MAX);
  const ended = segments.filter(({ status }) => status === 'ended').length;
  const more = openSegments - shown.length;
  return [
    ...field('segments', `${openSegments} open, ${ended} ended`),
    ...shown.map(segmentLine),
    ...(more > 0 ? [`    and ${more} more`] : []),
  ];
}

function segmentLine({ segment, share, rows, reached }: SegmentView): string {
  const number = String(segment).padStart(8);
  const ahead =
    share === null
      ? ' '.repeat(SEGMENT_BAR_COLUMNS + 10)
      : `${bar(share, SEGMENT_BAR_COLUMNS)} ${percent(share).padStart(7)}`;
  const where = reached === null ? '' : `  at ${placeText(reached)}`;
  return clip(`${number}  ${ahead} ${formatCount(rows).padStart(11)} rows${where}`);
}

/** An instant to the second, or the number of a record or a page. */
function placeText(reached: string): string {
  const position = parsePosition(reached);
  if (position === null) return reached;
  const ordinal = ordinalOfPlace(position);
  return ordinal === null
    ? instantText(position.ms).slice(0, 19)
    : `number ${formatCount(ordinal)}`;
}

/** For where nothing is redrawn. */
export function runStatusLine(view: RunStatusView): string {
  const { run, state, totals, sourceTotal, share, rowsPerSecond } = view;
  const of = sourceTotal === null ? '' : ` of ${formatCount(sourceTotal)}`;
  const ahead = share === null ? '' : ` (${percent(share)})`;
  const pace = rowsPerSecond === null ? '' : `, ${formatCount(rowsPerSecond)}/s`;
  const members = membersText(view.cluster, run);
  const by = members === '' ? '' : `, ${members}`;
  return `run ${run} ${state}: ${formatCount(totals.rows)}${of} rows${ahead}${pace}${by}${restText(view)}`;
}
