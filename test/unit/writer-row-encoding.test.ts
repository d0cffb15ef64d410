import { describe, expect, test } from 'vitest';
import { selectRows } from '../../workers/writer/page-rows.js';
import {
  writeCopyStream,
  writeIdArray,
  writeInstantArray,
  writeRecordArray,
} from '../../workers/writer/row-encoding.js';
import { EVENTS_SHAPE } from '../../workers/writer/table-shape.js';
import { WireBuffer } from '../../workers/writer/wire-buffer.js';
import { type TestRow, testId, testPage, testRows } from '../support/writer-pages.js';

const EPOCH_MS = Date.UTC(2000, 0, 1);
const PAGE_ID = 2_147_483_000;

/** The reference: the same stream, written the slow and obvious way. */
function copyStream(rows: readonly TestRow[]): Buffer {
  const int16 = (value: number) => Buffer.from(Int16Array.of(value).buffer).swap16();
  const int32 = (value: number) => Buffer.from(Int32Array.of(value).buffer).swap32();
  const int64 = (value: bigint) => Buffer.from(BigInt64Array.of(value).buffer).swap64();
  const fields = rows.flatMap((row) => {
    const json = Buffer.from(String(row.record));
    const instant = Number.isNaN(row.ms)
      ? [int32(-1)]
      : [int32(8), int64(BigInt(row.ms - EPOCH_MS) * 1000n)];
    const id = Buffer.from(row.id.replaceAll('-', ''), 'hex');
    const data = [int32(json.length + 1), Buffer.of(1), json];
    return [int16(4), int32(16), id, ...instant, ...data, int32(4), int32(PAGE_ID)];
  });
  const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
  const stream = Buffer.concat([header, ...fields, int16(-1)]);
  const data = Buffer.concat([Buffer.from('d'), int32(stream.length + 4), stream]);
  return Buffer.concat([data, Buffer.from('c'), int32(4)]);
}

function written(write: (wire: WireBuffer) => void): Buffer {
  const wire = new WireBuffer();
  write(wire);
  return wire.written();
}

const instants = [EPOCH_MS, EPOCH_MS - 1, 0, -1, 1_769_541_612_369, 8.64e15, -8.64e15, Number.NaN];
const rows: TestRow[] = instants.map((ms, i) => ({
  id: testId(i),
  ms,
  record: `{"n":${i},"ä":1}`,
}));

describe('the COPY stream', () => {
  test('equals the documented binary form, byte by byte', () => {
    const selected = selectRows(testPage(rows, { isDescending: false, id: PAGE_ID }), EVENTS_SHAPE);
    expect(written((wire) => writeCopyStream(wire, selected))).toEqual(copyStream(rows));
  });

  test('grows a buffer that is too small and leaves what was written before', () => {
    const many = testRows(2000).map((row) => ({ ...row, record: `{"pad":"${'x'.repeat(300)}"}` }));
    const selected = selectRows(testPage(many, { id: PAGE_ID }), EVENTS_SHAPE);
    const wire = new WireBuffer();
    wire.cString('before');
    writeCopyStream(wire, selected);
    expect(wire.written().subarray(0, 7).toString()).toBe('before\0');
    expect(wire.written().subarray(7).equals(copyStream(many))).toBe(true);
  });

  test('an instant that is none becomes one that PostgreSQL refuses, never infinity', () => {
    for (const ms of [1e20, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const selected = selectRows(testPage([{ id: testId(1), ms, record: '{}' }]), EVENTS_SHAPE);
      const wire = written((into) => writeCopyStream(into, selected));
      expect(wire.readBigInt64BE(5 + 19 + 2 + 20 + 4)).toBe(2n ** 63n - 2n);
    }
  });
});

describe('array parameters', () => {
  const selected = selectRows(testPage(rows, { isDescending: false, id: PAGE_ID }), EVENTS_SHAPE);

  test.each([
    ['ids', writeIdArray, 2950],
    ['instants', writeInstantArray, 1184],
    ['records', writeRecordArray, 25],
  ] as const)('the array of %s says its length, type and size', (_name, write, oid) => {
    const bytes = written((wire) => write(wire, selected));
    expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
    expect(bytes.readInt32BE(4)).toBe(1);
    expect(bytes.readInt32BE(12)).toBe(oid);
    expect(bytes.readInt32BE(16)).toBe(rows.length);
    expect(bytes.readInt32BE(20)).toBe(1);
  });

  test('records keep their bytes', () => {
    const bytes = written((wire) => writeRecordArray(wire, selected));
    let at = 24;
    const texts = rows.map(() => {
      const length = bytes.readInt32BE(at);
      const text = bytes.subarray(at + 4, at + 4 + length).toString();
      at += 4 + length;
      return text;
    });
    expect(texts).toEqual(rows.map((row) => row.record));
    expect(at).toBe(bytes.length);
  });
});
