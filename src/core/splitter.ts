/**
 * Splitter: where a segment can be cut in two, so that two chains walk it.
 *
 * The cut is an instant T in the middle of what is left. The first part keeps all rows of T and later
 * ones; the second starts behind the last possible place at T, so that it has all earlier rows, in
 * whatever order the source serves those of one instant. The open end of the source is guessed from its total and the rows seen in a span of
 * time; where no total is said, as much is guessed to be left as was read. A wrong guess costs an
 * uneven cut, never a row.
 */
import { LOWEST_ID, type Position } from '../paging/position.js';

/** A part must hold this many pages to be worth the half page that a cut costs. */
const PAGES_MIN = 3;

/** What is left of a segment. */
export interface Remainder {
  readonly segment: number;
  /** Where it stands; null: at the beginning of the source. */
  readonly after: Position | null;
  readonly isAfterKnown: boolean;
  readonly bound: Position | null;
}

export interface Split {
  readonly segment: number;
  readonly at: Position;
  readonly bound: Position | null;
}

/** A segment, and what is left of it, in ms of the order. */
export interface Largest {
  readonly segment: number;
  readonly leftMs: number;
}

interface Left extends Pick<Remainder, 'segment' | 'bound'> {
  readonly fromMs: number;
  readonly endMs: number;
}

export class Splitter {
  #rows = 0;
  #spanMs = 0;
  /** Rows that are done with, in this process and before. */
  #rowsDone: number;
  #total: number | null = null;
  #pageRows = 0;
  /** No row is earlier than this, as far as is known. */
  #endMs = Number.NEGATIVE_INFINITY;

  /** Where a stretch can be cut that is to be cut about there. */
  readonly #cutAt: (about: Position) => Position;

  constructor(rowsDone: number, cutAt: (about: Position) => Position = (about) => about) {
    this.#rowsDone = rowsDone;
    this.#cutAt = cutAt;
  }

  /** A page was read: how many rows it holds and which span of time. */
  observe(page: {
    readonly from: Position | null;
    readonly through: Position | null;
    /** Where it starts and ends, for a page whose rows all have one place; null: not known. */
    readonly after?: Position | null;
    readonly next?: Position | null;
    readonly rows: number;
    readonly total: number | null;
    /** On the source's last page: the instant of its end. */
    readonly endMs?: number;
  }): void {
    this.#endMs = Math.max(this.#endMs, page.endMs ?? this.#endMs);
    // A row behind the end shows that it was none.
    if (page.through !== null && page.through.ms < this.#endMs) this.forgetEnd();
    this.#total = page.total ?? this.#total;
    this.#rowsDone += page.rows;
    const { from, through, after, next } = page;
    if (from === null || through === null || page.rows === 0) return;
    const isOnePlace = from.ms === through.ms;
    const startMs = isOnePlace ? (after ?? from).ms : from.ms;
    const endMs = isOnePlace ? Math.min((next ?? through).ms, through.ms) : through.ms;
    this.#rows += page.rows;
    this.#spanMs += startMs - endMs;
    this.#pageRows = Math.max(this.#pageRows, page.rows);
  }

  /** The end that was observed was none. */
  forgetEnd(): void {
    this.#endMs = Number.NEGATIVE_INFINITY;
  }

  /** The best cut: the largest remainder, in its middle; null when none is worth it. */
  best(remainders: readonly Remainder[]): (Split & Largest) | null {
    let best: (Split & Largest) | null = null;
    for (const { segment, bound, fromMs, endMs } of this.#left(remainders)) {
      const leftMs = fromMs - endMs;
      if (leftMs < 2 * PAGES_MIN * this.#pageMs || (best !== null && leftMs <= best.leftMs)) {
        continue;
      }
      const at = this.#cutAt({ ms: Math.floor((fromMs + endMs) / 2), id: LOWEST_ID });
      if (at.ms <= endMs) continue;
      best = { segment, at, bound, leftMs };
    }
    return best;
  }

  /** The largest remainder that is worth another member's while; null: none is. */
  largest(remainders: readonly Remainder[]): Largest | null {
    let largest: Largest | null = null;
    for (const { segment, fromMs, endMs } of this.#left(remainders)) {
      const leftMs = fromMs - endMs;
      if (leftMs < PAGES_MIN * this.#pageMs || leftMs <= (largest?.leftMs ?? 0)) continue;
      largest = { segment, leftMs };
    }
    return largest;
  }

  get #pageMs(): number {
    return (this.#spanMs / this.#rows) * this.#pageRows;
  }

  /** What is left of each, as far as that is known. */
  #left(remainders: readonly Remainder[]): Left[] {
    if (this.#rows === 0 || this.#spanMs <= 0) return [];
    const openSpanMs = this.#openSpanMs(remainders);
    return remainders.flatMap(({ segment, after, isAfterKnown, bound }) => {
      if (after === null || !isAfterKnown) return [];
      // A cut behind the end would cost a request that finds nothing, and call for the next one.
      const endMs = Math.max(this.#endMs, bound === null ? after.ms - openSpanMs : bound.ms);
      // The page that is in flight, or next, is not there to be shared.
      return [{ segment, bound, fromMs: after.ms - this.#pageMs, endMs }];
    });
  }

  /** What is left of the segment without a bound, if its rows are as dense as those seen. */
  #openSpanMs(remainders: readonly Remainder[]): number {
    const rowsLeft = this.#total === null ? this.#rowsDone : this.#total - this.#rowsDone;
    let boundedMs = 0;
    for (const { after, bound } of remainders) {
      if (after !== null && bound !== null) boundedMs += after.ms - bound.ms;
    }
    const msPerRow = this.#spanMs / this.#rows;
    return Math.max(0, rowsLeft * msPerRow - boundedMs);
  }
}
