/** What a run says of its watermark, though it may be complete. */
import { expect, test } from 'vitest';
import type { CursorType } from '../../src/protocol/record-target.js';
import { noWatermark, watermarkAhead } from '../../src/session/run-warnings.js';
import type { IncrementalPlan } from '../../src/source/plan.js';

const NOW_MS = Date.UTC(2026, 0, 10);

function by(type: CursorType | null): IncrementalPlan {
  return {
    ...{ cursorPath: 'at', type, format: null, startParam: null, endParam: null },
    ...{ initialValue: null, endValue: null, lag: { units: 0 }, isNewestFirst: false },
  };
}

const change = (value: string | null) => ({ cursorPath: 'at', value });

test('that no record has one, where records came', () => {
  expect(noWatermark(change(null), { returned: 3 })).toMatch(/^no record tells by at how far/);
  expect(noWatermark(change(null), { returned: 0 })).toBeNull();
  expect(noWatermark(change('3'), { returned: 3 })).toBeNull();
  expect(noWatermark(null, { returned: 3 })).toBeNull();
});

test.each<[string | null, CursorType | null, boolean]>([
  ['"2026-01-10T12:00:00Z"', null, false],
  ['"2026-01-12"', 'date', true],
  ['"2099-12-31T00:00:00Z"', 'datetime', true],
  ['99999999999', null, false],
  ['"zz"', null, false],
  [null, 'datetime', false],
])('that it lies ahead of now: %s of the type %s', (value, type, isTold) => {
  const told = watermarkAhead(change(value), by(type), NOW_MS);
  expect(told === null ? null : told.includes('lies ahead of now')).toBe(isTold ? true : null);
});
