/**
 * Received records: how many different records of the source a run has. A stretch that was walked twice
 * counts once, and so does a row that came with the page before already.
 */
import { type CountedPage, countRows } from './covered-rows.js';
import { comparePositions, type Position } from './position.js';
import type { CommittedCounts } from './scheduler-types.js';

export class ReceivedRecords {
  /** `covered`: with those in quarantine. */
  readonly #pages: CountedPage[];
  #returned: number;
  #stored: number;
  #duplicate = 0;

  /** @param earlier committed pages of earlier processes */
  constructor(earlier: readonly (Pick<CountedPage, 'after' | 'through'> & CommittedCounts)[]) {
    this.#pages = [];
    this.#returned = 0;
    this.#stored = 0;
    for (const page of earlier) this.add(page, page);
  }

  add({ after, through }: Pick<CountedPage, 'after' | 'through'>, counts: CommittedCounts): void {
    const { returned, inserted, duplicate, quarantined, covered } = counts;
    this.#pages.push({ after, through, covered: covered + quarantined });
    this.#returned += returned;
    this.#stored += inserted + quarantined;
    this.#duplicate += duplicate;
  }

  /**
   * At least.
   *
   * @param held pages that are not committed yet; `covered` are their records
   * @param isOrderBroken it cannot be told then which stretches were walked twice
   */
  count(held: readonly CountedPage[], isOrderBroken: boolean): number {
    const heldRecords = held.reduce((sum, { covered }) => sum + covered, 0);
    if (isOrderBroken) return this.#returned + heldRecords;
    // Where no row has come twice so far, those that are held are new too, unless a walk began again.
    const isNew = this.#duplicate === 0 && !held.some(({ after }) => this.#hasFrom(after));
    const least = this.#stored + (isNew ? heldRecords : 0);
    return countRows([...this.#pages, ...held], least);
  }

  /** Whether a committed page starts there. */
  #hasFrom(start: Position | null): boolean {
    return this.#pages.some(({ after }) =>
      after === null || start === null ? after === start : comparePositions(after, start) === 0,
    );
  }
}
