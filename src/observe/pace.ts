/**
 * Pace: rows and pages over the last while, and the use of the limit, from marks that are set about
 * once a second.
 *
 *   first request   first commit     mark   mark   mark   now
 *        └────────────────┘                    ├── span ────┤
 *
 * A span is whole windows of the limit: where ten pages come at once and then none for a minute,
 * anything else would swing between two extremes. In the first while it begins half-way to the first
 * commit: from the first request on, a run would look slower by a page's whole time than it is, and
 * from the first commit on faster by the pages that came with it.
 */

/** What the charts show. */
export const CHART_SPAN_MS = 10_000;
/** What the time left is made of. */
export const REST_SPAN_MS = 60_000;
const SPAN_MAX_MS = 300_000;
/** A pace of fewer pages is chance. */
export const PAGES_MIN = 2;

/** What was counted until an instant. */
export interface PaceCounts {
  readonly rows: number;
  readonly pages: number;
  /** Null: nothing was asked. */
  readonly startedAtMs: number | null;
  /** Null: no page is committed. */
  readonly firstCommitAtMs: number | null;
}

/** Rows and pages that came in a span. */
export interface Progressed {
  readonly rows: number;
  readonly pages: number;
  readonly spanMs: number;
}

interface Mark {
  readonly atMs: number;
  readonly rows: number;
  readonly pages: number;
  readonly limitUse: number | null;
}

export class Pace {
  #marks: Mark[] = [];

  /**
   * @param limitUse share of the limit that is in use; null: no limit is known
   * @param windowMs of the limit; null: none
   */
  mark(
    atMs: number,
    { rows, pages }: Pick<PaceCounts, 'rows' | 'pages'>,
    limitUse: number | null,
    windowMs: number | null,
  ): void {
    this.#marks.push({ atMs, rows, pages, limitUse });
    // The oldest mark that stays is the last one before the span, so that the span is whole.
    const fromMs = atMs - wholeWindowsMs(REST_SPAN_MS, windowMs);
    this.#marks.splice(0, Math.max(0, this.#lastBefore(fromMs)));
  }

  /** The last while, or all since the start where it holds too little. Null: not yet. */
  progressed(atMs: number, counts: PaceCounts, spanMs: number): Progressed | null {
    const from = this.#marks[this.#lastBefore(atMs - spanMs)];
    if (from !== undefined && counts.pages - from.pages >= PAGES_MIN) {
      const rows = Math.max(0, counts.rows - from.rows);
      return { rows, pages: counts.pages - from.pages, spanMs: atMs - from.atMs };
    }
    return sinceStart(atMs, counts);
  }

  /** Rows a second over the last while, also where nothing came; 0 before the second page. */
  rowsPerSecond(atMs: number, counts: PaceCounts, spanMs: number): number {
    const from = this.#marks[this.#lastBefore(atMs - spanMs)];
    if (from !== undefined) {
      return (Math.max(0, counts.rows - from.rows) * 1000) / Math.max(1, atMs - from.atMs);
    }
    const all = sinceStart(atMs, counts);
    return all === null ? 0 : rowsPerSecondOf(all);
  }

  /** Share of the limit that was in use, over the marks; null: no limit is known. */
  get limitUse(): number | null {
    const known = this.#marks.map(({ limitUse }) => limitUse).filter((use) => use !== null);
    return known.length === 0 ? null : known.reduce((sum, use) => sum + use, 0) / known.length;
  }

  #lastBefore(atMs: number): number {
    return this.#marks.findLastIndex((mark) => mark.atMs <= atMs);
  }
}

/** The span, or so many whole windows as it needs, at most five minutes. */
export function wholeWindowsMs(spanMs: number, windowMs: number | null): number {
  if (windowMs === null || windowMs <= 0) return spanMs;
  const windows = Math.min(Math.ceil(spanMs / windowMs), Math.floor(SPAN_MAX_MS / windowMs));
  return windows === 0 ? SPAN_MAX_MS : windows * windowMs;
}

/** All that came. Null: too little for a pace. */
export function sinceStart(
  atMs: number,
  { rows, pages, startedAtMs, firstCommitAtMs }: PaceCounts,
): Progressed | null {
  if (startedAtMs === null || firstCommitAtMs === null || pages < PAGES_MIN) return null;
  return { rows, pages, spanMs: Math.max(0, atMs - (startedAtMs + firstCommitAtMs) / 2) };
}

export function rowsPerSecondOf({ rows, spanMs }: Progressed): number {
  return (rows * 1000) / Math.max(1, spanMs);
}
