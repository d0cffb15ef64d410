/**
 * Source order: whether the order that the source declares holds, as its pages show it.
 *
 * Cutting, seeking and the places of pages rely on it. Of records of one instant nothing is thought: a
 * cut lies behind all of its instant, a segment goes on until the instant of its bound is over, and no
 * record of that instant is left to another segment. A page that contradicts it ends all of this at
 * once: from there on the source is one chain.
 */
import type { Position } from '../paging/position.js';

/** What a scanned page shows. */
export interface ShownOrder {
  /** Where the page starts; null: at the beginning, or not known. */
  readonly after: Position | null;
  readonly first: Position | null;
  readonly last: Position | null;
  /** No row is later than the one before it. */
  readonly isDescending: boolean;
  /** More follows, and only a row of this page could tell where it ends. */
  readonly needsPlace: boolean;
}

export class SourceOrder {
  #holds: boolean;
  /** In a row, that lie before where they start. */
  #pagesBefore = 0;
  #earliestMs: number;

  /**
   * @param known.holds whether it is declared, and earlier processes have not seen it contradicted
   * @param known.earliestMs no later than the earliest row that they have found; unset: none
   */
  constructor(known: { readonly holds: boolean; readonly earliestMs?: number }) {
    this.#holds = known.holds;
    this.#earliestMs = known.earliestMs ?? Number.POSITIVE_INFINITY;
  }

  /** Where it does not, cursors alone say where a page belongs. */
  get holds(): boolean {
    return this.#holds;
  }

  /** @returns why this page is the first to contradict it; null: it is not */
  observe(shown: ShownOrder): string | null {
    if (!this.#holds) return null;
    const contradiction = this.#contradiction(shown);
    this.#holds = contradiction === null;
    const { first, last } = shown;
    if (last !== null) this.foundAt(Math.min(last.ms, first?.ms ?? last.ms));
    return contradiction;
  }

  #contradiction({ after, last, isDescending, needsPlace }: ShownOrder): string | null {
    if (last === null) return needsPlace ? 'no record of a page has an instant' : null;
    if (!isDescending) return 'records are not newest first';
    // One page from before its start may come from a cache or a replica, which says nothing of order.
    this.#pagesBefore = this.isBefore(last, after) ? this.#pagesBefore + 1 : 0;
    return this.#pagesBefore > 1 ? 'pages lie before the place where they start' : null;
  }

  /** A page has contradicted it. */
  contradicted(): void {
    this.#holds = false;
  }

  /** The API has a row at this instant. */
  foundAt(ms: number): void {
    this.#earliestMs = Math.min(this.#earliestMs, ms);
  }

  /** Whether a row lies before a place, the start of its page for one. */
  isBefore(row: Position | null, place: Position | null): boolean {
    return this.#holds && row !== null && place !== null && row.ms > place.ms;
  }

  /** Whether a source that ends at `end` would lack a row that was seen. */
  isRowBehind(end: Position | null): boolean {
    return this.#holds && this.#earliestMs < (end?.ms ?? Number.POSITIVE_INFINITY);
  }
}
