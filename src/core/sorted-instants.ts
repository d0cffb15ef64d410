/** Searches in ascending instants, thousands of them, many times a second. */

/** Instants in ascending order. */
export interface Ascending {
  readonly length: number;
  readonly at: (index: number) => number;
}

/** How many come before the first for which `isBefore` no longer holds. */
export function countUntil(length: number, isBefore: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The `nth` latest instant of two sets together; there are as many. */
export function nthLatest(nth: number, one: Ascending, other: Ascending): number {
  const latest = (all: Ascending, taken: number) =>
    taken > all.length ? Number.NEGATIVE_INFINITY : all.at(all.length - taken);
  const leastOfOne = Math.max(0, nth - other.length);
  // So many of the latest are from `one`: the next of it would be earlier than the last of `other`.
  const ofOne =
    leastOfOne +
    countUntil(Math.min(nth, one.length) - leastOfOne, (more) => {
      const taken = leastOfOne + more + 1;
      return latest(one, taken) >= latest(other, nth - taken + 1);
    });
  const ofOther = nth - ofOne;
  return Math.min(
    ofOne === 0 ? Number.POSITIVE_INFINITY : latest(one, ofOne),
    ofOther === 0 ? Number.POSITIVE_INFINITY : latest(other, ofOther),
  );
}
