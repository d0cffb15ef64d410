/**
 * Source order: what the pages have shown of the order that cutting and seeking rely on.
 *
 * Newest first is assumed; of rows of one instant, nothing. So a cut lies behind all rows of its
 * instant, a segment goes on until the instant of its bound is over, and no row of that instant is left
 * to another segment. A source whose instants go up is not cut, and all rows of its pages are kept.
 */
import type { Position } from './position.js';

/** What a scanned page shows. */
export interface ShownOrder {
  /** Where the page starts; null: at the beginning, or not known. */
  readonly after: Position | null;
  readonly first: Position | null;
  readonly last: Position | null;
  /** No row is later than the one before it. */
  readonly isDescending: boolean;
}

export class SourceOrder {
  #isBroken = false;
  /** In a row, that lie before where they start. */
  #pagesBefore = 0;
  #earliestMs: number;

  /** @param earliestMs no later than the earliest row that earlier processes have found */
  constructor(earliestMs = Number.POSITIVE_INFINITY) {
    this.#earliestMs = earliestMs;
  }

  /** Instants were seen to go up: where a row belongs cannot be told from its instant. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** @returns whether this page is the first to break the order */
  observe({ after, first, last, isDescending }: ShownOrder): boolean {
    if (last === null || this.#isBroken) return false;
    // One page from before its start may come from a cache or a replica, which says nothing of order.
    this.#pagesBefore = this.isBefore(last, after) ? this.#pagesBefore + 1 : 0;
    this.#isBroken = !isDescending || this.#pagesBefore > 1;
    this.foundAt(Math.min(last.ms, first?.ms ?? last.ms));
    return this.#isBroken;
  }

  /** The API has a row at this instant. */
  foundAt(ms: number): void {
    this.#earliestMs = Math.min(this.#earliestMs, ms);
  }

  /** Whether a page with this last row lies before a place, its start for one. */
  isBefore(last: Position | null, place: Position | null): boolean {
    return !this.#isBroken && last !== null && place !== null && last.ms > place.ms;
  }

  /** Whether a source that ends at `end` would lack a row that was seen. */
  isRowBehind(end: Position | null): boolean {
    return !this.#isBroken && this.#earliestMs < (end?.ms ?? Number.POSITIVE_INFINITY);
  }
}
