/** Probe: whether a cursor that is built here leads to the place that it names. */
import { HIGHEST_ID, type Position } from '../../paging/position.js';
import type { PageSeen, SeekOutcome } from '../observations.js';
import { askPage, largestGranted, PAGES, type Probe, type ProbeContext } from '../probe.js';
import { cursorBehind } from '../spots.js';
import { cursorAtOrdinal, ordinalIn } from '../stream-pages.js';

/** How far into a known page the sought place lies: rows on both sides of it are then compared. */
const PLACE_IN_PAGE = 0.6;

export const seekProbe: Probe = {
  name: 'seek',
  asks: 'whether a built cursor leads exactly to its place',
  cost: () => ({ [PAGES]: 1 }),
  waitsAboutMs: () => 0,
  isWanted: () => true,
  lacks({ places }) {
    if (places === 'none') return 'only the API gives cursors: none can be built';
    return places === 'pages' ? 'pages are asked for by their number' : null;
  },
  async run(context) {
    const { notebook } = context;
    const known = notebook.pages.reduce<PageSeen | null>(
      (best, page) => (best === null || page.recordCount > best.recordCount ? page : best),
      null,
    );
    if (known === null) return;
    const place =
      context.pages.subject.places === 'time'
        ? placeInTime(context, known)
        : placeCounted(context, known);
    if (place.type === 'none') notebook.skipped.set('seek', place.reason);
    else if (place.type === 'opaque') notebook.seek = { type: 'opaque' };
    if (place.type !== 'place') return;
    const { cursor, row } = place;
    const { page, fault } = await askPage(context, { cursor, limit: largestGranted(context) });
    if (page !== null) notebook.seek = compare(known.marks.slice(row), page.marks);
    else if (fault?.code === 'CURSOR_INVALID' || fault?.code === 'CURSOR_EXPIRED') {
      notebook.seek = { type: 'wrong', reason: fault.message };
    } else notebook.skipped.set('seek', fault?.message ?? 'the budget is spent');
  },
};

/** A row of a known page, and the cursor that should lead to it. */
type PlaceToSeek =
  | { readonly type: 'place'; readonly row: number; readonly cursor: string }
  | { readonly type: 'opaque' }
  | { readonly type: 'none'; readonly reason: string };

function placeInTime(context: ProbeContext, known: PageSeen): PlaceToSeek {
  const { paging } = context.pages.source;
  const given = context.notebook.pages.flatMap(({ envelope }) => envelope.nextCursor ?? []);
  if (given.length === 0) return { type: 'none', reason: 'no page with a cursor to try with' };
  if (given.some((cursor) => paging.placeOf(cursor) === null)) return { type: 'opaque' };
  const row = firstOfInstant(known.positions);
  const from = row === null ? null : known.positions[row];
  if (row === null || from == null) {
    return { type: 'none', reason: 'no page with enough rows of readable time' };
  }
  // Before every row of that instant: the form that cutting a segment in two relies on.
  const cursor = cursorBehind(context, { ms: from.ms, id: HIGHEST_ID });
  return cursor === null ? { type: 'opaque' } : { type: 'place', row, cursor };
}

function placeCounted({ pages }: ProbeContext, known: PageSeen): PlaceToSeek {
  const row = Math.floor(known.recordCount * PLACE_IN_PAGE);
  const ordinal = ordinalIn(pages, known, row);
  const cursor = row === 0 || ordinal === null ? null : cursorAtOrdinal(pages, ordinal);
  const reason = 'no page with enough records';
  return cursor === null ? { type: 'none', reason } : { type: 'place', row, cursor };
}

/** The first row of an instant, well inside the page. */
function firstOfInstant(positions: readonly (Position | null)[]): number | null {
  for (let place = Math.floor(positions.length * PLACE_IN_PAGE); place > 0; place--) {
    const [before, at] = [positions[place - 1], positions[place]];
    if (before != null && at != null && before.ms !== at.ms) return place;
  }
  return null;
}

function compare(expected: readonly string[], found: readonly string[]): SeekOutcome {
  const rows = Math.min(expected.length, found.length);
  for (let row = 0; row < rows; row++) {
    if (expected[row] !== found[row]) {
      return { type: 'wrong', reason: `row ${row + 1} behind the sought place is another one` };
    }
  }
  if (rows === 0) return { type: 'wrong', reason: 'nothing was found behind the sought place' };
  return { type: 'exact', comparedRows: rows };
}
