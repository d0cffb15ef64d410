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
  /** Cut from another, and no page has yet proved the seek to its start. */
  isUnproven: boolean;
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
    isUnproven: false,
    phase: 'ready',
    tip,
    seen: new Set(seed.cursor === undefined ? [] : [seed.cursor]),
  };
}

/** Whether a segment with that bound has nothing left at `position`. */
export function isReached(position: Position, bound: Position | null): boolean {
  return bound !== null && comparePositions(position, bound) >= 0;
}

/** The open segment that ends nearest before `after`; null when none does. */
export function chainBefore(
  segments: Iterable<Segment>,
  except: Segment,
  after: Position,
): Segment | null {
  let nearest: Segment | null = null;
  for (const segment of segments) {
    const { bound, phase } = segment;
    if (segment === except || phase === 'ended' || bound === null) continue;
    if (comparePositions(bound, after) > 0) continue;
    if (nearest?.bound == null || comparePositions(bound, nearest.bound) > 0) nearest = segment;
  }
  return nearest;
}
