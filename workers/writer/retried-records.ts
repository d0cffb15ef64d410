/** Records from quarantine as a batch, read as those of a page are. Pure. */
import { allocateColumns, type Batch, columnViews } from '../../src/protocol/batch.js';
import { type QuarantinedRecord, recordBytes } from '../../src/protocol/quarantined-record.js';
import type { WriterTarget } from '../../src/protocol/record-target.js';
import { parseRecord } from '../json/parsed-record.js';
import type { RecordFields } from '../json/record-walker.js';

const UUID_BYTES = 16;

export interface RefusedRecord {
  readonly record: QuarantinedRecord;
  readonly reason: string;
}

export interface RetriedRecords {
  readonly batch: Batch;
  /** By row of the batch. */
  readonly records: readonly QuarantinedRecord[];
  /** Those that are in no row, because the rule that they break is the reader's. */
  readonly unreadable: readonly RefusedRecord[];
}

/**
 * @param fields where key and instant are read ahead of PostgreSQL; null: it reads them, and is the judge of
 *   the whole record
 */
export function readRetried(
  retried: readonly QuarantinedRecord[],
  fields: RecordFields | null,
): RetriedRecords {
  const bytes = retried.map(recordBytes);
  const bodyBytes = bytes.reduce((sum, { length }) => sum + length, 0);
  const body = Buffer.from(new ArrayBuffer(bodyBytes));
  const columns = allocateColumns(retried.length);
  const views = columnViews(columns);
  const records: QuarantinedRecord[] = [];
  const unreadable: RefusedRecord[] = [];
  let at = 0;
  retried.forEach((record, nth) => {
    const start = at;
    body.set(bytes[nth] as Uint8Array, start);
    at += (bytes[nth] as Uint8Array).length;
    const read = fields === null ? null : parseRecord(body.toString('utf8', start, at), fields);
    if (read?.type === 'reject') {
      unreadable.push({ record, reason: read.reason });
      return;
    }
    const row = records.push(record) - 1;
    views.recordStarts[row] = start;
    views.recordEnds[row] = at;
    views.occurredAtMs[row] = read?.occurredAtMs ?? Number.NaN;
    if (read !== null) views.ids.set(uuidBytes(read.id), row * UUID_BYTES);
  });
  const batch = {
    ...{ rowCount: records.length, body: body.buffer, bodyBytes, columns },
    rejects: { count: 0, places: new Uint32Array(0), reasons: [] },
    ...{ firstPosition: null, lastPosition: null, isDescending: true },
  };
  return { batch, records, unreadable };
}

/** Of a target whose keys and instants the fetch worker reads: fields at the top of the record. */
export function recordFields({ key, timePath }: WriterTarget): RecordFields {
  return { idField: key[0]?.path[0] ?? '', timestampField: timePath?.[0] ?? '' };
}

function uuidBytes(text: string): Uint8Array {
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}
