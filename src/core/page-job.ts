/** A page to ask for: what is known of it, and what has gone wrong with it. */
import type { Position } from './position.js';

/** `retryAtMs` of a page that is asked for when all others are through. */
export const AFTER_ALL_OTHERS = Number.POSITIVE_INFINITY;

export interface PageJob {
  readonly segment: number;
  readonly page: number;
  cursor: string | null;
  cursorExpiresAtMs: number;
  /** The whole life of a cursor that the API gave; Infinity when it is not known. */
  readonly cursorLifeMs: number;
  /** What to ask for to get the same page again; null before it was answered. */
  limit: number | null;
  /** The cursor was built here, not given by the API. */
  isBuilt: boolean;
  /** The page covers what is strictly after this; null: from the beginning. */
  after: Position | null;
  /** Known later for an opaque cursor: when the page before is scanned. */
  isAfterKnown: boolean;
  /** The last row that a repair has to cover; null for a tip. */
  repairThrough: Position | null;
  readonly isTip: boolean;
  /** Nothing is left of its segment behind it. */
  isLast: boolean;
  /** The page that gave this cursor; what a refresh asks for again. */
  readonly predecessor: PageJob | null;
  failures: number;
  workerDeaths: number;
  /** Whole answers that were no page, while no page of the run was good. */
  otherAnswers: number;
  /** Refused cursors and contradictions are counted apart: neither tells of the other's cause. */
  cursorRefusals: number;
  contradictions: number;
  /** Pages that the run had committed when this one last rested. */
  commitsAtPause: number;
  retryAtMs: number;
  /** Refreshes of its cursor that failed in a row, and when the next may be tried. */
  refreshFailures: number;
  refreshAtMs: number;
}

/** The next page of a segment, with nothing gone wrong yet. */
export function newTip(
  known: Pick<
    PageJob,
    'segment' | 'page' | 'cursor' | 'cursorExpiresAtMs' | 'after' | 'isAfterKnown' | 'predecessor'
  > &
    Partial<Pick<PageJob, 'cursorLifeMs'>>,
): PageJob {
  return {
    cursorLifeMs: Number.POSITIVE_INFINITY,
    ...known,
    limit: null,
    isBuilt: false,
    repairThrough: null,
    isTip: true,
    isLast: false,
    failures: 0,
    workerDeaths: 0,
    otherAnswers: 0,
    cursorRefusals: 0,
    contradictions: 0,
    commitsAtPause: 0,
    retryAtMs: 0,
    refreshFailures: 0,
    refreshAtMs: 0,
  };
}
