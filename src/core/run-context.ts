/**
 * What the halves of the scheduler share: the parts it decides with, the pages outstanding, the
 * commands of this step, and how the run ends.
 */

import type { Position } from '../paging/position.js';
import { AnnouncedTotal } from './announced-total.js';
import type { BackoffPolicy } from './backoff.js';
import { wholeChains } from './chains.js';
import type { CommittedCounts, CommittedPage } from './committed-page.js';
import type { Credits } from './credits.js';
import type { Fault } from './fault.js';
import type { Heard } from './fault-decision.js';
import type { Frontier } from './frontier.js';
import { InFlightLimit } from './in-flight-limit.js';
import type { Limiter } from './limiter.js';
import { Outstanding, type OutstandingPage } from './outstanding.js';
import type { PageJob } from './page-job.js';
import type { PageSize } from './page-size.js';
import type { QuarantineCounts } from './quarantine-limit.js';
import { type ReceivedCounts, ReceivedRecords, type WalkStart } from './received-records.js';
import { planByChain } from './resume.js';
import type { Notice, RunOutcome, SchedulerCommand } from './scheduler-types.js';
import type { HandedOver, SegmentSeed } from './segment.js';
import type { SourceOrder } from './source-order.js';
import { Splitter } from './splitter.js';
import { OwnStarts, type Starts } from './starts.js';

export interface SchedulerOptions {
  readonly frontier: Frontier;
  readonly limiter: Limiter;
  /** Its share of the limiter, where others have one too; unset: it is alone. */
  readonly starts?: Starts;
  readonly credits: Credits;
  readonly pageSize: PageSize;
  readonly backoff: BackoffPolicy;
  /** Requests in flight at most. */
  readonly concurrency: number;
  /** Refresh or rebuild a cursor with less life than this left. */
  readonly cursorThresholdMs: number;
  /** Stop fetching once this many records were returned; null: at the end of the source. */
  readonly eventsMax: number | null;
  /** A longer wait for the next request ends the run, to be resumed then; an hour and a half if unset. */
  readonly waitMsMax?: number;
  /** First number for segments that the scheduler opens itself. */
  readonly nextSegment: number;
  /** Rows that earlier processes have committed. */
  readonly rowsDone: number;
  /** Pages that earlier processes have committed; none if unset. */
  readonly earlierPages?: readonly (CommittedPage & CommittedCounts)[];
  /** How the walk goes on from these; unset: it begins. */
  readonly resume?: WalkStart;
  /** How many records there are, as earlier processes were told; null: they were not. */
  readonly sourceTotal?: number | null;
  /** Earlier runs have read what lies behind the last bound. @default false */
  readonly followsRuns?: boolean;
  /** Share of records in quarantine that ends the run. */
  readonly quarantineShareMax: number;
  /** What earlier processes of the run have committed; nothing if unset. */
  readonly quarantineBefore?: QuarantineCounts;
  /** Whether a row that comes again is known, by its key. @default true */
  readonly knowsRows?: boolean;
  /** Other members may work on the run. @default false */
  readonly isShared?: boolean;
  /** Numbers that no other scheduler of the process gives to its tasks; from 1 if unset. */
  readonly nextTaskId?: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export class RunContext {
  readonly options: SchedulerOptions;
  readonly starts: Starts;
  readonly order: SourceOrder;
  readonly outstanding: Outstanding;
  readonly announced: AnnouncedTotal;
  readonly inFlightLimit: InFlightLimit;
  readonly splitter: Splitter;
  /** The first request of a process goes alone: a wrong key or a full log then costs one. */
  hasAnswer = false;
  /** A page of the run was good, now or in an earlier process. */
  hasPage: boolean;
  outcome: RunOutcome | null = null;
  /** Pages committed by this process. */
  commits = 0;
  readonly received: ReceivedRecords;
  /** A page was dropped for good: whatever the frontier says, the run is not complete. */
  #isIncomplete = false;
  /** That the pages of this process hold. */
  #records = 0;
  #commands: SchedulerCommand[] = [];
  /** When the first request left that failed. */
  #silentSinceMs: number | null = null;
  #nextSegment: number;
  #others: 'unknown' | 'asked' | 'told' = 'unknown';

  constructor(options: SchedulerOptions) {
    this.options = options;
    this.starts = options.starts ?? new OwnStarts(options.limiter);
    this.hasPage = options.rowsDone > 0;
    this.order = options.frontier.order;
    this.outstanding = new Outstanding(this.order, options.earlierPages ?? []);
    this.announced = new AnnouncedTotal(options.sourceTotal);
    this.received = new ReceivedRecords(options.earlierPages ?? [], options.resume);
    this.inFlightLimit = new InFlightLimit(options.concurrency);
    this.splitter = new Splitter(options.rowsDone, options.frontier.paging.cutAt);
    this.#nextSegment = options.nextSegment;
  }

  say(command: SchedulerCommand): void {
    this.#commands.push(command);
  }

  /** The commands since the last call. */
  takeCommands(): SchedulerCommand[] {
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }

  /** The first reason to end is the one reported. */
  end(outcome: RunOutcome): void {
    this.outcome ??= outcome;
  }

  /** Whether each segment is the child of a parent's row: then none tells of another. */
  get isOfChildren(): boolean {
    return this.options.frontier.feed?.ofChildren ?? false;
  }

  /** Whether what other members have received is to be waited for: it is asked for once. */
  awaitsOthers(): boolean {
    if (this.options.isShared !== true || this.#others === 'told') return false;
    if (this.#others === 'unknown') this.say({ type: 'othersWanted' });
    this.#others = 'asked';
    return true;
  }

  /** An end is looked at again: others may have received more by then. */
  forgetOthers(): void {
    if (this.#others === 'told') this.#others = 'unknown';
  }

  /** No other member has anything left but ends that it waits to believe. @param counts of all members */
  othersTold(counts: ReceivedCounts): void {
    this.#others = 'told';
    this.received.recount(counts);
  }

  get isIncomplete(): boolean {
    return this.#isIncomplete;
  }

  /** What is known of the API when a request that left at `takenMs` has failed. */
  heard(takenMs: number, nowMs: number): Heard {
    this.#silentSinceMs ??= takenMs;
    const { hasAnswer, hasPage } = this;
    return {
      hasAnswer,
      hasPage,
      silentMs: nowMs - this.#silentSinceMs,
      attemptMs: nowMs - takenMs,
    };
  }

  /** Ends the run because a page is not to be had, or not to be kept. */
  endIncomplete(outcome: RunOutcome): void {
    this.#isIncomplete = true;
    this.end(outcome);
  }

  /** Ends the run by a fault of one page. */
  fail(fault: Fault, job: PageJob): void {
    this.endIncomplete({ status: 'failed', fault: { ...locate(fault, job), retryable: false } });
  }

  /** The database does not take a page: that is told even of a run that was to end anyway. */
  failWrite(fault: Fault): void {
    if (this.outcome?.status !== 'failed') this.outcome = { status: 'failed', fault };
    this.#isIncomplete = true;
  }

  open(range: Omit<SegmentSeed, 'segment'>): void {
    const seed = { segment: this.#nextSegment++, ...range };
    this.options.frontier.add(seed);
    this.say({ type: 'openSegment', seed });
  }

  /**
   * The order does not hold: one chain walks on, from where the cursors that the API gave lead without a
   * break. So whatever was skipped by the order is walked.
   *
   * @param contradiction what has shown it
   * @returns false where the chain that there is goes on
   */
  leaveOrder(contradiction: string, job: PageJob, nowMs: number): boolean {
    const { frontier } = this.options;
    frontier.leaveOrder();
    if (this.options.isShared === true) {
      // What others hold is theirs to let go: all of it is planned anew.
      this.endIncomplete({ status: 'failed', fault: orderLeft(contradiction) });
      return true;
    }
    const message = `${contradiction}: the source is read as one chain`;
    this.notice({ event: 'order_broken', message }, job);
    if (!frontier.hasSkipped && this.outstanding.isUnbrokenUntil(job)) return false;
    const dropped = this.outstanding.unwritten();
    for (const page of dropped) this.drop(page);
    // Its last page may have been among those.
    const unended = [job.segment, ...dropped.map((page) => page.job.segment)];
    for (const segment of new Set([...unended, ...frontier.endAll()])) this.supersede(segment);
    const { written } = this.outstanding;
    const plan = planByChain(written, nowMs);
    frontier.joinCommitted(wholeChains(written));
    this.received.walkFrom(plan);
    for (const gap of plan.gaps) this.open(gap);
    return true;
  }

  /** Cuts a segment in two. */
  split(segment: number, at: Position): void {
    const newSegment = this.#nextSegment++;
    this.options.frontier.split(segment, at, newSegment);
    this.say({ type: 'splitSegment', segment, at, newSegment });
  }

  /** A chain walks on to the end of a segment that nothing else can reach. */
  handOver({ segment, to, bound }: HandedOver): void {
    // In this order: at no time is its stretch nobody's.
    this.say({ type: 'boundSegment', segment: to, bound });
    this.supersede(segment);
  }

  /** The walk of a segment begins again elsewhere, or another one walks on to its end. */
  supersede(segment: number): void {
    this.options.frontier.segments.close(segment);
    this.say({ type: 'endSegment', segment, isSuperseded: true });
  }

  /**
   * Tells of a segment that has ended, once all of it is committed: who takes it for ended asks for no page of it.
   * Where a page was dropped for good, others are to look at the pages.
   */
  closeEnded(segment: number): void {
    const { frontier } = this.options;
    const isUnderWay = this.outstanding.hasOf(segment) || frontier.hasRepairOf(segment);
    if (this.#isIncomplete || isUnderWay || frontier.segments.isOpen(segment)) return;
    if (!frontier.segments.close(segment)) return;
    this.say({ type: 'endSegment', segment, isSuperseded: false });
  }

  /**
   * Lets go of a page that is not with the writer. One whose body is still to come stays outstanding
   * until then: it has a slot, a place in the log of the API, and its bytes.
   */
  drop(page: OutstandingPage): void {
    const { taskId } = page;
    this.count(page, 0);
    page.isDropped = true;
    if (page.phase !== 'held') return;
    this.release(taskId);
    this.say({ type: 'drop', taskId });
  }

  /** Lets go of all that was asked for of a segment, behind one of its pages. */
  dropUnwritten(segment: number, behindPage = 0): void {
    for (const page of this.outstanding.unwritten({ segment, behindPage })) this.drop(page);
  }

  /** @param records of the page, as it says or as they were found */
  count(page: OutstandingPage, records: number): void {
    const { eventsMax } = this.options;
    this.#records += records - page.records;
    page.records = records;
    if (eventsMax === null || this.#records < eventsMax) return;
    const reason = `--max-events ${eventsMax} reached`;
    this.end({ status: 'paused', reason, resumeAtMs: null });
  }

  /** The page is done with: its credit is free. */
  release(taskId: number): void {
    this.outstanding.remove(taskId);
    this.options.credits.release(taskId);
  }

  notice(notice: Pick<Notice, 'event' | 'message'>, job: PageJob, fault?: Fault): void {
    const where = { segment: job.segment, page: job.page };
    this.say({ type: 'notice', notice: { ...notice, ...where, ...(fault && { fault }) } });
  }
}

function orderLeft(contradiction: string): Fault {
  const message = `${contradiction}: the run is planned anew, as one chain`;
  return { code: 'ORDER_LEFT', message, retryable: false };
}

/** The fault with the place where it happened. */
export function locate(fault: Fault, job: PageJob): Fault {
  return { ...fault, message: `segment ${job.segment}, page ${job.page}: ${fault.message}` };
}
