/** A segment: a disjoint slice of the source, walked by one cursor chain. It alone changes its state. */
import type { Envelope, Way } from '../paging/paging.js';
import { comparePositions, formatPosition, isReached, type Position } from '../paging/position.js';
import { assert } from './fault.js';
import { PageJob } from './page-job.js';

/** Where a segment starts and ends. Without cursor and position it starts at the beginning. */
export interface SegmentSeed {
  readonly segment: number;
  readonly after: Position | null;
  readonly bound: Position | null;
  /** A cursor that leads behind `after`, where the source cannot seek. */
  readonly cursor?: string;
  readonly cursorExpiresAtMs?: number;
  /** The number of its first page. @default 1 */
  readonly page?: number;
  /** Of a child: what its first page is asked for with, and where its walk begins again. */
  readonly startCursor?: string;
  /** Another member has cut it off, and no page of it has come: the chain before it may be anybody's. @default false */
  readonly isOrphan?: boolean;
}

/** What an answer says of the way on, and for how long. */
export interface HeadAnswer extends Pick<Envelope, 'nextCursor' | 'hasMore'> {
  /** The place that the cursor points behind; null: it is opaque, or there is none. */
  readonly nextPosition: Position | null;
  readonly expiresAtMs: number;
  /** From the request to the end of the cursor's life; not known: Infinity. */
  readonly lifeMs?: number;
}

/** The same, as the paging and the order read it. */
export interface TipAnswer extends Pick<HeadAnswer, 'expiresAtMs' | 'lifeMs'> {
  readonly way: Way;
  /** Where the next page starts, as the order has it; null: no order holds, or the cursor is opaque. */
  readonly position: Position | null;
}

/** A segment that has ended because the chain before it, `to`, walks on to its bound. */
export interface HandedOver {
  readonly segment: number;
  readonly to: number;
  readonly bound: Position | null;
}

/** What the answer to a tip says about the way on. */
export type Advance =
  /** `passedOver`: records of committed pages that the way leads through. */
  | { readonly type: 'advanced' | 'ended'; readonly passedOver?: number }
  /** The answer contradicts itself, or the order; the reason says how. */
  | { readonly type: 'broken'; readonly reason: string; readonly isAgainstOrder: boolean };

/** What a page has to do with the bound of its segment. */
export interface BoundedPage {
  readonly job: PageJob;
  bound: Position | null;
  readonly lastPosition: Position | null;
}

export const AGAINST_ORDER: Advance = {
  type: 'broken',
  reason: 'the API gave a cursor that does not lead on',
  isAgainstOrder: true,
};
const GIVEN_BEFORE = 'gave a cursor that it had given before';

export class Segment {
  readonly number: number;
  /** Where it begins; null: at the beginning of the source. */
  readonly start: Position | null;
  /** See `SegmentSeed`. */
  readonly isOrphan: boolean;
  #bound: Position | null;
  #phase: 'ready' | 'inFlight' | 'ended' = 'ready';
  /** Another member is to have it: no page of it is asked for any more. */
  #isHeld = false;
  /** That it has ended was told. */
  #isClosed = false;
  #tip: PageJob;
  /** Cut from another, and no page has yet proved the seek to its start. */
  #isUnproven: boolean;
  /** A page of it was written without the rows behind its bound. */
  #isPastBound = false;
  /** Opaque cursors, and places within one instant, already seen: coming back to one is a loop. */
  readonly #seen: Set<string>;
  /** Null: a walk that begins again is another segment's. */
  readonly #startCursor: string | null;
  #restarts = 0;

  /** @param isUnproven it begins where nothing but a built cursor leads */
  constructor(seed: SegmentSeed, isUnproven = false) {
    this.number = seed.segment;
    this.start = seed.after;
    this.#bound = seed.bound;
    this.isOrphan = seed.isOrphan ?? false;
    this.#isUnproven = isUnproven || this.isOrphan;
    this.#seen = new Set(seed.cursor === undefined ? [] : [seed.cursor]);
    this.#startCursor = seed.startCursor ?? null;
    const isStart =
      seed.startCursor === undefined ? seed.cursor === undefined : seed.cursor === seed.startCursor;
    this.#tip = new PageJob({
      segment: seed.segment,
      page: seed.page ?? 1,
      cursor: seed.cursor ?? null,
      cursorExpiresAtMs: seed.cursorExpiresAtMs ?? (seed.cursor === undefined ? 0 : Infinity),
      after: seed.after,
      isAfterKnown: true,
      isFirst: seed.after === null && isStart,
      predecessor: null,
    });
  }

  get bound(): Position | null {
    return this.#bound;
  }

  get isOpen(): boolean {
    return this.#phase !== 'ended';
  }

  /** Whether its next page is not asked for. */
  get isReady(): boolean {
    return this.#phase === 'ready' && !this.#isHeld;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  hold(): void {
    this.#isHeld = true;
  }

  keep(): void {
    this.#isHeld = false;
  }

  /** @returns false: that was told before */
  close(): boolean {
    const isNews = !this.#isClosed;
    this.#isClosed = true;
    return isNews;
  }

  get tip(): PageJob {
    return this.#tip;
  }

  get isUnproven(): boolean {
    return this.#isUnproven;
  }

  get isPastBound(): boolean {
    return this.#isPastBound;
  }

  taken(): void {
    this.#phase = 'inFlight';
  }

  putBack(): void {
    this.#phase = 'ready';
  }

  end(): void {
    this.#phase = 'ended';
  }

  /** The chain goes on from this page again. */
  rewindTo(job: PageJob): void {
    this.#tip = job;
    this.#seen.clear();
    if (job.cursor !== null) this.#seen.add(job.cursor);
    this.#phase = 'ready';
  }

  /** A child begins again, in pages behind those that it has. @returns how often it has */
  restart(): number {
    const { page, after, isAfterKnown } = this.#tip;
    const cursor = this.#startCursor;
    assert(cursor !== null, 'only a child begins again in its segment');
    const begin = { cursor, cursorExpiresAtMs: Number.POSITIVE_INFINITY, isFirst: true };
    this.rewindTo(
      new PageJob({ segment: this.number, page, after, isAfterKnown, predecessor: null, ...begin }),
    );
    return ++this.#restarts;
  }

  /** A built cursor has led to its start. */
  proved(): void {
    this.#isUnproven = false;
  }

  /** Ends it at `at`. @returns where it ended before */
  cutAt(at: Position): Position | null {
    assert(this.isOpen, 'only an open segment is cut');
    const bound = this.#bound;
    this.#bound = at;
    return bound;
  }

  /** Walks on to the end of another one, which has ended. */
  takeOver(other: Segment): void {
    this.#bound = other.#bound;
    other.end();
  }

  /** A page of it is about to be written: it takes the bound that there is by now. */
  rebound(page: BoundedPage): void {
    if (page.job.isTip) page.bound = this.#bound;
    const { bound, lastPosition } = page;
    if (bound === null || lastPosition === null || !this.#isOwnBound(bound)) return;
    this.#isPastBound ||= lastPosition.ms < bound.ms;
  }

  /** That of a page which is asked for again is where it ended before: what lies behind has been read. */
  #isOwnBound(bound: Position): boolean {
    return this.#bound !== null && comparePositions(bound, this.#bound) === 0;
  }

  /** Moves it on by the answer to its tip. */
  advance(job: PageJob, { way, position, expiresAtMs, lifeMs }: TipAnswer): Advance {
    assert(this.#tip === job, 'only the tip advances a segment');
    if (way.type === 'broken') return againstItself(way.reason);
    const isOver = way.type === 'end' || (position !== null && isReached(position, this.#bound));
    if (way.type === 'next') {
      if (position === null) {
        // Its own may have been renewed since another page gave it.
        if (job.cursor !== null) this.#seen.add(job.cursor);
        if (this.#seen.has(way.cursor)) return againstItself(GIVEN_BEFORE);
        this.#seen.add(way.cursor);
      } else if (!leadsOn(position, job) || this.#isTurningBack(job, position)) {
        return AGAINST_ORDER;
      }
    }
    if (isOver) {
      this.end();
      return { type: 'ended' };
    }
    this.#tip = new PageJob({
      segment: job.segment,
      page: job.page + 1,
      cursor: way.cursor,
      cursorExpiresAtMs: expiresAtMs,
      ...(lifeMs === undefined ? {} : { cursorLifeMs: lifeMs }),
      after: position,
      isAfterKnown: position !== null,
      predecessor: job.asPredecessor(),
    });
    this.#phase = 'ready';
    return { type: 'advanced' };
  }

  /** Goes on behind committed pages, with a cursor that one of them gave. */
  passOver(cursor: string, cursorExpiresAtMs: number): void {
    const { segment, page, after, isAfterKnown } = this.#tip;
    this.#seen.add(cursor);
    // What gave the cursor is not known well enough to ask for it again.
    const known = { cursor, cursorExpiresAtMs, predecessor: null };
    this.#tip = new PageJob({ segment, page, after, isAfterKnown, ...known });
  }

  /** Whether a cursor, or a place within one instant, has come before. */
  hasSeen(cursor: string): boolean {
    return this.#seen.has(cursor);
  }

  /** Whether a page that stays within the instant where it starts ends where one before it did. */
  #isTurningBack({ after }: PageJob, end: Position): boolean {
    if (after?.ms !== end.ms) return false;
    this.#seen.add(formatPosition(after));
    return this.#seen.has(formatPosition(end));
  }
}

function againstItself(reason: string): Advance {
  return { type: 'broken', reason: `the API ${reason}`, isAgainstOrder: false };
}

/**
 * Whether a page that ends there brings its segment on. Within one instant any other row may come
 * next: that none comes twice is the caller's to see to.
 */
export function leadsOn(end: Position | null, { after }: PageJob): boolean {
  if (end === null || after === null) return end !== null;
  return end.ms === after.ms ? end.id !== after.id : end.ms < after.ms;
}
