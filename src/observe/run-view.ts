/**
 * Run view: watches a run for the dashboard and says, when asked, where it stands.
 *
 * What it keeps is bounded, and what the loop tells it costs the same for a page of one row and of
 * 5,000. Figures are those of RunFigures, so that page, report and log agree.
 */

import type { Limiter } from '../core/limiter.js';
import type { Scheduler } from '../core/scheduler.js';
import type { RunOutcome, SchedulerCommand } from '../core/scheduler-types.js';
import type { PageHead, PageResult } from '../protocol/fetch-messages.js';
import type { WriteResult } from '../protocol/writer-messages.js';
import type { RunState } from './engine-metrics.js';
import { History, type HistoryColumns, type Sample } from './history.js';
import { LatencyWindow } from './latency-window.js';
import { reasonOf, resumeAtMsOf, statusAfter } from './run-end.js';
import type { Figures, RunFigures } from './run-figures.js';
import { measureRun } from './run-report-timeline.js';
import type { RunStats } from './run-stats.js';
import { type Extent, SegmentMap } from './segment-map.js';
import type { LiveRun, QuarantinedPage, Stage } from './snapshot.js';

export interface RunViewParts {
  readonly run: number;
  readonly source: string;
  readonly stream: string;
  readonly origin: string;
  readonly resumedFrom: number | null;
  /** What earlier processes have reached; null: nothing. */
  readonly earlier: Extent | null;
  readonly scheduler: Scheduler;
  readonly limiter: Limiter;
  readonly stats: RunStats;
  readonly figures: RunFigures;
  readonly nowMs: () => number;
}

const COMING_MAX = 60;
const QUARANTINED_PAGES_MAX = 6;

export class RunView {
  readonly #parts: RunViewParts;
  readonly #history = new History();
  readonly #segments: SegmentMap;
  readonly #latency = {
    head: new LatencyWindow(),
    fetch: new LatencyWindow(),
    scan: new LatencyWindow(),
    write: new LatencyWindow(),
  };
  readonly #quarantine: QuarantinedPage[] = [];
  #sample: Sample | null = null;
  #ended: { readonly outcome: RunOutcome; readonly atMs: number } | null = null;

  constructor(parts: RunViewParts) {
    this.#parts = parts;
    this.#segments = new SegmentMap(parts.earlier);
    for (const segment of this.#placed()) this.#segments.opened(segment);
  }

  fetchStarted(): void {}

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
    const { inserted, updated, duplicate } = result.counts;
    if (this.#parts.stats.children === null) {
      this.#segments.committed(command, inserted + updated + duplicate);
    }
    const records = result.counts.quarantined;
    if (records === 0) return;
    this.#quarantine.unshift({ segment: command.segment, page: command.page, records });
    this.#quarantine.length = Math.min(this.#quarantine.length, QUARANTINED_PAGES_MAX);
  }

  writeFailed(): void {}

  noticed(): void {}

  get state(): RunState {
    if (this.#ended !== null) return statusAfter(this.#ended.outcome.status);
    const { reason } = this.#parts.scheduler.waits;
    if (reason === null) return 'starting';
    return reason === 'end' ? 'finishing' : 'running';
  }

  /** Why it is over and not complete; null: it is neither. */
  get reason(): string | null {
    return this.#ended === null ? null : reasonOf(this.#ended.outcome);
  }

  get isOver(): boolean {
    return this.#ended !== null;
  }

  /** The run was over at `atMs`; what is shown of it stands still. */
  end(outcome: RunOutcome, atMs: number): void {
    if (this.#ended !== null) return;
    this.#ended = { outcome, atMs };
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
    const { run, source, stream, origin, resumedFrom, scheduler, stats } = this.#parts;
    const nowMs = this.#ended?.atMs ?? this.#parts.nowMs();
    const outcome = this.#ended?.outcome ?? null;
    const figures = this.#parts.figures.at(nowMs);
    const { rows, total } = figures;
    const rowsLeft = total === null ? null : Math.max(0, total - rows);
    const isOver = outcome !== null;
    return {
      run,
      source,
      stream,
      origin,
      state: this.state,
      reason: outcome === null ? null : reasonOf(outcome),
      resumeAtMs: outcome === null ? null : resumeAtMsOf(outcome),
      durationMs: figures.durationMs,
      resumedFrom,
      members: null,
      rows: { ingested: rows, total, share: figures.share, ...stats.counts },
      pages: stats.pages,
      bytes: stats.bytes,
      rowsPerSecond: figures.rowsPerSecond,
      recentRowsPerSecond: isOver ? null : figures.recentRowsPerSecond,
      requests: this.#requests(figures),
      limit: isOver ? null : this.#limit(nowMs),
      stages: this.#stages(),
      headLatency: this.#latency.head.percentiles(),
      credits: {
        heldBytes: Math.round(scheduler.credits.heldBytes),
        limitBytes: scheduler.credits.bytesMax,
      },
      waits: { reason: isOver ? null : scheduler.waits.reason, shares: figures.waits },
      eta: figures.rest,
      segments: this.#segments.view(this.#placed(), rowsLeft),
      quarantine: this.#quarantine,
      memoryBytes: process.memoryUsage.rss(),
      loopDelayP99Ms: stats.mainLoopDelayP99Ms,
      sample: this.#sample,
      historyVersion: this.#history.version,
    };
  }

  /** Open segments of an order: children have no places, and there may be any number of them. */
  #placed(): ReturnType<Scheduler['openSegments']> {
    const { stats, scheduler } = this.#parts;
    return stats.children === null ? scheduler.openSegments() : [];
  }

  #measure(): Sample {
    return measureRun(this.#parts, this.#ended?.atMs ?? this.#parts.nowMs());
  }

  #requests({ permitted }: Figures): LiveRun['requests'] {
    const { stats, figures } = this.#parts;
    return {
      sent: stats.requests,
      permitted,
      utilisation: figures.utilisation(),
      refused: stats.refused,
      retries: stats.retries,
      faults: Object.fromEntries(stats.faults),
    };
  }

  #limit(nowMs: number): LiveRun['limit'] {
    const { limiter } = this.#parts;
    if (limiter.policy === null) return null;
    const comingMs = limiter.comingStartsMs(nowMs, COMING_MAX);
    return { ...limiter.policy, used: limiter.startsIn(nowMs), comingMs };
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
}
