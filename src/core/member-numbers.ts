/** Numbers of segments that no other member of a run gives: half for its scheduler, half for what it takes. */
import type { Fault } from './fault.js';

/**
 * More than most members ever use; one that has used all joins again. Not more, for numbers have 31 bits, and workers
 * that take turns join a long run thousands of times.
 */
export const NUMBERS_OF_MEMBER = 20_000;

/** Numbers for what a claimed segment falls into. The scheduler numbers what it cuts from `firstSegment` on. */
export function numbersForTaken(firstSegment: number): () => number {
  let next = firstSegment + NUMBERS_OF_MEMBER / 2;
  return () => next++;
}

/** Whether the scheduler may give a number. */
export function isSchedulersNumber(segment: number, firstSegment: number): boolean {
  return segment < firstSegment + NUMBERS_OF_MEMBER / 2;
}

/** Whether what a claimed segment falls into may have a number. */
export function isTakersNumber(segment: number, firstSegment: number): boolean {
  return segment < firstSegment + NUMBERS_OF_MEMBER;
}

export const NUMBERS_GIVEN: Fault = {
  code: 'LEASE_LOST',
  message: 'this member has given all its numbers for segments, and joins again for more',
  retryable: false,
};
