/** Probe: whether a cursor that is built here leads to the place that it names. */
import { HIGHEST_ID, type Position } from '../../paging/position.js';
import type { PageSeen } from '../observations.js';
import { askPage, EVENTS, largestGranted, type Probe } from '../probe.js';
import { cursorBehind } from '../spots.js';

/** How far into a known page the sought place lies: rows on both sides of it are then compared. */
const PLACE_IN_PAGE = 0.6;

export const seekProbe: Probe = {
  name: 'seek',
  asks: 'whether a built cursor leads exactly to its place',
  cost: () => ({ [EVENTS]: 1 }),
  waitsAboutMs: () => 0,
  isWanted: () => true,
  async run(context) {
    const { notebook, source } = context;
    const known = notebook.pages.reduce<PageSeen | null>(
      (best, page) => (best === null || page.recordCount > best.recordCount ? page : best),
      null,
    );
    const given = notebook.pages.flatMap(({ envelope }) => envelope.nextCursor ?? []);
    if (known === null || given.length === 0) return;
    if (given.some((cursor) => source.paging.placeOf(cursor) === null)) {
      notebook.seek = { type: 'opaque' };
      return;
    }
    const start = placeToSeek(known.positions);
    const from = start === null ? null : known.positions[start];
    if (start === null || from == null) {
      notebook.skipped.set('seek', 'no page with enough rows of readable time');
      return;
    }
    // Before every row of that instant: the form that cutting a segment in two relies on.
    const target = { ms: from.ms, id: HIGHEST_ID };
    const cursor = cursorBehind(context, target);
    if (cursor === null) {
      notebook.seek = { type: 'opaque' };
      return;
    }
    const limit = largestGranted(notebook, source);
    const { page, fault } = await askPage(context, { cursor, limit });
    if (page !== null) notebook.seek = compare(known.positions.slice(start), page.positions);
    else if (fault?.code === 'CURSOR_INVALID' || fault?.code === 'CURSOR_EXPIRED') {
      notebook.seek = { type: 'wrong', reason: fault.message };
    } else notebook.skipped.set('seek', fault?.message ?? 'the budget is spent');
  },
};

/** The first row of an instant, well inside the page. */
function placeToSeek(positions: readonly (Position | null)[]): number | null {
  for (let place = Math.floor(positions.length * PLACE_IN_PAGE); place > 0; place--) {
    const [before, at] = [positions[place - 1], positions[place]];
    if (before != null && at != null && before.ms !== at.ms) return place;
  }
  return null;
}

function compare(
  expected: readonly (Position | null)[],
  found: readonly (Position | null)[],
): { type: 'exact'; comparedRows: number } | { type: 'wrong'; reason: string } {
  const rows = Math.min(expected.length, found.length);
  for (let row = 0; row < rows; row++) {
    const [wanted, got] = [expected[row], found[row]];
    if (wanted?.id !== got?.id || wanted?.ms !== got?.ms) {
      return { type: 'wrong', reason: `row ${row + 1} behind the sought place is another one` };
    }
  }
  if (rows === 0) return { type: 'wrong', reason: 'nothing was found behind the sought place' };
  return { type: 'exact', comparedRows: rows };
}
