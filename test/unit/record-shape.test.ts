/** The shape of records: which fields, of which kinds, however they are ordered. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RecordFacts } from '../../src/protocol/record-facts.js';
import {
  DEPTH_MAX,
  FIELDS_MAX,
  NAMES_MAX,
  RecordShape,
} from '../../src/source/shape/record-shape.js';

function factsOf(records: readonly unknown[]): RecordFacts {
  const shape = new RecordShape();
  for (const record of records) shape.observe(record);
  return shape.facts();
}

function countsOf(records: readonly unknown[]): Record<string, object> {
  return Object.fromEntries(factsOf(records).fields.map(({ path, counts }) => [path, counts]));
}

const numbered = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, index]));

describe('the shape of records', () => {
  test('has nested fields and elements, with how often each was of which kind', () => {
    const records = [
      { id: 1, at: '2024-02-29T12:30:00Z', user: { name: 'x' }, lines: [{ price: 2.5 }, null] },
      { id: 2.5, at: 'soon', user: null, lines: [], ok: true },
    ];
    expect(countsOf(records)).toEqual({
      '': { object: 2 },
      id: { integer: 1, decimal: 1 },
      at: { text: 1, instant: 1 },
      user: { null: 1, object: 1 },
      'user.name': { text: 1 },
      lines: { list: 2 },
      'lines[]': { null: 1, object: 1 },
      'lines[].price': { decimal: 1 },
      ok: { bool: 1 },
    });
  });

  test('quotes names that a path would not show, and no name looks like the elements of a list', () => {
    const record = { 'a.b': { 'c d': 1 }, '[]': 2, 'nul\u0000': 3, größe_1: 4, '': 5 };
    expect(Object.keys(countsOf([record])).toSorted()).toEqual(
      [
        '',
        '["a.b"]',
        '["a.b"]["c d"]',
        '["[]"]',
        String.raw`["nul\u0000"]`,
        'größe_1',
        '[""]',
      ].toSorted(),
    );
  });

  test('takes an object with very many names for a map', () => {
    const counts = countsOf([{ prices: numbered(NAMES_MAX + 1), few: numbered(NAMES_MAX) }]);
    expect(counts.prices).toEqual({ map: 1 });
    expect(counts['prices.n0']).toBeUndefined();
    expect(counts.few).toEqual({ object: 1 });
    expect(counts['few.n0']).toEqual({ integer: 1 });
  });

  test('is bounded in depth and number, and says how deep it looked', () => {
    let deep: unknown = 1;
    for (let level = 0; level < DEPTH_MAX + 3; level++) deep = { d: deep };
    expect(factsOf([deep]).fields).toHaveLength(DEPTH_MAX + 1);
    const inner = Object.fromEntries(Object.keys(numbered(60)).map((name) => [name, numbered(50)]));
    const wide = factsOf([{ a: inner, b: 1 }]);
    expect(wide.depth).toBe(2);
    expect(wide.fields.length).toBeLessThanOrEqual(FIELDS_MAX);
    expect(factsOf([numbered(FIELDS_MAX + 10)]).fields).toMatchObject([
      { path: '', counts: { map: 1 } },
    ]);
  });

  test('does not depend on the order of records or of their names', () => {
    const turned = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(
            Object.entries(value)
              .toReversed()
              .map(([name, inner]) => [name, turned(inner)]),
          )
        : value;
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 5 }), { maxLength: 30 }), (values) => {
        expect(factsOf(values.toReversed().map(turned))).toEqual(factsOf(values));
      }),
    );
  });
});
