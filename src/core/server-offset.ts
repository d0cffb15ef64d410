/**
 * Server offset: how far the server's clock is ahead of ours, between two bounds that each dated
 * answer narrows. A date is whole seconds, cut off: the clock showed it, or up to a second more, at
 * some instant between the request's start and its answer's head.
 */

export class ServerOffset {
  #lowMs = Number.NEGATIVE_INFINITY;
  #highMs = Number.POSITIVE_INFINITY;

  observe(dateMs: number, sentAtMs: number, headAtMs: number): void {
    const lowMs = dateMs - headAtMs;
    const highMs = dateMs + 1000 - sentAtMs;
    this.#lowMs = Math.max(this.#lowMs, lowMs);
    this.#highMs = Math.min(this.#highMs, highMs);
    if (this.#lowMs <= this.#highMs) return;
    // A clock was set, or a cache served an old answer.
    this.#lowMs = lowMs;
    this.#highMs = highMs;
  }

  /** What is not known of it. */
  get doubtMs(): number {
    return this.#lowMs === Number.NEGATIVE_INFINITY ? 0 : this.#highMs - this.#lowMs;
  }

  /**
   * The server's clock when ours shows `nowMs`, at its earliest: a span until an instant is then
   * never too short.
   */
  at(nowMs: number): number {
    return this.#lowMs === Number.NEGATIVE_INFINITY ? nowMs : nowMs + this.#lowMs;
  }
}
