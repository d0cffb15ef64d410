/** Neighbours: which segment ends where another one begins, and which chain leads to it. */
import { comparePositions, isReached } from '../paging/position.js';
import type { Segment } from './segment.js';

/** Whether one segment ends where another begins. */
export function isNextTo({ bound }: Segment, { start }: Segment): boolean {
  return bound !== null && start !== null && comparePositions(bound, start) === 0;
}

/**
 * The open segment that ends nearest before all of another one. Where that one's tip stands does not
 * count: pages behind the tip may be dropped too, and what begins among them would leave those out.
 * One that is past its bound, as behind opaque cursors, has left out what lies between. Of two places
 * within one instant neither is known to come first: rows of one instant may be served in any order.
 *
 * @returns null when there is none
 */
export function chainBefore(segments: Iterable<Segment>, unreachable: Segment): Segment | null {
  const { start } = unreachable;
  if (start === null) return null;
  let nearest: Segment | null = null;
  for (const segment of segments) {
    const { bound, isOpen, isPastBound } = segment;
    if (segment === unreachable || !isOpen || isPastBound || bound === null) continue;
    if (!isReached(start, bound)) continue;
    if (nearest?.bound == null || comparePositions(bound, nearest.bound) > 0) nearest = segment;
  }
  return nearest;
}
