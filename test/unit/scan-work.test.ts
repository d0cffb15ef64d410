/** What a page costs to scan grows with its length, whatever it holds. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { REJECTS_MAX } from '../../workers/fetch/reject-writer.js';
import { JsonWalker, NOT_FOUND } from '../../workers/json/json-walker.js';
import { faultOf, pageOfTexts, readPage, uuid, wholePage } from '../support/sample-pages.js';

const PAGE_BYTES = 131_072;

/** The record as often as fills so many bytes. */
const filled = (record: string) => (bytes: number) =>
  pageOfTexts(Array<string>(Math.floor(bytes / (record.length + 1))).fill(record));
const good = `{"id":"${uuid(1)}"}`;

/** A page that nothing but a guess can divide: every third record lacks its end. */
const broken = (record: string) => (bytes: number) => {
  const count = Math.floor(bytes / good.length);
  return pageOfTexts(Array.from({ length: count }, (_, at) => (at % 3 === 1 ? record : good)));
};

/** Records of which only the first has the first key, and the last is broken. */
function withoutBoundaries(bytes: number): string {
  const records = Array<string>(Math.floor(bytes / good.length)).fill(good);
  return pageOfTexts([`{"first":1,${good.slice(1)}`, ...records, '{"id":{']);
}

const shapes: readonly (readonly [string, (bytes: number) => string])[] = [
  ['numbers', filled('1')],
  ['nulls', filled('null')],
  ['words that are no JSON', filled('x')],
  ['empty objects', filled('{}')],
  ['empty lists', filled('[]')],
  ['texts', filled('"a"')],
  ['texts with escapes', filled('"\\n"')],
  ['records without id', filled('{"a":"b"}')],
  ['records that are no JSON', filled('{x}')],
  ['records with escapes in their keys', filled('{"a\\n":1}')],
  ['one huge record', (bytes) => pageOfTexts([`{"a":[${'1,'.repeat(bytes / 2)}1]}`])],
  ['nested lists', (bytes) => pageOfTexts(['['.repeat(bytes / 2) + ']'.repeat(bytes / 2)])],
  [
    'nested objects',
    (bytes) =>
      pageOfTexts(['{"a":'.repeat(bytes / 6) + '1'.padEnd(Math.floor(bytes / 6) + 1, '}')]),
  ],
  ['records by turns good and none', filled(`${good},1`)],
  ['lists that never close', (bytes) => pageOfTexts(['['.repeat(bytes)])],
  ['objects that do not close', broken('{"id":"x","p":{}')],
  ['texts that do not close', broken('{"id":"x')],
  ['nothing that looks like the first record', withoutBoundaries],
];

/** Bytes that were searched for a byte, and that were walked over for the end of a value. */
function bytesLookedAt(body: Buffer): number {
  let count = 0;
  const { indexOf } = Buffer.prototype;
  vi.spyOn(Buffer.prototype, 'indexOf').mockImplementation(function (
    this: Buffer,
    ...[value, from]: Parameters<typeof indexOf>
  ) {
    const found = indexOf.call(this, value, from);
    count += (found === NOT_FOUND ? this.length : found) - Number(from ?? 0);
    return found;
  });
  const { valueEnd } = JsonWalker.prototype;
  vi.spyOn(JsonWalker.prototype, 'valueEnd').mockImplementation(function (
    this: JsonWalker,
    at,
    limit = this.body.length,
  ) {
    const end = valueEnd.call(this, at, limit);
    count += (end === NOT_FOUND ? limit : end) - at;
    return end;
  });
  readPage(body);
  return count;
}

describe('a scan looks at a byte a bounded number of times', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  // The longest search that is made for each record would be a thousand lengths and more.
  test.each(shapes)('%s', (_, pageOf) => {
    const body = Buffer.from(pageOf(PAGE_BYTES));
    expect(bytesLookedAt(body)).toBeLessThan(80 * body.length);
  });
});

test('a page with a few million records that cannot be stored is refused, to be asked for smaller', () => {
  const records = (count: number) => `{"data":[${'1,'.repeat(count - 1)}1],"hasMore":false}`;
  expect(wholePage(records(1000)).page.rejects.count).toBe(1000);
  expect(faultOf(records(REJECTS_MAX + 1))).toMatchObject({
    code: 'BODY_TOO_LARGE',
    message: expect.stringContaining('4194304 records that cannot be stored'),
  });
});
