/** What a run says in the log; docs/logs.md lists the events. */
import type { Fault } from '../core/fault.js';
import type { Notice, RunOutcome } from '../core/scheduler-types.js';
import type { LimitPolicy, TokenBucket } from '../core/token-bucket.js';
import { formatCount, formatDuration } from '../observe/eta.js';
import type { Logger } from '../observe/logger.js';
import type { IngestResult } from '../observe/report.js';
import { type RunProgress, runLine } from '../observe/run-line.js';
import type { WriteResult } from '../protocol/writer-messages.js';
import type { FetchCommand, WriteCommand } from '../runtime/run-observer.js';
import type { PreparedRun } from './prepare-run.js';

const SAME_WINDOW_SHARE = 0.1;

export class RunLog {
  readonly #log: Logger;
  /** As it was said last; undefined: not yet. */
  #limit: LimitPolicy | null | undefined;

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
      { event: 'run_resumed', ...fields, pages: resumedFrom, eventsIngested: totals.covered },
      `run ${run.run} goes on: ${formatCount(totals.covered)} events of ${formatCount(resumedFrom)} pages are there`,
    );
  }

  /** Says the limit once it is known, and whenever it is another. */
  limitSeen({ isLearned, policy }: TokenBucket): void {
    if (!isLearned) return;
    if (this.#limit !== undefined && isAbout(policy, this.#limit)) return;
    this.#limit = policy;
    this.#log.info(
      { event: 'limit_learned', quota: policy?.quota ?? null, windowMs: policy?.windowMs ?? null },
      policy === null
        ? 'the API limits nothing'
        : `the API permits ${policy.quota} requests in ${policy.windowMs / 1000} s`,
    );
  }

  pageRequested({ segment, page, limit }: FetchCommand): void {
    this.#log.debug({ event: 'page_requested', segment, page, limit }, 'page requested');
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
    const count = `${formatCount(eventsIngested)} events`;
    switch (outcome.status) {
      case 'complete':
        return this.#log.info(
          { event: 'run_completed', ...figures },
          `run ${run} is complete: ${count}, ${formatCount(requests)} requests in ${formatDuration(durationMs)}`,
        );
      case 'interrupted':
        return this.#log.info(
          { event: 'run_interrupted', ...figures },
          `run ${run} is interrupted after ${count}`,
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

/** A window that is learned from whole seconds is another by a second now and then. */
function isAbout(one: LimitPolicy | null, other: LimitPolicy | null): boolean {
  if (one === null || other === null) return one === other;
  const apartMs = Math.abs(one.windowMs - other.windowMs);
  return one.quota === other.quota && apartMs <= SAME_WINDOW_SHARE * other.windowMs;
}
