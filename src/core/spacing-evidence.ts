/**
 * Spacing evidence: how close to each other requests may leave, from those that were accepted and
 * refused at even spacings.
 *
 * A refusal proves that the spacing was too close as far as its request surely kept it. Of an earlier
 * request that came late, as far as its answer shows, so much is missing; a refusal that this explains
 * is no reason to slow down as long as it happens seldom.
 */

/** Accepted requests that are remembered at most. */
const REMEMBERED_MAX = 1_000;
/** What kept this share of the spacing was not refused for a late arrival. */
const SURELY_SHARE = 0.99;
/** So many refusals may be late arrivals, at a spacing that has held. */
const LATE_SHARE_MAX = 0.02;

export class SpacingEvidence {
  #tooCloseMs = 0;
  #accepted = 0;
  #refused = 0;
  /** The latest arrivals that accepted requests may have had, but for the quickest way there. */
  readonly #arrivalsMs: number[] = [];

  /** A spacing that was surely refused. */
  get tooCloseMs(): number {
    return this.#tooCloseMs;
  }

  /** By how much the spacing is too close, as the share of refusals has it. */
  get refusedFactor(): number {
    return 1 + this.#refused / Math.max(1, this.#accepted);
  }

  /** Another spacing is in force. @param tooCloseMs a spacing that was refused */
  begin(tooCloseMs = this.#tooCloseMs): void {
    this.#tooCloseMs = tooCloseMs;
    this.#accepted = 0;
    this.#refused = 0;
  }

  /**
   * A request was accepted.
   *
   * @param lateMs by how much it may have arrived later than the quickest
   * @param isTry a closer spacing is tried: it says nothing of the one before
   */
  accepted(sentAtMs: number, lateMs: number, isTry: boolean): void {
    if (!isTry) this.#accepted++;
    this.#arrivalsMs.push(sentAtMs + lateMs);
    if (this.#arrivalsMs.length > REMEMBERED_MAX) this.#arrivalsMs.shift();
  }

  /**
   * A request was refused.
   *
   * @param count requests that a window lets in
   * @returns whether the spacing was too close, and not just an arrival late
   */
  refused(sentAtMs: number, intervalMs: number, count: number, isTry: boolean): boolean {
    const spacings = Math.min(count, REMEMBERED_MAX);
    const from = this.#arrivalsMs.at(-spacings);
    const keptMs = from === undefined ? intervalMs : (sentAtMs - from) / spacings;
    this.#tooCloseMs = Math.max(this.#tooCloseMs, Math.min(intervalMs, keptMs));
    if (isTry) return true;
    this.#refused++;
    return (
      keptMs >= intervalMs * SURELY_SHARE || this.#refused > 1 + this.#accepted * LATE_SHARE_MAX
    );
  }
}
