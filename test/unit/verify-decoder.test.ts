import { describe, expect, test } from 'vitest';
import { Breakpoints } from '../../src/database/verify/breakpoints.js';
import { type RowColumns, RowDecoder } from '../../src/database/verify/row-decoder.js';
import { columnsOf } from '../support/verify-model.js';
import { NEWEST_MS, testId, testRows } from '../support/writer-pages.js';

const EPOCH_2000_US = 946_684_800_000_000n;
const INT64_MAX = 2n ** 63n - 1n;

function header(extension = ''): Buffer {
  const head = Buffer.alloc(19);
  head.write('PGCOPY\n\xff\r\n\0', 'latin1');
  head.writeInt32BE(extension.length, 15);
  return Buffer.concat([head, Buffer.from(extension)]);
}

/** A row as the server sends it. @param sinceEpochUs null: NULL */
function rowBytes(id: string, sinceEpochUs: bigint | null): Buffer {
  const row = Buffer.alloc(sinceEpochUs === null ? 26 : 34);
  row.writeInt16BE(2, 0);
  row.writeInt32BE(16, 2);
  row.write(id.replaceAll('-', ''), 6, 'hex');
  row.writeInt32BE(sinceEpochUs === null ? -1 : 8, 22);
  const isInfinite = sinceEpochUs === INT64_MAX || sinceEpochUs === -INT64_MAX - 1n;
  if (sinceEpochUs !== null) {
    row.writeBigInt64BE(isInfinite ? sinceEpochUs : sinceEpochUs - EPOCH_2000_US, 26);
  }
  return row;
}

function decode(messages: readonly Buffer[]): { ids: string[]; ms: number[]; us: number[] } {
  const all = { ids: [] as string[], ms: [] as number[], us: [] as number[] };
  const decoder = new RowDecoder(({ rowCount, ids, occurredAtMs, fractionUs }: RowColumns) => {
    for (let row = 0; row < rowCount; row++) {
      all.ids.push(Buffer.from(ids.subarray(row * 16, row * 16 + 16)).toString('hex'));
      all.ms.push(occurredAtMs[row] as number);
      all.us.push(fractionUs[row] as number);
    }
  });
  for (const message of messages) {
    // In the middle of a larger buffer, as in a chunk of a socket.
    const chunk = Buffer.concat([Buffer.from('?????'), message, Buffer.from('??')]);
    decoder.take(chunk, 5, 5 + message.length);
  }
  decoder.flush();
  return all;
}

const trailer = Buffer.from([0xff, 0xff]);

describe('rows of a binary COPY', () => {
  test('come out as ids and instants, the first behind the header', () => {
    const [a, b] = [testId(1), 'ffffffff-0000-4000-8000-0123456789ab'];
    const first = Buffer.concat([header(), rowBytes(a, BigInt(NEWEST_MS) * 1000n)]);
    const rows = decode([first, rowBytes(b, null), trailer]);
    expect(rows.ids).toEqual([a, b].map((id) => id.replaceAll('-', '')));
    expect(rows.ms).toEqual([NEWEST_MS, Number.NaN]);
    expect(rows.us).toEqual([0, 0]);
  });

  test('an empty table is a header and a trailer, in one message or two', () => {
    expect(decode([header(), trailer]).ids).toEqual([]);
    expect(decode([Buffer.concat([header('an extension')]), trailer]).ids).toEqual([]);
    expect(decode([Buffer.concat([header(), trailer])]).ids).toEqual([]);
  });

  test.each([
    ['before 1970, with a fraction', -1n, -1, 999],
    ['before 2000', 1_000_000_001n, 1_000_000, 1],
    ['in the year 9999', 253_402_300_799_999_007n, 253_402_300_799_999, 7],
    ['in the year −4000', -188_395_027_199_999_001n, -188_395_027_200_000, 999],
  ])('an instant %s is exact to the microsecond', (_, us, ms, fraction) => {
    const rows = decode([header(), rowBytes(testId(1), us)]);
    expect([rows.ms[0], rows.us[0]]).toEqual([ms, fraction]);
  });

  test('infinity is no instant that an API can send, and a number all the same', () => {
    const rows = decode([
      header(),
      rowBytes(testId(1), INT64_MAX),
      rowBytes(testId(2), -INT64_MAX - 1n),
    ]);
    expect(rows.ms).toEqual([1e17, -1e17]);
  });

  test('more rows than the columns hold come in several pieces, none lost', () => {
    const messages = Array.from({ length: 10_000 }, (_, i) =>
      rowBytes(testId(i), BigInt(i) * 1000n),
    );
    const rows = decode([header(), ...messages, trailer]);
    expect(rows.ms).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
    expect(new Set(rows.ids).size).toBe(10_000);
  });

  test('a message of another length is a bug, not a row', () => {
    expect(() => decode([header(), Buffer.alloc(33)])).toThrow('a message of COPY holds one row');
  });
});

describe('breakpoints', () => {
  const places = testRows(5);
  const { ids, occurredAtMs } = columnsOf(places);

  test('a row at a breakpoint belongs to the element before it', () => {
    const breakpoints = new Breakpoints(
      [places[3], places[1], places[3]].flatMap((row) => row ?? []),
    );
    expect(breakpoints.elementCount).toBe(3);
    const elements = places.map((_, row) =>
      breakpoints.elementOf(ids, row, occurredAtMs[row] as number),
    );
    expect(elements).toEqual([0, 0, 1, 1, 2]);
    expect(breakpoints.placeOf(1)).toEqual({ after: places[1], through: places[3] });
  });

  test('ties are parted by id, the greater first', () => {
    const ms = NEWEST_MS;
    const tied = [9, 7, 5].map((number) => ({ id: testId(number), ms }));
    const breakpoints = new Breakpoints([{ id: testId(7), ms }]);
    const columns = columnsOf(tied);
    expect(tied.map((_, row) => breakpoints.elementOf(columns.ids, row, ms))).toEqual([0, 0, 1]);
  });

  test('an interval is its elements; a reversed one has none', () => {
    const [, b, , d] = places;
    if (b === undefined || d === undefined) throw new Error('there are five places');
    const breakpoints = new Breakpoints([b, d]);
    expect(breakpoints.range(null, b)).toEqual({ from: 0, to: 1 });
    expect(breakpoints.range(b, d)).toEqual({ from: 1, to: 2 });
    expect(breakpoints.range(b, null)).toEqual({ from: 1, to: 3 });
    expect(breakpoints.range(d, b)).toEqual({ from: 2, to: 2 });
  });
});
