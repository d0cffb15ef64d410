/**
 * Places of time windows: where windows adjoin is a place in the order `newestFirst` of negated instants, so
 * that the engine divides, seeks and resumes by them as by time.
 *
 *   behind all windows up to an instant     { ms: 1 - instant, LOWEST_ID }
 *   within a window                         { ms: -start, which window and which page of it }
 *
 * A place within a window claims no more than the instant at which the window starts. It names the end of the
 * window and the cursor inside: from the same start other windows have other pages, and other sizes of a page
 * other second pages.
 */
import { assert } from './assert.js';
import { LOWEST_ID, type Position } from './position.js';

/** A page of a window. Instants are epoch ms. */
export interface WindowPage {
  readonly startMs: number;
  readonly endMs: number;
  /** Pages of the window before it. */
  readonly nth: number;
  /** How often the window was begun again. */
  readonly restarts: number;
  /** The paging inside; null: its first page. */
  readonly cursor: string | null;
}

const NTH_MAX = 0xffff_ffff;
const WITHIN = /^([\da-f]{8})\.(\d+)\.(-?\d+)\./;

/** Behind all windows up to an instant. */
export function placeAt(instantMs: number): Position {
  return { ms: 1 - instantMs, id: LOWEST_ID };
}

/** Where a page starts. */
export function placeOfPage({ startMs, endMs, nth, restarts, cursor }: WindowPage): Position {
  if (nth === 0) return placeAt(startMs);
  assert(nth <= NTH_MAX, 'a window has no more pages than can be counted');
  // Later pages come later in the order of ids, which descends.
  const pages = (NTH_MAX - nth).toString(16).padStart(8, '0');
  return { ms: 0 - startMs, id: [pages, restarts, endMs, cursor ?? ''].join('.') };
}

/** What is known of the page that starts at a place; of one that begins a window its start alone. */
export function pageAt({ ms, id }: Position): Omit<WindowPage, 'cursor'> | { startMs: number } {
  if (id === LOWEST_ID) return { startMs: 1 - ms };
  const match = WITHIN.exec(id);
  assert(match !== null, 'a place within a window names it');
  const [, pages, restarts, end] = match;
  const nth = NTH_MAX - Number.parseInt(pages ?? '', 16);
  return { startMs: 0 - ms, endMs: Number(end), nth, restarts: Number(restarts) };
}

/** Of the window that a place is within, epoch ms; null: it is within none. */
export function windowStartOf({ ms, id }: Position): number | null {
  return WITHIN.test(id) ? 0 - ms : null;
}

/** The window and the cursor inside that a place names, whichever page of a walk starts there; null: it is within none. */
export function pageWithinOf({ ms, id }: Position): string | null {
  const [, , ...endAndCursor] = id.split('.');
  return WITHIN.test(id) ? `${ms}/${endAndCursor.join('.')}` : null;
}
