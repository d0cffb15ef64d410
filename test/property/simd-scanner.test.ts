import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Dataset } from '../../src/simulator/dataset.js';
import { Renderer } from '../../src/simulator/render.js';
import { Views } from '../../src/simulator/views.js';
import { ColumnWriter } from '../../workers/fetch/column-writer.js';
import { type ScanRequest, type ScanResult, scanPlainly } from '../../workers/fetch/scanner.js';
import { PageMemory } from '../../workers/fetch/simd/page-memory.js';
import { loadScanModule } from '../../workers/fetch/simd/scan-module.js';
import { scanPage } from '../../workers/fetch/simd/simd-scanner.js';
import { elementText, pageText } from '../support/hostile-pages.js';
import { samplePage } from '../support/sample-pages.js';

// Method: both scanners read the same bytes, and everything that they return is compared, the
// columns byte by byte. What the plain scanner does right is the matter of scanner.test.ts.

const START = '{"data":[';

function requestOf(body: Buffer, recordsStart: number): ScanRequest {
  const fields = { idField: 'id', timestampField: 'timestamp' };
  return { body, recordsStart, columns: null, rowsExpected: 64, ...fields };
}

/** A result with its columns as text, rows only. */
function comparable(result: ScanResult) {
  const columns = Buffer.from(result.columns);
  const capacity = columns.length / 32;
  const rowCount = result.type === 'scanned' ? result.rowCount : 0;
  const parts = [0, 8, 12, 16].map((offset, index) => {
    const rowBytes = [8, 4, 4, 16][index] as number;
    const at = offset * capacity;
    return columns.toString('hex', at, at + rowBytes * rowCount);
  });
  return { ...result, columns: parts };
}

function expectSame(body: Buffer, recordsStart: number): void {
  const request = requestOf(body, recordsStart);
  expect(comparable(scanPage(request))).toEqual(comparable(scanPlainly(request)));
}

/** Elements many enough for several blocks, the same few in changing order. */
const elements = fc
  .tuple(
    fc.array(elementText, { minLength: 1, maxLength: 5 }),
    fc.array(fc.nat(), { maxLength: 40 }),
    fc.integer({ min: 0, max: 60 }),
  )
  .map(([texts, picks, sampleCount]) => [
    ...sampleRecords(sampleCount),
    ...picks.map((pick) => texts[pick % texts.length] as string),
    ...sampleRecords(3),
  ]);

function sampleRecords(count: number): string[] {
  const { data } = JSON.parse(samplePage(count)) as { data: unknown[] };
  return data.map((record) => JSON.stringify(record));
}

const pageBytes = fc
  .tuple(elements, fc.constantFrom('', '', '', ' ', '\n\t'))
  .map(([texts, space]) => Buffer.from(pageText(texts, 'nested', space).trimStart()));

/** Bytes that mean something to a scanner, or look like such a byte in some of their bits. */
const telling = fc.oneof(
  fc.constantFrom(...Buffer.from('{}[],:"\\ \n0u1-Tt.')),
  fc.integer({ min: 0, max: 255 }),
);

/** A page with a few bytes replaced, put in or taken out. */
const damagedBytes = fc
  .tuple(
    pageBytes,
    fc.array(fc.tuple(fc.nat(), telling, fc.constantFrom(0, 1, 2)), { minLength: 1, maxLength: 4 }),
  )
  .map(([bytes, edits]) =>
    edits.reduce((edited, [place, byte, kind]) => {
      const at = START.length + (place % (edited.length - START.length));
      const removed = kind === 0 ? 1 : kind === 1 ? 0 : 2;
      const added = Buffer.from([byte]).subarray(0, kind === 2 ? 0 : 1);
      return Buffer.concat([edited.subarray(0, at), added, edited.subarray(at + removed)]);
    }, bytes),
  );

const UUIDS = ['3f2504e0-4f89-11d3-9a0c-0305e82c3301', 'ABCDEF01-4f89-11d3-9a0c-0305e82c3301'];
const oddValue = fc.constantFrom(
  ...[
    '1 2',
    '1"x"',
    '"x"1',
    '""',
    '"a""b"',
    '{}1',
    '[1]x',
    '{}{}',
    '[[]',
    '{"a":[}]}',
    '1:2',
    '1{',
    '-',
  ],
  ...[
    'nope',
    'x',
    '\x02',
    '',
    '"\\u0000"',
    '{"a":"\\u0000"}',
    '"\\\\u0000"',
    '{"\\"":1}',
    '\\',
    '\xff',
    '"\xe9"',
  ],
  ...[
    `1${UUIDS[0]}x`,
    `"${UUIDS[0]?.slice(1)}"`,
    `"${UUIDS[0]?.slice(1)}g"`,
    `"${'-'.repeat(36)}"`,
  ],
);
const usualValue = fc.oneof(
  fc.constantFrom('{}', '[]', '{"id":[1,"}"]}', 'true', 'null', '-1.5e3', '"a\\"b"', '"a:\\\\"'),
  // Moves what follows over the borders of blocks, a backslash last.
  fc.nat({ max: 70 }).map((length) => `"${'x'.repeat(length)}\\\\"`),
  fc.nat({ max: 70 }).map((length) => `"${'x'.repeat(length)}"`),
);
const timestampValue = fc.constantFrom(
  ...['2026-01-27T19:20:12.369Z', '2024-02-29T23:59:59.999Z', '2023-02-29T00:00:00.000Z'].map(
    quoted,
  ),
  ...['2026-01-27T24:00:00.000Z', '2026-01-27T19:60:00.000Z', '2026-01-27T19:20:60.000Z'].map(
    quoted,
  ),
  ...['1969-12-31T23:59:59.999Z', '0000-01-01T00:00:00.000Z', '2026-00-27T19:20:12.369Z'].map(
    quoted,
  ),
  ...[
    '2026-01-27T19:20:12.36:Z',
    '2026-01-27T19:20:12,369Z',
    '2026-01-27T19:20:12.369+',
    '1769541612369',
  ].map(quoted),
  ...[
    '1769541612369',
    '978307199999',
    '0978307200000',
    '4133980799999',
    '4133980800000',
    '17695416123.9',
  ],
  ...['1769541612', 'null', 'nul1', 'true', '{"$date":1}'],
);

function quoted(text: string): string {
  return `"${text}"`;
}

const member = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...UUIDS).map((id) => `"id":"${id}"`) },
  { weight: 4, arbitrary: timestampValue.map((value) => `"timestamp":${value}`) },
  { weight: 6, arbitrary: usualValue.map((value) => `"properties":${value}`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('"id"', '"a"', '"timestamp"'), oddValue)
      .map(([key, value]) => `${key}:${value}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        '"idx":1',
        '"ie":"x"',
        '"timestamq":5',
        '"i\\u0064":1',
        '"":2',
        '"a" :1',
        '"a": 1',
        '"a"b:1',
      ],
      ...['"a""b":1', 'a:1', '"a"', '"a":', '"a"1', 'x"id":1', '"a\\":1', '\f"a":1', '"a":1\x1a'],
    ),
  },
);

/** Records with the fields that matter, most of them of the form that vectors take. */
const nearlyUsual = fc
  .tuple(
    fc.constantFrom(...UUIDS),
    fc.array(member, { maxLength: 4 }),
    fc.oneof(
      { weight: 20, arbitrary: fc.constant(',') },
      { weight: 1, arbitrary: fc.constantFrom(', ', ' ,', ',,', '', '\n') },
    ),
    fc.oneof(
      { weight: 20, arbitrary: fc.constant('}') },
      { weight: 1, arbitrary: fc.constantFrom(' }', '} ', ',}', '}}', ']', '', '}x') },
    ),
  )
  .map(([id, members, comma, end]) => `{${[`"id":"${id}"`, ...members].join(comma)}${end}`);

/** Where the records begin in a page that begins with them, however it is spaced. */
function recordsStart(bytes: Buffer): number {
  return bytes.indexOf('[') + 1;
}

describe('the scanner with vectors', () => {
  test('returns what the plain one returns, byte for byte', () => {
    fc.assert(
      fc.property(pageBytes, (bytes) => expectSame(bytes, recordsStart(bytes))),
      { numRuns: 1500 },
    );
  }, 120_000);

  test('returns the same for pages with damaged bytes', () => {
    fc.assert(
      fc.property(damagedBytes, (bytes) => expectSame(bytes, START.length)),
      { numRuns: 6000 },
    );
  }, 120_000);

  test('returns the same for a page cut off at any byte', () => {
    fc.assert(
      fc.property(pageBytes, fc.nat(), (bytes, place) => {
        const start = recordsStart(bytes);
        expectSame(bytes.subarray(0, start + (place % (bytes.length - start))), start);
      }),
      { numRuns: 1500 },
    );
  }, 120_000);

  test('returns the same for records that are nearly of the usual form', () => {
    fc.assert(
      fc.property(fc.array(nearlyUsual, { minLength: 1, maxLength: 6 }), (records) => {
        expectSame(Buffer.from(`${START}${records.join(',')}]}`, 'latin1'), START.length);
      }),
      { numRuns: 20_000 },
    );
  }, 120_000);

  test.each([0, 0.02, 0.7])(
    'returns the same for a simulated page, %s of it hostile',
    (hostileRows) => {
      const dataset = new Dataset({ events: 9000, seed: 7, hostileRows, hostileKinds: 'all' });
      const view = new Views(dataset).events({ sessionId: null, type: null });
      const rows = new Renderer(dataset).renderPage(view, 0, 3000);
      expectSame(Buffer.concat([rows, Buffer.from('}')]), START.length);
    },
  );

  test('takes every record of an ordinary page itself', () => {
    const body = Buffer.from(samplePage(500));
    const request = requestOf(body, START.length);
    const module = loadScanModule();
    if (module === null) throw new Error('this machine has no vectors of 128 bits');
    const memory = new PageMemory(module, request, new ColumnWriter(null, 500).capacity);
    expect(memory.findStructure(true)).toBe(true);
    const end = memory.walk(START.length, 0);
    expect(memory.rowCount).toBe(500);
    expect(end).toEqual({
      at: body.indexOf(']', body.lastIndexOf('session')),
      isBehindRecord: true,
    });
  });

  test('is not equal to the plain one with another field, so the comparison can fail', () => {
    const request = requestOf(Buffer.from(samplePage(9)), START.length);
    const other = scanPlainly({ ...request, timestampField: 'type' });
    expect(comparable(scanPage(request))).not.toEqual(comparable(other));
  });
});
