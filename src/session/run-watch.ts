/** Watches a run for people: log, progress line, state file. */

import type { Fault } from '../core/fault.js';
import type { Limiter } from '../core/limiter.js';
import type { Scheduler } from '../core/scheduler.js';
import type { Notice, RunOutcome } from '../core/scheduler-types.js';
import type { JoinedProgress } from '../observe/joined-progress.js';
import { Progress, progressMode } from '../observe/progress.js';
import type { IngestResult } from '../observe/report.js';
import { statusAfter } from '../observe/run-end.js';
import type { RunFigures } from '../observe/run-figures.js';
import { type RunProgress, runLine, runProgress } from '../observe/run-line.js';
import type { RunStats } from '../observe/run-stats.js';
import { detectedPlan } from '../paging/auto-paging.js';
import { formatPosition } from '../paging/position.js';
import type { PageHead, PageResult, ResponseMeta } from '../protocol/fetch-messages.js';
import type { WriteResult } from '../protocol/writer-messages.js';
import { nowMs } from '../runtime/clock.js';
import { LastError } from '../runtime/last-error.js';
import type { FetchCommand, RunObserver, WriteCommand } from '../runtime/run-observer.js';
import { type RunState, StateFile } from '../runtime/state-file.js';
import type { SessionContext } from './context.js';
import type { PreparedRun } from './prepare-run.js';
import { RunLog } from './run-log.js';
import { pagingWords } from './sources/paging-words.js';

const STATE_EVERY_MS = 1000;

export interface RunWatchParts {
  readonly context: SessionContext;
  readonly stats: RunStats;
  readonly figures: RunFigures;
  readonly limiter: Limiter;
  readonly scheduler: Scheduler;
  readonly prepared: PreparedRun;
  /** Where several streams show one line on a terminal; null: this one shows its own. */
  readonly joined: JoinedProgress | null;
  /** Told when something of it is new. */
  readonly onSource: (facts: {
    readonly total: number | null;
    readonly firstRequestAtMs: number | null;
  }) => void;
  /** Told now and then, without secrets; null: all is well again. */
  readonly onLastError: (text: string | null) => void;
}

export class RunWatch implements RunObserver {
  readonly #parts: RunWatchParts;
  readonly #log: RunLog;
  readonly #progress: Progress;
  readonly #lastError: LastError;
  readonly #stateFile: StateFile;
  #lastCursor: { text: string | null; atMs: number } = { text: null, atMs: 0 };
  #stateWrittenAtMs = 0;
  #hasWarnedOfState = false;
  #hasSeenHead = false;

  constructor(parts: RunWatchParts) {
    this.#parts = parts;
    const { log, isJson, config } = parts.context;
    this.#stateFile = new StateFile(config.stateFile);
    this.#log = new RunLog(log);
    this.#lastError = new LastError({ tell: parts.onLastError, nowMs });
    const stream = process.stderr;
    this.#progress = new Progress({
      stream,
      mode: progressMode(stream, parts.joined !== null || (isJson && stream.isTTY)),
      render: () => runLine(this.#howFar()),
      record: () =>
        this.#log.progressed(this.#howFar(), [...parts.scheduler.openSegments()].length),
    });
  }

  start(): void {
    const { joined, prepared } = this.#parts;
    this.#log.started(prepared);
    joined?.add(prepared.run.stream, () => this.#howFar());
    this.#progress.start();
  }

  stop(): void {
    this.#parts.joined?.remove(this.#parts.prepared.run.stream);
    this.#progress.stop();
    this.#lastError.stop();
    this.#parts.context.settleLog();
  }

  /** The last word on the run. */
  ended(result: IngestResult, outcome: RunOutcome): void {
    this.#log.ended(result, outcome);
  }

  fetchStarted(command: FetchCommand): void {
    this.#parts.stats.asked(nowMs());
    this.#log.limitSeen(this.#parts.limiter);
    this.#log.pageRequested(command);
  }

  headSeen(head: PageHead): void {
    this.#sayDetected(head);
    this.#answered(() => this.#parts.stats.headSeen(head));
    this.#lastCursor = { text: head.nextCursor, atMs: head.meta.sentAtMs };
  }

  /** How the first answer says that its pages follow one another, where the source file leaves it open. */
  #sayDetected({ nextCursor }: PageHead): void {
    if (this.#hasSeenHead || nextCursor === null) return;
    this.#hasSeenHead = true;
    const plan = detectedPlan(nextCursor);
    if (plan !== null) this.#log.pagingDetected(pagingWords(plan));
  }

  scanned({ scanMs }: Extract<PageResult, { type: 'page' }>): void {
    this.#parts.stats.scanned(scanMs);
  }

  fetchFailed(command: FetchCommand, fault: Fault, meta: ResponseMeta | null): void {
    this.#answered(() => this.#parts.stats.failed(fault, meta));
    this.#lastError.failed(this.#redacted(fault));
    this.#log.fetchFailed(command, fault);
  }

  committed(command: WriteCommand, result: Extract<WriteResult, { type: 'committed' }>): void {
    this.#parts.stats.committed(result, nowMs(), !command.hasMore);
    this.#lastError.wentWell();
    this.#log.limitSeen(this.#parts.limiter);
    this.#log.pageCommitted(command, result);
    if (nowMs() - this.#stateWrittenAtMs >= STATE_EVERY_MS) void this.writeState(null);
  }

  writeFailed(command: WriteCommand, fault: Fault): void {
    this.#lastError.failed(this.#redacted(fault));
    this.#log.writeFailed(command, fault);
  }

  noticed(notice: Notice): void {
    this.#parts.stats.noticed(notice);
    this.#log.noticed(notice);
  }

  /** Also an answer that is a failure may be the first of the run. */
  #answered(count: () => void): void {
    const { stats, onSource } = this.#parts;
    const { sourceTotal, firstRequestAtMs } = stats;
    count();
    const isFirst = firstRequestAtMs === null && stats.firstRequestAtMs !== null;
    if (isFirst || stats.sourceTotal !== sourceTotal) {
      onSource({ total: stats.sourceTotal, firstRequestAtMs: stats.firstRequestAtMs });
    }
  }

  /**
   * A readable copy of where the run stands; a failure to write it is told once and ends nothing.
   *
   * @param outcome null: it is running
   */
  async writeState(outcome: RunOutcome | null): Promise<void> {
    if (this.#stateFile.isBusy && outcome === null) return;
    this.#stateWrittenAtMs = nowMs();
    try {
      await this.#stateFile.write(
        this.#state(outcome === null ? 'running' : statusAfter(outcome.status)),
      );
    } catch (error) {
      if (!this.#hasWarnedOfState) this.#log.stateUnwritten((error as Error).message);
      this.#hasWarnedOfState = true;
    }
  }

  #state(status: string): RunState {
    const { stats, limiter, scheduler } = this.#parts;
    const tokens = limiter.tokensAt(nowMs());
    const nextStartMs = limiter.nextStartMs(nowMs());
    return {
      cursor: this.#lastCursor.text,
      cursorCreatedAt: this.#lastCursor.atMs === 0 ? null : iso(this.#lastCursor.atMs),
      eventsIngested: stats.eventsIngested,
      rateLimitRemaining: Number.isFinite(tokens) ? tokens : null,
      rateLimitResetAt: nextStartMs > nowMs() ? iso(nextStartMs) : null,
      lastUpdated: iso(nowMs()),
      status,
      segments: [...scheduler.openSegments()].map(({ segment, after, bound }) => ({
        segment,
        after: after === null ? null : formatPosition(after),
        bound: bound === null ? null : formatPosition(bound),
      })),
    };
  }

  #redacted({ message }: Fault): string {
    return this.#parts.context.redact(message);
  }

  #howFar(): RunProgress {
    return runProgress(this.#parts.figures.at(nowMs()));
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
