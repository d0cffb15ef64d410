/** Bodies that are no page, or one that breaks the contract or reports a failure. */
import { describe, expect, test } from 'vitest';
import {
  faultMessage,
  faultOf,
  samplePage,
  sampleRecord,
  wholePage,
} from '../support/sample-pages.js';

const GOOD = JSON.stringify(sampleRecord(1));
const OTHER = JSON.stringify(sampleRecord(2));

describe('a body that is no page', () => {
  test.each([
    ['empty', '', 'an empty body'],
    ['blank', ' \n', 'an empty body'],
    ['null', 'null', 'null'],
    ['an array that was cut', '[1', 'no JSON object'],
    ['a word', 'upstream connect error', 'no JSON object'],
    ['a text that was cut', '"page', 'no JSON object'],
    ['an object that was cut within', '{"a":[1}', 'no whole page'],
    ['a page cut short', samplePage(5).slice(0, 700), 'breaks off at record'],
    ['a page with bytes behind its end', `${samplePage(2)}x`, 'no envelope'],
    ['two pages', samplePage(1) + samplePage(1), 'no envelope'],
    ['two longer pages', samplePage(3) + samplePage(3), 'no envelope'],
    ['a trailing comma', `{"data":[${GOOD},],"hasMore":false,"nextCursor":null}`, 'breaks off'],
    ['a missing comma', `{"data":[${GOOD}${OTHER}],"hasMore":false}`, 'breaks off'],
  ])('is a fault that says what came: %s', (_kind, body, said) => {
    expect(faultMessage(body)).toContain(said);
  });

  test.each([
    ['HTML', '<!doctype html><p>secret</p>', 'an HTML document of 28 bytes'],
    ['a list', ' [{"id":1}, 2] ', 'a JSON list'],
    ['a text', '"page"', 'a JSON string'],
    ['a number', ' 42', 'a JSON number'],
    ['an empty object', '{}', 'a JSON object of 0 fields'],
    ['an error alone', '{"error":"x","code":"Y"}', 'the fields "error", "code"'],
    ['a manifest', '{"name":"x","endpoints":[]}', 'the fields "name", "endpoints"'],
    ['records without an envelope', `{"data":[${GOOD}]}`, 'the fields "data"'],
    [
      'another envelope',
      `{"data":[],"links":["a"],"meta":{}}`,
      'the fields "data", "links", "meta"',
    ],
    ['records of another name', '{"items":[1],"has_more":true}', 'the fields "items", "has_more"'],
    ['many fields', `{${'abcdefghij'.replace(/./g, '"$&":1,')}"z":0}`, '"h" and 3 more'],
    ['a name that may be a secret', '{"a b <secret>":1,"é":2}', 'a JSON object of 2 fields'],
    ['a long one', JSON.stringify({ rows: 'x'.repeat(70_000) }), 'the fields "rows"'],
  ])('but whole is the answer of something else, and names its fields: %s', (_kind, body, said) => {
    const fault = faultOf(body);
    expect(fault).toMatchObject({ code: 'NOT_A_PAGE', retryable: true });
    expect(fault.message).toContain(said);
    expect(fault.message).not.toContain('secret');
    expect(fault.remedy).toContain('API_BASE_URL');
  });
});

describe('a page that breaks the contract', () => {
  const nested = (pagination: string, rest = '"data":[]') =>
    `{${rest},"pagination":{${pagination}}}`;
  test.each([
    ['no hasMore', nested('"limit":5'), 'no field "pagination.hasMore"'],
    ['a text for hasMore', nested('"hasMore":"true"'), '"pagination.hasMore" is a string'],
    ['null for hasMore', nested('"hasMore":null'), '"pagination.hasMore" is null'],
    ['a flat number for hasMore', '{"data":[],"hasMore":1}', 'field "hasMore" is a number'],
    [
      'a number as cursor',
      nested('"hasMore":true,"nextCursor":7'),
      '"pagination.nextCursor" is a n',
    ],
    [
      'a flat list as cursor',
      '{"data":[],"hasMore":true,"nextCursor":[]}',
      '"nextCursor" is a list',
    ],
    ['no records', '{"hasMore":false}', 'no field "data"'],
    ['an object of records', nested('"hasMore":false', '"data":{"a":1}'), '"data" is an object'],
    ['null for records, and more', nested('"hasMore":true', '"data":null'), '"data" is null'],
  ])('ends the run at once and names the field: %s', (_kind, body, said) => {
    const fault = faultOf(body);
    expect(fault).toMatchObject({ code: 'CONTRACT', retryable: false });
    expect(fault.message).toContain(said);
    expect(fault.remedy).toContain('API_BASE_URL');
  });

  const odd = ['null', '"12"', '-1', '1.5', '9007199254740993', '1e30', '[]', '{}', 'true'];

  test.each(odd)('only in what it advises is read without that: %s', (value) => {
    const text = `{"data":[${GOOD}],"pagination":{"hasMore":true,"nextCursor":"abc","limit":${value},
      "cursorExpiresIn":${value === '1.5' ? '-0.1' : value}},
      "meta":{"total":${value},"returned":${value}}}`;
    expect(wholePage(text).page).toMatchObject({
      rowCount: 1,
      envelope: {
        ...{ nextCursor: 'abc', hasMore: true, cursorExpiresInMs: null },
        ...{ limit: null, returned: null, total: null },
      },
    });
  });

  test.each(['null', '"x"', '7', '[]'])('in all of "meta" is read without it: %s', (meta) => {
    const text = nested('"hasMore":true,"nextCursor":"abc"', `"data":[${GOOD}],"meta":${meta}`);
    expect(wholePage(text).page).toMatchObject({ rowCount: 1, envelope: { total: null } });
  });

  test.each(['""', 'null', 'false', '0', '{}'])(
    'is the end with %s as the last cursor',
    (cursor) => {
      const pagination = `"hasMore":false,"nextCursor":${cursor}`;
      const { page } = wholePage(nested(pagination, `"data":[${GOOD}]`));
      expect(page).toMatchObject({ rowCount: 1, envelope: { hasMore: false, nextCursor: null } });
    },
  );

  test('is left to the order of pages where more follows an empty cursor', () => {
    const { page } = wholePage(nested('"hasMore":true,"nextCursor":""', `"data":[${GOOD}]`));
    expect(page.envelope).toMatchObject({ hasMore: true, nextCursor: null });
  });

  test.each([
    '{"data":null,"hasMore":false,"nextCursor":null}',
    '\uFEFF{"data" : null,"pagination":{"hasMore":false},"meta":{"returned":0}}',
  ])('with null records is an empty last page: %s', (text) => {
    const { page } = wholePage(text);
    expect(page).toMatchObject({
      rowCount: 0,
      rejects: { count: 0 },
      envelope: { hasMore: false },
    });
  });

  test('with null records that it counts is no whole page', () => {
    const text = '{"data":null,"pagination":{"hasMore":false},"meta":{"returned":5}}';
    expect(faultMessage(text)).toBe('the page holds 0 records, not 5');
  });
});

describe('a page that reports a failure', () => {
  const last = '"data":[],"hasMore":false,"nextCursor":null';
  test.each([
    ['a list of errors', `{"errors":[{"message":"secret","code":"QUERY_TIMEOUT"}],${last}}`],
    ['behind the records', `{${last},"errors":["secret"]}`],
    ['between them and the rest', `{"data":[],"errors":["secret"],"hasMore":false}`],
    ['an object of errors', `{"errors":{"shard 3":"secret"},${last}}`],
    ['an error in words', `{"error":"secret",${last}}`],
    ['an error as an object', `{"error":{"message":"secret"},${last}}`],
    ['beside records', `{"data":[${GOOD}],"error":true,"hasMore":true,"nextCursor":"abc"}`],
    ['in a nested page', `{"data":[],"errors":["secret"],"pagination":{"hasMore":false}}`],
    ['beside null records', `{"errors":["secret"],"data":null,"hasMore":false}`],
    ['whose hasMore is none', `{"errors":["secret"],"data":[],"hasMore":null}`],
  ])('is asked for again, and the message names the field: %s', (_kind, body) => {
    const message = faultMessage(body);
    expect(message).toMatch(/reports a failure in its field "errors?"/);
    expect(message).not.toContain('secret');
  });

  test('is named by its code', () => {
    const text = `{"error":"x","code":"SHARD_DOWN",${last}}`;
    expect(faultMessage(text)).toContain('"error" (SHARD_DOWN)');
  });

  test.each(['null', '[]', '{}', '""', 'false', '0'])('does not, with %s for errors', (none) => {
    expect(wholePage(`{"errors":${none},"error":${none},${last}}`).page.rowCount).toBe(0);
  });
});
