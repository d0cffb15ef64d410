/** When a run would only fill the quarantine. */
import type { Fault } from './fault.js';
import type { CommittedCounts } from './scheduler-types.js';

/** Below this many records a share says little: one page of a source that begins badly. */
const RECORDS_MIN = 1000;

export class QuarantineLimit {
  readonly #shareMax: number;
  #returned = 0;
  #quarantined = 0;

  /** @param shareMax share of the records, in [0, 1] */
  constructor(shareMax: number) {
    this.#shareMax = shareMax;
  }

  /** Counts a page. @returns the fault that ends the run; null while it may go on */
  add(counts: CommittedCounts): Fault | null {
    this.#returned += counts.returned;
    this.#quarantined += counts.quarantined;
    if (this.#returned < RECORDS_MIN) return null;
    if (this.#quarantined <= this.#returned * this.#shareMax) return null;
    return {
      code: 'QUARANTINE_LIMIT',
      message:
        `${this.#quarantined} of ${this.#returned} records went to quarantine, more than ` +
        `${this.#shareMax * 100} %`,
      retryable: false,
      remedy:
        'See SELECT reason, count(*) FROM ingestion_quarantine GROUP BY 1; raise --quarantine-limit if it is as it should be',
    };
  }
}
