/** What a run says in the log; docs/logs.md lists the events. */
import type { Fault } from '../core/fault.js';
import type { Limiter } from '../core/limiter.js';
import type { Notice, RunOutcome } from '../core/scheduler-types.js';
import { formatCount, formatDuration } from '../observe/eta.js';
import type { Logger } from '../observe/logger.js';
import type { IngestResult } from '../observe/report.js';
import { type RunProgress, runLine } from '../observe/run-line.js';
import type { WriteResult } from '../protocol/writer-messages.js';
import type { FetchCommand, WriteCommand } from '../runtime/run-observer.js';
import type { PreparedRun } from './prepare-run.js';

export class RunLog {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  started({ run, resumedFrom, segments, totals }: PreparedRun): void {
    const { source, origin } = run;
    const fields = { source, origin, segments: segments.length };
    if (resumedFrom === null) {
      this.#log.info({ event: 'run_started', ...fields }, `run ${run.run} begins`);
      return;
    }
    this.#log.info(
      { event: 'run_resumed', ...fields, pages: resumedFrom, eventsIngested: totals.rows },
      `run ${run.run} goes on: ${formatCount(totals.rows)} rows of ${formatCount(resumedFrom)} pages are there`,
    );
  }

  pagingDetected(words: string): void {
    const message = `the first answer shows how its pages follow one another: ${words}`;
    this.#log.info({ event: 'paging_detected' }, message);
  }

  /** Says what was learned of the limits since the last call. */
  limitSeen(limiter: Limiter): void {
    const changes = limiter.takeChanges();
    if (changes.length === 0) return;
    const { quota = null, windowMs = null } = limiter.policy ?? {};
    const limits = limiter.limits();
    for (const change of changes) {
      this.#log.info({ event: 'limit_learned', quota, windowMs, limits }, change);
    }
  }

  pageRequested({ segment, page, limit, startMs }: FetchCommand): void {
    this.#log.debug({ event: 'page_requested', segment, page, limit, startMs }, 'page requested');
  }

  fetchFailed({ segment, page }: FetchCommand, fault: Fault): void {
    this.#log.debug({ event: 'fetch_failed', segment, page, fault }, fault.message);
  }

  pageCommitted(
    { segment, page }: WriteCommand,
    { counts, method }: Extract<WriteResult, { type: 'committed' }>,
  ): void {
    this.#log.debug(
      { event: 'page_committed', segment, page, ...counts, method },
      'page committed',
    );
    const { quarantined } = counts;
    if (quarantined === 0) return;
    this.#log.warn(
      { event: 'records_quarantined', segment, page, quarantined },
      `segment ${segment}, page ${page}: ${quarantined} ${quarantined === 1 ? 'record' : 'records'} to quarantine`,
    );
  }

  writeFailed({ segment, page }: WriteCommand, fault: Fault): void {
    this.#log.error(
      { event: 'write_failed', segment, page, fault },
      `segment ${segment}, page ${page}: ${fault.message}`,
    );
  }

  noticed({ event, segment, page, fault, message }: Notice): void {
    const why = fault === undefined ? '' : `: ${fault.message}`;
    this.#log.warn(
      { event, segment, page, ...(fault && { fault }) },
      `segment ${segment}, page ${page}${why}; ${message}`,
    );
  }

  progressed(progress: RunProgress, segmentsOpen: number): void {
    this.#log.info({ event: 'run_progressed', ...progress, segmentsOpen }, runLine(progress));
  }

  stateUnwritten(reason: string): void {
    this.#log.warn(
      { event: 'state_file_unwritten' },
      `the state file cannot be written (${reason}); the database has everything it holds`,
    );
  }

  ended(result: IngestResult, outcome: RunOutcome): void {
    const { run, reason, resumeAt } = result;
    const { eventsIngested, pages, requests, refused, retries, quarantined } = result;
    const { durationMs, eventsPerSecond, utilisation } = result;
    const figures = {
      ...{ eventsIngested, pages, requests, refused, retries, quarantined },
      ...{ durationMs, eventsPerSecond, utilisation },
    };
    const count = `${formatCount(eventsIngested)} rows`;
    switch (outcome.status) {
      case 'complete':
        return this.#log.info(
          { event: 'run_completed', ...figures },
          `run ${run} is complete: ${count}, ${formatCount(requests)} requests in ${formatDuration(durationMs)}`,
        );
      case 'interrupted':
        return this.#log.info(
          { event: 'run_interrupted', ...figures },
          `run ${run} is paused after ${count}: ${reason}`,
        );
      case 'paused':
        return this.#log.warn(
          { event: 'run_paused', ...figures, resumeAt },
          `run ${run} is paused after ${count}: ${reason}`,
        );
      case 'failed':
        return this.#log.error(
          { event: 'run_failed', ...figures, fault: outcome.fault },
          `run ${run} failed after ${count}: ${reason}`,
        );
    }
  }
}
