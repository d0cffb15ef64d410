/**
 * A page in two steps: what its tail says at once, and what the scan then proves.
 *
 * Pure: bytes in, values out. A page that is not wholly there is always a fault, never a shorter
 * page: the records array must close, the envelope must follow it to the body's last byte, and the
 * count must be the one that the envelope names.
 */
import type { Fault } from '../../src/core/fault.js';
import type { Envelope } from '../../src/paging/paging.js';
import type { Position } from '../../src/paging/position.js';
import { type ColumnViews, columnViews, type Rejects } from '../../src/protocol/batch.js';
import type { EventSource } from '../../src/source/source.js';
import {
  findRecords,
  isSameEnvelope,
  readEnvelopeAt,
  readEnvelopeBehind,
  readTailEnvelope,
  type TailEnvelope,
} from './envelope.js';
import {
  describeBody,
  faultOfOther,
  faultWithoutRecords,
  malformed,
  withEmptyRecords,
} from './other-body.js';
import { REJECTS_MAX } from './reject-writer.js';
import { salvagePage } from './salvage.js';
import { type ScannedRecords, type ScanRequest, scanPage } from './scanner.js';
import { UUID_BYTES, uuidText } from './uuid.js';

/** No record with a uuid is shorter; bounds what a page that lies about its count can allocate. */
const RECORD_BYTES_MIN = 45;

const TOO_MANY_REJECTS: Fault = {
  code: 'BODY_TOO_LARGE',
  message: `the page holds more than ${REJECTS_MAX} records that cannot be stored`,
  retryable: true,
  status: 200,
};

/** A page whose records begin somewhere; `early` is what its tail says, if it says anything. */
export interface OpenedPage {
  readonly type: 'opened';
  readonly body: Buffer;
  readonly recordsStart: number;
  readonly early: TailEnvelope | null;
}

/** A page that is proved whole. */
export interface ProvedPage {
  readonly type: 'proved';
  readonly envelope: Envelope;
  /** How many bytes of its buffer are the page. */
  readonly bodyBytes: number;
  readonly rowCount: number;
  readonly columns: ArrayBuffer;
  readonly rejects: Rejects;
  readonly firstPosition: Position | null;
  readonly lastPosition: Position | null;
  readonly isDescending: boolean;
  /** See `Batch`. */
  readonly fingerprint?: string;
  readonly highest?: string;
}

/** A body that is no page. `columns` is the buffer to keep; null when there was none. */
export interface PageFault {
  readonly type: 'fault';
  readonly fault: Fault;
  readonly columns: ArrayBuffer | null;
}

/** Finds the records and reads the envelope from the tail. @param body exactly the page's bytes */
export function openPage(body: Buffer, source: EventSource): OpenedPage | PageFault {
  const recordsStart = findRecords(body, source.recordsField);
  if (recordsStart === null) {
    const emptyPage = withEmptyRecords(body, source);
    if (emptyPage !== null) return openPage(emptyPage, source);
    return { type: 'fault', fault: faultWithoutRecords(body, source), columns: null };
  }
  return {
    type: 'opened',
    body,
    recordsStart,
    early: readTailEnvelope(body, recordsStart, source),
  };
}

/** Scans the records into `columns` and confirms the envelope. */
export function provePage(
  page: OpenedPage,
  source: EventSource,
  columns: ArrayBuffer | null,
): ProvedPage | PageFault {
  const { body, recordsStart, early } = page;
  const request: ScanRequest = {
    body,
    recordsStart,
    columns,
    rowsExpected: rowsExpected(page),
    idField: source.idField,
    timestampField: source.timestampField,
  };
  const scanned = scanPage(request);
  const fail = (fault: Fault): PageFault => ({ type: 'fault', fault, columns: scanned.columns });
  if (scanned.type === 'tooMany') return fail(TOO_MANY_REJECTS);
  const read =
    scanned.type === 'scanned'
      ? readEnvelopeAt({ ...page, recordsEnd: scanned.recordsEnd, source })
      : null;
  if (read?.type === 'fault') return fail(read.fault);
  if (read?.type === 'other') return fail(faultOfOther(body, source));
  if (scanned.type === 'scanned' && read !== null && holdsAll(scanned, read.envelope)) {
    if (early === null || isSameEnvelope(early.envelope, read.envelope)) {
      return proved(scanned, read.envelope, body.length);
    }
    return fail(malformed('the page has a second envelope inside its records'));
  }
  const salvaged = early && salvage({ ...request, columns: scanned.columns }, early, source);
  if (early !== null && salvaged !== null) return proved(salvaged, early.envelope, body.length);
  if (scanned.type === 'broken') {
    const place = `record ${scanned.recordIndex + 1}`;
    return fail(malformed(`the page breaks off at ${place}: ${describeBody(body)}`));
  }
  if (read === null) {
    return fail(malformed(`no envelope around the records: ${describeBody(body)}`));
  }
  const held = scanned.rowCount + scanned.rejects.count;
  return fail(malformed(`the page holds ${held} records, not ${read.envelope.returned}`));
}

/**
 * Only where the envelope, count included, stands behind the records: one before them would vouch
 * for a page that was cut short just as well.
 */
function salvage(
  request: ScanRequest,
  early: TailEnvelope,
  source: EventSource,
): ScannedRecords | null {
  const behind = readEnvelopeBehind(request.body, early.recordsEnd, source);
  const returned = behind?.returned ?? null;
  return returned === null ? null : salvagePage(request, early.recordsEnd, returned);
}

function holdsAll(records: ScannedRecords, envelope: Envelope): boolean {
  const held = records.rowCount + records.rejects.count;
  return envelope.returned === null || envelope.returned === held;
}

function rowsExpected(page: OpenedPage): number {
  const rowsMax = Math.ceil(page.body.length / RECORD_BYTES_MIN);
  const said = page.early?.envelope.returned ?? page.early?.envelope.limit ?? rowsMax;
  return Math.max(1, Math.min(said, rowsMax));
}

function proved(records: ScannedRecords, envelope: Envelope, bodyBytes: number): ProvedPage {
  const { rowCount, columns, rejects } = records;
  const views = columnViews(columns);
  return {
    type: 'proved',
    envelope,
    bodyBytes,
    rowCount,
    columns,
    rejects,
    firstPosition: positionFrom(views, rowCount, { row: 0, step: 1 }),
    lastPosition: positionFrom(views, rowCount, { row: rowCount - 1, step: -1 }),
    isDescending: isDescending(views, rowCount),
  };
}

/** The position of the first row with an instant, looking from `row` on in steps of `step`. */
function positionFrom(
  views: ColumnViews,
  rowCount: number,
  from: { row: number; step: 1 | -1 },
): Position | null {
  for (let row = from.row; row >= 0 && row < rowCount; row += from.step) {
    const ms = views.occurredAtMs[row] as number;
    if (!Number.isNaN(ms)) return { ms, id: uuidText(views.ids, row * UUID_BYTES) };
  }
  return null;
}

/** Rows without an instant have no place in the order and are passed over. */
function isDescending({ occurredAtMs }: ColumnViews, rowCount: number): boolean {
  let lastMs = Number.POSITIVE_INFINITY;
  for (let row = 0; row < rowCount; row++) {
    const ms = occurredAtMs[row] as number;
    if (ms > lastMs) return false;
    if (!Number.isNaN(ms)) lastMs = ms;
  }
  return true;
}
