/**
 * The database server's clock, by which all processes that share a key tell one another of their starts.
 *
 *   sent ────▶ server reads its clock ────▶ heard
 *
 * Each answer bounds how far that clock is ahead of ours: all of its round trip may have been on one way.
 * Within what all answers leave open, a start is thought of as late as it may have been, for who counts it
 * too long waits a moment, and who counts it too short is refused.
 */
export class DatabaseClock {
  #leastAheadMs = Number.NEGATIVE_INFINITY;
  #mostAheadMs = Number.POSITIVE_INFINITY;

  get isKnown(): boolean {
    return Number.isFinite(this.#mostAheadMs);
  }

  /** An answer said what the server's clock showed. @param sentMs and `heardMs` by our clock, epoch ms */
  observe(serverMs: number, sentMs: number, heardMs: number): void {
    const leastMs = Math.max(this.#leastAheadMs, serverMs - heardMs);
    const mostMs = Math.min(this.#mostAheadMs, serverMs - sentMs);
    // One of the clocks was set, or they have drifted apart: what was known does not hold any more.
    const isNews = leastMs > mostMs;
    this.#leastAheadMs = isNews ? serverMs - heardMs : leastMs;
    this.#mostAheadMs = isNews ? serverMs - sentMs : mostMs;
  }

  /** At the latest. */
  toServer(ourMs: number): number {
    return ourMs + this.#mostAheadMs;
  }

  /** At the latest. */
  toOurs(serverMs: number): number {
    return serverMs - this.#leastAheadMs;
  }

  /** By the server's clock, as likely too early as too late. */
  about(ourMs: number): number {
    return ourMs + (this.#leastAheadMs + this.#mostAheadMs) / 2;
  }
}
