/**
 * Page flow: what an answer, a batch or a fault does to its page.
 *
 *   in flight ──head──▶ scanning ──batch──▶ writing ──committed──▶ (gone)
 *       │                   │
 *       └ fault ▶ back to   └ fault ▶ repair: asked for again,
 *         the frontier        the tip has already moved on
 */

import type { Fault } from './fault.js';
import { decideOnContradiction, decideOnFault, decideOnRefreshFault } from './fault-decision.js';
import type { OutstandingPage } from './outstanding.js';
import type { PageJob } from './page-job.js';
import { comparePositions, type Position } from './position.js';
import { locate, type RunContext } from './run-context.js';
import type { HeadFacts, SchedulerEvent } from './scheduler-types.js';

/** Answers to one page that contradict the order until a seek that has proved true is called false. */
const SEEK_LOOKS = 3;

export class PageFlow {
  readonly #context: RunContext;
  /** Records that the pages hold: as they say, then as they are found. */
  #returned = 0;

  constructor(context: RunContext) {
    this.#context = context;
  }

  headRead(taskId: number, head: HeadFacts, nowMs: number): void {
    const { options, outstanding } = this.#context;
    const page = outstanding.get(taskId);
    if (page === undefined || page.phase !== 'inFlight') return;
    this.#settle(page, head.sentAtMs, head.headAtMs);
    options.frontier.serverClock.observe(head.dateMs, head.headAtMs);
    this.#learn(page, head.limits, head.sentAtMs);
    this.#context.inFlightLimit.answered(head.endAtMs - head.sentAtMs, nowMs);
    options.credits.correct(taskId, head.bodyBytes);
    options.pageSize.succeeded(head.limit, page.limit);
    const lifeMs = head.cursorExpiresInMs ?? options.cursors.cursorTtlMs;
    if (page.isRefresh) this.#refresh(page, head, head.sentAtMs + lifeMs);
    else this.#moveOn(page, head, lifeMs, nowMs);
  }

  scanned(event: Extract<SchedulerEvent, { type: 'scanned' }>): void {
    const { taskId, recordCount, firstPosition, lastPosition } = event;
    const { outstanding, options, splitter } = this.#context;
    const page = outstanding.get(taskId);
    if (page === undefined || page.phase !== 'scanning') {
      return this.#context.say({ type: 'discard', taskId });
    }
    const { total = null, hasMore = true } = page.head ?? {};
    const endMs = hasMore ? null : (lastPosition ?? page.job.after)?.ms;
    const span = { from: firstPosition, through: lastPosition, rows: recordCount };
    splitter.observe({ ...span, total, ...(endMs != null && { endMs }) });
    page.lastPosition = lastPosition;
    this.#count(page, recordCount);
    for (const write of outstanding.scanned(page, options.frontier)) this.#context.say(write);
  }

  failed(event: Extract<SchedulerEvent, { type: 'failed' }>, nowMs: number): void {
    const { outstanding, options } = this.#context;
    const page = outstanding.get(event.taskId);
    if (page === undefined) return;
    const wasInFlight = page.phase === 'inFlight';
    if (wasInFlight) {
      this.#settle(page, event.sentAtMs, event.headAtMs);
      // A load balancer's error page says nothing of limits: only a page's silence means none.
      const { limits, sentAtMs, headAtMs, dateMs } = event;
      if (headAtMs !== null) options.frontier.serverClock.observe(dateMs, headAtMs);
      if (limits !== null) this.#learn(page, limits, sentAtMs ?? page.takenMs);
    }
    this.#context.close(event.taskId);
    if (page.isRefresh) this.#refreshFailed(page, event.fault, nowMs);
    else this.#decide(page, event.fault, wasInFlight, nowMs);
  }

  #settle(page: OutstandingPage, sentAtMs: number | null, headAtMs: number | null): void {
    this.#context.options.bucket.settle(page.takenMs, sentAtMs ?? page.takenMs, headAtMs);
    if (headAtMs !== null) this.#context.hasAnswer = true;
  }

  #learn(page: OutstandingPage, limits: HeadFacts['limits'], sentAtMs: number): void {
    const { learning, outstanding } = this.#context;
    learning.observe(limits, sentAtMs, page.ownStarts, outstanding.inFlight - 1);
  }

  #refresh(page: OutstandingPage, head: HeadFacts, expiresAtMs: number): void {
    if (head.nextCursor !== null) {
      page.job.cursor = head.nextCursor;
      page.job.cursorExpiresAtMs = expiresAtMs;
      page.job.refreshFailures = 0;
    }
    this.#context.outstanding.answered(page);
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
        return this.#silence(job, fault, nowMs);
      case 'retry':
        job.refreshAtMs = nowMs + decision.delayMs;
        return;
      case 'leave':
        job.refreshAtMs = Number.POSITIVE_INFINITY;
        return;
      case 'failRun':
        return this.#context.fail(fault, job);
    }
  }

  #silence(job: PageJob, fault: Fault, nowMs: number): void {
    this.#context.options.bucket.refuse(nowMs, fault.retryAfterMs ?? null);
    const message = 'silent until the log of the API has drained';
    this.#context.notice({ event: 'rate_limited', message }, job, fault);
  }

  #moveOn(page: OutstandingPage, head: HeadFacts, lifeMs: number, nowMs: number): void {
    const { options, outstanding } = this.#context;
    const { frontier } = options;
    const { job } = page;
    const { nextCursor, nextPosition, hasMore } = head;
    const expiresAtMs = head.sentAtMs + lifeMs;
    job.limit = Math.min(head.returned || page.limit, page.limit);
    const answer = { nextCursor, nextPosition, hasMore, expiresAtMs, lifeMs };
    const advance = job.isTip ? frontier.advance(job, answer) : frontier.repaired(job, answer);
    if (advance.type === 'broken') return this.#contradicted(page, advance.reason, nowMs);
    if (advance.type === 'ended') {
      this.#context.say({ type: 'endSegment', segment: job.segment, isSuperseded: false });
    }
    page.head = head;
    page.expiresAtMs = expiresAtMs;
    page.bound = job.repairThrough ?? frontier.boundOf(job.segment);
    page.next = nextPosition;
    outstanding.answered(page);
    if (!job.isTip) this.#coverRest(page, head);
    this.#count(page, head.returned ?? 0);
  }

  /** @param records of the page, as it says or as they were found */
  #count(page: OutstandingPage, records: number): void {
    const { eventsMax } = this.#context.options;
    this.#returned += records - page.records;
    page.records = records;
    if (eventsMax !== null && this.#returned >= eventsMax) {
      const reason = `--max-events ${eventsMax} reached`;
      this.#context.end({ status: 'paused', reason, resumeAtMs: null });
    }
  }

  /** A repair that got a smaller page than the one it replaces leaves a rest: a segment of its own. */
  #coverRest(page: OutstandingPage, head: HeadFacts): void {
    const { next, bound } = page;
    const through = page.job.repairThrough;
    if (next === null || !head.hasMore) return;
    const hasRest = through === null || comparePositions(next, through) < 0;
    if (hasRest) this.#context.open({ after: next, bound: through ?? bound });
  }

  #decide(page: OutstandingPage, fault: Fault, wasInFlight: boolean, nowMs: number): void {
    const { options } = this.#context;
    const { job } = page;
    const decision = decideOnFault(job, fault, {
      backoff: options.backoff,
      random: options.random(),
      commits: this.#context.commits,
    });
    options.pageSize.failed(fault, job.failures);
    if (isStrain(fault)) this.#context.inFlightLimit.strained(nowMs);
    switch (decision.type) {
      case 'silence':
        this.#silence(job, fault, nowMs);
        return this.#again(page, wasInFlight, nowMs);
      case 'newCursor': {
        if (job.isBuilt && isSeekRefused(fault, job)) return this.#seekFailed(page, fault);
        const message = 'its cursor is rebuilt, or the walk begins again';
        this.#context.notice({ event: 'cursor_refused', message }, job, fault);
        options.frontier.dropCursor(job);
        return this.#again(page, wasInFlight, nowMs);
      }
      case 'retry': {
        const message = `again in ${(decision.delayMs / 1000).toFixed(1)} s`;
        const notice = { event: decision.isPause ? 'page_paused' : 'page_retried', message };
        this.#context.notice(notice, job, fault);
        return this.#again(page, wasInFlight, nowMs + decision.delayMs);
      }
      case 'pauseRun': {
        const reason = `the API is not well: ${locate(fault, job).message}`;
        const { retryAfterMs } = fault;
        const resumeAtMs = retryAfterMs === undefined ? null : nowMs + retryAfterMs;
        return this.#context.giveUp({ status: 'paused', reason, resumeAtMs });
      }
      case 'failRun':
        return this.#context.fail(decision.fault, job);
    }
  }

  #contradicted(page: OutstandingPage, reason: string, nowMs: number): void {
    const { options } = this.#context;
    const { job } = page;
    const fault: Fault = { code: 'CONTRACT', message: reason, retryable: false };
    this.#context.close(page.taskId);
    // Before any seek has proved true, to ask again would let the chains end that are to take over.
    const looks = options.frontier.isSeekProven ? SEEK_LOOKS : 1;
    if (job.isBuilt && job.contradictions + 1 >= looks) return this.#seekFailed(page, fault);
    const decision = decideOnContradiction(job, {
      backoff: options.backoff,
      random: options.random(),
    });
    if (decision.type === 'failRun') return this.#context.fail(fault, job);
    const message = 'asked for again';
    this.#context.notice({ event: 'page_contradicted', message }, job, fault);
    options.frontier.putBack(job, nowMs + decision.delayMs);
  }

  /** A cursor that was built here does not lead where it should: one chain on given cursors. */
  #seekFailed(page: OutstandingPage, fault: Fault): void {
    const { frontier } = this.#context.options;
    const { job } = page;
    const message = 'positions cannot be sought; one chain from here on';
    this.#context.notice({ event: 'seek_failed', message }, job, fault);
    const isFinal = fault.code !== 'CONTRACT';
    for (const given of frontier.seekFailed(job, isFinal)) this.#context.giveBack(given);
  }

  #again(page: OutstandingPage, wasInFlight: boolean, retryAtMs: number): void {
    const { frontier } = this.#context.options;
    const { job } = page;
    if (wasInFlight) return frontier.putBack(job, retryAtMs);
    this.#returned -= page.records;
    const through = job.repairThrough ?? earlier(page.next, page.bound);
    if (through !== null) return frontier.repair(job, through, retryAtMs);
    for (const given of this.#context.giveUpUnwritten(job.segment, job.page)) {
      this.#returned -= given.records;
    }
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
  return fault.code === 'CURSOR_INVALID' || job.cursorRefusals > 1;
}

/** Faults that tell of a server with too much to do. */
function isStrain(fault: Fault): boolean {
  return fault.code === 'RATE_LIMITED' || fault.code === 'TIMEOUT' || (fault.status ?? 0) >= 500;
}
