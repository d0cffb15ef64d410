/**
 * A page to ask for: its cursor, where it starts, and what has gone wrong with it. It alone changes these;
 * others tell it what happened.
 */
import type { Position } from '../paging/position.js';

/** `retryAtMs` of a page that is asked for when all others are through. */
export const AFTER_ALL_OTHERS = Number.POSITIVE_INFINITY;

/** What is known of a page before it is asked for. */
export interface NewPage {
  readonly segment: number;
  readonly page: number;
  readonly cursor: string | null;
  readonly cursorExpiresAtMs: number;
  /** The whole life of that cursor; Infinity when it is not known. @default Infinity */
  readonly cursorLifeMs?: number;
  readonly after: Position | null;
  readonly isAfterKnown: boolean;
  /** The first page of the source, or of a child: no page has given its cursor, if it has one. @default false */
  readonly isFirst?: boolean;
  readonly predecessor: PageJob | null;
}

/** How often what has gone wrong. Refused cursors and contradictions tell nothing of each other's cause. */
export interface PageTroubles {
  readonly failures: number;
  readonly workerDeaths: number;
  /** Whole answers that were no page, while no page of the run was good. */
  readonly otherAnswers: number;
  readonly cursorRefusals: number;
  readonly contradictions: number;
  /** Refreshes of its cursor that failed in a row. */
  readonly refreshFailures: number;
}

const NO_TROUBLES: PageTroubles = {
  failures: 0,
  workerDeaths: 0,
  otherAnswers: 0,
  cursorRefusals: 0,
  contradictions: 0,
  refreshFailures: 0,
};

export class PageJob {
  readonly segment: number;
  readonly page: number;
  readonly cursorLifeMs: number;
  readonly isFirst: boolean;
  /** The page that gave this cursor; what a refresh asks for again. */
  readonly predecessor: PageJob | null;
  /** The last row that a repair has to cover; null for a tip. */
  readonly repairThrough: Position | null;
  #cursor: string | null;
  #cursorExpiresAtMs: number;
  #isBuilt = false;
  #after: Position | null;
  #isAfterKnown: boolean;
  #limit: number | null = null;
  #isLast = false;
  #isBehindEnd = false;
  #troubles: Readonly<PageTroubles> = NO_TROUBLES;
  #commitsAtPause = 0;
  #retryAtMs = 0;
  #refreshAtMs = 0;

  constructor(known: NewPage, repairThrough: Position | null = null) {
    this.segment = known.segment;
    this.page = known.page;
    this.cursorLifeMs = known.cursorLifeMs ?? Number.POSITIVE_INFINITY;
    this.isFirst = known.isFirst ?? false;
    this.predecessor = known.predecessor;
    this.repairThrough = repairThrough;
    this.#cursor = known.cursor;
    this.#cursorExpiresAtMs = known.cursorExpiresAtMs;
    this.#after = known.after;
    this.#isAfterKnown = known.isAfterKnown;
  }

  /** Its segment goes on from it; else it is a repair, which the segment has left behind. */
  get isTip(): boolean {
    return this.repairThrough === null;
  }

  // --- its cursor ------------------------------------------------------------------------------

  get cursor(): string | null {
    return this.#cursor;
  }

  get cursorExpiresAtMs(): number {
    return this.#cursorExpiresAtMs;
  }

  /** The cursor was built here, not given by the API. */
  get isBuilt(): boolean {
    return this.#isBuilt;
  }

  rebuilt(cursor: string, expiresAtMs: number): void {
    this.#isBuilt = true;
    this.#cursor = cursor;
    this.#cursorExpiresAtMs = expiresAtMs;
  }

  /** The API has given another one for the same place. */
  renewed(cursor: string, expiresAtMs: number): void {
    this.#cursor = cursor;
    this.#cursorExpiresAtMs = expiresAtMs;
    this.#troubles = { ...this.#troubles, refreshFailures: 0 };
  }

  /** It was refused. */
  dropCursor(): void {
    this.#cursor = null;
    this.#cursorExpiresAtMs = 0;
  }

  // --- where it is -----------------------------------------------------------------------------

  /** The page covers what is strictly after this; null: from the beginning, or no order says. */
  get after(): Position | null {
    return this.#after;
  }

  /** Known later for an opaque cursor: when the page before is scanned. */
  get isAfterKnown(): boolean {
    return this.#isAfterKnown;
  }

  /** The page before it is scanned, and ended there. */
  startAfter(place: Position | null): void {
    if (this.#isAfterKnown) return;
    this.#after = place;
    this.#isAfterKnown = true;
  }

  // --- its answer ------------------------------------------------------------------------------

  /** What to ask for to get the same page again; null before it was answered. */
  get limit(): number | null {
    return this.#limit;
  }

  /** Nothing is left of its segment behind it. */
  get isLast(): boolean {
    return this.#isLast;
  }

  /** The API has told another chain that the source ends where this page starts. */
  get isBehindEnd(): boolean {
    return this.#isBehindEnd;
  }

  foundBehindEnd(): void {
    this.#isBehindEnd = true;
  }

  /** @param limit asks for the same records */
  answered(limit: number): void {
    this.#limit = limit;
  }

  endsSegment(isLast: boolean): void {
    this.#isLast = isLast;
  }

  // --- what went wrong -------------------------------------------------------------------------

  get troubles(): PageTroubles {
    return this.#troubles;
  }

  /** @returns how often, this time included */
  count(trouble: keyof PageTroubles): number {
    const count = this.#troubles[trouble] + 1;
    this.#troubles = { ...this.#troubles, [trouble]: count };
    return count;
  }

  /** Pages that the run had committed when this one last rested. */
  get commitsAtPause(): number {
    return this.#commitsAtPause;
  }

  restAt(commits: number): void {
    this.#commitsAtPause = commits;
  }

  /** When it may be asked for again. */
  get retryAtMs(): number {
    return this.#retryAtMs;
  }

  retryAt(atMs: number): void {
    this.#retryAtMs = atMs;
  }

  /** When its cursor may be renewed. */
  get refreshAtMs(): number {
    return this.#refreshAtMs;
  }

  refreshAt(atMs: number): void {
    this.#refreshAtMs = atMs;
  }

  // --- other forms of it -----------------------------------------------------------------------

  /** The same page, asked for again after its segment has moved on. */
  asRepair(through: Position): PageJob {
    const repair = new PageJob(this, through);
    repair.#takeOver(this);
    return repair;
  }

  /** The same page as a predecessor: a chain of them would keep every page of the run in memory. */
  asPredecessor(): PageJob {
    const known = { ...placeOf(this), predecessor: null };
    const copy = new PageJob(known, this.repairThrough);
    copy.#takeOver(this);
    return copy;
  }

  #takeOver(other: PageJob): void {
    this.#isBuilt = other.#isBuilt;
    this.#limit = other.#limit;
    this.#isLast = other.#isLast;
    this.#troubles = other.#troubles;
    this.#commitsAtPause = other.#commitsAtPause;
  }
}

function placeOf(job: PageJob): Omit<NewPage, 'predecessor'> {
  const { segment, page, cursor, cursorExpiresAtMs, cursorLifeMs, after, isAfterKnown } = job;
  const { isFirst } = job;
  return { segment, page, cursor, cursorExpiresAtMs, cursorLifeMs, after, isAfterKnown, isFirst };
}
