/** Keeps a member to the numbers of segments that are its own. */
import { IngestionError } from '../../core/fault.js';
import { isSchedulersNumber, isTakersNumber, NUMBERS_GIVEN } from '../../core/member-numbers.js';
import type { SegmentStore } from '../../database/segment-store.js';

/**
 * @param firstSegment the first that no other member gives
 * @returns a store whose `open`, `split` and `divide` throw an IngestionError, LEASE_LOST, once the member has none left
 */
export function withOwnNumbers(store: SegmentStore, firstSegment: number): SegmentStore {
  const check = (isOwn: boolean): void => {
    if (!isOwn) throw new IngestionError(NUMBERS_GIVEN);
  };
  return {
    ...store,
    async open(holder, segments) {
      check(segments.every(({ segment }) => isSchedulersNumber(segment, firstSegment)));
      await store.open(holder, segments);
    },
    async split(holder, segment, at, newSegment) {
      check(isSchedulersNumber(newSegment, firstSegment));
      await store.split(holder, segment, at, newSegment);
    },
    async divide(holder, divided) {
      check(divided.others.every(({ segment }) => isTakersNumber(segment, firstSegment)));
      await store.divide(holder, divided);
    },
  };
}
