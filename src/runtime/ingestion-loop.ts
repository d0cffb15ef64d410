/**
 * Ingestion loop: the third stop of a reader. Collects what happened, lets the scheduler decide,
 * does what it says.
 *
 *   fetch pool ─ heads, batches, faults ─▶ inbox ─▶ scheduler.step ─▶ commands ─┐
 *   writer ───── committed, failed ──────▶                                      │
 *   timer ─────────────────────────────────▶   fetch · write · reserve ◀────────┘
 *
 * The loop moves tags, counts and buffers that it never reads: its work is the same for a page of
 * one row and of 5,000.
 */
import { channel } from 'node:diagnostics_channel';
import { assert, type Fault, unreachable } from '../core/fault.js';
import type { Scheduler } from '../core/scheduler.js';
import type { RunOutcome, SchedulerCommand, SchedulerEvent } from '../core/scheduler-types.js';
import type { Batch } from '../protocol/batch.js';
import type { BatchNews, PageHead, PageResult, PageTask } from '../protocol/fetch-messages.js';
import type { PageWrite, WriteResult } from '../protocol/writer-messages.js';
import type { BufferPool } from './buffer-pool.js';
import { headFacts } from './head-facts.js';
import type { RunJournal } from './run-journal.js';
import type { FetchCommand, RunObserver, WriteCommand } from './run-observer.js';

/** Every message that crosses the loop, for a test that stops the process at each in turn. */
const boundary = channel('datasync.boundary');

type Page = Extract<PageResult, { type: 'page' }>;

/** All that main keeps of a page between its request and its commit. */
interface PageInHand {
  readonly fetch: FetchCommand;
  head: PageHead | null;
  /** Until the writer has it. */
  batch: Batch | null;
  write: WriteCommand | null;
}

export interface LoopParts {
  readonly run: number;
  readonly scheduler: Scheduler;
  /** Fetches one page. Its head may be told to `onHead` before. */
  readonly fetch: (task: PageTask) => Promise<PageResult>;
  /** What became of a batch that is not with the writer: it waits for another page, or is done with. */
  readonly tellFetcher: (news: BatchNews) => void;
  /** Commits one page. */
  readonly write: (page: PageWrite) => Promise<WriteResult>;
  readonly buffers: BufferPool;
  readonly journal: RunJournal;
  readonly observer: RunObserver;
  readonly nowMs: () => number;
}

export class IngestionLoop {
  readonly #parts: LoopParts;
  readonly #inbox: SchedulerEvent[] = [];
  readonly #pages = new Map<number, PageInHand>();
  #phase: 'before' | 'running' | 'over' = 'before';
  #isStepping = false;
  #timer: NodeJS.Timeout | undefined;
  #finish: (outcome: RunOutcome) => void = () => {};
  #crash: (bug: unknown) => void = () => {};

  constructor(parts: LoopParts) {
    this.#parts = parts;
  }

  /** Runs until the scheduler says `finish`. Rejects only because of a bug, here or in an observer. */
  run(): Promise<RunOutcome> {
    return new Promise((resolve, reject) => {
      this.#finish = (outcome) => {
        this.#end();
        resolve(outcome);
      };
      // A bug ends the run by way of `run`, which puts that on record, and not the process.
      this.#crash = (bug) => {
        this.#end();
        reject(bug);
      };
      this.#phase = 'running';
      this.#decide(() => {});
    });
  }

  /** Finishes what is in flight and starts nothing; `run` then resolves with `outcome`. */
  drain(outcome: RunOutcome): void {
    this.#decide(() => this.#push({ type: 'drain', outcome }));
  }

  /** What becomes of the other members. */
  told(type: 'helpWanted' | 'leftBehind'): void {
    this.#decide(() => this.#push({ type }));
  }

  /** Something outside of its scheduler has changed: its turn to start a request has come. */
  wake(): void {
    this.#decide(() => {});
  }

  /** The next cursor of a page is known, ahead of its rows. */
  onHead(head: PageHead): void {
    // Its page's result came over another port, and may have been faster.
    if (this.#pages.get(head.taskId)?.head === null) this.#decide(() => this.#headRead(head));
  }

  /** Takes in what has happened and does what the scheduler makes of it. */
  #decide(takeIn: () => void): void {
    if (this.#phase === 'over') return;
    try {
      takeIn();
      // What happens before the run waits for it; what a command causes at once, for its step's end.
      if (this.#phase === 'before' || this.#isStepping) return;
      this.#isStepping = true;
      do this.#step();
      while (this.#inbox.length > 0 && !this.#hasEnded());
      this.#isStepping = false;
    } catch (bug) {
      this.#crash(bug);
    }
  }

  #hasEnded(): boolean {
    return this.#phase === 'over';
  }

  #end(): void {
    this.#phase = 'over';
    clearTimeout(this.#timer);
  }

  #push(event: SchedulerEvent): void {
    if (boundary.hasSubscribers) boundary.publish({ direction: 'in', type: event.type });
    this.#inbox.push(event);
  }

  #step(): void {
    const { scheduler, nowMs } = this.#parts;
    clearTimeout(this.#timer);
    const commands = scheduler.step(this.#inbox.splice(0), nowMs());
    for (const command of commands) this.#execute(command);
    if (this.#hasEnded() || scheduler.wakeAtMs === Number.POSITIVE_INFINITY) return;
    // A timer may fire up to a millisecond early; the scheduler then asks to be woken again.
    const delayMs = Math.min(60_000, Math.max(0, Math.ceil(scheduler.wakeAtMs - nowMs())));
    this.#timer = setTimeout(() => this.wake(), delayMs);
  }

  #execute(command: SchedulerCommand): void {
    const { journal, observer } = this.#parts;
    if (boundary.hasSubscribers) boundary.publish({ direction: 'out', type: command.type });
    switch (command.type) {
      case 'fetch':
        return this.#fetch(command);
      case 'write':
        return this.#write(command);
      case 'drop':
        return this.#drop(command.taskId);
      case 'reserveStarts':
        return this.#ask(journal.startsReserved(command.request), (answer) => {
          return { type: 'startsReserved', answer };
        });
      case 'seedsWanted':
        return this.#ask(journal.seedsTaken(command.isLeftBehind), (block) => {
          return { type: 'seeded', ...block };
        });
      case 'othersWanted':
        return this.#ask(journal.allCounted(), (counts) => ({ type: 'othersTold', counts }));
      case 'giveSegments':
        return journal.segmentsGiven(command.segments);
      case 'openSegment':
        return journal.segmentOpened(command.seed);
      case 'splitSegment':
        return journal.segmentSplit(command.segment, command.at, command.newSegment);
      case 'boundSegment':
        return journal.segmentBounded(command.segment, command.bound);
      case 'endSegment':
        return command.isSuperseded
          ? journal.segmentSuperseded(command.segment)
          : journal.segmentEnded(command.segment);
      case 'notice':
        return observer.noticed(command.notice);
      case 'finish':
        return this.#finish(command.outcome);
      default:
        return unreachable(command);
    }
  }

  /** Asks the database; where it does not answer, the run ends. */
  #ask<Answer extends object>(
    answer: Promise<Answer | { readonly fault: Fault }>,
    asEvent: (answer: Answer) => SchedulerEvent,
  ): void {
    answer.then((found) => {
      if ('fault' in found) return this.drain({ status: 'failed', fault: found.fault });
      this.#decide(() => this.#push(asEvent(found)));
    }, this.#crash);
  }

  // --- fetching --------------------------------------------------------------------------------

  #fetch(command: FetchCommand): void {
    const { buffers, fetch, observer } = this.#parts;
    const { taskId, cursor, limit, isHeadOnly, isHeadUrgent, isBehindEnd = false } = command;
    this.#pages.set(taskId, { fetch: command, head: null, batch: null, write: null });
    observer.fetchStarted(command);
    const kind = { isHeadOnly, isHeadUrgent, isBehindEnd };
    const task = { taskId, cursor, limit, ...kind, buffers: buffers.take() };
    fetch(task).then((result) => this.#fetched(result), this.#crash);
  }

  /** A page is scanned, or cannot be had. */
  #fetched(result: PageResult): void {
    this.#decide(() => {
      if (result.type === 'page') this.#scanned(result);
      else this.#failed(result);
    });
    const { taskId } = result;
    const isHeld = (this.#pages.get(taskId)?.batch ?? null) !== null;
    if (isHeld) this.#parts.tellFetcher({ type: 'held', taskId });
  }

  #headRead(head: PageHead): void {
    this.#page(head.taskId).head = head;
    this.#parts.observer.headSeen(head);
    this.#push({ type: 'head', taskId: head.taskId, head: headFacts(head) });
  }

  #scanned(result: Page): void {
    const { taskId, head, batch } = result;
    if (this.#page(taskId).head === null) this.#headRead(head);
    this.#parts.buffers.give(result.buffers);
    if (batch === null) {
      this.#pages.delete(taskId);
      return this.#push({ type: 'refreshed', taskId });
    }
    this.#page(taskId).batch = batch;
    this.#parts.observer.scanned(result);
    const { rowCount, rejects, firstPosition, lastPosition, isDescending, fingerprint } = batch;
    const recordCount = rowCount + rejects.count;
    const order = { firstPosition, lastPosition, isDescending };
    const content = fingerprint === undefined ? {} : { fingerprint };
    this.#push({ type: 'scanned', taskId, recordCount, ...order, ...content });
  }

  #failed(result: Extract<PageResult, { type: 'fault' }>): void {
    const { taskId, fault, meta } = result;
    const { fetch } = this.#page(taskId);
    this.#pages.delete(taskId);
    this.#parts.buffers.give(result.buffers);
    this.#parts.observer.fetchFailed(fetch, fault, meta);
    const { sentAtMs = null, headAtMs = null, dateMs = null, limits = null } = meta ?? {};
    this.#push({ type: 'failed', taskId, fault, sentAtMs, headAtMs, dateMs, limits });
  }

  /** A page that is still being fetched is dropped anew when it comes. */
  #drop(taskId: number): void {
    const batch = this.#pages.get(taskId)?.batch ?? null;
    if (batch === null) return;
    this.#pages.delete(taskId);
    this.#parts.tellFetcher({ type: 'released', taskId });
    this.#parts.buffers.give(batch);
  }

  #page(taskId: number): PageInHand {
    const page = this.#pages.get(taskId);
    assert(page !== undefined, 'what comes in was asked for');
    return page;
  }

  // --- writing ---------------------------------------------------------------------------------

  #write(command: WriteCommand): void {
    const { taskId } = command;
    const page = this.#page(taskId);
    const { head, batch } = page;
    assert(head !== null && batch !== null, 'what is written was scanned');
    page.write = command;
    page.batch = null;
    const { run, write, journal } = this.#parts;
    const { endAtMs: fetchedAtMs, requestId } = head.meta;
    const start = () => write({ ...command, run, fetchedAtMs, requestId, batch });
    const writing = journal.opening(command.segment)?.then(start) ?? start();
    writing.then((result) => this.#decide(() => this.#written(taskId, result)), this.#crash);
  }

  #written(taskId: number, result: WriteResult): void {
    const { buffers, observer } = this.#parts;
    const { write } = this.#page(taskId);
    assert(write !== null, 'what was written was given to the writer');
    this.#pages.delete(taskId);
    this.#parts.tellFetcher({ type: 'released', taskId });
    if (result.type === 'failed') {
      observer.writeFailed(write, result.fault);
      return this.#push({ type: 'writeFailed', taskId, fault: result.fault });
    }
    buffers.give(result.buffers);
    observer.committed(write, result);
    this.#push({ type: 'committed', taskId, counts: result.counts });
  }
}
