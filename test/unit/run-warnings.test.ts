/** What a run that is complete still warns of. */
import { describe, expect, test } from 'vitest';
import type { RunTotals } from '../../src/database/ledger-types.js';
import { movedRecords, recordsStoredAgain } from '../../src/session/run-warnings.js';

const TOTALS: RunTotals = {
  ...{
    pages: 3,
    returned: 300,
    inserted: 290,
    updated: 0,
    duplicate: 5,
    differing: 0,
    quarantined: 5,
  },
  rows: 295,
};

describe('records that moved while their pages were counted off', () => {
  test('are no concern where the total stays and each came once', () => {
    // Five were in the table before the run.
    expect(movedRecords(null, TOTALS)).toBeNull();
  });

  test('show by a total that goes down', () => {
    expect(movedRecords({ from: 1_305, to: 300 }, TOTALS)).toContain(
      'the API announced 1,305 records, then 300',
    );
  });

  test('show by records that come more than once', () => {
    expect(movedRecords(null, { ...TOTALS, rows: 290 })).toContain('5 records came more than once');
  });
});

test('records without a key come again only as far as the run reads', () => {
  const rows = { tableName: '"api"."items"', tableKey: [] };
  const whole = { ...rows, settings: {} };
  expect(recordsStoredAgain(null, whole)).toBeNull();
  expect(recordsStoredAgain(3, { ...whole, tableKey: ['id'] })).toBeNull();
  expect(recordsStoredAgain(3, whole)).toMatch(/what run 3 stored .* or empty the table/);
  const settings = { pass: { type: 'incremental', start: '2026-03-09', end: null } };
  const later = recordsStoredAgain(3, { ...rows, settings });
  expect(later).toMatch(/of what is new since 2026-03-09 is stored there again/);
  expect(later).not.toContain('empty');
});
