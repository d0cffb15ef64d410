/**
 * Segment map: where the segments lie in the source's order and how far each has come, as shares of
 * the whole from newest (0) to oldest (1).
 *
 * The order is by time, so that a share is one of time. Where the source ends is known only when it
 * has been reached; before that it is guessed from the rows left and how dense those seen were.
 */
import type { Position } from '../paging/position.js';

export interface SegmentShare {
  readonly segment: number;
  /** The segment covers [from, to]; [from, done] is committed. */
  readonly from: number;
  readonly done: number;
  readonly to: number;
  readonly isOpen: boolean;
  /** Committed by this process. */
  readonly pages: number;
  readonly rows: number;
}

export interface SegmentMapView {
  /** The instants at both ends, epoch ms; null before the first page. */
  readonly newestMs: number | null;
  readonly oldestMs: number | null;
  /** The old end is a guess. */
  readonly isGuessed: boolean;
  readonly segments: readonly SegmentShare[];
}

/** What earlier processes have reached, epoch ms. */
export interface Extent {
  readonly newestMs: number | null;
  readonly oldestMs: number | null;
}

interface Track {
  readonly segment: number;
  /** Null: from the beginning of the source. */
  fromMs: number | null;
  throughMs: number | null;
  hasReachedEnd: boolean;
  pages: number;
  rows: number;
}

interface OpenSegment {
  readonly segment: number;
  readonly after: Position | null;
  readonly bound: Position | null;
}

const SHOWN_MAX = 64;

export class SegmentMap {
  readonly #tracks = new Map<number, Track>();
  #newestMs: number | null;
  #oldestMs: number | null;

  constructor(earlier: Extent | null) {
    this.#newestMs = earlier?.newestMs ?? null;
    this.#oldestMs = earlier?.oldestMs ?? null;
  }

  /** The rows at both ends of a page. */
  seen(first: Position | null, last: Position | null): void {
    for (const position of [first, last]) if (position !== null) this.#stretch(position.ms);
  }

  opened({ segment, after, bound }: OpenSegment): void {
    if (!this.#tracks.has(segment)) this.#track(segment, after);
    if (bound !== null) this.#stretch(bound.ms);
  }

  committed(
    page: {
      readonly segment: number;
      readonly after: Position | null;
      readonly through: Position | null;
    },
    rows: number,
  ): void {
    const { segment, after, through } = page;
    const track = this.#tracks.get(segment) ?? this.#track(segment, after);
    track.pages++;
    track.rows += rows;
    if (through === null) track.hasReachedEnd = true;
    else track.throughMs = Math.min(track.throughMs ?? through.ms, through.ms);
    // Pages may be committed in another order than that of the source.
    if (after === null) track.fromMs = null;
    else if (track.fromMs !== null) track.fromMs = Math.max(track.fromMs, after.ms);
  }

  /** @param rowsLeft of the source; null: not known */
  view(open: Iterable<OpenSegment>, rowsLeft: number | null): SegmentMapView {
    const bounds = new Map<number, Position | null>();
    for (const segment of open) {
      this.opened(segment);
      bounds.set(segment.segment, segment.bound);
    }
    const newestMs = this.#newestMs;
    const guess = this.#guessOldest(bounds, rowsLeft);
    const oldestMs = guess ?? this.#oldestMs;
    if (newestMs === null || oldestMs === null) {
      return { newestMs, oldestMs, isGuessed: false, segments: [] };
    }
    const share = (ms: number | null, none: number): number => {
      if (ms === null || newestMs === oldestMs) return none;
      return Math.min(1, Math.max(0, (newestMs - ms) / (newestMs - oldestMs)));
    };
    const shares = [...this.#tracks.values()].map((track): SegmentShare => {
      const { segment, pages, rows } = track;
      const from = share(track.fromMs, 0);
      const isOpen = bounds.has(segment);
      const reached = track.hasReachedEnd ? 1 : share(track.throughMs, from);
      const to = isOpen ? share(bounds.get(segment)?.ms ?? null, 1) : reached;
      const done = Math.min(Math.max(from, reached), Math.max(from, to));
      return { segment, from, done, to: Math.max(from, to), isOpen, pages, rows };
    });
    const ordered = shares.sort((a, b) => a.from - b.from || a.segment - b.segment);
    const segments = ordered.length > SHOWN_MAX ? joinEnded(ordered) : ordered;
    return {
      newestMs,
      oldestMs,
      isGuessed: guess !== null,
      segments: segments.slice(0, SHOWN_MAX),
    };
  }

  #track(segment: number, after: Position | null): Track {
    const track: Track = {
      segment,
      fromMs: after?.ms ?? null,
      throughMs: null,
      hasReachedEnd: false,
      pages: 0,
      rows: 0,
    };
    this.#tracks.set(segment, track);
    if (after !== null) this.#stretch(after.ms);
    return track;
  }

  #stretch(ms: number): void {
    this.#newestMs = Math.max(this.#newestMs ?? ms, ms);
    this.#oldestMs = Math.min(this.#oldestMs ?? ms, ms);
  }

  /** @returns null where no open segment leads to an unknown end */
  #guessOldest(
    bounds: ReadonlyMap<number, Position | null>,
    rowsLeft: number | null,
  ): number | null {
    if (rowsLeft === null || this.#newestMs === null) return null;
    let [coveredMs, rows, boundedMs] = [0, 0, 0];
    let lastMs: number | null = null;
    for (const track of this.#tracks.values()) {
      const fromMs = track.fromMs ?? this.#newestMs;
      const atMs = track.throughMs ?? fromMs;
      coveredMs += fromMs - atMs;
      rows += track.rows;
      const bound = bounds.get(track.segment);
      if (bound === null) lastMs = Math.min(lastMs ?? atMs, atMs);
      else if (bound !== undefined) boundedMs += Math.max(0, atMs - bound.ms);
    }
    if (lastMs === null || rows === 0) return null;
    const restMs = Math.max(0, (rowsLeft * coveredMs) / rows - boundedMs);
    return Math.min(this.#oldestMs ?? lastMs, lastMs - restMs);
  }
}

/** Neighbours that are done become one. */
function joinEnded(ordered: readonly SegmentShare[]): SegmentShare[] {
  const joined: SegmentShare[] = [];
  for (const next of ordered) {
    const last = joined.at(-1);
    if (last === undefined || last.isOpen || next.isOpen) joined.push(next);
    else {
      joined[joined.length - 1] = {
        ...last,
        done: Math.max(last.done, next.done),
        to: Math.max(last.to, next.to),
        pages: last.pages + next.pages,
        rows: last.rows + next.rows,
      };
    }
  }
  return joined;
}
