/** A segment: a disjoint slice of the source, walked by one cursor chain. */
import { newTip, type PageJob } from './page-job.js';
import { comparePositions, type Position } from './position.js';

/** Reads and builds cursors; the source's part of the frontier. */
export interface CursorCodec {
  readonly cursorTtlMs: number;
  /** The place that a cursor points behind; null when it is opaque. */
  readCursor(cursor: string): Position | null;
  /** A cursor that points behind `position`; null when the source cannot seek. */
  buildCursor(position: Position, expiresAtMs: number): string | null;
}

/** Where a segment starts and ends. Without cursor and position it starts at the beginning. */
export interface SegmentSeed {
  readonly segment: number;
  readonly after: Position | null;
  readonly bound: Position | null;
  /** A cursor that leads behind `after`, where the source cannot seek. */
  readonly cursor?: string;
  readonly cursorExpiresAtMs?: number;
}

export interface Segment {
  readonly segment: number;
  bound: Position | null;
  /** The segment that it was cut from, until its first page has proved the seek. */
  unprovenFrom: number | null;
  phase: 'ready' | 'inFlight' | 'ended';
  tip: PageJob;
  /** Opaque cursors already seen: coming back to one is a loop. */
  readonly seen: Set<string>;
}

export function newSegment(seed: SegmentSeed): Segment {
  const tip = newTip({
    segment: seed.segment,
    page: 1,
    cursor: seed.cursor ?? null,
    cursorExpiresAtMs: seed.cursorExpiresAtMs ?? (seed.cursor === undefined ? 0 : Infinity),
    after: seed.after,
    isAfterKnown: true,
    predecessor: null,
  });
  return {
    segment: seed.segment,
    bound: seed.bound,
    unprovenFrom: null,
    phase: 'ready',
    tip,
    seen: new Set(seed.cursor === undefined ? [] : [seed.cursor]),
  };
}

/** Whether a segment with that bound has nothing left at `position`. */
export function isReached(position: Position, bound: Position | null): boolean {
  return bound !== null && comparePositions(position, bound) >= 0;
}
