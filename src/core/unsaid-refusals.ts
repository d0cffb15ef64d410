/**
 * Unsaid refusals: whether a 503 without a word of limits is the limiter's, and no sign of a sick server. It is
 * where refusals have taught the pace, or it came to more requests at once than ever, or too often for bad luck.
 */

/** So many of the last answers that may be refusals are no bad luck. */
const OFTEN = 3;
const OF = 6;
/** Refusals in a row that may be a limiter's or a sick server's, until they are taken for the latter. */
const MAX = 3;
/** So far apart no such status tells of a limiter: to slow down further would not help. */
const SPACING_MS_MAX = 10_000;

export class UnsaidRefusals {
  readonly #last: boolean[] = [];

  /** An answer came. @param isUnsaid it was such a status */
  add(isUnsaid: boolean): void {
    this.#last.push(isUnsaid);
    if (this.#last.length > OF) this.#last.shift();
  }

  /**
   * @param refusals in a row, until now
   * @param spacingMs between requests, as refusals have taught; 0: they have not
   * @param isUnproven so many requests at once were never accepted
   */
  mayBeOne(refusals: number, spacingMs: number, isUnproven: boolean): boolean {
    if (refusals >= MAX || spacingMs > SPACING_MS_MAX) return false;
    return spacingMs > 0 || isUnproven || this.#last.filter((isUnsaid) => isUnsaid).length >= OFTEN;
  }
}
