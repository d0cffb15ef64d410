/**
 * Reads a page of a source file: its records as slices of the body, and where it leads.
 *
 * Pure: bytes in, values out. Columns are PostgreSQL's to read from the records. What is checked here is
 * that the page is whole, that each record is text which jsonb can hold, and that it is an object where a
 * key is to be read from it.
 */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Fault } from '../../src/core/fault.js';
import type { LimitStatement } from '../../src/core/limit-headers.js';
import { ordinalPlace } from '../../src/paging/ordinals.js';
import type { PageFacts } from '../../src/paging/page-kind.js';
import type { Envelope, Way } from '../../src/paging/paging.js';
import { LOWEST_ID, type Position } from '../../src/paging/position.js';
import { END } from '../../src/paging/ways.js';
import { columnViews } from '../../src/protocol/batch.js';
import { ACCEPTED } from '../../src/source/page-statuses.js';
import type { RecordReading } from '../../src/source/record-reading.js';
import { highestCursor, isBehind } from '../json/record-cursors.js';
import { withMembers } from './added-members.js';
import { otherForm } from './body-forms.js';
import { ColumnWriter } from './column-writer.js';
import { firstByteIndex, textStart } from './envelope.js';
import { describeBody, faultOfForm, malformed } from './other-body.js';
import type { PageFault, ProvedPage } from './page.js';
import { recordListOf } from './record-list.js';
import { findSlices, type Slice } from './record-slices.js';
import { RejectWriter } from './reject-writer.js';

const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const NUL_ESCAPE = Buffer.from('\\u0000');

const NUL_REASON = 'the record holds \\u0000, which PostgreSQL cannot store';
const UTF8_REASON = 'the record is not valid UTF-8';
const OBJECT_REASON = 'the record is not an object, and has no key';

/** A page that is proved whole, and what its body says of the limits. */
export interface RecordPage extends ProvedPage {
  /** What its records are slices of; unset: the body of the answer. */
  readonly body?: ArrayBuffer;
  readonly limits: readonly LimitStatement[];
}

/** What is known of the answer beside its body. */
export type AnswerFacts = Pick<PageFacts, 'header' | 'url' | 'cursor' | 'size' | 'status'>;

export function readRecordPage(
  body: Buffer,
  reading: RecordReading,
  asked: AnswerFacts,
  columns: ArrayBuffer | null,
): RecordPage | PageFault {
  const { status } = asked;
  const fail = (fault: Fault): PageFault => ({
    type: 'fault',
    fault: { ...fault, status },
    columns,
  });
  const steps = reading.selector ?? selectorOf(body);
  const found =
    steps === null ? ({ type: 'broken', recordIndex: 0 } as const) : findSlices(body, steps);
  if (found.type === 'broken') {
    const form = otherForm(body);
    if (form !== null) return fail(faultOfForm(form, reading.source));
    const place = `record ${found.recordIndex + 1}`;
    return fail(malformed(`the page breaks off at ${place}: ${describeBody(body)}`));
  }
  const { records, span } = found.type === 'found' ? found : { records: [], span: null };
  const envelope = parseAround(body, span);
  if (envelope === null) {
    const form = otherForm(body);
    const spoilt = malformed(`no JSON: ${describeBody(body)}`);
    return fail(form === null ? spoilt : faultOfForm(form, reading.source));
  }
  const refusal = reading.readAnswer({ ...asked, ...envelope });
  if (refusal !== null) return fail(refusal);
  const isAwaited =
    status === ACCEPTED && isAwaitedIn(body, records.length, { reading, steps, asked });
  if (found.type === 'absent' || isAwaited)
    return fail(reading.withoutRecords(envelope.json, status));
  const [firstRecord, lastRecord] = [records[0], records.at(-1)];
  const fingerprint = (): string | null =>
    firstRecord === undefined || lastRecord === undefined
      ? null
      : fingerprintOf(body, firstRecord.start, lastRecord.end);
  const facts: PageFacts = {
    ...asked,
    body: envelope.json,
    bodyText: () => envelope.text,
    recordCount: records.length,
    lastRecordText: () => textOf(body, records.at(-1)),
    fingerprint,
  };
  const look = reading.kind.looksBehindEnd?.(asked.cursor) ?? null;
  if (look !== null && look.fingerprint === fingerprint()) {
    return emptyRecordPage(reading, asked, columns, look.way);
  }
  const from = reading.cursor?.from ?? null;
  const isOver =
    from !== null &&
    reading.cursor !== null &&
    isBehind(body, records, { ...reading.cursor, from });
  const way = isOver ? END : reading.kind.next(facts);
  if (way.type === 'broken') return fail(reading.leadsNowhere(way));
  // It counts the records behind the start of the run too.
  const total = from === null ? reading.kind.totalOf(facts) : null;
  const said = envelopeOf(way, records.length, total);
  const last = reading.kind.lastOrdinalOf?.(facts) ?? null;
  const lastPlace = last === null ? null : ordinalPlace(last);
  const members = reading.addedTo(asked.cursor);
  const added = members === '' ? null : withMembers(body, records, members);
  const stored = added ?? { body, records };
  const rows = rowsOf(stored.body, stored.records, reading, asked, columns);
  const highest =
    reading.cursor === null
      ? null
      : highestCursor(stored.body, storedOf(rows, stored.records), reading.cursor);
  const limits = reading.limitsIn(envelope.json);
  const compared = reading.needsObjects ? null : fingerprint();
  return {
    type: 'proved',
    envelope: { ...said, lastPlace, passesTotal: reading.kind.passesTotal?.(facts) ?? false },
    bodyBytes: stored.body.length,
    ...rows,
    limits,
    ...(added !== null && { body: added.body.buffer as ArrayBuffer }),
    ...(highest !== null && { highest }),
    ...(compared !== null && { fingerprint: compared }),
  };
}

/** What a reject holds is no watermark: it is not stored. */
function storedOf(
  { columns, rowCount }: Pick<ProvedPage, 'columns' | 'rowCount'>,
  records: readonly Slice[],
): readonly Slice[] {
  if (rowCount === records.length) return records;
  const { recordStarts, recordEnds } = columnViews(columns);
  return Array.from({ length: rowCount }, (_, row) => ({
    start: recordStarts[row] as number,
    end: recordEnds[row] as number,
  }));
}

/** Whether a 202 tells of records to come: it holds none and asks for a wait, or no list of any. */
function isAwaitedIn(
  body: Buffer,
  recordCount: number,
  seen: {
    readonly reading: RecordReading;
    readonly steps: ReturnType<typeof selectorOf>;
    readonly asked: AnswerFacts;
  },
): boolean {
  const { reading, steps, asked } = seen;
  const isWaitAskedFor = recordCount === 0 && asked.header('retry-after') !== null;
  const isNoList = body[firstByteIndex(body)] === OPEN_BRACE;
  return isWaitAskedFor || (reading.selector === null && steps?.length === 0 && isNoList);
}

function fingerprintOf(body: Buffer, start: number, end: number): string {
  return createHash('sha1').update(body.subarray(start, end)).digest('base64');
}

/** A page without records. @param way where it leads, if its kind of paging is not to say so */
export function emptyRecordPage(
  reading: RecordReading,
  asked: AnswerFacts,
  columns: ArrayBuffer | null,
  way?: Way,
): RecordPage | PageFault {
  const facts: PageFacts = {
    ...asked,
    body: null,
    bodyText: () => '',
    recordCount: 0,
    lastRecordText: () => null,
    fingerprint: () => null,
  };
  const leads = way ?? reading.kind.next(facts);
  if (leads.type === 'broken') {
    return { type: 'fault', fault: reading.leadsNowhere(leads), columns };
  }
  const rows = rowsOf(Buffer.alloc(0), [], reading, asked, columns);
  const envelope = envelopeOf(leads, 0, null);
  return { type: 'proved', envelope, bodyBytes: 0, ...rows, limits: [] };
}

function envelopeOf(
  way: Exclude<Way, { type: 'broken' }>,
  returned: number,
  total: number | null,
): Envelope {
  return {
    nextCursor: way.type === 'next' ? way.cursor : null,
    hasMore: way.type === 'next',
    cursorExpiresInMs: null,
    returned,
    limit: null,
    total,
  };
}

/** Null when the JSON cannot be followed. */
function selectorOf(body: Buffer): ReturnType<typeof recordListOf> | null {
  const found = findSlices(body, []);
  return found.type === 'broken' ? null : recordListOf(body);
}

interface Around {
  readonly json: unknown;
  readonly text: string;
}

/** What stands around the records; null when it is no JSON. */
function parseAround(body: Buffer, span: Slice | null): Around | null {
  const start = textStart(body);
  const text =
    span === null
      ? body.toString('utf8', start)
      : `${body.toString('utf8', start, span.start)}[]${body.toString('utf8', span.end)}`;
  try {
    return { json: JSON.parse(text), text };
  } catch {
    return null;
  }
}

/** Behind an even number of backslashes; behind an odd one it is text that looks like it. */
function holdsNul(record: Buffer): boolean {
  for (let at = record.indexOf(NUL_ESCAPE); at !== -1; at = record.indexOf(NUL_ESCAPE, at + 1)) {
    let first = at;
    while (record[first - 1] === BACKSLASH) first--;
    if ((at - first) % 2 === 0) return true;
  }
  return false;
}

function textOf(body: Buffer, slice: Slice | undefined): string | null {
  return slice === undefined ? null : body.toString('utf8', slice.start, slice.end);
}

function rowsOf(
  body: Buffer,
  records: readonly Slice[],
  { kind, needsObjects }: RecordReading,
  { cursor }: AnswerFacts,
  columns: ArrayBuffer | null,
): Omit<ProvedPage, 'type' | 'envelope' | 'bodyBytes'> {
  const writer = new ColumnWriter(columns, Math.max(1, records.length));
  const rejects = new RejectWriter();
  const isText = isUtf8(body);
  const hasNul = body.includes(NUL_ESCAPE);
  const placeOf = (nth: number): number => {
    const ordinal = kind.ordinalOf?.(cursor, nth) ?? kind.startOf?.(cursor);
    return ordinal === undefined ? Number.NaN : 0 - ordinal;
  };
  records.forEach(({ start, end }, nth) => {
    const record = body.subarray(start, end);
    if (!isText && !isUtf8(record)) rejects.add(nth, start, end, UTF8_REASON);
    else if (hasNul && holdsNul(record)) rejects.add(nth, start, end, NUL_REASON);
    else if (needsObjects && body[start] !== OPEN_BRACE) {
      rejects.add(nth, start, end, OBJECT_REASON);
    } else {
      writer.idsWithRoom();
      writer.endRow(placeOf(nth), start, end);
    }
  });
  const { rowCount } = writer;
  const { occurredAtMs } = columnViews(writer.columns);
  const positionAt = (row: number): Position | null => {
    const ms = row < 0 || row >= rowCount ? Number.NaN : (occurredAtMs[row] as number);
    return Number.isNaN(ms) ? null : { ms, id: LOWEST_ID };
  };
  return {
    rowCount,
    columns: writer.columns,
    rejects: rejects.rejects(),
    firstPosition: positionAt(0),
    lastPosition: positionAt(rowCount - 1),
    isDescending: true,
  };
}
