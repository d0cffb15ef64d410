import { describe, expect, test } from 'vitest';
import { openPage } from '../../workers/fetch/page.js';
import { scanPage } from '../../workers/fetch/scanner.js';
import { datasync } from '../support/datasync.js';
import {
  faultMessage,
  nestedEnvelope,
  pageOfTexts,
  rejectsOf,
  samplePage,
  sampleRecord,
  uuid,
  wholePage,
} from '../support/sample-pages.js';

const GOOD = JSON.stringify(sampleRecord(1));
const OTHER = JSON.stringify(sampleRecord(2));

describe('the envelope', () => {
  test('is read from the tail of a nested page', () => {
    const opened = openPage(Buffer.from(samplePage(3)), datasync);
    expect(opened.type === 'opened' && opened.early?.envelope).toEqual({
      nextCursor: 'abc',
      hasMore: true,
      cursorExpiresInMs: 117_000,
      returned: 3,
      limit: 5000,
      total: 3_000_000,
    });
  });

  test('is read from a flat page, in any order of keys', () => {
    const { page } = wholePage(`{"nextCursor":null,"data":[${GOOD}],"hasMore":false}`);
    expect(page.envelope).toMatchObject({ hasMore: false, nextCursor: null, returned: null });
    expect(page.rowCount).toBe(1);
  });

  test('is found by the scan where it is longer than the tail that is looked at', () => {
    const envelope = { ...nestedEnvelope(1), note: 'x]'.repeat(6000) };
    const far = JSON.stringify({ data: [sampleRecord(1)], ...envelope });
    const opened = openPage(Buffer.from(far), datasync);
    expect(opened.type === 'opened' && opened.early).toBeNull();
    expect(wholePage(far).page.envelope.nextCursor).toBe('abc');
  });

  test('is never taken from inside a record', () => {
    const inner = JSON.stringify({ data: [], ...nestedEnvelope(1) }).replace('abc', 'inner');
    const record = `{"id":"${uuid(1)}","copy":${inner},"text":${JSON.stringify(inner)}}`;
    const { page, rows } = wholePage(pageOfTexts([record]));
    expect(page.envelope.nextCursor).toBe('abc');
    expect(rows[0]?.text).toBe(record);
  });

  test('that only a record holds makes no page of a body that was cut there', () => {
    const inner = `"x":[],${JSON.stringify(nestedEnvelope(1)).slice(1)}`;
    expect(faultMessage(`{"data":[{"id":"${uuid(1)}",${inner}`)).toContain('breaks off');
  });

  test('counts the records: one too few is a fault', () => {
    expect(faultMessage(pageOfTexts([GOOD, OTHER], 3))).toBe('the page holds 2 records, not 3');
  });

  test('with a second records array is a fault', () => {
    const text = pageOfTexts([GOOD]).replace(/}$/, ',"data":[]}');
    expect(faultMessage(text)).toContain('no envelope');
  });
});

describe('records that cannot be stored', () => {
  const id = uuid(9);
  test.each([
    ['a number', '42', 'a number, not an object'],
    ['null', 'null', 'null, not an object'],
    ['a text with brackets', '"}]"', 'a string, not an object'],
    ['an array', '[{"id":1}]', 'an array, not an object'],
    ['no id', '{"timestamp":1769541612369}', 'no field "id"'],
    ['only a nested id', `{"session":{"id":"${id}"}}`, 'no field "id"'],
    ['an id that is a number', '{"id":7}', 'a number, not a uuid'],
    ['an id of the wrong form', '{"id":"event-7"}', 'not a uuid'],
    ['an id with a digit that is none', `{"id":"g${id.slice(1)}"}`, 'not a uuid'],
    ['a timestamp without a zone', `{"id":"${id}","timestamp":"2026-01-27T19:20:12"}`, 'no form'],
    ['a timestamp that is a word', `{"id":"${id}","timestamp":"soon"}`, 'no form'],
    ['a timestamp that is true', `{"id":"${id}","timestamp":true}`, 'a boolean, not a time'],
    ['U+0000', `{"id":"${id}","name":"a\\u0000b"}`, 'PostgreSQL cannot store'],
    ['U+0000 in a nested key', `{"id":"${id}","p":{"\\u0000":1}}`, 'PostgreSQL cannot store'],
    ['an undefined value', `{"id":"${id}","name":undefined}`, 'not valid JSON'],
    ['a missing colon', `{"id":"${id}","name" "x"}`, 'not valid JSON'],
    ['brackets of two kinds', `{"id" "${id}","name":[1}}`, 'not valid JSON'],
    ['an unclosed string', `{"id":"${id}","name":"x}`, 'not valid JSON'],
    ['an unclosed object', `{"id":"${id}","p":{"a":1}`, 'not valid JSON'],
    ['an unclosed array', `{"id":"${id}","p":[1,2}`, 'not valid JSON'],
    ['a brace too many', `{"id":"${id}"}}`, 'not valid JSON'],
    ['a cut record', `{"id":"${id}","na`, 'not valid JSON'],
  ])('are kept whole, and the rest of the page is read: %s', (_kind, record, said) => {
    const text = pageOfTexts([GOOD, record, OTHER]);
    const { page, rows } = wholePage(text);
    expect(rejectsOf(page, text)).toEqual([
      { index: 1, reason: expect.stringContaining(said), text: record },
    ]);
    expect(rows.map((row) => row.text)).toEqual([GOOD, OTHER]);
  });

  test('are kept when their bytes are no UTF-8', () => {
    const text = pageOfTexts([GOOD, `{"id":"${id}","name":"?"}`, OTHER]);
    const body = Buffer.from(text);
    body[body.indexOf('?')] = 0xff;
    const { page } = wholePage(body);
    expect(rejectsOf(page, body)).toEqual([
      { index: 1, reason: 'the record is not valid UTF-8', text: expect.stringContaining('�') },
    ]);
    expect(page.rowCount).toBe(2);
  });

  test('are told apart though several of them break the page at once', () => {
    const broken = [`{"id":"${uuid(1)}","n":"x}`, `{"id":"${uuid(2)}","n":"y}`, '17'];
    const records = [broken[0], GOOD, broken[1], OTHER, broken[2], GOOD] as string[];
    const body = pageOfTexts(records);
    const { page, rows } = wholePage(body);
    expect(rejectsOf(page, body).map(({ index, text }) => [index, text])).toEqual([
      [0, broken[0]],
      [2, broken[1]],
      [4, broken[2]],
    ]);
    expect(rows.map((row) => row.text)).toEqual([GOOD, OTHER, GOOD]);
  });

  test('break the page where nothing says how many records there should be', () => {
    const text = `{"data":[${GOOD},{"id":"${id}","n":"x},${OTHER}],"hasMore":false,"nextCursor":null}`;
    expect(faultMessage(text)).toContain('breaks off');
  });
});

describe('records that can be stored', () => {
  test.each([
    ['the last of two ids', `{"id":"${uuid(1)}","id":"${uuid(2)}"}`, uuid(2), null],
    [
      'the last of two ids though its key has escapes',
      `{"id":"${uuid(1)}","i\\u0064":"${uuid(2)}"}`,
      uuid(2),
      null,
    ],
    [
      'a timestamp under an escaped key',
      `{"id":"${uuid(1)}","\\u0074imestamp":1769541612369}`,
      uuid(1),
      1_769_541_612_369,
    ],
    [
      'a timestamp with escapes',
      `{"id":"${uuid(1)}","timestamp":"2026-01-27T19:20:12.369\\u005a"}`,
      uuid(1),
      1_769_541_612_369,
    ],
    ['an id with escapes', `{"id":"\\u0030${uuid(3).slice(1)}"}`, uuid(3), null],
    ['an id under an escaped key', `{"\\u0069d":"${uuid(4)}"}`, uuid(4), null],
    [
      'an id in upper case',
      `{"id":"ABCDEF00-0000-4000-8000-00000000000A"}`,
      'abcdef00-0000-4000-8000-00000000000a',
      null,
    ],
    ['no timestamp', `{"id":"${uuid(5)}"}`, uuid(5), null],
    ['a timestamp of null', `{"timestamp":null,"id":"${uuid(6)}"}`, uuid(6), null],
    ['seconds', `{"timestamp":1769541612,"id":"${uuid(7)}"}`, uuid(7), 1_769_541_612_000],
    ['an escaped backslash before u0000', `{"n":"\\\\u0000","id":"${uuid(8)}"}`, uuid(8), null],
    [
      'an escape before a missing value',
      `{"n":"\\"{","m":{"o":"\\\\"},"id":"${uuid(9)}"}`,
      uuid(9),
      null,
    ],
  ])(
    'have the id and instant that JSON.parse would give: %s',
    (_kind, record, id, occurredAtMs) => {
      const { rows } = wholePage(pageOfTexts([record]));
      expect(rows).toEqual([{ id, occurredAtMs, text: record }]);
    },
  );

  test('are read from a page that begins with a byte order mark', () => {
    const { rows } = wholePage(`\uFEFF${samplePage(2)}`);
    expect(rows).toHaveLength(2);
  });

  test('have no position when none has a timestamp', () => {
    const { page } = wholePage(pageOfTexts([`{"id":"${uuid(1)}"}`]));
    expect(page).toMatchObject({ firstPosition: null, lastPosition: null, isDescending: true });
  });

  test('grow the columns when there are more than was expected', () => {
    const body = Buffer.from(samplePage(100));
    const request = { body, recordsStart: 9, columns: null, rowsExpected: 3 };
    const scanned = scanPage({ ...request, idField: 'id', timestampField: 'timestamp' });
    expect(scanned).toMatchObject({ type: 'scanned', rowCount: 100 });
  });

  test('fill columns that are given back without a new buffer', () => {
    const columns = wholePage(samplePage(50)).page.columns;
    const body = Buffer.from(samplePage(20));
    const request = { body, recordsStart: 9, columns, rowsExpected: 20 };
    const scanned = scanPage({ ...request, idField: 'id', timestampField: 'timestamp' });
    expect(scanned.columns).toBe(columns);
  });
});
