/**
 * History of a run as a few hundred points: one a second at first; when there are too many, every
 * other one is dropped and the pace halves. So an hour costs what ten minutes do.
 */

export const SERIES = [
  'atMs',
  'rows',
  'rowsPerSecond',
  'requests',
  'permitted',
  'fetching',
  'scanning',
  'writing',
  'heldBytes',
] as const;

export type Series = (typeof SERIES)[number];

/** One point; null where nothing can be said (`permitted` without a limit). */
export type Sample = Readonly<Record<Series, number | null>>;

/** Columns of equal length, oldest first. */
export type HistoryColumns = Readonly<Record<Series, readonly (number | null)[]>>;

const POINTS_MAX = 600;

export class History {
  #points: Sample[] = [];
  #stride = 1;
  #skipped = 0;
  /** Grows with every thinning: whoever holds a copy then takes it anew. */
  #version = 1;

  get version(): number {
    return this.#version;
  }

  /** @returns whether the sample was kept */
  add(sample: Sample): boolean {
    if (++this.#skipped < this.#stride) return false;
    this.#skipped = 0;
    this.#points.push(sample);
    if (this.#points.length >= POINTS_MAX) this.#thin();
    return true;
  }

  /** The last point, whatever the pace: a run's end must not be missing. */
  finish(sample: Sample): void {
    this.#points.push(sample);
    this.#version++;
  }

  columns(): HistoryColumns {
    const column = (series: Series) => this.#points.map((point) => point[series]);
    return {
      atMs: column('atMs'),
      rows: column('rows'),
      rowsPerSecond: column('rowsPerSecond'),
      requests: column('requests'),
      permitted: column('permitted'),
      fetching: column('fetching'),
      scanning: column('scanning'),
      writing: column('writing'),
      heldBytes: column('heldBytes'),
    };
  }

  /** The newest point stays, for the next one follows it. */
  #thin(): void {
    const odd = this.#points.length % 2;
    this.#points = this.#points.filter((_, index) => index % 2 !== odd);
    this.#stride *= 2;
    this.#version++;
  }
}
