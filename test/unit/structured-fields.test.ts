import { expect, test } from 'vitest';
import { parseDictionary, parseList } from '../../src/core/structured-fields.js';

/** Items as plain data. */
function list(text: string) {
  return parseList(text)?.map(({ value, parameters }) => [value, Object.fromEntries(parameters)]);
}

test('a list holds items of every kind with their parameters', () => {
  expect(
    list('"a b\\"c";q=10;w=2.5, token;x, -7 ; y=?0,:YWI=:;at=@1700000000 , *'),
  ).toBeUndefined();
  expect(list('"a b\\"c";q=10;w=2.5, token;x, -7; y=?0,:YWI=:;at=@1700000000 , *')).toEqual([
    ['a b"c', { q: 10, w: 2.5 }],
    ['token', { x: true }],
    [-7, { y: false }],
    ['YWI=', { at: 1_700_000_000 }],
    ['*', {}],
  ]);
});

test('an empty field is an empty list', () => {
  expect(list('')).toEqual([]);
  expect(list('  ')).toEqual([]);
});

test('of a parameter told twice the last counts', () => {
  expect(list('a;q=1;q=2')).toEqual([['a', { q: 2 }]]);
});

test.each([
  '"a";r=5,',
  ',"a"',
  '"a;r=5',
  '"a";r=',
  '"a";=5',
  '"a" "b"',
  '"a";r=5;T=3',
  '("a" "b");r=5',
  '1.2345',
  '1.',
  '1234567890123456',
  '"\\n"',
  '\u00e9',
])('what is not a list is refused whole: %s', (text) => {
  expect(parseList(text)).toBeNull();
});

test('a dictionary holds named members', () => {
  const members = parseDictionary('limit=100, remaining=50;p=1, flag;q, reset=5') ?? new Map();
  expect([...members].map(([key, { value }]) => [key, value])).toEqual([
    ['limit', 100],
    ['remaining', 50],
    ['flag', true],
    ['reset', 5],
  ]);
  expect(members.get('flag')?.parameters.get('q')).toBe(true);
});

test.each(['limit=', '=5', 'limit=5 remaining=4', 'Limit=5', 'limit=5,'])(
  'what is not a dictionary is refused whole: %s',
  (text) => {
    expect(parseDictionary(text)).toBeNull();
  },
);
