/**
 * Ordinals as places: records or pages that can be asked for by their number.
 *
 * A place of the order `newestFirst` descends by instant. With the ordinal's negative as instant the
 * order is that of ordinals, and the engine divides, seeks and resumes by it as by time. The place of
 * an ordinal is behind all that has it.
 */
import { assert } from './assert.js';
import { CURSOR_LIFE_MAX_MS } from './chain-kind.js';
import { cursorChain } from './cursor-chain.js';
import type { LookBehindEnd } from './page-kind.js';
import type { Paging } from './paging.js';
import { LOWEST_ID, type Position } from './position.js';
import { END } from './ways.js';

/** Behind the mark stands the fingerprint of the page before. */
const CURSOR = /^(0|[1-9]\d{0,15})(?:~(.+))?$/;

/** The place of a record or page. */
export function ordinalPlace(ordinal: number): Position {
  // A negated 0 would be -0, which neither prints nor compares as 0 everywhere.
  return { ms: 0 - ordinal, id: LOWEST_ID };
}

/** The ordinal whose place it is; null: it is a place in time. */
export function ordinalOfPlace({ ms, id }: Position): number | null {
  return id === LOWEST_ID && ms <= 0 ? 0 - ms : null;
}

/** @param ends ordinals that are not there any more, of which the least counts; null: not known */
export function lastOrdinal(...ends: readonly (number | null)[]): number | null {
  const end = Math.min(...ends.map((known) => known ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(end) ? end - 1 : null;
}

/** The ordinal that a cursor asks for. Cursors of this kind are made here: another one is a bug. */
export function ordinalOfCursor(cursor: string): number {
  const ordinal = readOrdinal(cursor);
  assert(ordinal !== null, 'a cursor of counted pages is a whole number');
  return ordinal;
}

function readOrdinal(cursor: string): number | null {
  const ordinal = Number(CURSOR.exec(cursor)?.[1] ?? Number.NaN);
  return Number.isSafeInteger(ordinal) ? ordinal : null;
}

/** The cursor of a place where the walk has ended, if what was told of its end is true. */
export function doubtedEnd(ordinal: number, fingerprint: string | null): string {
  return fingerprint === null ? String(ordinal) : `${ordinal}~${fingerprint}`;
}

/** See `PageKind`. */
export function lookBehindEnd(cursor: string | null): LookBehindEnd | null {
  const fingerprint = CURSOR.exec(cursor ?? '')?.[2];
  return fingerprint === undefined ? null : { fingerprint, way: END };
}

const ROUND_RECORDS = /^[1-9]0{3,}$/;
const ROUND_PAGES = /^[1-9]0{2,}$/;

/** Many APIs count no further than to such a number, though there is more. */
export function mayBeCap(total: number, counts: 'records' | 'pages'): boolean {
  return (counts === 'records' ? ROUND_RECORDS : ROUND_PAGES).test(String(total));
}

/** Cursors are ordinals, and say which of them are to be doubted. They do not expire. */
export const ordinalPaging: Paging = {
  ...cursorChain({ cursorLifeMs: CURSOR_LIFE_MAX_MS, order: 'newestFirst' }),
  givenSaysMore: true,
  placeOf(cursor) {
    const ordinal = readOrdinal(cursor);
    return ordinal === null ? null : ordinalPlace(ordinal - 1);
  },
  seek: ({ ms }) => String(1 - ms),
};
