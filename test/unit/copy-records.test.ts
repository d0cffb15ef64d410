/** Keys and instants that COPY writes, against what PostgreSQL would read from the same JSON. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocateColumns, columnViews } from '../../src/protocol/batch.js';
import { copyRecords } from '../../workers/writer/copy-records.js';
import type { PageRows } from '../../workers/writer/page-rows.js';
import { WireBuffer } from '../../workers/writer/wire-buffer.js';

/** The records as a page selects them. */
function selected(records: readonly string[]): PageRows {
  const body = Buffer.from(`[${records.join(',')}]`);
  const columns = columnViews(allocateColumns(records.length));
  let at = 1;
  records.forEach((record, row) => {
    columns.recordStarts[row] = at;
    at += Buffer.byteLength(record);
    columns.recordEnds[row] = at;
    at += 1;
  });
  return {
    pageId: 1,
    columns,
    body,
    rows: Uint32Array.from(records, (_, row) => row),
    recordBytes: body.length,
    acceptedCount: records.length,
    rejects: { count: 0, places: new Uint32Array(0), reasons: [] },
    firstPosition: null,
    lastPosition: null,
  };
}

/** The keys as they go to the server; null: INSERT has to write the page. */
function keysOf(records: readonly string[], time: string | null = null): bigint[] | null {
  const copied = copyRecords(selected(records), { key: 'id', time });
  if (copied === null) return null;
  const wire = new WireBuffer();
  copied.writeKeys(wire);
  const header = 24;
  return records.map((_, row) => wire.bytes.readBigInt64BE(header + row * 12 + 4));
}

describe('a key', () => {
  test('of up to 18 digits is the integer that JSON has, of either sign', () => {
    const most = 10n ** 18n - 1n;
    const integers = fc.array(fc.bigInt({ min: -most, max: most }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(integers, (keys) => {
        expect(keysOf(keys.map((key) => `{"id":${key}}`))).toEqual(keys);
      }),
    );
  });

  test.each(['1.0', '1e3', '"1"', 'null', '9999999999999999999', '01', '-', '1x', 'true'])(
    'that is %s is left to the server',
    (value) => {
      expect(keysOf(['{"id":7}', `{"id":${value}}`])).toBeNull();
    },
  );

  test.each(['{"no":1}', '7', '[]', '{"i\\u0064":1}'])('is left to the server in %s', (record) => {
    expect(keysOf([record])).toBeNull();
  });

  test('that comes twice in a record is the last, as in jsonb', () => {
    expect(keysOf(['{"id":1,"id":2}'])).toEqual([2n]);
  });
});

test.each([
  ['"2026-01-27T19:20:12Z"', true],
  ['"2026-01-27T19:20:12.369Z"', true],
  ['1769541612369', true],
  ['"2026-01-27T19:20:12.369123Z"', false],
  ['"2026-01-27 19:20:12"', false],
  ['"2026-02-30T19:20:12Z"', false],
  ['1769541612', false],
  ['null', true],
  ['{}', false],
])('an instant that is %s is read here: %s', (value, isRead) => {
  expect(keysOf([`{"id":1,"at":${value}}`], 'at') !== null).toBe(isRead);
});

test('a record without an instant has none', () => {
  expect(keysOf(['{"id":1}'], 'at')).toEqual([1n]);
});
