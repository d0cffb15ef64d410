/**
 * Server clock: how far the server's clock is ahead of ours, as the dates of its answers say.
 *
 * The server judges by its own clock whether a cursor that was built here still lives, and ours may be
 * minutes off: a laptop or a virtual machine that was suspended, a server that nobody sets.
 *
 * A date is whole seconds, cut off, and the answer took its time, so each one shows a lead that is a
 * little too small; a page from a cache, whose date is old, shows one that is far too small. So the
 * largest of the last few counts: a clock that jumps ahead is followed at once.
 */

/** Answers in a row that may come from a cache. */
const LEADS_KEPT = 5;

export class ServerClock {
  readonly #leadsMs: number[] = [];

  /** @param dateMs the answer's date; null: it has none. @param receivedAtMs by our clock */
  observe(dateMs: number | null | undefined, receivedAtMs: number): void {
    if (dateMs == null) return;
    this.#leadsMs.push(dateMs - receivedAtMs);
    if (this.#leadsMs.length > LEADS_KEPT) this.#leadsMs.shift();
  }

  /** What the server's clock shows when ours shows `nowMs`; ours until an answer has said more. */
  at(nowMs: number): number {
    return this.#leadsMs.length === 0 ? nowMs : nowMs + Math.max(...this.#leadsMs);
  }
}
