/** Values that an API gave, on their way back to it: digits, quotes and types stay what they were. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bodyWith } from '../../src/paging/body-values.js';
import { NumberText, parseExact, writeExact } from '../../src/paging/json-text.js';
import { cursorText, joinParts, requestPart } from '../../src/paging/value-place.js';

const query = { in: 'query', name: 'after' } as const;
const body = { in: 'body', path: 'page.after' } as const;

describe('JSON with exact numbers', () => {
  test('numbers keep their digits, wherever they stand', () => {
    const text = '{"id":9007199254740993,"list":[1.10,-0,1e400],"text":"12 n3","n":{"s":"\\"7"}}';
    expect(writeExact(parseExact(text))).toBe(text);
  });

  test('any JSON comes through unchanged', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(writeExact(parseExact(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each(['', '{', '01', '[1,]', 'nope', '"a'])('what is no JSON is undefined: %s', (text) => {
    expect(parseExact(text)).toBeUndefined();
  });
});

describe('a cursor', () => {
  test.each(['abc', '', '{"looks":"like JSON"}', '"quoted"', '123', 'a b&c=d', '😀'])(
    'that is text goes back as it came: %s',
    (text) => {
      const cursor = cursorText(query, text) ?? '';
      expect(requestPart(query, cursor)).toEqual({ query: { after: text } });
      const inBody = cursorText(body, text) ?? '';
      expect(requestPart(body, inBody)).toEqual({
        body: [{ path: 'page.after', json: JSON.stringify(text) }],
      });
    },
  );

  test('that is a number goes back in its digits, and in a body as a number', () => {
    const number = new NumberText('9007199254740993');
    expect(requestPart(query, cursorText(query, number) ?? '')).toEqual({
      query: { after: '9007199254740993' },
    });
    expect(requestPart(body, cursorText(body, number) ?? '')).toEqual({
      body: [{ path: 'page.after', json: '9007199254740993' }],
    });
  });

  test('that is an object gives its members as parameters, and in a body stays one', () => {
    const value = parseExact('{"rvcontinue":"1|2","continue":"||","n":12,"gone":null}');
    expect(requestPart(query, cursorText(query, value) ?? '')).toEqual({
      query: { rvcontinue: '1|2', continue: '||', n: '12' },
    });
    const [part] = requestPart(body, cursorText(body, value) ?? '').body ?? [];
    expect(part?.json).toBe('{"rvcontinue":"1|2","continue":"||","n":12,"gone":null}');
  });

  test.each(['{"a":{"b":1}}', '{"a":[1]}', '[1,2]', 'true', 'null'])(
    'that is no single value cannot be a parameter: %s',
    (text) => {
      expect(cursorText(query, parseExact(text))).toBeNull();
    },
  );
});

test('two parts are sent as one, and the second has the last word', () => {
  const first = { query: { a: '1', b: '2' }, body: [{ path: 'x', json: '1' }] };
  const second = { query: { b: '3' }, body: [{ path: 'y', json: '2' }] };
  expect(joinParts(first, second)).toEqual({
    query: { a: '1', b: '3' },
    body: [
      { path: 'x', json: '1' },
      { path: 'y', json: '2' },
    ],
  });
  expect(joinParts({}, {})).toEqual({});
});

describe('a JSON body', () => {
  test('takes values at their paths and keeps the rest', () => {
    const json = { query: 'q', page: { size: 10, sort: ['id'] } };
    const text = bodyWith(json, [
      { path: 'page.after', json: '9007199254740993' },
      { path: '$.page.size', json: '50' },
      { path: "variables['a b']", json: '"x"' },
    ]);
    expect(text).toBe(
      '{"query":"q","page":{"size":50,"sort":["id"],"after":9007199254740993},"variables":{"a b":"x"}}',
    );
    expect(json.page.size).toBe(10);
  });

  test('takes values in lists', () => {
    const values = [{ path: 'filters[1].from', json: '5' }];
    expect(bodyWith({ filters: [{ a: 1 }, { b: 2 }] }, values)).toBe(
      '{"filters":[{"a":1},{"b":2,"from":5}]}',
    );
    expect(bodyWith(null, values)).toBe('{"filters":[null,{"from":5}]}');
  });

  test('makes an object where a single value stands in the way', () => {
    expect(bodyWith({ page: 1 }, [{ path: 'page.after', json: '"x"' }])).toBe(
      '{"page":{"after":"x"}}',
    );
  });

  test('takes no path to several places', () => {
    expect(() => bodyWith({}, [{ path: 'a[*]', json: '1' }])).toThrow('one path');
    expect(() => bodyWith({}, [{ path: 'a..b', json: '1' }])).toThrow('was checked when');
  });
});
