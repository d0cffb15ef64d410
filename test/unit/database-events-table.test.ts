import { describe, expect, test } from 'vitest';
import { type FoundTable, findDifferences } from '../../src/database/events-table.js';

const plain = { isNotNull: false, isFilled: false };
const FITTING: FoundTable = {
  kind: 'r',
  hasUniqueId: true,
  columns: [
    { name: 'id', type: 'uuid', isNotNull: true, isFilled: false },
    { name: 'occurred_at', type: 'timestamp with time zone', ...plain },
    { name: 'data', type: 'jsonb', isNotNull: true, isFilled: false },
  ],
};

describe('findDifferences', () => {
  test('a table of our form has none', () => {
    expect(findDifferences(FITTING)).toEqual([]);
  });

  test('a further column is accepted when an INSERT may leave it out', () => {
    const columns = [
      ...FITTING.columns,
      { name: 'note', type: 'text', ...plain },
      { name: 'loaded_at', type: 'date', isNotNull: true, isFilled: true },
    ];
    expect(findDifferences({ ...FITTING, columns })).toEqual([]);
  });

  test('every difference is named, not only the first', () => {
    const differences = findDifferences({
      kind: 'r',
      hasUniqueId: false,
      columns: [
        { name: 'id', type: 'bigint', isNotNull: true, isFilled: false },
        { name: 'data', type: 'json', ...plain },
        { name: 'kind', type: 'text', isNotNull: true, isFilled: false },
      ],
    });
    expect(differences).toEqual([
      'id is bigint, not uuid',
      'it has no column occurred_at',
      'data is json, not jsonb',
      'its column kind is NOT NULL without a default',
      'id has no unique index',
    ]);
  });

  test('a view is no table', () => {
    expect(findDifferences({ ...FITTING, kind: 'v' })).toEqual(['it is not a table']);
  });

  test('events without a timestamp need an occurred_at that may be null', () => {
    const columns = FITTING.columns.map((column) => ({ ...column, isNotNull: true }));
    expect(findDifferences({ ...FITTING, columns })).toHaveLength(1);
  });
});
