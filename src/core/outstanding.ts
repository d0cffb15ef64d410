/**
 * Outstanding pages: asked for and not yet committed, each in one phase.
 *
 *   inFlight ──▶ scanning ──▶ held ──▶ writing
 *
 * `held`: scanned, but the page before is not, or whether it is the last is not known. Behind an opaque
 * cursor a page starts at the last row of the page before, and has to be asked for anew where that one
 * breaks; an end that was announced is first believed (announced-end.ts).
 */
import { comparePositions, endOfInstant, isReached, type Position } from '../paging/position.js';
import type { OwnStart } from './announced-limits.js';
import type { CommittedPage, PageLink } from './committed-page.js';
import { assert } from './fault.js';
import type { Frontier } from './frontier.js';
import type { PageJob } from './page-job.js';
import type { HeadFacts, SchedulerCommand } from './scheduler-types.js';
import type { SourceOrder } from './source-order.js';

export interface OutstandingPage {
  readonly taskId: number;
  readonly job: PageJob;
  /** Records that were asked for. */
  readonly limit: number;
  phase: 'inFlight' | 'scanning' | 'held' | 'writing';
  /** As the limiter recorded it. */
  readonly start: OwnStart;
  /** Only its cursor is wanted. */
  readonly isRefresh: boolean;
  head: HeadFacts | null;
  /** When the cursor that it gave dies, epoch ms. */
  expiresAtMs: number;
  /** What lies behind this belongs to another segment; null: nothing does. */
  bound: Position | null;
  /** Where its next cursor points behind; null: opaque, or none. */
  next: Position | null;
  lastPosition: Position | null;
  /** The last place that it covers, once it is written; null: the end of the source. */
  through: Position | null;
  /** Records of committed pages between it and the next that is asked for. */
  passedOver: number;
  /** That it holds: as it says, then as they were found. */
  records: number;
  /** Its segment is walked again from before it: its answer counts for the limit alone. */
  isDropped: boolean;
}

type WriteCommand = Extract<SchedulerCommand, { type: 'write' }>;

export class Outstanding {
  readonly #pages = new Map<number, OutstandingPage>();
  readonly #order: SourceOrder;
  /** What was given to the writer, for a walk that has to go on by its cursors. */
  readonly #written: CommittedPage[];
  #inFlight = 0;

  /** @param earlier pages that earlier processes have committed */
  constructor(order: SourceOrder, earlier: readonly CommittedPage[]) {
    this.#order = order;
    this.#written = order.holds ? [...earlier] : [];
  }

  /** As long as the order holds, all pages of the run that are committed or with the writer. */
  get written(): readonly CommittedPage[] {
    return this.#written;
  }

  get size(): number {
    return this.#pages.size;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Pages by phase, for the reader. */
  countByPhase(): Record<OutstandingPage['phase'], number> {
    const counts = { inFlight: 0, scanning: 0, held: 0, writing: 0 };
    for (const { phase } of this.#pages.values()) counts[phase]++;
    return counts;
  }

  get(taskId: number): OutstandingPage | undefined {
    return this.#pages.get(taskId);
  }

  add(started: Pick<OutstandingPage, 'taskId' | 'job' | 'limit' | 'start' | 'isRefresh'>): void {
    const { taskId, job, limit, start, isRefresh } = started;
    this.#pages.set(taskId, {
      taskId,
      job,
      limit,
      start,
      isRefresh,
      phase: 'inFlight',
      head: null,
      expiresAtMs: 0,
      bound: null,
      next: null,
      lastPosition: null,
      through: null,
      passedOver: 0,
      records: 0,
      isDropped: false,
    });
    this.#inFlight++;
  }

  answered(page: OutstandingPage): void {
    assert(page.phase === 'inFlight', 'a page is answered once');
    page.phase = 'scanning';
    this.#inFlight--;
  }

  remove(taskId: number): void {
    const page = this.#pages.get(taskId);
    if (page === undefined) return;
    if (page.phase === 'inFlight') this.#inFlight--;
    this.#pages.delete(taskId);
  }

  /** Whether a page of a segment is not committed yet. */
  hasOf(segment: number): boolean {
    for (const { job, isDropped, isRefresh } of this.#pages.values()) {
      if (job.segment === segment && !isDropped && !isRefresh) return true;
    }
    return false;
  }

  isRefreshing(job: PageJob): boolean {
    for (const page of this.#pages.values()) if (page.isRefresh && page.job === job) return true;
    return false;
  }

  /** Pages that say the source ends short of their bound, and are not believed yet. */
  ends(): OutstandingPage[] {
    return [...this.#pages.values()].filter(
      (page) => page.phase === 'held' && page.job.isAfterKnown && this.isShortEnd(page),
    );
  }

  /** Whether a page that ends at a place, and its segment with it, says that the source does. */
  isEndToldAt(place: Position): boolean {
    const isThere = (end: Position | null) => end !== null && comparePositions(end, place) === 0;
    const isWritten = this.#written.some(({ hasMore, through }) => !hasMore && isThere(through));
    // Its rows need not be scanned yet: the answer has said it.
    const tells = ({ head, bound, isDropped }: OutstandingPage) =>
      !isDropped && head?.hasMore === false && isThere(bound);
    return isWritten || [...this.#pages.values()].some(tells);
  }

  /** Pages that are with the writer, all rows of which are their segments'. */
  writtenWhole(): OutstandingPage[] {
    return [...this.#pages.values()].filter((page) => page.phase === 'writing' && !isClipped(page));
  }

  /** An announced end is believed: returns what can be written now. */
  believed(page: OutstandingPage): WriteCommand {
    page.phase = 'writing';
    return this.#writeCommand(page);
  }

  /** Whether all before a page of its segment is written whole, and nothing behind it. */
  isUnbrokenUntil(job: PageJob): boolean {
    if (this.#written.some(({ clipped }) => clipped > 0)) return false;
    return [...this.#pages.values()].every(({ job: other, phase, isDropped, isRefresh }) => {
      if (other.segment !== job.segment || isDropped || isRefresh) return true;
      return other === job || other.page < job.page === (phase === 'writing');
    });
  }

  /** Pages that wait for the end of another, or to be believed; null while any page is on its way. */
  heldOnly(): number[] | null {
    const pages = [...this.#pages.values()];
    return pages.every(({ phase }) => phase === 'held') ? pages.map(({ taskId }) => taskId) : null;
  }

  /** Pages that the writer does not have; of one segment, behind one of its pages. */
  unwritten(of?: { readonly segment: number; readonly behindPage: number }): OutstandingPage[] {
    return [...this.#pages.values()].filter(({ job, phase, isDropped }) => {
      const isOf = of === undefined || (job.segment === of.segment && job.page > of.behindPage);
      return isOf && phase !== 'writing' && !isDropped;
    });
  }

  /**
   * A page is scanned: returns what can be written now, the page itself and those that waited for
   * its end.
   */
  scanned(scanned: OutstandingPage, frontier: Frontier): WriteCommand[] {
    const writable: WriteCommand[] = [];
    scanned.phase = 'held';
    let page: OutstandingPage | undefined = scanned;
    while (page?.phase === 'held' && page.job.isAfterKnown && !this.isShortEnd(page)) {
      page.phase = 'writing';
      frontier.rebound(page);
      writable.push(this.#writeCommand(page));
      const { segment, page: number } = page.job;
      const { through, head } = page;
      if (head?.hasMore !== true) break;
      frontier.settleAfter(segment, number + 1, through);
      page = this.#successor(segment, number + 1);
      page?.job.startAfter(through);
    }
    return writable;
  }

  /** Whether it is the last page, though what its segment is to cover reaches further. */
  isShortEnd({ head, bound, lastPosition, job }: OutstandingPage): boolean {
    if (head?.hasMore !== false) return false;
    const end = lastPosition ?? job.after;
    return end === null || !isReached(end, bound);
  }

  #writeCommand(page: OutstandingPage): WriteCommand {
    const { job, head, taskId, bound } = page;
    assert(head !== null, 'a scanned page has a head');
    const isOrdered = this.#order.holds;
    page.through = isOrdered ? endOf(page) : null;
    const link: PageLink = {
      segment: job.segment,
      page: job.page,
      cursor: job.cursor,
      nextCursor: head.nextCursor,
      nextCursorExpiresAtMs: head.nextCursor === null ? null : page.expiresAtMs,
      hasMore: head.hasMore,
      isOrdered,
      after: isOrdered ? job.after : null,
      through: page.through,
    };
    if (isOrdered) {
      // How many were left out is the writer's to count.
      this.#written.push({ ...link, clipped: isClipped(page) ? 1 : 0, returned: page.records });
    }
    return { type: 'write', taskId, ...link, bound: isOrdered ? bound : null };
  }

  #successor(segment: number, number: number): OutstandingPage | undefined {
    for (const page of this.#pages.values()) {
      const isAt = page.job.segment === segment && page.job.page === number;
      if (isAt && !page.isRefresh && !page.isDropped) return page;
    }
    return undefined;
  }
}

/** Whether rows of it are left to the segment behind its own. */
function isClipped({ bound, lastPosition }: OutstandingPage): boolean {
  return bound !== null && lastPosition !== null && lastPosition.ms < bound.ms;
}

/** The last place that the page covers; null: the end of the source. */
function endOf(page: OutstandingPage): Position | null {
  const { head, bound, next, lastPosition, job } = page;
  assert(head !== null, 'a scanned page has a head');
  // Within the bound's instant a page may start behind it: what it covers is the rest of the instant.
  const isBehind = bound !== null && job.after !== null && comparePositions(job.after, bound) >= 0;
  const last = isBehind ? endOfInstant(bound) : bound;
  if (!head.hasMore) return last;
  const reached = next ?? lastPosition ?? job.after;
  // Null would mean the end of the source, and a resume would take the run for complete.
  assert(reached !== null, 'where an order holds, it is known where a page ends');
  return isReached(reached, bound) ? last : reached;
}
