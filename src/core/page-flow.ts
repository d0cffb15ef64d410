/**
 * Page flow: what an answer, a batch or a fault does to its page.
 *
 *   in flight ──head──▶ scanning ──batch──▶ writing ──committed──▶ (gone)
 *       │                   │
 *       └ fault ▶ back to   └ fault ▶ repair: asked for again, the tip has already moved on;
 *         the frontier        behind an opaque cursor the tip moves back to it
 */
import { comparePositions, isReached, type Position } from '../paging/position.js';
import { ChainWatch } from './chain-watch.js';
import type { CommittedCounts } from './committed-page.js';
import { Contradictions } from './contradictions.js';
import type { Fault } from './fault.js';
import { decideOnFault, decideOnRefreshFault } from './fault-decision.js';
import type { OutstandingPage } from './outstanding.js';
import type { PageJob } from './page-job.js';
import { locate, type RunContext } from './run-context.js';
import type { HeadFacts, SchedulerEvent } from './scheduler-types.js';

/** Answers to a page, asked for with a cursor that the API gave, until the order is called false. */
const ORDER_LOOKS = 3;

const NOT_RENEWED: Fault = {
  code: 'CONTRACT',
  message: 'the cursor that came leads to another place',
  retryable: true,
};

export class PageFlow {
  readonly #context: RunContext;
  readonly #contradictions: Contradictions;
  readonly #watch: ChainWatch;

  constructor(context: RunContext) {
    this.#context = context;
    this.#contradictions = new Contradictions(context);
    this.#watch = new ChainWatch(context);
  }

  /** Believes ends of the source that were announced, or asks for them again. */
  settleEnds(nowMs: number): void {
    this.#contradictions.settleEnds(nowMs);
  }

  headRead(taskId: number, head: HeadFacts, nowMs: number): void {
    const { options, outstanding } = this.#context;
    const page = outstanding.get(taskId);
    if (page === undefined || page.phase !== 'inFlight') return;
    this.#context.hasAnswer = true;
    this.#context.hasPage = true;
    options.frontier.serverClock.observe(head.dateMs, head.headAtMs);
    const { sentAtMs, headAtMs, dateMs = null, limits } = head;
    this.#context.starts.accepted(page.start, { sentAtMs, headAtMs, dateMs, observed: limits });
    this.#context.inFlightLimit.answered(head.endAtMs - head.sentAtMs, nowMs);
    options.credits.correct(taskId, head.bodyBytes);
    options.pageSize.succeeded(head.limit, page.limit);
    const lifeMs = head.cursorExpiresInMs ?? options.frontier.paging.cursorLifeMs;
    if (page.isDropped) outstanding.answered(page);
    else if (page.isRefresh) this.#refresh(page, head, head.sentAtMs + lifeMs, nowMs);
    else this.#moveOn(page, head, lifeMs, nowMs);
  }

  scanned(event: Extract<SchedulerEvent, { type: 'scanned' }>, nowMs: number): void {
    const { taskId, recordCount, firstPosition, lastPosition } = event;
    const { outstanding, options, splitter } = this.#context;
    const page = outstanding.get(taskId);
    if (page === undefined || page.phase !== 'scanning' || page.isDropped) {
      this.#context.release(taskId);
      return this.#context.say({ type: 'drop', taskId });
    }
    const { job } = page;
    const { total = null, hasMore = true, lastPlace = null } = page.head ?? {};
    const endMs = (hasMore ? lastPlace : (lastPosition ?? job.after))?.ms;
    const span = { from: firstPosition, through: lastPosition, rows: recordCount };
    const { after } = job;
    const told = { after, next: page.next, total, ...(endMs != null && { endMs }) };
    splitter.observe({ ...span, ...told });
    page.lastPosition = lastPosition;
    page.phase = 'held';
    this.#watch.order(page, event, nowMs);
    if (page.isDropped) return;
    this.#context.count(page, recordCount);
    const isEmptyEnd = !hasMore && recordCount === 0 && options.frontier.segmentOf(job).isUnproven;
    if (isEmptyEnd && this.#contradictions.hasNothing(page)) return;
    if (isEmptyEnd && this.#contradictions.wantsPlan(page)) return;
    this.#watch.endAtBound(page, event);
    for (const write of outstanding.scanned(page, options.frontier)) this.#context.say(write);
    if (hasMore && page.head !== null) this.#watch.progress(job, event, page.head);
  }

  committed(job: PageJob, counts: CommittedCounts): void {
    this.#watch.committed(job, counts);
  }

  failed(event: Extract<SchedulerEvent, { type: 'failed' }>, nowMs: number): void {
    const { outstanding, options } = this.#context;
    const page = outstanding.get(event.taskId);
    if (page === undefined) return;
    const wasInFlight = page.phase === 'inFlight';
    let { fault } = event;
    if (wasInFlight) {
      const { headAtMs, dateMs } = event;
      if (headAtMs !== null) {
        this.#context.hasAnswer = true;
        options.frontier.serverClock.observe(dateMs, headAtMs);
      }
      fault = this.#judge(page, event, nowMs);
    }
    this.#context.release(event.taskId);
    if (page.isDropped) return;
    if (page.isRefresh) this.#refreshFailed(page, fault, nowMs);
    else this.#decide(page, fault, wasInFlight, nowMs);
  }

  /** Tells the limiter, and says whether it was what refused. */
  #judge(
    page: OutstandingPage,
    event: Extract<SchedulerEvent, { type: 'failed' }>,
    nowMs: number,
  ): Fault {
    const { starts, options } = this.#context;
    const { limiter } = options;
    const { fault, headAtMs, dateMs = null, limits } = event;
    const sentAtMs = event.sentAtMs ?? page.start.takenMs;
    const answer = { sentAtMs, headAtMs, dateMs, observed: limits };
    const isUnsaid = fault.status === 503;
    if (fault.code !== 'RATE_LIMITED' && !(isUnsaid && limiter.mayBeRefusal(page.start))) {
      starts.failed(page.start, answer, isUnsaid);
      return fault;
    }
    const refusal: Fault = { ...fault, code: 'RATE_LIMITED', retryable: true };
    if (starts.refused(page.start, answer, nowMs)) {
      const waitMs = limiter.silentUntilMs - nowMs;
      const message = `nothing is sent for ${(waitMs / 1000).toFixed(1)} s`;
      this.#context.notice({ event: 'rate_limited', message }, page.job, refusal);
    }
    return refusal;
  }

  #refresh(page: OutstandingPage, head: HeadFacts, expiresAtMs: number, nowMs: number): void {
    const { outstanding, options } = this.#context;
    const { job } = page;
    outstanding.answered(page);
    // It was asked for meanwhile: what its cursor says is what it was asked with.
    if (!options.frontier.isWaiting(job)) return;
    const { nextCursor, nextPosition } = head;
    if (nextCursor === null || !options.frontier.isRenewal(job, nextCursor, nextPosition)) {
      return this.#refreshFailed(page, NOT_RENEWED, nowMs);
    }
    job.renewed(nextCursor, expiresAtMs);
  }

  /** The page itself has not failed: only its cursor was not renewed, and may still live. */
  #refreshFailed(page: OutstandingPage, fault: Fault, nowMs: number): void {
    const { options, inFlightLimit } = this.#context;
    const { job } = page;
    const decision = decideOnRefreshFault(job, fault, {
      backoff: options.backoff,
      random: options.random(),
    });
    if (isStrain(fault)) inFlightLimit.strained(nowMs);
    switch (decision.type) {
      case 'silence':
        return;
      case 'retry':
        job.refreshAt(nowMs + decision.delayMs);
        return;
      case 'leave':
        job.refreshAt(Number.POSITIVE_INFINITY);
        return;
      case 'failRun':
        return this.#context.fail(fault, job);
    }
  }

  #moveOn(page: OutstandingPage, head: HeadFacts, lifeMs: number, nowMs: number): void {
    const { options, outstanding } = this.#context;
    const { frontier } = options;
    const { job } = page;
    const { nextCursor, hasMore } = head;
    const nextPosition = this.#context.order.holds ? head.nextPosition : null;
    const expiresAtMs = head.sentAtMs + lifeMs;
    job.answered(Math.min(head.returned || page.limit, page.limit));
    const answer = { nextCursor, nextPosition, hasMore, expiresAtMs, lifeMs };
    const advance = job.isTip
      ? frontier.advance(job, answer, nowMs)
      : frontier.repaired(job, answer);
    if (advance.type === 'broken') {
      const fault: Fault = { code: 'CONTRACT', message: advance.reason, retryable: false };
      outstanding.answered(page);
      const orderLooks = advance.isAgainstOrder ? ORDER_LOOKS : null;
      return this.#contradictions.found(page, fault, nowMs, orderLooks);
    }
    this.#context.announced.observe(head);
    if (job.isTip) job.endsSegment(advance.type === 'ended');
    page.head = head;
    page.passedOver = advance.passedOver ?? 0;
    page.expiresAtMs = expiresAtMs;
    page.bound = job.repairThrough ?? frontier.segmentOf(job).bound;
    page.next = nextPosition;
    outstanding.answered(page);
    if (!job.isTip) this.#coverRest(page, head);
    this.#context.count(page, head.returned ?? 0);
  }

  /** A repair that got a smaller page than the one it replaces leaves a rest: a segment of its own. */
  #coverRest(page: OutstandingPage, head: HeadFacts): void {
    const { next, bound, expiresAtMs } = page;
    const { nextCursor, hasMore } = head;
    if (next === null || nextCursor === null || !hasMore) return;
    if (isReached(next, bound)) return;
    const cursor = { cursor: nextCursor, cursorExpiresAtMs: expiresAtMs };
    this.#context.open({ after: next, bound, ...cursor });
  }

  #decide(page: OutstandingPage, fault: Fault, wasInFlight: boolean, nowMs: number): void {
    const { options } = this.#context;
    const { job } = page;
    if (wasInFlight && this.#contradictions.isRefusedAhead(page, fault, nowMs)) return;
    if (fault.code === 'LIMIT_REFUSED' && options.pageSize.refused(page.limit)) {
      const message = `asked for again with ${options.pageSize.current} records`;
      this.#context.notice({ event: 'page_size_refused', message }, job, fault);
      return this.#again(page, wasInFlight, nowMs);
    }
    const decision = decideOnFault(job, fault, {
      backoff: options.backoff,
      random: options.random(),
      commits: this.#context.commits,
      heard: this.#context.heard(page.start.takenMs, nowMs),
    });
    options.pageSize.failed(fault, job.troubles.failures);
    if (isStrain(fault)) this.#context.inFlightLimit.strained(nowMs);
    switch (decision.type) {
      case 'silence':
        return this.#again(page, wasInFlight, nowMs);
      case 'newCursor': {
        if (job.isBuilt && isSeekRefused(fault, job)) {
          return this.#contradictions.seekFailed(page, fault);
        }
        const message = 'its cursor is rebuilt, or the walk begins again';
        this.#context.notice({ event: 'cursor_refused', message }, job, fault);
        job.dropCursor();
        return this.#again(page, wasInFlight, nowMs);
      }
      case 'retry': {
        const message = `again in ${(decision.delayMs / 1000).toFixed(1)} s`;
        const notice = { event: decision.isPause ? 'page_paused' : 'page_retried', message };
        this.#context.notice(notice, job, fault);
        return this.#again(page, wasInFlight, nowMs + decision.delayMs);
      }
      case 'pauseRun': {
        const { retryAfterMs, remedy } = fault;
        const reason = [`${decision.reason}: ${locate(fault, job).message}`, remedy]
          .filter(Boolean)
          .join('. ');
        const resumeAtMs = retryAfterMs === undefined ? null : nowMs + retryAfterMs;
        return this.#context.endIncomplete({ status: 'paused', reason, resumeAtMs });
      }
      case 'failRun':
        return this.#context.fail(decision.fault, job);
    }
  }

  #again(page: OutstandingPage, wasInFlight: boolean, retryAtMs: number): void {
    const { frontier } = this.#context.options;
    const { job } = page;
    if (wasInFlight) return frontier.putBack(job, retryAtMs);
    this.#context.count(page, 0);
    const end = this.#context.order.holds ? earlier(page.next, page.bound) : null;
    const through = job.repairThrough ?? end;
    if (through !== null) return frontier.repair(job, through, retryAtMs);
    this.#context.dropUnwritten(job.segment, job.page);
    frontier.rewind(job, retryAtMs);
  }
}

/** Where a page ends: at its bound, what lies behind being another segment's. Null: at no place known. */
function earlier(next: Position | null, bound: Position | null): Position | null {
  if (next === null || bound === null) return next;
  return comparePositions(next, bound) < 0 ? next : bound;
}

/**
 * Whether the refusal of a built cursor is one of all built cursors. The first that has expired may
 * have been built by the wrong clock; its answer's date has set that right.
 */
function isSeekRefused(fault: Fault, job: PageJob): boolean {
  return fault.code === 'CURSOR_INVALID' || job.troubles.cursorRefusals > 1;
}

/** Faults that tell of a server with too much to do. */
function isStrain(fault: Fault): boolean {
  return fault.code === 'RATE_LIMITED' || fault.code === 'TIMEOUT' || (fault.status ?? 0) >= 500;
}
