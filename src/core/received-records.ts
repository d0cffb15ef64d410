/**
 * Received records: how many different records of the source a run has. Of those that its pages wrote,
 * each was written once; of those that were there before it, a walk that begins again finds the same.
 * Of a page that is not committed yet nobody knows which records are new: as many are taken for known
 * as committed pages hold of its stretch.
 */
import { comparePositions, type Position } from './position.js';
import type { CommittedCounts } from './scheduler-types.js';

/** Where a page lies: (after, through]; null: from the beginning, to the end of the source. */
export interface Stretch {
  readonly after: Position | null;
  readonly through: Position | null;
}

export interface HeldPage extends Stretch {
  readonly records: number;
}

export class ReceivedRecords {
  #stored = 0;
  #known = 0;
  /** By this walk, rows that came twice included. */
  #returned = 0;
  readonly #committed: HeldPage[] = [];

  /** @param earlier committed pages of earlier processes @param walksAgain what they found is found anew */
  constructor(earlier: readonly (Stretch & CommittedCounts)[], walksAgain: boolean) {
    for (const page of earlier) this.add(page, page);
    if (walksAgain) this.walkAgain();
  }

  add({ after, through }: Stretch, counts: CommittedCounts): void {
    const { returned, inserted, known, quarantined } = counts;
    this.#stored += inserted + quarantined;
    this.#known += known;
    this.#returned += returned;
    this.#committed.push({ after, through, records: returned });
  }

  walkAgain(): void {
    this.#known = 0;
    this.#returned = 0;
  }

  /**
   * At least.
   *
   * @param isOrderBroken stretches say nothing, and what the API announces may count rows twice: then
   *   all that this walk was given
   */
  count(held: readonly HeldPage[], isOrderBroken: boolean): number {
    if (isOrderBroken) return held.reduce((sum, { records }) => sum + records, this.#returned);
    const news = held.map((page) => Math.max(0, page.records - this.#knownOf(page)));
    return news.reduce((sum, records) => sum + records, this.#stored + this.#known);
  }

  #knownOf(page: HeldPage): number {
    const overlapping = this.#committed.filter(
      (other) => isBefore(page.after, other.through) && isBefore(other.after, page.through),
    );
    return overlapping.reduce((sum, { records }) => sum + records, 0);
  }
}

/** Whether a stretch that starts there has begun before another has ended. */
function isBefore(start: Position | null, end: Position | null): boolean {
  return start === null || end === null || comparePositions(start, end) < 0;
}
