import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePath, pathOfNames, valueAt, valuesAt } from '../../src/paging/json-path.js';

function stepsOf(text: string) {
  const compiled = compilePath(text);
  if (compiled.type === 'invalid') throw new Error(`${text} ${compiled.reason}`);
  return compiled.steps;
}

const json = {
  a: { b: 1, 'c d': 'x', "it's": 'quoted', 'e.f': 2, none: null },
  list: [{ id: 1 }, { id: 2, tags: ['p', 'q'] }, { other: 3 }],
  '@odata.nextLink': 'https://api.example.com/2',
  $oid: 'o',
  'next-page': 2,
};

describe('the value at a path', () => {
  test.each([
    ['$', json],
    ['a.b', 1],
    ['$.a.b', 1],
    [' a.b ', 1],
    ["a['c d']", 'x'],
    ['a["c d"]', 'x'],
    ["$['a']['b']", 1],
    ["a['it\\'s']", 'quoted'],
    ["a.'e.f'", 2],
    ["'@odata.nextLink'", 'https://api.example.com/2'],
    ["['@odata.nextLink']", 'https://api.example.com/2'],
    ['$oid', 'o'],
    ['next-page', 2],
    ['list[0].id', 1],
    ['list[-2].id', 2],
    ['list[1].tags[ -1 ]', 'q'],
    ['list[*].id', 1],
    ['list[*].tags.*', 'p'],
    ['a.*', 1],
    ['a.none', null],
  ])('%s', (path, value) => {
    expect(valueAt(stepsOf(path), json)).toEqual(value);
  });

  test.each([
    'b',
    'a.b.c',
    'a[0]',
    'list.id',
    'list[3]',
    'list[-4]',
    'toString',
    '__proto__',
    'a.none.x',
  ])('is undefined where there is none: %s', (path) => {
    expect(valueAt(stepsOf(path), json)).toBeUndefined();
  });

  test('all values come in the order of the JSON', () => {
    expect([...valuesAt(stepsOf('list[*].id'), json)]).toEqual([1, 2]);
    expect([...valuesAt(stepsOf('$.list[*].*'), json)]).toEqual([1, 2, ['p', 'q'], 3]);
  });

  test('a root that is a list is walked like any other', () => {
    expect([...valuesAt(stepsOf('$[*].id'), [{ id: 1 }, { id: 2 }])]).toEqual([1, 2]);
    expect(valueAt(stepsOf('[1].id'), [{ id: 1 }, { id: 2 }])).toBe(2);
  });
});

describe('a path that is refused', () => {
  test.each([
    ['', 'empty'],
    ['$..id', '".."'],
    ['a..b', '".."'],
    ['$.list[?(@.id>1)]', 'filter'],
    ['$.list[(@.length-1)]', 'script'],
    ['list[0:2]', 'slice'],
    ['list[:2]', 'slice'],
    ['list[0,1]', 'list in brackets'],
    ["['a','b']", 'list in brackets'],
    ['a.', 'ends where a name is due'],
    ['$.', 'ends where a name is due'],
    ['.a', 'no name at'],
    ['a b', 'no "." or "["'],
    ['list[', 'brackets'],
    ['list[x]', 'brackets'],
    ["a['b]", 'brackets'],
    ['list[99999999999999999999]', 'index'],
  ])('%s is refused for a reason', (path, reason) => {
    expect(compilePath(path)).toEqual({
      type: 'invalid',
      reason: expect.stringContaining(reason),
    });
  });
});

test('the path of any names leads to their value', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 4 }), (names) => {
      const whole = names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), 'here');
      expect(valueAt(stepsOf(pathOfNames(names)), whole)).toBe('here');
    }),
  );
});

test('no text breaks the compiler', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab.$[]*\'"\\0-1 ?(,:') }), (text) => {
      expect(['path', 'invalid']).toContain(compilePath(text).type);
    }),
  );
});
