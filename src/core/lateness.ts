/**
 * Lateness: how much later than the quickest a request may have arrived. What its answer took longer
 * may all have been on the way there.
 */

const SMOOTHING = 1 / 8;

export class Lateness {
  #quickestMs = Number.POSITIVE_INFINITY;
  #jitterMs = 0;

  /** How late requests are, smoothed: so much may arrivals move together. */
  get jitterMs(): number {
    return this.#jitterMs;
  }

  /**
   * @param latencyMs from a request's start to the head of its answer
   * @returns how late it may have arrived
   */
  add(latencyMs: number): number {
    this.#quickestMs = Math.min(this.#quickestMs, latencyMs);
    const lateMs = this.of(latencyMs);
    this.#jitterMs += (lateMs - this.#jitterMs) * SMOOTHING;
    return lateMs;
  }

  /** How late a request of this latency may have arrived, as far as is known now. */
  of(latencyMs: number): number {
    const quickestMs = Number.isFinite(this.#quickestMs) ? this.#quickestMs : 0;
    return Math.max(0, latencyMs - quickestMs);
  }
}
