/**
 * Stall clock: how long a run has had permits and committed no record.
 *
 *   commit ──limit──▶ permit ─────────────▶ limit ─────────────▶ permit ──▶ …
 *            counts     counts whole          counts up to half     counts whole
 *            nothing                          of the threshold
 *
 * A wait for the API's limit is no stall. But a key that somebody else uses up, or an API that fails
 * all that its limit lets through, would spend nearly all time in such waits: so a wait that comes
 * after a permit without a page counts too, up to half the threshold, which no single refusal and no
 * long window exceeds.
 *
 * Owns no clock and no timer.
 */

/** The process did not run for longer than this between two ticks: that time was nobody's fault. */
const GAP_MAX_MS = 5_000;

export class StallClock {
  readonly #stallMs: number;
  #lastMs: number | null = null;
  #countedMs = 0;
  /** Of the wait for the limit that lasts now. */
  #countedOfWaitMs = 0;
  #hadPermit = false;

  /** @param stallMs the threshold */
  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  /** A page with records is committed: it begins again. */
  committed(): void {
    this.#countedMs = 0;
    this.#countedOfWaitMs = 0;
    this.#hadPermit = false;
  }

  /**
   * Called about once a second.
   *
   * @param isLimited nothing is under way, and the limit alone keeps the next request from starting
   * @returns whether the threshold is reached
   */
  tick(nowMs: number, isLimited: boolean): boolean {
    const spanMs = Math.min(GAP_MAX_MS, nowMs - (this.#lastMs ?? nowMs));
    this.#lastMs = nowMs;
    if (!isLimited) {
      this.#hadPermit = true;
      this.#countedOfWaitMs = 0;
      this.#countedMs += spanMs;
    } else if (this.#hadPermit) {
      const partMs = Math.min(spanMs, this.#stallMs / 2 - this.#countedOfWaitMs);
      this.#countedOfWaitMs += partMs;
      this.#countedMs += partMs;
    }
    return this.#countedMs >= this.#stallMs;
  }
}
