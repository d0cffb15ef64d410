/** Members of a parent in the records of its child: appended to their bytes, which are else as they came. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withMembers } from '../../workers/fetch/added-members.js';

const MEMBERS = '"_p_id":12345678901234567890,"_p_name":"ü"';

/** The records of a page, each between two blanks. */
function added(texts: readonly string[]): string[] {
  let body = '[';
  const records = texts.map((text) => {
    const start = Buffer.byteLength(body);
    body += text;
    const slice = { start, end: Buffer.byteLength(body) };
    body += ' , ';
    return slice;
  });
  const { body: copy, records: placed } = withMembers(Buffer.from(body), records, MEMBERS);
  return placed.map(({ start, end }) => copy.toString('utf8', start, end));
}

test('each object has them behind its own, and what is no object stays', () => {
  expect(added(['{"a":1}', '{}', '{ \n }', '{"a":{}}', '"{}"', '3', '[1]'])).toEqual([
    `{"a":1,${MEMBERS}}`,
    `{${MEMBERS}}`,
    `{ \n ${MEMBERS}}`,
    `{"a":{},${MEMBERS}}`,
    ...['"{}"', '3', '[1]'],
  ]);
});

test('a member of that name gives way, as PostgreSQL and JSON read it', () => {
  expect(JSON.parse(added(['{"_p_name":"own","b":2}'])[0] ?? '')).toMatchObject({
    _p_name: 'ü',
    b: 2,
  });
});

test('any records are what they were, with the members', () => {
  const record = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), fc.constantFrom(0, 2), (records, indent) => {
      const texts = records.map((one) => JSON.stringify(one, null, indent));
      const members = JSON.parse(`{${MEMBERS}}`) as object;
      const expected = texts.map((text) => ({ ...(JSON.parse(text) as object), ...members }));
      expect(added(texts).map((text) => JSON.parse(text) as unknown)).toEqual(expected);
    }),
  );
});
