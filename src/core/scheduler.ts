/**
 * Scheduler: the fourth stop of a reader. Takes what happened and the time, returns what to do.
 *
 * The ingestion loop collects events and calls `step`; nothing else moves the run. Answers and
 * faults are page-flow's, starts are the dispatcher's; which page comes next is the frontier's, when
 * the token bucket's, how much the credits'.
 *
 * Invariants
 *  - Starts in any window ≤ quota, and a start is in the saved log before its request leaves.
 *  - Uncommitted bytes ≤ credits; requests in flight ≤ concurrency.
 *  - A page is written only when both ends of what it covers are known.
 *  - After `drain` nothing starts; `finish` comes once, when nothing is outstanding.
 *  - A run is complete only when no page of it was dropped for good.
 */
import type { TotalFall } from './announced-total.js';
import type { Credits } from './credits.js';
import { Dispatcher } from './dispatcher.js';
import { unreachable } from './fault.js';
import { Giving } from './giving.js';
import type { MemberLoad } from './help.js';
import type { Outstanding } from './outstanding.js';
import { PageFlow } from './page-flow.js';
import { QuarantineLimit } from './quarantine-limit.js';
import { RunContext, type SchedulerOptions } from './run-context.js';
import type { RunOutcome, SchedulerCommand, SchedulerEvent } from './scheduler-types.js';
import type { Segments } from './segments.js';
import type { WaitTimes } from './wait-times.js';

export class Scheduler {
  readonly #context: RunContext;
  readonly #flow: PageFlow;
  readonly #dispatcher: Dispatcher;
  readonly #quarantine: QuarantineLimit;
  readonly #giving: Giving;
  #isFinished = false;
  #isLeftBehind = false;
  #wakeAtMs = Number.POSITIVE_INFINITY;

  constructor(options: SchedulerOptions) {
    this.#context = new RunContext(options);
    this.#flow = new PageFlow(this.#context);
    this.#dispatcher = new Dispatcher(this.#context);
    this.#giving = new Giving(this.#context);
    this.#quarantine = new QuarantineLimit(options.quarantineShareMax, options.quarantineBefore);
  }

  /** When `step` must be called again though nothing happens; Infinity: only with an event. */
  get wakeAtMs(): number {
    return this.#wakeAtMs;
  }

  /** Segments still being walked, for the reader. */
  openSegments(): ReturnType<Segments['open']> {
    return this.#context.options.frontier.segments.open();
  }

  /** What is left of the largest segment that another member could have; see `Giving`. */
  get shareable(): number {
    return this.#giving.shareable;
  }

  /** As other members are told; `atEnd`: nothing is left here but ends that are not believed yet. */
  get phase(): MemberLoad['phase'] {
    const { options, outstanding } = this.#context;
    if (outstanding.size === 0) return options.frontier.isIdle ? 'idle' : 'walking';
    const isAtEnd = options.frontier.isIdleButEnds && outstanding.heldOnly() !== null;
    return isAtEnd ? 'atEnd' : 'walking';
  }

  /** Records of answers that say the source ends, and are not believed yet. */
  get heldRecords(): number {
    return this.#context.outstanding.ends().reduce((sum, { records }) => sum + records, 0);
  }

  /** Bytes fetched and not committed, and how many may be; for the reader. */
  get credits(): Pick<Credits, 'heldBytes' | 'bytesMax'> {
    return this.#context.options.credits;
  }

  /** Records that the API says there are; null: it does not. */
  get announcedRecords(): number | null {
    return this.#context.announced.records;
  }

  /** How far that has gone down while the run went on; null: it has not. */
  get totalFall(): TotalFall | null {
    return this.#context.announced.fall;
  }

  /** Whether records came behind the total that the API tells. */
  get isTotalPassed(): boolean {
    return this.#context.announced.isPassed;
  }

  /** Whether the source declares an order, and no page has contradicted it. */
  get isOrdered(): boolean {
    return this.#context.order.holds;
  }

  /** What the next request waits for, and for how long all have; for the reader. */
  get waits(): Pick<WaitTimes, 'reason' | 'totalMs'> {
    return this.#dispatcher.waits;
  }

  /** Pages asked for and not committed, for the reader. */
  outstandingByPhase(): ReturnType<Outstanding['countByPhase']> {
    return this.#context.outstanding.countByPhase();
  }

  step(events: readonly SchedulerEvent[], nowMs: number): SchedulerCommand[] {
    for (const event of events) this.#apply(event, nowMs);
    this.#flow.settleEnds(nowMs);
    // Without what was given, an end may be all that is left here.
    if (this.#giving.settle()) this.#flow.settleEnds(nowMs);
    this.#wakeAtMs = this.#dispatcher.dispatch(nowMs);
    this.#askForSeeds();
    this.#finishWhenDone();
    return this.#context.takeCommands();
  }

  #apply(event: SchedulerEvent, nowMs: number): void {
    switch (event.type) {
      case 'head':
        return this.#flow.headRead(event.taskId, event.head, nowMs);
      case 'scanned':
        return this.#flow.scanned(event, nowMs);
      case 'failed':
        return this.#flow.failed(event, nowMs);
      case 'refreshed':
        return this.#context.release(event.taskId);
      case 'committed':
        return this.#onCommitted(event);
      case 'writeFailed':
        this.#context.release(event.taskId);
        return this.#context.failWrite(event.fault);
      case 'startsReserved':
        return this.#dispatcher.startsReserved(event.answer);
      case 'seeded':
        return this.#context.options.frontier.seeded(event.seeds, event.isThrough);
      case 'helpWanted':
        return this.#giving.helpWanted();
      case 'leftBehind':
        this.#isLeftBehind = true;
        return;
      case 'othersTold':
        return this.#context.othersTold(event.counts);
      case 'drain':
        return this.#context.end(event.outcome);
      default:
        return unreachable(event);
    }
  }

  #askForSeeds(): void {
    const isLeftBehind = this.#isLeftBehind;
    this.#isLeftBehind = false;
    if (this.#context.outcome !== null) return;
    const { feed } = this.#context.options.frontier;
    const ask = (leftBehind: boolean) =>
      this.#context.say({ type: 'seedsWanted', isLeftBehind: leftBehind });
    if (feed?.wanted(this.#dispatcher.isShort)) ask(false);
    else if (isLeftBehind && feed?.leftBehind()) ask(true);
  }

  #onCommitted(event: Extract<SchedulerEvent, { type: 'committed' }>): void {
    const page = this.#context.outstanding.get(event.taskId);
    this.#context.release(event.taskId);
    this.#context.commits++;
    if (page !== undefined) {
      const { job, through, passedOver } = page;
      // Of children no total is told that they could be held against.
      if (!this.#context.isOfChildren) {
        this.#context.received.add({ after: job.after, through }, event.counts);
        this.#context.received.passOver(passedOver);
      }
      this.#flow.committed(job, event.counts);
      this.#context.closeEnded(job.segment);
    }
    const fault = this.#quarantine.add(event.counts);
    if (fault !== null) this.#context.end({ status: 'failed', fault });
  }

  /** What waits for the end of a page that was dropped would wait for ever. */
  #dropHeld(): void {
    for (const taskId of this.#context.outstanding.heldOnly() ?? []) {
      this.#context.release(taskId);
      this.#context.say({ type: 'drop', taskId });
    }
  }

  /** A run that is complete by then is complete, whatever asked it to end. */
  #finishWhenDone(): void {
    const { outstanding, options, outcome, isIncomplete } = this.#context;
    if (this.#isFinished) return;
    if (outcome !== null) this.#dropHeld();
    if (outstanding.size > 0) return;
    const isThrough = options.frontier.isExhausted && !isIncomplete;
    const isComplete = isThrough && outcome?.status !== 'failed';
    if (!isComplete && outcome === null) return;
    this.#isFinished = true;
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    const ended = isComplete || outcome === null ? this.#completeOrNot() : outcome;
    this.#context.say({ type: 'finish', outcome: ended });
  }

  #completeOrNot(): RunOutcome {
    const fault = this.#quarantine.atEnd();
    return fault === null ? { status: 'complete' } : { status: 'failed', fault };
  }
}
