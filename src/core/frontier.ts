/**
 * Frontier: which page may be fetched next.
 *
 * Owns every segment's cursor and phase, and the pages that must be asked for again; not time, rate or rows.
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
 *  - Segments are disjoint: each covers (after, bound] of the source's order, all of it without one.
 */
import type { Paging } from '../paging/paging.js';
import { comparePositions, type Position } from '../paging/position.js';
import type { Chains } from './chains.js';
import { CommittedAhead } from './committed-ahead.js';
import type { CommittedPage } from './committed-page.js';
import { assert } from './fault.js';
import { chainBefore, isNextTo } from './neighbours.js';
import type { PageJob } from './page-job.js';
import { Repairs } from './repairs.js';
import type { ResumePlan } from './resume.js';
import { Seeker } from './seeker.js';
import {
  type Advance,
  AGAINST_ORDER,
  type BoundedPage,
  type HandedOver,
  type HeadAnswer,
  leadsOn,
  type Segment,
  type SegmentSeed,
} from './segment.js';
import type { SegmentFeed } from './segment-feed.js';
import { Segments } from './segments.js';
import type { ServerClock } from './server-clock.js';
import { SourceOrder } from './source-order.js';

export class Frontier {
  readonly paging: Paging;
  /** Whether its pages follow the order that the source declares. */
  readonly order: SourceOrder;
  readonly #seeker: Seeker;
  readonly serverClock: ServerClock;
  readonly feed: SegmentFeed | null;
  /** Where the walk of each stands. */
  readonly segments: Segments;
  readonly #repairs = new Repairs();
  readonly #ahead = new CommittedAhead();
  #hasSkipped = false;
  /** @param start what earlier processes have learned; `earliestMs`: see `SourceOrder`; `feed` gives segments; null: each is added */
  constructor(
    paging: Paging,
    start: Partial<Pick<ResumePlan, 'canSeek' | 'isOrdered'>> & {
      earliestMs?: number;
      feed?: SegmentFeed | null;
    } = {},
  ) {
    const { canSeek = true, isOrdered = true, earliestMs, feed = null } = start;
    const holds = isOrdered && paging.order !== null;
    this.paging = paging;
    this.feed = feed;
    this.segments = new Segments(feed);
    this.#seeker = new Seeker(paging, canSeek && holds);
    this.serverClock = this.#seeker.serverClock;
    this.order = new SourceOrder({ holds, ...(earliestMs === undefined ? {} : { earliestMs }) });
  }

  get canSeek(): boolean {
    return this.#seeker.canSeek;
  }

  get isSeekProven(): boolean {
    return this.#seeker.isProven;
  }

  /** Whether it is by the order alone that the walk misses nothing; else one chain leads through all. */
  get hasSkipped(): boolean {
    return this.#hasSkipped;
  }

  /** Whether nothing of the run is left. */
  get isExhausted(): boolean {
    return this.isIdle && (this.feed?.isExhausted ?? true);
  }

  /** Whether nothing is left here. Other members may have more. */
  get isIdle(): boolean {
    return this.#repairs.isEmpty && this.segments.isEmpty;
  }

  /** Whether nothing is left here but announced ends that wait for all else. */
  get isIdleButEnds(): boolean {
    return this.#repairs.isEmptyButLast && this.segments.isEmptyButLast;
  }

  add(seed: SegmentSeed): void {
    const isWhole = seed.after === null && seed.bound === null;
    this.#hasSkipped = !(isWhole && this.segments.isEmpty);
    this.segments.add(seed);
  }

  /** More segments for the feed; see there. */
  seeded(seeds: readonly SegmentSeed[], isThrough: boolean): void {
    assert(this.feed !== null, 'what has no feed asks for no segments');
    const [seed] = seeds;
    const isWhole = seeds.length === 1 && seed?.after === null && seed.bound === null;
    if (seed !== undefined) this.#hasSkipped = !(isWhole && this.segments.isEmpty);
    this.feed.seeded(seeds, isThrough);
  }

  /** Repairs come first, for they are the oldest. */
  ready(nowMs: number): PageJob | null {
    const isLast = this.#repairs.isEmptyButLast;
    const other = this.#repairs.ready(nowMs) ?? this.segments.ready(nowMs, isLast);
    return other ?? (this.segments.isEmpty ? this.#repairs.last : null);
  }

  /** When the next page may be asked for; Infinity when none is waiting. */
  nextReadyMs(): number {
    return Math.min(this.#repairs.nextReadyMs(), this.segments.nextReadyMs());
  }

  /**
   * Marks a ready page as in flight and gives its cursor a life that outlasts the request.
   *
   * @param thresholdMs rebuild the cursor when less than this is left of it
   * @returns false when its cursor is dead and cannot be rebuilt: the walk must begin again
   */
  take(job: PageJob, nowMs: number, thresholdMs: number): boolean {
    if (!this.#seeker.renew(job, nowMs, thresholdMs)) return false;
    if (job.isTip) this.segments.of(job).taken();
    else this.#repairs.take(job);
    return true;
  }

  /** A page is to be asked for again, at `retryAtMs` or later. */
  putBack(job: PageJob, retryAtMs: number): void {
    job.retryAt(retryAtMs);
    if (!job.isTip) this.#repairs.add(job);
    else this.segments.of(job).putBack();
  }

  /** The body of a page that ends at `through` failed after its head had moved the tip on. */
  repair(job: PageJob, through: Position, retryAtMs: number): void {
    this.#hasSkipped = true;
    const repair = job.asRepair(through);
    repair.retryAt(retryAtMs);
    this.#repairs.add(repair);
  }

  /**
   * The chain goes on from this page again, for it is not known where its body ended. Pages behind it
   * that were asked for are the caller's to drop.
   */
  rewind(job: PageJob, retryAtMs: number): void {
    job.retryAt(retryAtMs);
    this.segments.of(job).rewindTo(job);
  }

  /** Whether the answer to a repair leads on. Its segment stays where it is. */
  repaired(job: PageJob, answer: Pick<HeadAnswer, 'hasMore' | 'nextPosition'>): Advance {
    const { hasMore, nextPosition } = answer;
    return !hasMore || leadsOn(nextPosition, job) ? { type: 'advanced' } : AGAINST_ORDER;
  }

  /** Moves a segment on by the answer to its tip. */
  advance(job: PageJob, answer: HeadAnswer, nowMs: number): Advance {
    const segment = this.segments.of(job);
    const way = this.paging.next(answer);
    const position = this.order.holds && way.type === 'next' ? answer.nextPosition : null;
    // A server whose cursors we cannot read would not read ours.
    if (way.type === 'next' && position === null) this.#seeker.failed();
    const advance = segment.advance(job, { ...answer, way, position });
    // An end proves no seek: a server that cannot read the cursor may say the same.
    if (way.type !== 'next' || advance.type === 'broken') return advance;
    if (job.isBuilt) {
      segment.proved();
      this.#seeker.proved();
    }
    if (this.order.holds) return advance;
    return this.#ahead.lead(segment, way.cursor, nowMs) ?? advance;
  }

  /** What committed pages cover is passed over by a chain that comes to one of their cursors. */
  joinCommitted(chains: Chains<CommittedPage>): void {
    this.#ahead.chains = chains;
  }

  /** It does not hold: only cursors that the API gave are used. */
  leaveOrder(): void {
    this.order.contradicted();
    this.#seeker.failed();
  }

  /** Ends all segments, for another walk to begin. @returns those with pages still to be requested */
  endAll(): number[] {
    const open = [...this.segments.open()];
    for (const { segment } of open) this.segments.end(segment);
    const numbers = [...open, ...(this.feed?.clear() ?? [])].map(({ segment }) => segment);
    return [...numbers, ...this.#repairs.clear()];
  }

  /** The page before is scanned: its end is where this tip starts. */
  settleAfter(segment: number, page: number, after: Position | null): void {
    const tip = this.segments.get(segment)?.tip;
    if (tip?.page === page) tip.startAfter(after);
  }

  /** Whether a tip is not asked for. */
  isWaiting(job: PageJob): boolean {
    const { tip, isReady } = this.segments.of(job);
    return isReady && tip === job;
  }

  /** Whether a cursor leads where that of a page does. */
  isRenewal(job: PageJob, cursor: string, position: Position | null): boolean {
    if (cursor === job.cursor) return true;
    const known = (job.cursor === null ? null : this.paging.placeOf(job.cursor)) ?? job.after;
    if (position !== null && known !== null) return comparePositions(position, known) === 0;
    return cursor !== job.predecessor?.cursor && !this.segments.of(job).hasSeen(cursor);
  }

  segmentOf(job: PageJob): Pick<Segment, 'bound' | 'isUnproven' | 'isOrphan'> {
    return this.segments.of(job);
  }

  /** A page is about to be written: takes the bound that its segment has by now. */
  rebound(page: BoundedPage): void {
    this.segments.of(page.job).rebound(page);
  }

  /** Whether a segment may be cut. Until a seek has proved true, `unprovenMax` are tried at once. */
  canSplit(unprovenMax: number): boolean {
    if (!this.canSeek || this.#seeker.isProven) return this.canSeek;
    return this.segments.unproven < unprovenMax;
  }

  /** Cuts a segment at `at`; what lies behind it belongs to the new one. */
  split(segment: number, at: Position, newSegment: number): void {
    const parent = this.segments.get(segment);
    assert(parent !== undefined, 'only a known segment is cut');
    this.#hasSkipped = true;
    const bound = parent.cutAt(at);
    this.segments.add({ segment: newSegment, after: at, bound }, true);
  }

  /**
   * A built cursor did not lead where it should: only cursors that the API gave are used, until a walk
   * would begin again for want of one. The page goes back, without its cursor.
   *
   * @param isFinal the API cannot read such cursors; else its answer contradicted the order
   * @returns the segments that only a built cursor would reach, and who has their stretch now. One
   *   that is not among them can only be reached by a walk from the start.
   */
  seekFailed(job: PageJob, isFinal: boolean): HandedOver[] {
    if (isFinal) this.#seeker.failed();
    else this.#seeker.contradicted();
    this.putBack(job, 0);
    job.dropCursor();
    const isCut = ({ tip, isReady }: Segment) => isReady && (tip.cursor === null || tip.isBuilt);
    return [...this.segments.all()].filter(isCut).flatMap(({ tip }) => this.handOver(tip) ?? []);
  }

  /**
   * Ends the segment of a page that cannot be reached: the chain before it walks on to its end. Rows
   * between the two are walked again.
   *
   * @param isNext only to a chain whose end is its start
   * @returns null when no chain is left before it
   */
  handOver(job: PageJob, isNext = false): HandedOver | null {
    const unreachable = this.segments.of(job);
    const nearest = chainBefore(this.segments.all(), unreachable);
    if (nearest === null || (isNext && !isNextTo(nearest, unreachable))) return null;
    nearest.takeOver(unreachable);
    return { segment: unreachable.number, to: nearest.number, bound: nearest.bound };
  }

  /** A repair that cannot be asked for is walked to. */
  dropRepair(job: PageJob): void {
    this.#repairs.take(job);
  }

  /** Whether a page of a segment is to be asked for again. */
  hasRepairOf(segment: number): boolean {
    return this.#repairs.hasOf(segment);
  }

  /** Ends a segment whose walk begins again elsewhere. */
  dropSegment(segment: number): void {
    this.segments.end(segment);
    this.#repairs.dropOf(segment);
  }
}
