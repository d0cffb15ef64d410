/** Watches a run for people: log, progress line, state file. */

import type { Fault } from '../core/fault.js';
import { formatPosition } from '../core/position.js';
import type { Scheduler } from '../core/scheduler.js';
import type { Notice } from '../core/scheduler-types.js';
import type { TokenBucket } from '../core/token-bucket.js';
import { estimateRest, formatCount, formatDuration } from '../observe/eta.js';
import { Progress } from '../observe/progress.js';
import type { RunStats } from '../observe/run-stats.js';
import type { PageHead, PageResult, ResponseMeta } from '../protocol/fetch-messages.js';
import type { WriteResult } from '../protocol/writer-messages.js';
import { nowMs } from '../runtime/clock.js';
import type { FetchCommand, RunObserver, WriteCommand } from '../runtime/run-observer.js';
import { type RunState, writeStateFile } from '../runtime/state-file.js';
import type { CommandContext } from './context.js';

const STATE_EVERY_MS = 1000;

export interface RunWatchParts {
  readonly context: CommandContext;
  readonly stats: RunStats;
  readonly bucket: TokenBucket;
  readonly scheduler: Scheduler;
  readonly run: number;
  /** Told when something of it is new. */
  readonly onSource: (facts: {
    readonly total: number | null;
    readonly firstRequestAtMs: number | null;
  }) => void;
}

export class RunWatch implements RunObserver {
  readonly #parts: RunWatchParts;
  readonly #progress: Progress;
  #lastCursor: { text: string | null; atMs: number } = { text: null, atMs: 0 };
  #stateWrittenAtMs = 0;
  #isWritingState = false;
  #hasWarnedOfState = false;
  #pageLimit = 0;

  constructor(parts: RunWatchParts) {
    this.#parts = parts;
    const stream = process.stderr;
    this.#progress = new Progress({
      stream,
      mode: parts.context.isJson ? 'off' : stream.isTTY ? 'terminal' : 'lines',
      render: () => this.#line(),
    });
  }

  start(): void {
    this.#progress.start();
  }

  stop(): void {
    this.#progress.stop();
  }

  fetchStarted(command: FetchCommand): void {
    this.#pageLimit = command.limit;
    const { segment, page, limit } = command;
    this.#parts.context.log.debug(
      { event: 'page_requested', segment, page, limit },
      'page requested',
    );
  }

  headSeen(head: PageHead): void {
    const { stats, onSource } = this.#parts;
    const { sourceTotal, firstRequestAtMs } = stats;
    stats.headSeen(head);
    if (firstRequestAtMs === null || stats.sourceTotal !== sourceTotal) {
      onSource({ total: stats.sourceTotal, firstRequestAtMs: stats.firstRequestAtMs });
    }
    this.#lastCursor = { text: head.nextCursor, atMs: head.meta.sentAtMs };
  }

  scanned({ scanMs }: Extract<PageResult, { type: 'page' }>): void {
    this.#parts.stats.scanned(scanMs);
  }

  fetchFailed(command: FetchCommand, fault: Fault, meta: ResponseMeta | null): void {
    this.#parts.stats.failed(fault, meta);
    const { segment, page } = command;
    this.#parts.context.log.debug({ event: 'fetch_failed', segment, page, fault }, fault.message);
  }

  committed(command: WriteCommand, result: Extract<WriteResult, { type: 'committed' }>): void {
    const { stats, context } = this.#parts;
    stats.committed(result, nowMs());
    const { segment, page } = command;
    const { counts, method } = result;
    context.log.debug(
      { event: 'page_committed', segment, page, ...counts, method },
      'page committed',
    );
    if (counts.quarantined > 0) {
      context.log.warn(
        { event: 'quarantined', segment, page, quarantined: counts.quarantined },
        `segment ${segment}, page ${page}: ${counts.quarantined} records to quarantine`,
      );
    }
    if (nowMs() - this.#stateWrittenAtMs >= STATE_EVERY_MS) void this.writeState('running');
  }

  writeFailed(command: WriteCommand, fault: Fault): void {
    const { segment, page } = command;
    this.#parts.context.log.error({ event: 'write_failed', segment, page, fault }, fault.message);
  }

  noticed(notice: Notice): void {
    this.#parts.stats.noticed(notice);
    // The level and the message are the log's own fields; a second of each would be read as either.
    const { level, message, ...where } = notice;
    const { segment, page, fault } = where;
    const why = fault === undefined ? '' : `: ${fault.message}`;
    this.#parts.context.log[level](where, `segment ${segment}, page ${page}${why}; ${message}`);
  }

  /** A readable copy of where the run stands; a failure to write it is told once and ends nothing. */
  async writeState(status: string): Promise<void> {
    if (this.#isWritingState && status === 'running') return;
    this.#isWritingState = true;
    this.#stateWrittenAtMs = nowMs();
    const { config, log } = this.#parts.context;
    try {
      await writeStateFile(config.stateFile, this.#state(status));
    } catch (error) {
      if (!this.#hasWarnedOfState) {
        const reason = (error as Error).message;
        log.warn(
          { event: 'state_file' },
          `the state file cannot be written (${reason}); the database has everything it holds`,
        );
      }
      this.#hasWarnedOfState = true;
    } finally {
      this.#isWritingState = false;
    }
  }

  #state(status: string): RunState {
    const { stats, bucket, scheduler } = this.#parts;
    const tokens = bucket.tokensAt(nowMs());
    const nextStartMs = bucket.nextStartMs(nowMs());
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

  #line(): string {
    const { stats, bucket } = this.#parts;
    const elapsedMs = stats.durationMs(nowMs());
    const rate = formatCount((stats.eventsIngestedHere * 1000) / Math.max(1, elapsedMs));
    const total = stats.sourceTotal === null ? '' : ` of ${formatCount(stats.sourceTotal)}`;
    const share =
      stats.sourceTotal === null
        ? ''
        : ` (${((stats.eventsIngested / Math.max(1, stats.sourceTotal)) * 100).toFixed(1)} %)`;
    const eta = estimateRest({
      total: stats.sourceTotal,
      ingested: stats.eventsIngested,
      ingestedHere: stats.eventsIngestedHere,
      pageLimit: Math.max(1, this.#pageLimit),
      policy: bucket.policy,
      elapsedMs,
    });
    const rest =
      eta === null
        ? ''
        : `, ${formatDuration(eta.remainingMs)} left (${eta.boundBy === 'limit' ? "the API's limit" : 'speed'})`;
    return `${formatCount(stats.eventsIngested)}${total} events${share}, ${rate}/s${rest}`;
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
