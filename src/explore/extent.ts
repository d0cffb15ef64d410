/**
 * Extent: how far back the records reach, found by seeking where the API does not say how many it has; or
 * how many there are, where the walk from the first page has come to the end.
 *
 *   newest ├── rows ──────────────┤ end?          depth: distance in time from the newest row
 *          0     low: rows seen here     high: nothing from here on
 *
 * Until something empty is met the depth grows eightfold; then the gap is halved on a logarithmic
 * scale, for what counts is the ratio of the estimate to the truth.
 */
import type { PageSeen } from './observations.js';

const GROWTH = 8;
/** The ends are near enough for an estimate within 10 %. */
const GOOD_RATIO = 1.2;

export interface ExtentEstimate {
  readonly rows: number;
  readonly isExact: boolean;
  /** At least and at most, as far as density and seeks tell; null: no upper end is known. */
  readonly rowsMin: number;
  readonly rowsMax: number | null;
}

export class Extent {
  #newestMs: number | null = null;
  #lowMs = 0;
  #highMs = Number.POSITIVE_INFINITY;
  #endMs: number | null = null;
  #rows = 0;
  #spanMs = 0;
  /** All rows there are: the walk from the first page held them. */
  #counted: number | null = null;
  /** Rows before the page that a cursor asks for, as far as the walk has come. */
  readonly #walked = new Map<string | null, number>([[null, 0]]);

  get newestMs(): number | null {
    return this.#newestMs;
  }

  get msPerRow(): number | null {
    return this.#rows > 1 && this.#spanMs > 0 ? this.#spanMs / this.#rows : null;
  }

  observe(page: PageSeen): void {
    this.#count(page);
    const places = page.positions.filter((position) => position !== null);
    const first = places[0];
    const last = places.at(-1);
    this.#newestMs ??= first?.ms ?? null;
    if (this.#newestMs === null) return;
    if (first !== undefined && last !== undefined) {
      if (places.length > 1) {
        this.#rows += places.length - 1;
        this.#spanMs += first.ms - last.ms;
      }
      this.#lowMs = Math.max(this.#lowMs, this.#newestMs - last.ms);
      if (!page.envelope.hasMore) this.#endMs = this.#newestMs - last.ms;
    } else if (page.soughtDepthMs !== null && page.recordCount === 0) {
      this.#highMs = Math.min(this.#highMs, page.soughtDepthMs);
    }
  }

  #count({ askedCursor, envelope, recordCount }: PageSeen): void {
    const before = this.#walked.get(askedCursor);
    if (before === undefined) return;
    const rows = before + recordCount;
    if (!envelope.hasMore) this.#counted = rows;
    else if (envelope.nextCursor !== null) this.#walked.set(envelope.nextCursor, rows);
  }

  /** Whether more seeks would not make the estimate much better. */
  get isKnown(): boolean {
    if (this.#endMs !== null || this.#counted !== null) return true;
    return this.#lowMs > 0 && this.#highMs / this.#lowMs <= GOOD_RATIO;
  }

  /** The depths that tell most, if asked together; nearest first. @returns empty without any row */
  next(count: number): number[] {
    if (this.#lowMs === 0) return [];
    if (this.#endMs !== null) {
      const endMs = this.#endMs;
      return Array.from({ length: count }, (_, index) => (endMs * (index + 1)) / (count + 2));
    }
    const step =
      this.#highMs === Number.POSITIVE_INFINITY
        ? GROWTH
        : (this.#highMs / this.#lowMs) ** (1 / (count + 1));
    return Array.from({ length: count }, (_, index) => this.#lowMs * step ** (index + 1));
  }

  /** Rows between the newest and the oldest that was seen, as dense as those seen. */
  get rowsReached(): number {
    return this.msPerRow === null ? 0 : Math.round(this.#lowMs / this.msPerRow) + 1;
  }

  /** @returns null when nothing bounds the number of rows from above */
  estimate(): ExtentEstimate | null {
    if (this.#counted !== null) {
      const rows = this.#counted;
      return { rows, isExact: true, rowsMin: rows, rowsMax: rows };
    }
    const { msPerRow } = this;
    if (msPerRow === null) return null;
    const rowsOf = (ms: number) => Math.round(ms / msPerRow) + 1;
    if (this.#endMs !== null) {
      const rows = rowsOf(this.#endMs);
      return { rows, isExact: false, rowsMin: rows, rowsMax: rows };
    }
    if (this.#highMs === Number.POSITIVE_INFINITY) return null;
    return {
      rows: rowsOf(Math.sqrt(this.#lowMs * this.#highMs)),
      isExact: false,
      rowsMin: rowsOf(this.#lowMs),
      rowsMax: rowsOf(this.#highMs),
    };
  }
}
