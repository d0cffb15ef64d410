/** Pages that start within a window of time, and whether a chain of pages leads to them. */
import type { Position } from '../paging/position.js';
import { pageWithinOf } from '../paging/window-places.js';

interface Interval {
  readonly after: Position | null;
  readonly through: Position | null;
}

/**
 * Leaves out the pages within a window of time that no other page leads to. The pages before them lack. Another
 * process may fetch those with other windows, and then its chain never comes to the place where these start.
 *
 * @param outside what need not be read; a chain may begin where it ends
 * @returns the other pages, and `outside`
 */
export function reachedPages<Page extends Interval>(
  pages: readonly Page[],
  outside: readonly Page[],
): Page[] {
  const within = new Map<string, Page[]>();
  const reached = [...outside];
  for (const page of pages) {
    const start = page.after === null ? null : pageWithinOf(page.after);
    if (start === null) reached.push(page);
    else within.set(start, [...(within.get(start) ?? []), page]);
  }
  // Grows as it is walked: each page leads to the next.
  for (const { through } of reached) {
    const end = through === null ? null : pageWithinOf(through);
    if (end === null) continue;
    reached.push(...(within.get(end) ?? []));
    within.delete(end);
  }
  return reached;
}
