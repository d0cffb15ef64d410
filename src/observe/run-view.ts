/**
 * Run view: watches a run for the dashboard and says, when asked, where it stands.
 *
 * What it keeps is bounded, and what the loop tells it costs the same for a page of one row and of
 * 5,000. Figures that RunStats has are taken from there, so that page, report and log agree.
 */

import type { Limiter } from '../core/limiter.js';
import type { Scheduler } from '../core/scheduler.js';
import type { RunOutcome, SchedulerCommand } from '../core/scheduler-types.js';
import type { PageHead, PageResult } from '../protocol/fetch-messages.js';
import type { WriteResult } from '../protocol/writer-messages.js';
import type { RunState } from './engine-metrics.js';
import { type Eta, estimateRest } from './eta.js';
import { History, type HistoryColumns, type Sample } from './history.js';
import { LatencyWindow } from './latency-window.js';
import { RecentRate } from './recent-rate.js';
import type { RunStats } from './run-stats.js';
import { type Extent, SegmentMap } from './segment-map.js';
import type { LiveRun, QuarantinedPage, Stage } from './snapshot.js';
import { WaitShares } from './wait-shares.js';

export interface RunViewParts {
  readonly run: number;
  readonly source: string;
  readonly origin: string;
  readonly resumedFrom: number | null;
  /** What earlier processes have reached; null: nothing. */
  readonly earlier: Extent | null;
  readonly scheduler: Scheduler;
  readonly bucket: Limiter;
  readonly stats: RunStats;
  readonly nowMs: () => number;
}

const COMING_MAX = 60;
const QUARANTINED_PAGES_MAX = 6;

export class RunView {
  readonly #parts: RunViewParts;
  readonly #history = new History();
  readonly #rate = new RecentRate();
  readonly #segments: SegmentMap;
  readonly #waits: WaitShares;
  readonly #latency = {
    head: new LatencyWindow(),
    fetch: new LatencyWindow(),
    scan: new LatencyWindow(),
    write: new LatencyWindow(),
  };
  readonly #quarantine: QuarantinedPage[] = [];
  #rowsPerSecond = 0;
  #sample: Sample | null = null;
  #pageLimit = 1;
  #ended: { readonly outcome: RunOutcome; readonly atMs: number } | null = null;

  constructor(parts: RunViewParts) {
    this.#parts = parts;
    this.#segments = new SegmentMap(parts.earlier);
    this.#waits = new WaitShares(parts.scheduler.waits);
    for (const segment of parts.scheduler.openSegments()) this.#segments.opened(segment);
  }

  fetchStarted(command: Extract<SchedulerCommand, { type: 'fetch' }>): void {
    this.#pageLimit = command.limit;
  }

  headSeen({ meta }: PageHead): void {
    this.#latency.head.add(meta.headAtMs - meta.sentAtMs);
    this.#latency.fetch.add(meta.endAtMs - meta.sentAtMs);
  }

  scanned({ batch, scanMs }: Extract<PageResult, { type: 'page' }>): void {
    this.#latency.scan.add(scanMs);
    if (batch !== null) this.#segments.seen(batch.firstPosition, batch.lastPosition);
  }

  fetchFailed(): void {}

  committed(
    command: Extract<SchedulerCommand, { type: 'write' }>,
    result: Extract<WriteResult, { type: 'committed' }>,
  ): void {
    this.#latency.write.add(result.writeMs);
    this.#segments.committed(command, result.covered);
    const records = result.counts.quarantined;
    if (records === 0) return;
    this.#quarantine.unshift({ segment: command.segment, page: command.page, records });
    this.#quarantine.length = Math.min(this.#quarantine.length, QUARANTINED_PAGES_MAX);
  }

  writeFailed(): void {}

  noticed(): void {}

  get state(): RunState {
    if (this.#ended !== null) return this.#ended.outcome.status;
    const { reason } = this.#parts.scheduler.waits;
    if (reason === null) return 'starting';
    return reason === 'end' ? 'finishing' : 'running';
  }

  /** The run is over; what is shown of it stands still. */
  end(outcome: RunOutcome): void {
    if (this.#ended !== null) return;
    this.#ended = { outcome, atMs: this.#parts.nowMs() };
    this.#sample = this.#measure();
    this.#history.finish(this.#sample);
  }

  /** Takes a point of the history; called once a second, watched or not. */
  tick(): void {
    if (this.#ended !== null) return;
    const sample = this.#measure();
    if (this.#history.add(sample)) this.#sample = sample;
  }

  history(): { readonly version: number; readonly columns: HistoryColumns } {
    return { version: this.#history.version, columns: this.#history.columns() };
  }

  snapshot(): LiveRun {
    const { run, source, origin, resumedFrom, scheduler, stats } = this.#parts;
    const nowMs = this.#ended?.atMs ?? this.#parts.nowMs();
    const outcome = this.#ended?.outcome ?? null;
    const durationMs = stats.durationMs(nowMs);
    const { sourceTotal, eventsIngested } = stats;
    const rowsLeft = sourceTotal === null ? null : Math.max(0, sourceTotal - eventsIngested);
    return {
      run,
      source,
      origin,
      state: this.state,
      reason: reasonOf(outcome),
      resumeAtMs: outcome?.status === 'paused' ? outcome.resumeAtMs : null,
      startedAtMs: stats.startedAtMs,
      durationMs,
      resumedFrom,
      rows: { ingested: eventsIngested, total: sourceTotal, ...stats.counts },
      pages: stats.pages,
      bytes: stats.bytes,
      rowsPerSecond: this.#rowsPerSecond,
      rowsPerSecondMean: (stats.eventsIngestedHere * 1000) / Math.max(1, durationMs),
      requests: this.#requests(nowMs),
      limit: this.#limit(nowMs),
      stages: this.#stages(),
      headLatency: this.#latency.head.percentiles(),
      credits: {
        heldBytes: Math.round(scheduler.credits.heldBytes),
        limitBytes: scheduler.credits.bytesMax,
      },
      waits: { reason: scheduler.waits.reason, shares: this.#waits.shares },
      eta: outcome === null ? this.#eta(durationMs) : null,
      segments: this.#segments.view(scheduler.openSegments(), rowsLeft),
      quarantine: this.#quarantine,
      memoryBytes: process.memoryUsage.rss(),
      loopDelayP99Ms: stats.mainLoopDelayP99Ms,
      sample: this.#sample,
      historyVersion: this.#history.version,
    };
  }

  #measure(): Sample {
    const { scheduler, bucket, stats } = this.#parts;
    const nowMs = this.#ended?.atMs ?? this.#parts.nowMs();
    const rows = stats.eventsIngested;
    const { policy } = bucket;
    this.#rowsPerSecond = this.#rate.mark(nowMs, rows, policy?.windowMs ?? null);
    this.#waits.mark(nowMs, policy?.windowMs ?? null);
    const { inFlight, scanning, held, writing } = scheduler.outstandingByPhase();
    return {
      atMs: Math.round(nowMs),
      rows,
      rowsPerSecond: Math.round(this.#rowsPerSecond),
      requests: stats.requests,
      permitted: stats.permittedRequests(policy, nowMs),
      fetching: inFlight,
      scanning: scanning + held,
      writing,
      heldBytes: Math.round(scheduler.credits.heldBytes),
    };
  }

  #requests(nowMs: number): LiveRun['requests'] {
    const { stats, bucket } = this.#parts;
    return {
      sent: stats.requests,
      permitted: stats.permittedRequests(bucket.policy, nowMs),
      utilisation: stats.utilisation.value(bucket.policy),
      refused: stats.refused,
      retries: stats.retries,
      faults: Object.fromEntries(stats.faults),
    };
  }

  #limit(nowMs: number): LiveRun['limit'] {
    const { bucket } = this.#parts;
    if (bucket.policy === null) return null;
    const comingMs = bucket.comingStartsMs(nowMs, COMING_MAX);
    return { ...bucket.policy, used: bucket.startsIn(nowMs), comingMs };
  }

  #stages(): LiveRun['stages'] {
    const { inFlight, scanning, held, writing } = this.#parts.scheduler.outstandingByPhase();
    const stage = (pages: number, durations: LatencyWindow | null): Stage => ({
      pages,
      duration: durations?.percentiles() ?? null,
    });
    return {
      fetch: stage(inFlight, this.#latency.fetch),
      scan: stage(scanning, this.#latency.scan),
      hold: stage(held, null),
      write: stage(writing, this.#latency.write),
    };
  }

  #eta(elapsedMs: number): Eta | null {
    const { stats, bucket } = this.#parts;
    return estimateRest({
      total: stats.sourceTotal,
      ingested: stats.eventsIngested,
      ingestedHere: stats.eventsIngestedHere,
      pageLimit: this.#pageLimit,
      policy: bucket.policy,
      elapsedMs,
    });
  }
}

function reasonOf(outcome: RunOutcome | null): string | null {
  if (outcome?.status === 'paused') return outcome.reason;
  if (outcome?.status !== 'failed') return null;
  const { message, remedy } = outcome.fault;
  return remedy === undefined ? message : `${message}. ${remedy}`;
}
