/** Numbers of segments that no other member of a run gives: half for its scheduler, half for what it takes. */

/** A member opens fewer segments of its own. */
export const NUMBERS_OF_MEMBER = 100_000;

/** Numbers for what a claimed segment falls into. The scheduler numbers what it cuts from `firstSegment` on. */
export function numbersForTaken(firstSegment: number): () => number {
  let next = firstSegment + NUMBERS_OF_MEMBER / 2;
  return () => next++;
}
