/** Pages within a window of time, and whether anything leads to them. */
import { formatPosition, type Position } from '../paging/position.js';
import { pageWithinOf } from '../paging/window-places.js';

interface Interval {
  readonly after: Position | null;
  readonly through: Position | null;
}

/**
 * Without the pages within a window of time that no other leads to: who walks what lacks before them may divide time
 * into other windows, and would not come to where they start.
 *
 * @param beside what is known to be covered besides @returns it with these
 */
export function reachedPages<Page extends Interval>(
  pages: readonly Page[],
  beside: readonly Page[],
): Page[] {
  const counted = [...pages.filter(({ after }) => isSeam(after)), ...beside];
  let left = pages.filter(({ after }) => !isSeam(after));
  const ends = new Set(counted.map(({ through }) => pageOf(through)));
  while (left.length > 0) {
    const found = left.filter(({ after }) => ends.has(pageOf(after)));
    if (found.length === 0) break;
    counted.push(...found);
    for (const { through } of found) ends.add(pageOf(through));
    left = left.filter((page) => !found.includes(page));
  }
  return counted;
}

function isSeam(place: Position | null): boolean {
  return place === null || pageWithinOf(place) === null;
}

function pageOf(place: Position | null): string {
  return place === null ? '' : (pageWithinOf(place) ?? formatPosition(place));
}
