/**
 * Source order: what the pages have shown of the order that cutting and seeking rely on.
 *
 * Newest first is assumed. Rows of one instant are thought to descend by id, and nothing is lost where
 * they do not: a cut lies behind all rows of its instant, and no row of a bound's instant is left to
 * another segment. A source whose instants go up is not cut, and all rows of its pages are kept.
 */
import type { Position } from './position.js';

/** What a scanned page shows. */
export interface ShownOrder {
  /** Where the page starts; null: at the beginning, or not known. */
  readonly after: Position | null;
  readonly first: Position | null;
  readonly last: Position | null;
  /** Rows follow the whole order, ties included. */
  readonly isOrdered: boolean;
  /** No row is later than the one before it. */
  readonly isDescending: boolean;
}

export class SourceOrder {
  #isBroken = false;
  #hasOtherTies = false;
  #earliestMs: number;

  /** @param earliestMs no later than the earliest row that earlier processes have found */
  constructor(earliestMs = Number.POSITIVE_INFINITY) {
    this.#earliestMs = earliestMs;
  }

  /** Instants were seen to go up: where a row belongs cannot be told from its instant. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Rows of one instant were seen in another order than by descending id. */
  get hasOtherTies(): boolean {
    return this.#hasOtherTies;
  }

  /** @returns whether this page is the first to break the order */
  observe({ after, first, last, isOrdered, isDescending }: ShownOrder): boolean {
    if (last === null || this.#isBroken) return false;
    this.#hasOtherTies ||= isDescending && !isOrdered;
    // A page that only begins too early comes from a cache or a replica, which says nothing of order.
    this.#isBroken = !isDescending || (after !== null && last.ms > after.ms);
    this.foundAt(Math.min(last.ms, first?.ms ?? last.ms));
    return this.#isBroken;
  }

  /** The API has a row at this instant. */
  foundAt(ms: number): void {
    this.#earliestMs = Math.min(this.#earliestMs, ms);
  }

  /** Whether a source that ends at `end` would lack a row that was seen. */
  isRowBehind(end: Position | null): boolean {
    return !this.#isBroken && this.#earliestMs < (end?.ms ?? Number.POSITIVE_INFINITY);
  }
}
