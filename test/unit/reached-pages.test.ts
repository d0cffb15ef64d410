/** Pages within a window of time count only where others lead to them. */
import { expect, test } from 'vitest';
import { reachedPages } from '../../src/core/reached-pages.js';
import type { Position } from '../../src/paging/position.js';
import { placeAt, placeOfPage } from '../../src/paging/window-places.js';

const within = (cursor: string, { nth = 1, restarts = 0 } = {}): Position =>
  placeOfPage({ startMs: 1_000, endMs: 2_000, nth, restarts, cursor });
const page = (after: Position | null, through: Position | null) => ({ after, through });

const first = page(placeAt(1_000), within('8'));
const second = page(within('8'), placeAt(2_000));
const next = page(placeAt(2_000), placeAt(3_000));

test('a page that lacks takes those behind it in its window with it, and none of the next window', () => {
  expect(reachedPages([first, second, next], [])).toEqual([first, next, second]);
  expect(reachedPages([second, next, first], [])).toEqual([next, first, second]);
  expect(reachedPages([second, next], [])).toEqual([next]);
});

test('a chain that was begun again leads to the same page', () => {
  const again = page(placeAt(1_000), within('8', { nth: 3, restarts: 2 }));
  expect(reachedPages([second, again], [])).toEqual([again, second]);
});

test('a chain may begin at the end of what need not be read', () => {
  const outside = page(null, within('8'));
  expect(reachedPages([second], [outside])).toEqual([outside, second]);
});
