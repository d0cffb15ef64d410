/**
 * Child feed: the children of a stream that are still to be walked, a segment each. There may be any number
 * of them, so that the ledger keeps them, and only the next ones are here.
 *
 *   ledger ──seeded──▶ waiting ──take──▶ a segment of the frontier
 *              ▲           │
 *              └──wanted───┘ few are left
 */
import type { SegmentSeed } from './segment.js';

/** More than any API answers in the time that the database takes for the next ones. */
const WAITING_MIN = 250;

export class ChildFeed {
  #waiting: readonly SegmentSeed[] = [];
  #taken = 0;
  /** The segment behind which to go on; null: there are no more. */
  #behind: number | null = 0;
  #isAsked = false;

  /** Whether every child was taken. */
  get isExhausted(): boolean {
    return this.#behind === null && this.#left === 0;
  }

  get #left(): number {
    return this.#waiting.length - this.#taken;
  }

  /** Says once that more are to be read: behind which segment. Null: not now. */
  wanted(): number | null {
    if (this.#isAsked || this.#left >= WAITING_MIN) return null;
    this.#isAsked = this.#behind !== null;
    return this.#behind;
  }

  /** @param behind the last segment that was looked at; null: that was all */
  seeded(seeds: readonly SegmentSeed[], behind: number | null): void {
    this.#waiting = [...this.#waiting.slice(this.#taken), ...seeds];
    this.#taken = 0;
    this.#behind = behind;
    this.#isAsked = false;
  }

  take(): SegmentSeed | null {
    const seed = this.#waiting[this.#taken];
    if (seed === undefined) return null;
    this.#taken++;
    return seed;
  }
}
