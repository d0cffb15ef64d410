/** A segment: a disjoint slice of the source, walked by one cursor chain. */
import { newTip, type PageJob } from './page-job.js';
import { comparePositions, formatPosition, type Position } from './position.js';
import type { HeadFacts } from './scheduler-types.js';

/** Builds cursors; the source's part of the frontier. */
export interface CursorBuilder {
  /** Life of a cursor when the answer that gave it does not say. */
  readonly cursorTtlMs: number;
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
  /** Where it begins; null: at the beginning of the source. */
  readonly start: Position | null;
  bound: Position | null;
  /** Cut from another, and no page has yet proved the seek to its start. */
  isUnproven: boolean;
  /** A page of it was written without the rows behind its bound. */
  isPastBound: boolean;
  phase: 'ready' | 'inFlight' | 'ended';
  tip: PageJob;
  /** Opaque cursors, and places within one instant, already seen: coming back to one is a loop. */
  readonly seen: Set<string>;
}

/** What decides on the way on. */
export interface TipAnswer extends Pick<HeadFacts, 'nextCursor' | 'nextPosition' | 'hasMore'> {
  readonly expiresAtMs: number;
  /** From the request to the end of the cursor's life; not known: Infinity. */
  readonly lifeMs?: number;
}

/** What the answer to a tip says about the way on. */
export type Advance =
  | { readonly type: 'advanced' }
  | { readonly type: 'ended' }
  /** The answer contradicts the order; the message says how. */
  | { readonly type: 'broken'; readonly reason: string };

/** A segment that has ended because the chain before it, `to`, walks on to its bound. */
export interface GivenBack {
  readonly segment: number;
  readonly to: number;
  readonly bound: Position | null;
}

export const LEADS_BACK = 'the API gave a cursor that does not lead on';

/**
 * Whether a page that ends there brings its segment on. Within one instant any other row may come
 * next: that none comes twice is the caller's to see to.
 */
export function leadsOn(end: Position | null, { after }: PageJob): boolean {
  if (end === null || after === null) return end !== null;
  return end.ms === after.ms ? end.id !== after.id : end.ms < after.ms;
}

/** Whether a page that stays within the instant where it starts ends where one before it did. */
export function isTurningBack({ seen }: Segment, { after }: PageJob, end: Position): boolean {
  if (after?.ms !== end.ms) return false;
  seen.add(formatPosition(after));
  return seen.has(formatPosition(end));
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
    start: seed.after,
    bound: seed.bound,
    isUnproven: false,
    isPastBound: false,
    phase: 'ready',
    tip,
    seen: new Set(seed.cursor === undefined ? [] : [seed.cursor]),
  };
}

/**
 * Whether a segment with that bound has nothing left at `position`. Another row of the bound's own
 * instant may lie on either side of it, in whatever order the source serves them.
 */
export function isReached(position: Position, bound: Position | null): boolean {
  if (bound === null) return false;
  return position.ms < bound.ms || comparePositions(position, bound) === 0;
}

/** What a page has to do with the bound of its segment. */
export interface BoundedPage {
  readonly job: PageJob;
  bound: Position | null;
  readonly lastPosition: Position | null;
}

export function rebound(segment: Segment, page: BoundedPage): void {
  if (page.job.isTip) page.bound = segment.bound;
  const { bound, lastPosition } = page;
  if (bound === null || lastPosition === null) return;
  segment.isPastBound ||= lastPosition.ms < bound.ms;
}

/** Whether one segment ends where another begins. */
export function isNextTo({ bound }: Segment, { start }: Segment): boolean {
  return bound !== null && start !== null && comparePositions(bound, start) === 0;
}

/**
 * The open segment that ends nearest before all of another one. Where that one's tip stands does not
 * count: pages behind the tip may be given up too, and what begins among them would leave those out.
 * One that is past its bound, as behind opaque cursors, has left out what lies between.
 *
 * @returns null when there is none
 */
export function chainBefore(segments: Iterable<Segment>, { start }: Segment): Segment | null {
  if (start === null) return null;
  let nearest: Segment | null = null;
  for (const segment of segments) {
    const { bound, phase, isPastBound } = segment;
    if (phase === 'ended' || isPastBound || bound === null) continue;
    if (comparePositions(bound, start) > 0) continue;
    if (nearest?.bound == null || comparePositions(bound, nearest.bound) > 0) nearest = segment;
  }
  return nearest;
}
