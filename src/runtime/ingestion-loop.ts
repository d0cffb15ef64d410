/**
 * Ingestion loop: the third stop of a reader. Collects what happened, lets the scheduler decide,
 * does what it says.
 *
 *   fetch pool ─ heads, batches, faults ─▶ inbox ─▶ scheduler.step ─▶ commands ─┐
 *   writer ───── committed, failed ──────▶                                      │
 *   timer ─────────────────────────────────▶      fetch · write · save ◀────────┘
 *
 * The loop moves tags, counts and buffers that it never reads: its work is the same for a page of
 * one row and of 5,000.
 */
import { channel } from 'node:diagnostics_channel';
import { assert, unreachable } from '../core/fault.js';
import { readDate } from '../core/header-time.js';
import { readLimitHeaders } from '../core/limit-headers.js';
import type { Scheduler } from '../core/scheduler.js';
import type { RunOutcome, SchedulerCommand, SchedulerEvent } from '../core/scheduler-types.js';
import type { LimitLog } from '../core/token-bucket.js';
import type { Batch } from '../protocol/batch.js';
import type { PageHead, PageResult, PageTask } from '../protocol/fetch-messages.js';
import type { PageWrite, WriteResult } from '../protocol/writer-messages.js';
import type { BufferPool } from './buffer-pool.js';
import { headFacts } from './head-facts.js';
import type { RunJournal } from './run-journal.js';
import type { FetchCommand, RunObserver, WriteCommand } from './run-observer.js';

/** Every message that crosses the loop, for a test that stops the process at each in turn. */
const boundary = channel('datasync.boundary');

type Page = Extract<PageResult, { type: 'page' }>;

interface ScannedPage {
  readonly batch: Batch;
  readonly fetchedAtMs: number;
  readonly requestId: string | null;
}

export interface LoopParts {
  readonly run: number;
  readonly scheduler: Scheduler;
  /** Fetches one page; never rejects. */
  readonly fetch: (task: PageTask) => Promise<PageResult>;
  /** Commits one page; never rejects. */
  readonly write: (page: PageWrite) => Promise<WriteResult>;
  readonly pagePath: (cursor: string | null, limit: number) => string;
  readonly buffers: BufferPool;
  readonly journal: RunJournal;
  readonly observer: RunObserver;
  readonly nowMs: () => number;
}

export class IngestionLoop {
  readonly #parts: LoopParts;
  readonly #inbox: SchedulerEvent[] = [];
  /** Heads come over another channel than results: either may be first. */
  readonly #heads = new Map<number, PageHead>();
  readonly #early = new Map<number, Page>();
  readonly #scanned = new Map<number, ScannedPage>();
  #isStepDue = false;
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
        clearTimeout(this.#timer);
        resolve(outcome);
      };
      this.#crash = (bug) => {
        clearTimeout(this.#timer);
        // Nothing is decided any more: what still comes in is heard by nobody.
        this.#isStepDue = true;
        reject(bug);
      };
      this.#stepSoon();
    });
  }

  /** Finishes what is in flight and starts nothing; `run` then resolves with `outcome`. */
  drain(outcome: RunOutcome): void {
    this.#push({ type: 'drain', outcome });
  }

  /** The fetch pool posts a page's head as soon as its next cursor is known. */
  onHead(head: PageHead): void {
    this.#guard(() => this.#headSeen(head));
  }

  #headSeen(head: PageHead): void {
    this.#parts.observer.headSeen(head);
    this.#push({ type: 'head', taskId: head.taskId, head: headFacts(head) });
    this.#heads.set(head.taskId, head);
    const result = this.#early.get(head.taskId);
    this.#early.delete(head.taskId);
    if (result !== undefined) this.#onPage(result);
  }

  #push(event: SchedulerEvent): void {
    if (boundary.hasSubscribers) boundary.publish({ direction: 'in', type: event.type });
    this.#inbox.push(event);
    this.#stepSoon();
  }

  /** One step for all that arrives in this turn of the event loop. */
  #stepSoon(): void {
    if (this.#isStepDue) return;
    this.#isStepDue = true;
    queueMicrotask(() => {
      this.#isStepDue = false;
      this.#guard(() => this.#step());
    });
  }

  /** A bug ends the run by way of `run`, which puts that on record, and not the process. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (bug) {
      this.#crash(bug);
    }
  }

  #step(): void {
    const { scheduler, nowMs } = this.#parts;
    clearTimeout(this.#timer);
    const commands = scheduler.step(this.#inbox.splice(0), nowMs());
    for (const command of commands) this.#execute(command);
    if (scheduler.wakeAtMs === Number.POSITIVE_INFINITY) return;
    // A timer may fire up to a millisecond early; the scheduler then asks to be woken again.
    const delayMs = Math.min(60_000, Math.max(0, Math.ceil(scheduler.wakeAtMs - nowMs())));
    this.#timer = setTimeout(() => this.#stepSoon(), delayMs);
  }

  #execute(command: SchedulerCommand): void {
    const { journal, observer } = this.#parts;
    if (boundary.hasSubscribers) boundary.publish({ direction: 'out', type: command.type });
    switch (command.type) {
      case 'fetch':
        return void this.#fetch(command).catch(this.#crash);
      case 'write':
        return void this.#write(command).catch(this.#crash);
      case 'discard':
        return this.#discard(command.taskId);
      case 'saveLimits':
        return void this.#saveLimits(command.log).catch(this.#crash);
      case 'openSegment':
        return journal.segmentOpened(command.seed);
      case 'splitSegment':
        return journal.segmentSplit(command.segment, command.at, command.newSegment);
      case 'boundSegment':
        return journal.segmentBounded(command.segment, command.bound);
      case 'endSegment':
        return journal.segmentEnded(command.segment, command.isSuperseded);
      case 'notice':
        return observer.noticed(command.notice);
      case 'finish':
        return this.#finish(command.outcome);
      default:
        return unreachable(command);
    }
  }

  // --- fetching --------------------------------------------------------------------------------

  async #fetch(command: FetchCommand): Promise<void> {
    const { pagePath, buffers, fetch, observer } = this.#parts;
    observer.fetchStarted(command);
    const result = await fetch({
      taskId: command.taskId,
      path: pagePath(command.cursor, command.limit),
      isHeadOnly: command.isHeadOnly,
      buffers: buffers.take(),
    });
    if (result.type === 'fault') this.#onFault(command, result);
    else if (this.#heads.has(command.taskId)) this.#onPage(result);
    else this.#early.set(command.taskId, result);
  }

  #onPage(result: Page): void {
    const { taskId } = result;
    const meta = this.#heads.get(taskId)?.meta;
    this.#heads.delete(taskId);
    this.#parts.buffers.give(result.buffers);
    if (result.batch === null) return this.#push({ type: 'refreshed', taskId });
    this.#parts.observer.scanned(result);
    this.#scanned.set(taskId, {
      batch: result.batch,
      fetchedAtMs: meta?.endAtMs ?? this.#parts.nowMs(),
      requestId: meta?.requestId ?? null,
    });
    const { rowCount, rejects, firstPosition, lastPosition } = result.batch;
    const recordCount = rowCount + rejects.length;
    this.#push({ type: 'scanned', taskId, recordCount, firstPosition, lastPosition });
  }

  #onFault(command: FetchCommand, result: Extract<PageResult, { type: 'fault' }>): void {
    const { taskId, fault, meta } = result;
    this.#heads.delete(taskId);
    this.#parts.buffers.give(result.buffers);
    this.#parts.observer.fetchFailed(command, fault, meta);
    this.#push({
      type: 'failed',
      taskId,
      fault,
      sentAtMs: meta?.sentAtMs ?? null,
      headAtMs: meta?.headAtMs ?? null,
      dateMs: readDate(meta?.limitHeaders.date ?? ''),
      limits: meta === null ? null : readLimitHeaders(meta.limitHeaders, meta.headAtMs),
    });
  }

  #discard(taskId: number): void {
    const scanned = this.#scanned.get(taskId);
    this.#scanned.delete(taskId);
    if (scanned !== undefined) this.#parts.buffers.give(scanned.batch);
  }

  // --- writing ---------------------------------------------------------------------------------

  async #write(command: WriteCommand): Promise<void> {
    const { run, write, buffers, observer } = this.#parts;
    const { taskId, type: _, ...page } = command;
    const scanned = this.#scanned.get(taskId);
    this.#scanned.delete(taskId);
    assert(scanned !== undefined, 'what is written was scanned');
    const result = await write({ ...page, ...scanned, run });
    if (result.type === 'failed') {
      observer.writeFailed(command, result.fault);
      return this.#push({ type: 'writeFailed', taskId, fault: result.fault });
    }
    buffers.give(result.buffers);
    observer.committed(command, result);
    this.#push({ type: 'committed', taskId, counts: result.counts });
  }

  async #saveLimits(log: LimitLog): Promise<void> {
    const fault = await this.#parts.journal.limitsSaved(log);
    if (fault === null) return this.#push({ type: 'limitsSaved' });
    this.drain({ status: 'failed', fault });
  }
}
