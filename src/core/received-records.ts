/**
 * Received records: how many different records of the source a run has. Of those that its pages wrote,
 * each was written once; of those that were there before it, a walk that begins again finds the same.
 * Of a page that is not committed yet nobody knows which records are new: as many are taken for known
 * as committed pages hold of its stretch.
 */
import { comparePositions, type Position } from '../paging/position.js';
import type { CommittedCounts } from './committed-page.js';

/** Where a page lies: (after, through]; null: from the beginning, to the end of the source. */
export interface Stretch {
  readonly after: Position | null;
  readonly through: Position | null;
}

/** How a walk goes on. */
export interface WalkStart {
  /** It begins again: what was found before is found anew. */
  readonly restarts: boolean;
  /** Records that it was given where it goes on. */
  readonly returned: number;
}

export type ReceivedCounts = Pick<CommittedCounts, 'inserted' | 'known' | 'quarantined'>;

export interface HeldPage extends Stretch {
  readonly records: number;
}

export class ReceivedRecords {
  #stored = 0;
  #known = 0;
  /** By this walk, rows that came twice included. */
  #returned = 0;
  readonly #committed: HeldPage[] = [];

  /** @param earlier committed pages of earlier processes @param start unset: behind all of them */
  constructor(earlier: readonly (Stretch & CommittedCounts)[], start?: WalkStart) {
    for (const page of earlier) this.add(page, page);
    if (start !== undefined) this.walkFrom(start);
  }

  add({ after, through }: Stretch, counts: CommittedCounts): void {
    const { returned, inserted, known, quarantined } = counts;
    this.#stored += inserted + quarantined;
    this.#known += known;
    this.#returned += returned;
    this.#committed.push({ after, through, records: returned });
  }

  /** By the ledger: what the run has, of whatever member. */
  recount({ inserted, known, quarantined }: ReceivedCounts): void {
    this.#stored = inserted + quarantined;
    this.#known = known;
  }

  /** The walk goes through committed pages without asking for them. */
  passOver(records: number): void {
    this.#returned += records;
  }

  walkFrom({ restarts, returned }: WalkStart): void {
    if (restarts) this.#known = 0;
    this.#returned = returned;
  }

  /**
   * At least.
   *
   * @param isOrdered else stretches do not tell what was walked twice: then no more than this walk was
   *   given
   */
  count(held: readonly HeldPage[], isOrdered: boolean): number {
    const committed = this.#stored + this.#known;
    if (!isOrdered) {
      const heldRecords = held.reduce((sum, { records }) => sum + records, 0);
      return Math.min(this.#returned, committed) + heldRecords;
    }
    const news = held.map((page) => Math.max(0, page.records - this.#knownOf(page)));
    return news.reduce((sum, records) => sum + records, committed);
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
