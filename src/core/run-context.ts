/**
 * What the halves of the scheduler share: the parts it decides with, the pages outstanding, the
 * commands of this step, and how the run ends.
 */
import { AnnouncedTotal } from './announced-total.js';
import type { BackoffPolicy } from './backoff.js';
import type { Credits } from './credits.js';
import type { Fault } from './fault.js';
import type { Heard } from './fault-decision.js';
import type { Frontier } from './frontier.js';
import { InFlightLimit } from './in-flight-limit.js';
import type { Limiter } from './limiter.js';
import { Outstanding, type OutstandingPage } from './outstanding.js';
import type { PageJob } from './page-job.js';
import type { PageSize } from './page-size.js';
import type { Position } from './position.js';
import type { QuarantineCounts } from './quarantine-limit.js';
import { ReceivedRecords } from './received-records.js';
import type { Notice, RunOutcome, SchedulerCommand } from './scheduler-types.js';
import type { CursorBuilder, GivenBack, SegmentSeed } from './segment.js';
import type { SourceOrder } from './source-order.js';
import { Splitter } from './splitter.js';

export interface SchedulerOptions {
  readonly frontier: Frontier;
  readonly limiter: Limiter;
  readonly credits: Credits;
  readonly pageSize: PageSize;
  readonly cursors: CursorBuilder;
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
  readonly earlierPages?: ConstructorParameters<typeof ReceivedRecords>[0];
  /** The walk begins again over what these hold. */
  readonly walksAgain?: boolean;
  /** How many records there are, as earlier processes were told; null: they were not. */
  readonly sourceTotal?: number | null;
  /** Share of records in quarantine that ends the run. */
  readonly quarantineShareMax: number;
  /** What earlier processes of the run have committed; nothing if unset. */
  readonly quarantineBefore?: QuarantineCounts;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export class RunContext {
  readonly options: SchedulerOptions;
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
  readonly #clipped: Omit<SegmentSeed, 'segment'>[] = [];
  /** A page was given up: whatever the frontier says, the run is not complete. */
  #hasGivenUp = false;
  /** That the pages of this process hold. */
  #records = 0;
  #commands: SchedulerCommand[] = [];
  /** When the first request left that failed. */
  #silentSinceMs: number | null = null;
  #nextSegment: number;

  constructor(options: SchedulerOptions) {
    this.options = options;
    this.hasPage = options.rowsDone > 0;
    this.order = options.frontier.order;
    this.outstanding = new Outstanding(this.order);
    this.announced = new AnnouncedTotal(options.sourceTotal);
    this.received = new ReceivedRecords(options.earlierPages ?? [], options.walksAgain === true);
    this.inFlightLimit = new InFlightLimit(options.concurrency);
    this.splitter = new Splitter(options.rowsDone);
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

  get hasGivenUp(): boolean {
    return this.#hasGivenUp;
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
  giveUp(outcome: RunOutcome): void {
    this.#hasGivenUp = true;
    this.end(outcome);
  }

  /** Ends the run by a fault of one page. */
  fail(fault: Fault, job: PageJob): void {
    this.giveUp({ status: 'failed', fault: { ...locate(fault, job), retryable: false } });
  }

  /** The database does not take a page: that is told even of a run that was to end anyway. */
  failWrite(fault: Fault): void {
    if (this.outcome?.status !== 'failed') this.outcome = { status: 'failed', fault };
    this.#hasGivenUp = true;
  }

  open(range: Omit<SegmentSeed, 'segment'>): void {
    const seed = { segment: this.#nextSegment++, ...range };
    this.options.frontier.add(seed);
    this.say({ type: 'openSegment', seed });
  }

  /** Remembers a page of which rows are left to the segment behind it. @param last its last row */
  keepClipped({ job, bound, next }: OutstandingPage, last: Position | null): void {
    if (this.order.isBroken || bound === null || next === null || last === null) return;
    if (last.ms >= bound.ms) return;
    const { after, cursor, cursorExpiresAtMs } = job;
    const known = cursor === null ? {} : { cursor, cursorExpiresAtMs };
    this.#clipped.push({ after, bound: next, ...known });
  }

  /** Opens what was remembered once more, to keep all rows of it. @returns how many pages */
  openClipped(): number {
    const clipped = this.#clipped.splice(0);
    for (const range of clipped) this.open(range);
    return clipped.length;
  }

  /** Cuts a segment in two. */
  split(segment: number, at: Position): void {
    const newSegment = this.#nextSegment++;
    this.options.frontier.split(segment, at, newSegment);
    this.say({ type: 'splitSegment', segment, at, newSegment });
  }

  /** A chain walks on to the end of a segment that nothing else can reach. */
  giveBack({ segment, to, bound }: GivenBack): void {
    this.say({ type: 'endSegment', segment, isSuperseded: true });
    this.say({ type: 'boundSegment', segment: to, bound });
  }

  /**
   * Lets go of a page that is not with the writer. One whose body is still to come stays outstanding
   * until then: it has a slot, a place in the log of the API, and its bytes.
   */
  letGo(page: OutstandingPage): void {
    const { taskId } = page;
    this.count(page, 0);
    page.isGivenUp = true;
    if (page.phase !== 'held') return;
    this.close(taskId);
    this.say({ type: 'discard', taskId });
  }

  /** Lets go of all that was asked for of a segment, behind one of its pages. */
  giveUpUnwritten(segment: number, behindPage = 0): void {
    for (const page of this.outstanding.unwritten(segment, behindPage)) this.letGo(page);
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
  close(taskId: number): void {
    this.outstanding.remove(taskId);
    this.options.credits.release(taskId);
  }

  notice(notice: Pick<Notice, 'event' | 'message'>, job: PageJob, fault?: Fault): void {
    const where = { segment: job.segment, page: job.page };
    this.say({ type: 'notice', notice: { ...notice, ...where, ...(fault && { fault }) } });
  }
}

/** The fault with the place where it happened. */
export function locate(fault: Fault, job: PageJob): Fault {
  return { ...fault, message: `segment ${job.segment}, page ${job.page}: ${fault.message}` };
}
