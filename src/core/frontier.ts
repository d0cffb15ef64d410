/**
 * Frontier: which page may be fetched next.
 *
 * Owns every segment's cursor and phase, and the pages that must be asked for again; not time, rate or
 * rows: those are the scheduler, the limiter and the writer.
 *
 *   ready ──take──▶ inFlight ──advance──▶ ready            (next cursor)
 *     ▲                │   └───last page──▶ ended
 *     └──retryAtMs─────┘ fault, retryable
 *
 * The body of a page may fail after its head has moved the tip on. If its next cursor says where it
 * ends, it is asked for again as a *repair*. If not, the segment is *rewound* to it.
 *
 * Invariants
 *  - A segment has at most one tip in flight: the next cursor is unknown until the page is read.
 *  - Segments are disjoint: each covers (after, bound] of the source's order.
 */
import { assert } from './fault.js';
import { newTip, type PageJob } from './page-job.js';
import { comparePositions, type Position } from './position.js';
import { Repairs } from './repairs.js';
import type { HeadFacts } from './scheduler-types.js';
import { Seeker } from './seeker.js';
import {
  type Advance,
  type BoundedPage,
  type CursorBuilder,
  chainBefore,
  type GivenBack,
  isNextTo,
  isReached,
  isTurningBack,
  LEADS_BACK,
  leadsOn,
  rebound,
  type Segment,
  type SegmentSeed,
  type TipAnswer,
} from './segment.js';
import { Segments } from './segments.js';
import type { ServerClock } from './server-clock.js';
import { SourceOrder } from './source-order.js';
import type { Remainder } from './splitter.js';

export class Frontier {
  /** What its pages have shown of the source's order. */
  readonly order: SourceOrder;
  readonly #seeker: Seeker;
  readonly #segments = new Segments();
  readonly #repairs = new Repairs();

  /** @param options.earliestMs see `SourceOrder` */
  constructor(cursors: CursorBuilder, options: { canSeek: boolean; earliestMs?: number }) {
    this.#seeker = new Seeker(cursors, options.canSeek);
    this.order = new SourceOrder(options.earliestMs);
  }

  get canSeek(): boolean {
    return this.#seeker.canSeek;
  }

  /** Whether a built cursor has led where it should. */
  get isSeekProven(): boolean {
    return this.#seeker.isProven;
  }

  get serverClock(): ServerClock {
    return this.#seeker.serverClock;
  }

  get isExhausted(): boolean {
    return this.#repairs.isEmpty && this.#segments.isExhausted;
  }

  /** Whether nothing is left but announced ends that wait for all else. */
  get isExhaustedButEnds(): boolean {
    return this.#repairs.isEmptyButLast && this.#segments.isExhaustedButLast;
  }

  /** Open segments: where each stands and where it ends. */
  open(): Iterable<Remainder> {
    return this.#segments.open();
  }

  add(seed: SegmentSeed): void {
    this.#segments.add(seed);
  }

  /** A page that may be asked for now; repairs first, for they are the oldest. */
  ready(nowMs: number): PageJob | null {
    const ready = this.#repairs.ready(nowMs);
    const other = ready ?? this.#segments.ready(nowMs, this.#repairs.isEmptyButLast);
    return other ?? (this.#segments.isExhausted ? this.#repairs.last : null);
  }

  /** When the next page may be asked for; Infinity when none is waiting. */
  nextReadyMs(): number {
    return Math.min(this.#repairs.nextReadyMs(), this.#segments.nextReadyMs());
  }

  /**
   * Marks a ready page as in flight and gives its cursor a life that outlasts the request.
   *
   * @param thresholdMs rebuild the cursor when less than this is left of it
   * @returns false when its cursor is dead and cannot be rebuilt: the walk must begin again
   */
  take(job: PageJob, nowMs: number, thresholdMs: number): boolean {
    if (!this.#seeker.renew(job, nowMs, thresholdMs)) return false;
    if (job.isTip) this.#segments.of(job).phase = 'inFlight';
    else this.#repairs.take(job);
    return true;
  }

  /** A page is to be asked for again, at `retryAtMs` or later. */
  putBack(job: PageJob, retryAtMs: number): void {
    job.retryAtMs = retryAtMs;
    if (!job.isTip) this.#repairs.add(job);
    else this.#segments.of(job).phase = 'ready';
  }

  /** The body of a page that ends at `through` failed after its head had moved the tip on. */
  repair(job: PageJob, through: Position, retryAtMs: number): void {
    this.#repairs.add({ ...job, isTip: false, repairThrough: through, retryAtMs });
  }

  /**
   * The chain goes on from this page again, for it is not known where its body ended. Pages behind it
   * that were asked for are the caller's to give up.
   */
  rewind(job: PageJob, retryAtMs: number): void {
    const segment = this.#segments.of(job);
    segment.tip = job;
    segment.seen.clear();
    this.putBack(job, retryAtMs);
  }

  /** The cursor of this page was refused: forget it, so that `take` builds another one. */
  dropCursor(job: PageJob): void {
    job.cursor = null;
    job.cursorExpiresAtMs = 0;
  }

  /** Whether the answer to a repair leads on. Its segment stays where it is. */
  repaired(job: PageJob, answer: Pick<HeadFacts, 'hasMore' | 'nextPosition'>): Advance {
    const { hasMore, nextPosition } = answer;
    if (!hasMore || leadsOn(nextPosition, job)) return { type: 'advanced' };
    return { type: 'broken', reason: LEADS_BACK };
  }

  /** Moves a segment on by the answer to its tip. */
  advance(job: PageJob, answer: TipAnswer): Advance {
    const segment = this.#segments.of(job);
    assert(segment.tip === job, 'only the tip advances a segment');
    // An end proves no seek: a server that cannot read the cursor may say the same.
    if (!answer.hasMore) {
      segment.phase = 'ended';
      return { type: 'ended' };
    }
    const { nextCursor, nextPosition: position } = answer;
    if (nextCursor === null) {
      return { type: 'broken', reason: 'the API says that there is more but gives no cursor' };
    }
    if (position === null) {
      // A server whose cursors we cannot read would not read ours.
      this.#seeker.failed();
      if (segment.seen.has(nextCursor) || nextCursor === job.cursor) {
        return { type: 'broken', reason: 'the API gave a cursor that it had given before' };
      }
      segment.seen.add(nextCursor);
    } else if (!leadsOn(position, job) || isTurningBack(segment, job, position)) {
      return { type: 'broken', reason: LEADS_BACK };
    }
    this.#prove(segment, job);
    if (position !== null && isReached(position, segment.bound)) {
      segment.phase = 'ended';
      return { type: 'ended' };
    }
    segment.tip = newTip({
      segment: job.segment,
      page: job.page + 1,
      cursor: nextCursor,
      cursorExpiresAtMs: answer.expiresAtMs,
      ...(answer.lifeMs === undefined ? {} : { cursorLifeMs: answer.lifeMs }),
      after: position,
      isAfterKnown: position !== null,
      predecessor: withoutPredecessor(job),
    });
    segment.phase = 'ready';
    return { type: 'advanced' };
  }

  /** The page before is scanned: its end is where this tip starts. */
  settleAfter(segment: number, page: number, after: Position): void {
    const tip = this.#segments.get(segment)?.tip;
    if (tip?.page !== page || tip.isAfterKnown) return;
    tip.after = after;
    tip.isAfterKnown = true;
  }

  /** Whether a cursor leads where that of a page does. */
  isRenewal(job: PageJob, cursor: string, position: Position | null): boolean {
    if (position !== null) return job.after !== null && comparePositions(position, job.after) === 0;
    if (cursor === job.cursor) return true;
    return cursor !== job.predecessor?.cursor && !this.#segments.of(job).seen.has(cursor);
  }

  boundOf(segment: number): Position | null {
    return this.#segments.get(segment)?.bound ?? null;
  }

  /** Whether it was cut from another, and no page has yet proved the seek to its start. */
  isUnproven(segment: number): boolean {
    return this.#segments.get(segment)?.isUnproven ?? false;
  }

  /** A page is about to be written: takes the bound that its segment has by now. */
  rebound(page: BoundedPage): void {
    rebound(this.#segments.of(page.job), page);
  }

  /** Whether a segment may be cut. Until a seek has proved true, `unprovenMax` are tried at once. */
  canSplit(unprovenMax: number): boolean {
    if (!this.canSeek || this.#seeker.isProven) return this.canSeek;
    let unproven = 0;
    for (const { isUnproven, phase } of this.#segments.all()) {
      if (isUnproven && phase !== 'ended') unproven++;
    }
    return unproven < unprovenMax;
  }

  /** Cuts a segment at `at`; what lies behind it belongs to the new one. */
  split(segment: number, at: Position, newSegment: number): void {
    const parent = this.#segments.get(segment);
    assert(parent !== undefined && parent.phase !== 'ended', 'only an open segment is cut');
    const child = this.#segments.add({ segment: newSegment, after: at, bound: parent.bound });
    child.isUnproven = true;
    parent.bound = at;
  }

  /**
   * A built cursor did not lead where it should: only cursors that the API gave are used, until a walk
   * would begin again for want of one. The page goes back, without its cursor.
   *
   * @param isFinal the API cannot read such cursors; else its answer contradicted the order
   * @returns the segments that only a built cursor would reach, and who has their stretch now. One
   *   that is not among them can only be reached by a walk from the start.
   */
  seekFailed(job: PageJob, isFinal: boolean): GivenBack[] {
    if (isFinal) this.#seeker.failed();
    else this.#seeker.contradicted();
    this.putBack(job, 0);
    this.dropCursor(job);
    const given: GivenBack[] = [];
    for (const { tip, phase } of this.#segments.all()) {
      if (phase !== 'ready' || (tip.cursor !== null && !tip.isBuilt)) continue;
      const back = this.giveBack(tip);
      if (back !== null) given.push(back);
    }
    return given;
  }

  /**
   * Ends the segment of a page that cannot be reached: the chain before it walks on to its end. Rows
   * between the two are walked again.
   *
   * @param isNext only to a chain whose end is its start
   * @returns null when no chain is left before it
   */
  giveBack(job: PageJob, isNext = false): GivenBack | null {
    const unreachable = this.#segments.of(job);
    const nearest = chainBefore(this.#segments.all(), unreachable);
    if (nearest === null || (isNext && !isNextTo(nearest, unreachable))) return null;
    nearest.bound = unreachable.bound;
    unreachable.phase = 'ended';
    return { segment: unreachable.segment, to: nearest.segment, bound: nearest.bound };
  }

  /** A repair that cannot be asked for is walked to. */
  giveUpRepair(job: PageJob): void {
    this.#repairs.take(job);
  }

  /** Ends a segment whose walk begins again elsewhere. */
  abandon(segment: number): void {
    this.#segments.end(segment);
    this.#repairs.abandon(segment);
  }

  /** The answer to a built cursor leads on in the order: the seek is true. */
  #prove(segment: Segment, job: PageJob): void {
    if (!job.isBuilt) return;
    segment.isUnproven = false;
    this.#seeker.proved();
  }
}

/** A chain of predecessors would keep every page of the run in memory. */
function withoutPredecessor(job: PageJob): PageJob {
  return { ...job, predecessor: null };
}
