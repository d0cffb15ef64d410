/**
 * Rows per second over the last while. The while is at least one window of the limit: where ten
 * pages come at once and then none for a minute, anything shorter would swing between two extremes.
 */

const SPAN_MIN_MS = 10_000;
const SPAN_MAX_MS = 300_000;

export class RecentRate {
  readonly #marks: { readonly atMs: number; readonly rows: number }[] = [];

  /**
   * @param rows counted so far; asked about once a second
   * @param windowMs of the limit; null: none
   * @returns rows per second; 0 while there is no span
   */
  mark(atMs: number, rows: number, windowMs: number | null): number {
    const spanMs = Math.min(SPAN_MAX_MS, Math.max(SPAN_MIN_MS, windowMs ?? 0));
    this.#marks.push({ atMs, rows });
    // The oldest mark that stays is the last one before the span, so that the span is whole.
    let gone = 0;
    while ((this.#marks[gone + 1]?.atMs ?? atMs) <= atMs - spanMs) gone++;
    this.#marks.splice(0, gone);
    const first = this.#marks[0] ?? { atMs, rows };
    // A walk that begins again counts its rows anew.
    const more = Math.max(0, rows - first.rows);
    return atMs > first.atMs ? (more * 1000) / (atMs - first.atMs) : 0;
  }
}
