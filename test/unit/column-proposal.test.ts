/** Columns that fields may become, and the text that proposes them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { columnsSql, columnsYaml } from '../../src/session/columns/columns-text.js';
import type { ColumnProposal, ProposedField } from '../../src/session/columns/propose-columns.js';
import { fieldValues } from '../../src/source/shape/column-values.js';

const candidates = (...values: readonly unknown[]) =>
  fieldValues(values.map((x) => ({ x }))).flatMap((field) => field.candidates);

describe('the types that a field may be of', () => {
  test.each([
    ['bool', [true, null]],
    ['bigint', [1, 2]],
    ['double', [1, 2.5]],
    ['timestamp', ['2024-02-29T12:30:00Z', '2024-02-29 12:30', '']],
    ['date', ['2024-02-29']],
    ['time', ['12:30', '12:30:01.5']],
    ['text', ['2024-02-29', '2024-02-29T12:30:00Z']],
    ['text', ['12:30', '']],
    ['text', ['', '']],
    ['text', [1, 'x']],
    ['text', [true, 1]],
  ])('begin with %s for %j', (type, values) => {
    expect(candidates(...values)[0]).toBe(type);
  });

  test('are none for objects, lists and what is always null', () => {
    expect(candidates({}, 1)).toEqual([]);
    expect(candidates([1])).toEqual([]);
    expect(candidates(null)).toEqual([]);
  });
});

function proposal(fields: readonly Partial<ProposedField>[]): ColumnProposal {
  return {
    ...{ source: 's', stream: 'items', table: '"s"."items"', rowsRead: 10, tableRows: null },
    merges: false,
    fields: fields.map((field) => ({
      ...{
        name: 'x',
        type: null,
        isDeclared: false,
        filled: 10,
        kinds: { text: 10 },
        reason: null,
      },
      ...field,
    })),
  };
}

describe('the text of a proposal', () => {
  test('is YAML that names the fields, whatever they are called', () => {
    const names = fc.uniqueArray(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(names, fc.string(), (columns, other) => {
        const fields = columns.map((name) => ({ name, type: 'text' as const }));
        const text = columnsYaml(proposal([...fields, { name: other, reason: 'is an object' }]));
        const read = (parse(text) as { columns: object }).columns;
        expect(Object.keys(read).toSorted()).toEqual(columns.toSorted());
      }),
    );
    const plain = columnsYaml(
      proposal([
        { name: 'price', type: 'decimal', filled: 5 },
        { name: 'yes', type: 'bool' },
      ]),
    );
    expect(plain).toContain('  price: { data_type: decimal, nullable: true }  # in 50 %; text');
    expect(parse(plain)).toMatchObject({ columns: { yes: { data_type: 'bool' } } });
  });

  test('says how many values are of another kind', () => {
    const text = columnsYaml(
      proposal([{ name: 'size', type: 'text', kinds: { text: 9, integer: 1 } }]),
    );
    expect(text).toContain('# in all; values disagree: 9 text, 1 integer');
  });

  test('is SQL that quotes names, and none without columns', () => {
    const sql = columnsSql(proposal([{ name: `it's "x"`, type: 'bigint' }]));
    expect(sql).toContain('ADD COLUMN IF NOT EXISTS "it\'s ""x""" bigint;');
    expect(sql).toContain(`(data #>> ARRAY['it''s "x"']::text[])::bigint`);
    expect(columnsSql(proposal([{ name: 'x' }]))).toBeNull();
    expect(columnsYaml(proposal([{ name: 'x', reason: 'is a list' }]))).toBe(
      'columns: {}\n  # x is a list',
    );
  });
});
