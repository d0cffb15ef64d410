/**
 * Page size: how many records to ask for.
 *
 * Asks for the largest page, learns a cap from the answer or from a refusal, halves when a page fails again
 * under its size (5xx, timeout, too large), and grows back with the pages that come through. One
 * failure alone changes nothing: under a request limit a small page costs as much as a large one.
 */
import type { Fault } from './fault.js';

const SMALLEST = 100;
/** The maxima that APIs have: each costs one request, where halving would miss most of them. */
const COMMON_MAXIMA = [2500, 2000, 1000, 500, 250, 200, 100, 50, 25, 20, 10, 1] as const;
const STRAINS_BEFORE_HALVING = 2;

export class PageSize {
  readonly #smallest: number;
  #cap: number;
  #current: number;

  /**
   * @param first what to ask for at first, where more is thought to be in vain
   * @param smallest halving ends here
   */
  constructor(largest: number, first = largest, smallest = SMALLEST) {
    this.#smallest = Math.min(smallest, largest);
    this.#cap = largest;
    this.#current = Math.min(first, largest);
  }

  get current(): number {
    return this.#current;
  }

  /** The largest size that the server is known to grant. */
  get cap(): number {
    return this.#cap;
  }

  /**
   * A page came through.
   *
   * @param granted the size that the answer states; null when it does not
   * @param asked the size that was asked for, which may be smaller than what is asked for by now:
   *   only a page smaller than that was cut
   */
  succeeded(granted: number | null, asked = this.#current): void {
    if (granted !== null && granted < asked) this.#cap = Math.max(1, granted);
    this.#current = Math.min(this.#cap, this.#current * 2);
  }

  /**
   * The API refuses pages of this size: from now on the next smaller one that is common is the largest.
   *
   * @returns false when there is none
   */
  refused(asked: number): boolean {
    const smaller = COMMON_MAXIMA.find((size) => size < asked);
    if (smaller === undefined) return false;
    this.#cap = Math.min(this.#cap, smaller);
    this.#current = Math.min(this.#current, this.#cap);
    return true;
  }

  /** A page failed. @param failures failures of that page in a row, this one included. */
  failed(fault: Fault, failures: number): void {
    const isStrain =
      fault.code === 'TIMEOUT' || fault.code === 'BODY_TOO_LARGE' || (fault.status ?? 0) >= 500;
    const isEnough = fault.code === 'BODY_TOO_LARGE' || failures >= STRAINS_BEFORE_HALVING;
    if (!isStrain || !isEnough) return;
    const halved = Math.max(this.#smallest, Math.floor(this.#current / 2));
    this.#current = Math.min(this.#cap, halved);
  }
}
