/**
 * When a run would only fill the quarantine, or has done nothing else.
 *
 * A share says little of a source's first records, so it is held against the limit from so many on.
 * A run that ends with fewer is judged by whether most of them are in quarantine.
 */

import type { CommittedCounts } from './committed-page.js';
import type { Fault } from './fault.js';

/** Below this many records a share says little: one page of a source that begins badly. */
const RECORDS_MIN = 1000;
/** Of fewer records, at the end of a run. */
const SHARE_MAX_OF_FEW = 0.5;

export type QuarantineCounts = Pick<CommittedCounts, 'returned' | 'quarantined'>;

export class QuarantineLimit {
  readonly #shareMax: number;
  #returned: number;
  #quarantined: number;

  /**
   * @param shareMax share of the records, in [0, 1]
   * @param before what earlier processes of the run have committed
   */
  constructor(shareMax: number, before: QuarantineCounts = { returned: 0, quarantined: 0 }) {
    this.#shareMax = shareMax;
    this.#returned = before.returned;
    this.#quarantined = before.quarantined;
  }

  /** Counts a page. @returns the fault that ends the run; null while it may go on */
  add(counts: QuarantineCounts): Fault | null {
    this.#returned += counts.returned;
    this.#quarantined += counts.quarantined;
    return this.#returned < RECORDS_MIN ? null : this.#judge(this.#shareMax);
  }

  /** @returns the fault that a run ends with of which all was fetched; null: it is complete */
  atEnd(): Fault | null {
    const isFew = this.#returned < RECORDS_MIN;
    return this.#judge(isFew ? Math.max(this.#shareMax, SHARE_MAX_OF_FEW) : this.#shareMax);
  }

  #judge(shareMax: number): Fault | null {
    if (this.#quarantined <= this.#returned * shareMax) return null;
    return {
      code: 'QUARANTINE_LIMIT',
      message:
        `${this.#quarantined} of ${this.#returned} records went to quarantine, more than ` +
        `${shareMax * 100} %`,
      retryable: false,
      remedy:
        '`datasync quarantine list` says why, and `quarantine retry` stores what fits after a correction; raise --quarantine-limit if it is as it should be',
    };
  }
}
