/**
 * Scheduler: takes what happened and the time, returns what to do.
 *
 * The ingestion loop collects events and calls `step`; nothing else moves the run. A page is, in turn:
 *
 *   in flight ──head──▶ scanning ──batch──▶ writing ──committed──▶ (gone)
 *       │                   │                  └ failed ▶ the run drains, exit 5
 *       └ fault ▶ back to   └ fault ▶ repair: asked for again,
 *         the frontier        the tip has already moved on
 *
 * Invariants
 *  - Starts in any window ≤ quota, and a start is in the saved log before its request leaves.
 *  - Uncommitted bytes ≤ credits; requests in flight ≤ concurrency.
 *  - A page is written only when both ends of what it covers are known.
 *  - After `drain` nothing starts; `finish` comes when nothing is outstanding.
 */
import { type BackoffPolicy, decideRetry } from './backoff.js';
import type { Credits } from './credits.js';
import { assert, type Fault, unreachable } from './fault.js';
import type { CursorCodec, Frontier, PageJob } from './frontier.js';
import { LimitLearning } from './limit-learning.js';
import { Outstanding, type OutstandingPage } from './outstanding.js';
import type { PageSize } from './page-size.js';
import { comparePositions, type Position } from './position.js';
import type {
  HeadFacts,
  Notice,
  RunOutcome,
  SchedulerCommand,
  SchedulerEvent,
} from './scheduler-types.js';
import { StartPlan } from './start-plan.js';
import type { TokenBucket } from './token-bucket.js';

/** Deaths of a worker with one page in hand until the page is reported. */
const WORKER_DEATHS_MAX = 3;
/** Walks that one process begins again before it says that the source cannot be walked so. */
const WALKS_MAX = 5;

export interface SchedulerOptions {
  readonly frontier: Frontier;
  readonly bucket: TokenBucket;
  readonly credits: Credits;
  readonly pageSize: PageSize;
  readonly codec: CursorCodec;
  readonly backoff: BackoffPolicy;
  readonly concurrency: number;
  /** Refresh or rebuild a cursor with less life than this left. */
  readonly cursorThresholdMs: number;
  /** Stop fetching once this many records were returned; null: at the end of the source. */
  readonly eventsMax: number | null;
  /** First number for segments that the scheduler opens itself. */
  readonly nextSegment: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #outstanding = new Outstanding();
  readonly #learning: LimitLearning;
  readonly #plan: StartPlan;
  #nextTask = 1;
  #nextSegment: number;
  /** The first request of a process goes alone: a wrong key or a full log then costs one. */
  #hasAnswer = false;
  #walks = 0;
  #returned = 0;
  #outcome: RunOutcome | null = null;
  #isFinished = false;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #commands: SchedulerCommand[] = [];

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#learning = new LimitLearning(options.bucket);
    this.#plan = new StartPlan(options.bucket);
    this.#nextSegment = options.nextSegment;
  }

  /** When `step` must be called again though nothing happens; Infinity: only with an event. */
  get wakeAtMs(): number {
    return this.#wakeAtMs;
  }

  get inFlight(): number {
    return this.#outstanding.inFlight;
  }

  /** Pages fetched and not committed. */
  get uncommitted(): number {
    return this.#outstanding.size - this.#outstanding.inFlight;
  }

  /** Segments still being walked, for the reader. */
  openSegments(): ReturnType<Frontier['open']> {
    return this.#options.frontier.open();
  }

  get isDraining(): boolean {
    return this.#outcome !== null;
  }

  step(events: readonly SchedulerEvent[], nowMs: number): SchedulerCommand[] {
    this.#commands = [];
    for (const event of events) this.#apply(event, nowMs);
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    if (this.#outcome === null) this.#dispatch(nowMs);
    this.#finishWhenDone();
    return this.#commands;
  }

  #apply(event: SchedulerEvent, nowMs: number): void {
    switch (event.type) {
      case 'head':
        return this.#onHead(event.taskId, event.head, nowMs);
      case 'scanned':
        return this.#onScanned(event.taskId, event.lastPosition);
      case 'refreshed':
        return this.#close(event.taskId);
      case 'failed':
        return this.#onFailed(event, nowMs);
      case 'committed':
        return this.#close(event.taskId);
      case 'writeFailed':
        this.#close(event.taskId);
        return this.#end({ status: 'failed', fault: event.fault });
      case 'limitsSaved':
        return this.#plan.saved();
      case 'drain':
        return this.#end(event.outcome);
      default:
        return unreachable(event);
    }
  }

  // --- answers ---------------------------------------------------------------------------------

  #onHead(taskId: number, head: HeadFacts, nowMs: number): void {
    const page = this.#outstanding.get(taskId);
    if (page === undefined || page.phase !== 'inFlight') return;
    const { bucket, credits, pageSize, codec, frontier } = this.#options;
    this.#hasAnswer = true;
    bucket.settle(page.takenMs, head.sentAtMs, head.headAtMs);
    this.#learning.observe(head.limits, page.ownStarts, this.#outstanding.inFlight - 1);
    credits.correct(taskId, head.bodyBytes);
    pageSize.succeeded(head.limit);
    const ttlMs = head.cursorExpiresInMs ?? codec.cursorTtlMs;
    const expiresAtMs = head.sentAtMs + ttlMs;
    if (page.isRefresh) {
      if (head.nextCursor !== null) {
        page.job.cursor = head.nextCursor;
        page.job.cursorExpiresAtMs = expiresAtMs;
      }
      this.#outstanding.answered(page);
      return;
    }
    const { job } = page;
    if (job.isTip) {
      const advance = frontier.advance(job, { ...head, expiresAtMs });
      if (advance.type === 'broken') return this.#onBroken(page, advance.reason, nowMs);
      if (advance.type === 'ended')
        this.#say({ type: 'endSegment', segment: job.segment, isSuperseded: false });
    }
    this.#returned += head.returned ?? 0;
    page.head = head;
    page.expiresAtMs = expiresAtMs;
    page.bound = job.repairThrough ?? frontier.boundOf(job.segment);
    page.next = head.nextCursor === null ? null : codec.readCursor(head.nextCursor);
    this.#outstanding.answered(page);
    if (!job.isTip) this.#coverRest(page);
    const { eventsMax } = this.#options;
    if (eventsMax !== null && this.#returned >= eventsMax) {
      this.#end({
        status: 'paused',
        reason: `--max-events ${eventsMax} reached`,
        resumeAtMs: null,
      });
    }
  }

  /** A repair that got a smaller page than the one it replaces leaves a rest: a segment of its own. */
  #coverRest(page: OutstandingPage): void {
    const { job, next, head } = page;
    const through = job.repairThrough;
    if (next === null || head === null || !head.hasMore) return;
    const hasRest = through === null || comparePositions(next, through) < 0;
    if (hasRest) this.#open({ after: next, bound: through ?? page.bound });
  }

  #onScanned(taskId: number, lastPosition: Position | null): void {
    const page = this.#outstanding.get(taskId);
    if (page === undefined || page.phase !== 'scanning') {
      return this.#say({ type: 'discard', taskId });
    }
    page.lastPosition = lastPosition;
    for (const write of this.#outstanding.scanned(page, this.#options.frontier)) this.#say(write);
  }

  // --- faults ----------------------------------------------------------------------------------

  #onFailed(event: Extract<SchedulerEvent, { type: 'failed' }>, nowMs: number): void {
    const page = this.#outstanding.get(event.taskId);
    if (page === undefined) return;
    const { bucket, pageSize } = this.#options;
    const { fault } = event;
    const wasInFlight = page.phase === 'inFlight';
    if (wasInFlight) {
      bucket.settle(page.takenMs, event.sentAtMs ?? page.takenMs, event.headAtMs);
      if (event.headAtMs !== null) {
        this.#hasAnswer = true;
        this.#learning.observe(event.limits, page.ownStarts, this.#outstanding.inFlight - 1);
      }
    }
    this.#outstanding.remove(event.taskId);
    if (wasInFlight && page.job.isTip) this.#options.credits.release(event.taskId);
    if (page.isRefresh) return;
    if (fault.code === 'RATE_LIMITED') {
      // Costs the page no attempt: the page is not at fault.
      bucket.refuse(nowMs, fault.retryAfterMs ?? null);
      this.#notice(
        'warn',
        'rate_limited',
        page.job,
        'the API refused a request; silent until its log has drained',
        fault,
      );
      return this.#again(page, wasInFlight, nowMs);
    }
    page.job.failures++;
    if (fault.code === 'WORKER_DIED') page.job.workerDeaths++;
    pageSize.failed(fault, page.job.failures);
    if (fault.code === 'CURSOR_EXPIRED' || fault.code === 'CURSOR_INVALID') {
      return this.#onCursorRefused(page, fault, nowMs);
    }
    if (!fault.retryable)
      return this.#end({ status: 'failed', fault: this.#located(fault, page.job) });
    if (page.job.workerDeaths >= WORKER_DEATHS_MAX) {
      const message = `the page has killed a worker ${WORKER_DEATHS_MAX} times: ${fault.message}`;
      return this.#end({
        status: 'failed',
        fault: this.#located({ ...fault, message, retryable: false }, page.job),
      });
    }
    this.#retry(page, fault, wasInFlight, nowMs);
  }

  #retry(page: OutstandingPage, fault: Fault, wasInFlight: boolean, nowMs: number): void {
    const { backoff, random } = this.#options;
    const decision = decideRetry(backoff, page.job.failures, random());
    if (decision.type === 'giveUp') {
      const reason = `the API is not well: ${this.#located(fault, page.job).message}`;
      return this.#end({ status: 'paused', reason, resumeAtMs: null });
    }
    const event = decision.isPause ? 'page_paused' : 'page_retried';
    const seconds = (decision.delayMs / 1000).toFixed(1);
    this.#notice(
      decision.isPause ? 'warn' : 'info',
      event,
      page.job,
      `again in ${seconds} s`,
      fault,
    );
    const delayMs = Math.max(decision.delayMs, fault.retryAfterMs ?? 0);
    this.#again(page, wasInFlight, nowMs + delayMs);
  }

  #again(page: OutstandingPage, wasInFlight: boolean, retryAtMs: number): void {
    const { frontier } = this.#options;
    if (wasInFlight) {
      if (!page.job.isTip) page.job.creditTaskId = page.taskId;
      return frontier.putBack(page.job, retryAtMs);
    }
    this.#returned -= page.head?.returned ?? 0;
    const through = page.job.repairThrough ?? page.next;
    frontier.repair(page.job, through, retryAtMs, page.taskId);
  }

  /** The answer contradicts itself: worth a second look, for a bad cache may serve an old page. */
  #onBroken(page: OutstandingPage, reason: string, nowMs: number): void {
    const { backoff, frontier, random } = this.#options;
    this.#close(page.taskId);
    page.job.failures++;
    const fault = this.#located({ code: 'CONTRACT', message: reason, retryable: false }, page.job);
    if (page.job.failures > backoff.maxRetries) return this.#end({ status: 'failed', fault });
    const decision = decideRetry({ ...backoff, maxPauses: 0 }, page.job.failures, random());
    const delayMs = decision.type === 'retry' ? decision.delayMs : 0;
    this.#notice('warn', 'page_contradicts', page.job, 'asked for again', fault);
    frontier.putBack(page.job, nowMs + delayMs);
  }

  #onCursorRefused(page: OutstandingPage, fault: Fault, nowMs: number): void {
    const { frontier, backoff } = this.#options;
    const { job } = page;
    if (job.failures > backoff.maxRetries) {
      return this.#end({
        status: 'failed',
        fault: this.#located({ ...fault, retryable: false }, job),
      });
    }
    this.#notice(
      'warn',
      'cursor_refused',
      job,
      'the cursor is rebuilt or the walk begins again',
      fault,
    );
    frontier.dropCursor(job);
    this.#again(page, true, nowMs);
  }

  /** An opaque cursor died: the segment is walked again from its start, known rows are duplicates. */
  #walkAgain(job: PageJob): void {
    const { frontier } = this.#options;
    if (++this.#walks > WALKS_MAX) {
      const message = 'cursors die sooner than the limit lets them be used';
      const remedy = 'A larger page (BATCH_SIZE) needs fewer requests';
      const fault = { code: 'CURSOR_EXPIRED', message, retryable: false, remedy } as const;
      return this.#end({ status: 'failed', fault: this.#located(fault, job) });
    }
    const bound = frontier.boundOf(job.segment);
    this.#notice(
      'warn',
      'walk_again',
      job,
      'its cursor is dead and cannot be rebuilt: from the start again',
    );
    for (const taskId of this.#outstanding.unwritten(job.segment)) this.#close(taskId);
    for (const { creditTaskId } of frontier.abandon(job.segment)) {
      if (creditTaskId !== null) this.#options.credits.release(creditTaskId);
    }
    this.#say({ type: 'endSegment', segment: job.segment, isSuperseded: true });
    this.#open({ after: null, bound });
  }

  // --- dispatch --------------------------------------------------------------------------------

  #dispatch(nowMs: number): void {
    const { frontier, credits, concurrency } = this.#options;
    for (;;) {
      if (!this.#hasAnswer && this.#outstanding.inFlight > 0) return;
      if (this.#outstanding.inFlight >= concurrency) return;
      const job = frontier.ready(nowMs);
      if (job === null) return this.#wakeAt(frontier.nextReadyMs());
      if (job.creditTaskId === null && !credits.hasRoom) {
        this.#wakeAt(frontier.nextRepairMs());
        return this.#refreshWhileWaiting(job, nowMs);
      }
      if (!this.#mayStart(nowMs)) return;
      if (!frontier.take(job, nowMs, this.#options.cursorThresholdMs)) {
        this.#walkAgain(job);
        if (this.#outcome !== null) return;
        continue;
      }
      this.#start(job, nowMs, { isRefresh: false, cursor: job.cursor });
    }
  }

  /** Whether a token is there and its start is in the saved log; else sees to both. */
  #mayStart(nowMs: number): boolean {
    const request = this.#plan.next(nowMs);
    if (request.log !== null) this.#say({ type: 'saveLimits', log: request.log });
    if (!request.isPermitted) this.#wakeAt(request.wakeAtMs);
    return request.isPermitted;
  }

  #start(job: PageJob, nowMs: number, how: { isRefresh: boolean; cursor: string | null }): void {
    const { bucket, credits, pageSize } = this.#options;
    bucket.take(nowMs);
    this.#plan.started();
    const taskId = this.#nextTask++;
    if (job.creditTaskId !== null) credits.release(job.creditTaskId);
    job.creditTaskId = null;
    if (!how.isRefresh) credits.reserve(taskId);
    this.#outstanding.add({
      taskId,
      job,
      takenMs: nowMs,
      ownStarts: bucket.startsInWindow(nowMs),
      isRefresh: how.isRefresh,
    });
    this.#say({
      type: 'fetch',
      taskId,
      segment: job.segment,
      page: job.page,
      cursor: how.cursor,
      limit: pageSize.current,
      isHeadOnly: how.isRefresh,
    });
  }

  /**
   * No credit is left (the database is slow or away) while an opaque cursor nears its end: asking
   * again for the page that gave it renews it, as long as that page's own cursor lives.
   */
  #refreshWhileWaiting(job: PageJob, nowMs: number): void {
    const { predecessor } = job;
    if (job.isAfterKnown && this.#options.frontier.canSeek) return;
    if (predecessor === null || this.#outstanding.isRefreshing(job)) return;
    const dueMs = job.cursorExpiresAtMs - this.#options.cursorThresholdMs;
    const isAlive = predecessor.cursor === null || predecessor.cursorExpiresAtMs > nowMs;
    if (!isAlive) return;
    if (nowMs < dueMs) return this.#wakeAt(dueMs);
    if (this.#mayStart(nowMs))
      this.#start(job, nowMs, { isRefresh: true, cursor: predecessor.cursor });
  }

  // --- ends ------------------------------------------------------------------------------------

  #finishWhenDone(): void {
    if (this.#isFinished || this.#outstanding.size > 0) return;
    if (this.#outcome === null && !this.#options.frontier.isExhausted) return;
    this.#isFinished = true;
    this.#say({ type: 'finish', outcome: this.#outcome ?? { status: 'complete' } });
  }

  /** The first reason to end is the one reported; a run that was complete anyway stays complete. */
  #end(outcome: RunOutcome): void {
    this.#outcome ??= outcome;
  }

  #open(range: { after: Position | null; bound: Position | null }): void {
    const seed = { segment: this.#nextSegment++, ...range };
    this.#options.frontier.add(seed);
    this.#say({ type: 'openSegment', seed });
  }

  #close(taskId: number): void {
    this.#outstanding.remove(taskId);
    this.#options.credits.release(taskId);
  }

  #wakeAt(atMs: number): void {
    this.#wakeAtMs = Math.min(this.#wakeAtMs, atMs);
  }

  #say(command: SchedulerCommand): void {
    this.#commands.push(command);
  }

  #located(fault: Fault, job: PageJob): Fault {
    return { ...fault, message: `segment ${job.segment}, page ${job.page}: ${fault.message}` };
  }

  #notice(
    level: Notice['level'],
    event: string,
    job: PageJob,
    message: string,
    fault?: Fault,
  ): void {
    assert(message !== '', 'a notice says something');
    const notice = { level, event, segment: job.segment, page: job.page, message };
    this.#say({ type: 'notice', notice: fault === undefined ? notice : { ...notice, fault } });
  }
}
