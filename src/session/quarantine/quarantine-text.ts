/** What is in quarantine, for a person. Pure. */
import type { QuarantineList, RecordPlace, ShownRecord } from '../../database/quarantine.js';
import { clip, field } from '../../observe/columns.js';
import { formatBytes, formatCount } from '../../observe/eta.js';
import { isInBase64, recordBytes } from '../../protocol/quarantined-record.js';
import { commandText } from '../command-text.js';

const PLACE = /^(\d{1,9})\/(\d{1,9})\/(\d{1,9})\/(\d{1,9})$/;

const PAGE_IS_GONE = 'the ledger no longer has its page';

/** As `list` prints it and `show` takes it: `RUN/SEGMENT/PAGE/INDEX`. */
export function placeText({ run, segment, page, index }: RecordPlace): string {
  return [run, segment, page, index].join('/');
}

/** @returns null when the text is of another form */
export function readPlace(text: string): RecordPlace | null {
  const [, run, segment, page, index] = (PLACE.exec(text) ?? []).map(Number);
  if (run === undefined || segment === undefined) return null;
  if (page === undefined || index === undefined) return null;
  return { run, segment, page, index };
}

export function counted(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'record' : 'records'}`;
}

export function listText({ groups, groupsInAll, recordsInAll }: QuarantineList): string {
  if (groups.length === 0) return 'No record is in quarantine.';
  const lines = groups.flatMap(({ source, stream, run, records, reason, example, ...group }) => [
    `${source}.${stream}, run ${run}: ${counted(records)}`,
    ...field('reason', reason),
    ...field('seen', seenText(group.firstSeenMs, group.lastSeenMs)),
    ...field('example', commandText(source, `quarantine show ${placeText(example)}`)),
    ...(group.replacedBy === null
      ? []
      : field('note', `run ${group.replacedBy} has replaced the rows of this run`)),
  ]);
  const left = groupsInAll - groups.length;
  const more = left > 0 ? [`${formatCount(left)} more groups: --limit shows them.`] : [];
  return [...lines, '', `${counted(recordsInAll)} in quarantine.`, ...more].join('\n');
}

function seenText(firstMs: number | null, lastMs: number | null): string {
  if (firstMs === null || lastMs === null) return PAGE_IS_GONE;
  const [first, last] = [isoText(firstMs), isoText(lastMs)];
  return first === last ? first : `${first} to ${last}`;
}

function isoText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

export function shownText(record: ShownRecord): string {
  const { run, segment, page, index, source, stream } = record;
  const { fetchedAtMs, cursor, requestId } = record;
  return [
    `${source}.${stream}, record ${index} of page ${page} of segment ${segment}, run ${run}`,
    ...field('reason', record.reason),
    ...field('fetched', fetchedAtMs === null ? PAGE_IS_GONE : isoText(fetchedAtMs)),
    clip(...(field('cursor', cursor ?? 'none: the first page') as [string])),
    ...(requestId === null ? [] : field('request', requestId)),
    ...field('table', record.tableName),
    '',
    contentText(record),
  ].join('\n');
}

/** The record as it came: indented where it is JSON, and as far as it was read. */
export function contentText(record: ShownRecord): string {
  const { rawText, rawChars } = record;
  if (rawText.length < rawChars) {
    const place = `run = ${record.run} AND segment = ${record.segment} AND page = ${record.page} AND index = ${record.index}`;
    return `${rawText}…\n\n${formatCount(rawChars)} characters in all: SELECT raw_text FROM ingestion_quarantine WHERE ${place}`;
  }
  const bytes = Buffer.from(recordBytes(record));
  // Bytes that are no text are shown as a replacement character each.
  const text = bytes.toString('utf8');
  const note = isInBase64(record)
    ? `\n\n${formatBytes(bytes.length)}, not all of them UTF-8 text`
    : '';
  try {
    return `${JSON.stringify(JSON.parse(text), null, 2)}${note}`;
  } catch {
    return `${text}${note}`;
  }
}
