/**
 * Positions: places in the order `newestFirst`.
 *
 * The order is newest first: instant descending, ties broken by id descending. A page holds what is
 * strictly after its start. `null` stands for the open end on either side.
 */

/** A place in the order. `id` is a lower-case uuid, so that text order equals byte order. */
export interface Position {
  /** Milliseconds since the Unix epoch, UTC. */
  readonly ms: number;
  readonly id: string;
}

/** The first possible place at an instant: every row at exactly that instant is after it. */
export const HIGHEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** The last possible place at an instant. */
export const LOWEST_ID = '00000000-0000-0000-0000-000000000000';

/** Negative when `a` comes first in the source's order, 0 when equal. */
export function comparePositions(a: Position, b: Position): number {
  if (a.ms !== b.ms) return b.ms - a.ms;
  if (a.id === b.id) return 0;
  return a.id > b.id ? -1 : 1;
}

/** Behind every row of the instant, in whatever order a source serves the rows of one instant. */
export function endOfInstant({ ms }: Position): Position {
  return { ms, id: LOWEST_ID };
}

/**
 * Whether a row of that instant is left to the segment behind a bound. Rows of the bound's own instant
 * may come in any order: both segments keep theirs. One without an instant (NaN) is left to nobody.
 */
export function isBehindBound(ms: number, bound: Position | null): boolean {
  return bound !== null && ms < bound.ms;
}

/**
 * Whether what ends at a bound has nothing left at `position`. Another row of the bound's own instant may
 * lie on either side of it, in whatever order the source serves them.
 */
export function isReached(position: Position, bound: Position | null): boolean {
  if (bound === null) return false;
  return position.ms < bound.ms || comparePositions(position, bound) === 0;
}

/** `ms/id`: the form that the ledger and messages hold. */
export function formatPosition(position: Position): string {
  return `${position.ms}/${position.id}`;
}

/** Reads what `formatPosition` wrote; null when the text is not of that form. */
export function parsePosition(text: string): Position | null {
  const slash = text.indexOf('/');
  if (slash <= 0) return null;
  const ms = Number(text.slice(0, slash));
  const id = text.slice(slash + 1);
  return Number.isSafeInteger(ms) && id !== '' ? { ms, id } : null;
}
