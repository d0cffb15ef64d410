/**
 * Dispatcher: which requests may leave now, and when to look again.
 *
 * A page leaves when it is ready, a slot is free, its bytes have credit, its start has a token, and
 * that start is reserved.
 */
import type { Fault } from './fault.js';
import type { PageJob } from './page-job.js';
import type { RunContext } from './run-context.js';
import type { StartAnswer } from './start-reservation.js';
import type { LimitPolicy } from './token-bucket.js';
import { type WaitReason, WaitTimes } from './wait-times.js';

/** A process that sleeps for a day looks like one that hangs; a quota of an hour is waited for. */
const WAIT_MS_MAX = 90 * 60_000;

/** Walks that one process begins again before it says that the source cannot be walked so. */
const WALKS_MAX = 5;

const UNKNOWN_ROWS =
  'a cursor has expired, and rows without a key would be stored twice if they came again: ' +
  'the next start removes what this run has stored of that chain and begins it anew. A primary_key makes that needless';

export class Dispatcher {
  readonly waits = new WaitTimes();
  readonly #context: RunContext;
  #nextTask = 1;
  /** What a start was last asked for in vain for, in this step; null: it was not. */
  #obstacle: WaitReason | null = null;
  #walks = 0;
  #isShort = false;
  #wakeAtMs = Number.POSITIVE_INFINITY;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** In the last step: a request more could be made, and no page was there for it. */
  get isShort(): boolean {
    return this.#isShort;
  }

  /** The starts that were asked for are reserved, or as many as others left. */
  startsReserved(answer: StartAnswer): void {
    this.#context.starts.reserved(answer);
  }

  /** Starts what may start. @returns when to be called again though nothing happens */
  dispatch(nowMs: number): number {
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    this.#obstacle = null;
    this.#isShort = false;
    this.waits.waitFor(this.#startAll(nowMs), nowMs);
    const { outcome, starts } = this.#context;
    if (this.#obstacle === null || outcome !== null) starts.withdraw();
    return this.#wakeAtMs;
  }

  /** @returns what the next start waits for */
  #startAll(nowMs: number): WaitReason {
    const { outstanding, options } = this.#context;
    const { frontier, credits, cursorThresholdMs } = options;
    while (this.#context.outcome === null) {
      if (!this.#context.hasAnswer && outstanding.inFlight > 0) return 'answer';
      if (outstanding.inFlight >= this.#slots) return 'slot';
      const job = frontier.ready(nowMs) ?? this.#splitOff(nowMs);
      if (job === null) {
        this.#wakeAt(frontier.nextReadyMs());
        this.#pauseFor(frontier.nextReadyMs(), nowMs);
        this.#isShort = frontier.isIdle || outstanding.inFlight < this.#useful;
        return frontier.isIdle ? 'end' : 'answer';
      }
      if (!credits.hasRoom) {
        this.#refreshWhileWaiting(job, nowMs);
        return 'credit';
      }
      if (!this.#mayStart(nowMs)) {
        this.#pauseWhileRefused(nowMs);
        return this.#obstacle ?? 'permit';
      }
      if (frontier.take(job, nowMs, cursorThresholdMs)) this.#start(job, nowMs, job.cursor, false);
      else this.#walkAgain(job);
    }
    return 'end';
  }

  /** As the user permits, and as the API bears. */
  get #slots(): number {
    const { concurrency, limiter } = this.#context.options;
    return Math.min(concurrency, limiter.inFlightMax ?? concurrency);
  }

  /** Requests in flight that the API can make use of. */
  get #useful(): number {
    const { options, inFlightLimit } = this.#context;
    return inFlightLimit.useful(this.#learnedPolicy, options.limiter.inFlightMax);
  }

  /** All open segments have their page in flight: cuts one in two, where one more is of use. */
  #splitOff(nowMs: number): PageJob | null {
    const { options, outstanding, splitter, order } = this.#context;
    const { frontier, credits } = options;
    if (!order.holds) return null;
    const useful = this.#useful;
    const isUseful = outstanding.inFlight < useful;
    // A false seek costs a request: under a limit one is tried first.
    const unprovenMax = this.#learnedPolicy !== null ? 1 : useful;
    if (!isUseful || !credits.hasRoom || !frontier.canSplit(unprovenMax)) return null;
    const split = splitter.best([...frontier.segments.cuttable()]);
    if (split === null) return null;
    this.#context.split(split.segment, split.at);
    return frontier.ready(nowMs);
  }

  /**
   * A limit that is only assumed bounds the starts by its log, and says nothing of how many chains
   * there should be: where none comes to be known, waiting for it would cost a latency or two.
   */
  get #learnedPolicy(): LimitPolicy | null {
    const { starts, options } = this.#context;
    return options.limiter.isLearned ? starts.policy : null;
  }

  /** Whether a token is there and its start is reserved; else sees to both. */
  #mayStart(nowMs: number): boolean {
    const decision = this.#context.starts.next(nowMs);
    const { request, waitsFor = 'permit' } = decision;
    this.#obstacle = decision.isPermitted ? null : waitsFor;
    if (request !== null) this.#context.say({ type: 'reserveStarts', request });
    if (!decision.isPermitted) this.#wakeAt(decision.wakeAtMs);
    return decision.isPermitted;
  }

  #start(job: PageJob, nowMs: number, cursor: string | null, isRefresh: boolean): void {
    const { options, outstanding } = this.#context;
    const { credits, pageSize, frontier } = options;
    const start = this.#context.starts.take(nowMs);
    const taskId = options.nextTaskId?.() ?? this.#nextTask++;
    if (!isRefresh) credits.reserve(taskId);
    // The page before, in its old size: the next cursor of a larger one would skip records.
    const limit = (isRefresh ? job.predecessor?.limit : null) ?? pageSize.current;
    // Where the next page already waits for credit, a cursor more is of no use before a commit.
    const isHeadUrgent = !isRefresh && (credits.hasRoom || frontier.ready(nowMs) === null);
    outstanding.add({ taskId, job, limit, start, isRefresh });
    const { segment, page } = job;
    const ending = job.isBehindEnd ? { isBehindEnd: true } : {};
    const asked = { taskId, segment, page, cursor, limit, startMs: start.takenMs, ...ending };
    this.#context.say({ type: 'fetch', ...asked, isHeadOnly: isRefresh, isHeadUrgent });
  }

  /**
   * No credit is left (the database is slow or away) while an opaque cursor nears its end: asking
   * again for the page that gave it renews it, as long as that page's own cursor lives.
   */
  #refreshWhileWaiting(job: PageJob, nowMs: number): void {
    const { options, outstanding } = this.#context;
    const { predecessor } = job;
    if (job.isAfterKnown && options.frontier.canSeek) return;
    if (predecessor === null || outstanding.isRefreshing(job)) return;
    const isAlive = predecessor.cursor === null || predecessor.cursorExpiresAtMs > nowMs;
    if (!isAlive) return;
    // Half of a short life is soon enough: else every page would be asked for twice.
    const thresholdMs = Math.min(options.cursorThresholdMs, job.cursorLifeMs / 2);
    const dueMs = Math.max(job.cursorExpiresAtMs - thresholdMs, job.refreshAtMs);
    if (nowMs < dueMs) return this.#wakeAt(dueMs);
    if (this.#mayStart(nowMs)) this.#start(job, nowMs, predecessor.cursor, true);
  }

  /**
   * A cursor died that cannot be rebuilt: what it led to is walked again, known rows are duplicates.
   * For a repair that is one page; the chain that has moved on is not concerned.
   */
  #walkAgain(job: PageJob): void {
    const { frontier, knowsRows = true } = this.#context.options;
    if (!knowsRows) {
      return this.#context.endIncomplete({
        status: 'paused',
        reason: UNKNOWN_ROWS,
        resumeAtMs: null,
      });
    }
    if (this.#context.isOfChildren) return this.#walkChildAgain(job);
    const given = job.isTip ? frontier.handOver(job) : null;
    if (given === null && ++this.#walks > WALKS_MAX) {
      return this.#context.fail(tooShortLived(), job);
    }
    const cause = 'its cursor is dead and cannot be rebuilt';
    const notice =
      given === null
        ? { event: 'walk_restarted', message: `${cause}: from the start again` }
        : {
            event: 'segment_given_back',
            message: `${cause}: segment ${given.to} walks on to its end`,
          };
    this.#context.notice(notice, job);
    if (!job.isTip) {
      frontier.dropRepair(job);
      this.#context.open({ after: null, bound: job.repairThrough });
      return this.#context.closeEnded(job.segment);
    }
    this.#context.dropUnwritten(job.segment);
    frontier.dropSegment(job.segment);
    if (given !== null) return this.#context.handOver(given);
    this.#context.received.walkFrom({ restarts: true, returned: 0 });
    this.#context.open({ after: null, bound: frontier.segmentOf(job).bound });
    this.#context.supersede(job.segment);
  }

  #walkChildAgain(job: PageJob): void {
    const message = 'its cursor is dead and cannot be rebuilt: the child is walked again';
    this.#context.notice({ event: 'child_restarted', message }, job);
    const walks = this.#context.options.frontier.segments.of(job).restart();
    if (walks > WALKS_MAX) this.#context.fail(tooShortLived(), job);
  }

  /** A server that refuses everything is waited for as long as one that asks for the whole wait. */
  #pauseWhileRefused(nowMs: number): void {
    const { starts, options } = this.#context;
    const sinceMs = options.limiter.refusedSinceMs ?? nowMs;
    this.#pauseFor(starts.nextStartMs(nowMs), Math.min(sinceMs, nowMs));
  }

  /** Nothing can start before `atMs` (Infinity: before an answer): ends the run where that is far. */
  #pauseFor(atMs: number, nowMs: number): void {
    const { outstanding, options } = this.#context;
    const isTooLong = Number.isFinite(atMs) && atMs - nowMs > (options.waitMsMax ?? WAIT_MS_MAX);
    // An answer that is on its way may say otherwise.
    if (!isTooLong || outstanding.inFlight > 0) return;
    const reason = `nothing may be asked of the API before ${new Date(atMs).toISOString()}`;
    this.#context.end({ status: 'paused', reason, resumeAtMs: atMs });
  }

  #wakeAt(atMs: number): void {
    this.#wakeAtMs = Math.min(this.#wakeAtMs, atMs);
  }
}

function tooShortLived(): Fault {
  return {
    code: 'CURSOR_EXPIRED',
    message: 'cursors die sooner than the limit lets them be used',
    retryable: false,
    remedy: 'A larger page (BATCH_SIZE) needs fewer requests',
  };
}
