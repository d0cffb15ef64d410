/**
 * Figures of a run in this process: counts what the loop tells it.
 *
 * Rows are counted over all restarts of the run (earlier processes' totals come from the ledger);
 * requests, time and utilisation are this process's own.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { CommittedCounts } from '../core/committed-page.js';
import type { Fault } from '../core/fault.js';
import type { Notice } from '../core/scheduler-types.js';
import { Utilisation } from '../core/utilisation.js';
import type { PageHead, ResponseMeta } from '../protocol/fetch-messages.js';
import type { WriteResult } from '../protocol/writer-messages.js';
import { LatencyHistogram } from './latency-histogram.js';

/** Totals that the ledger holds from before this process. */
export interface EarlierTotals extends Omit<CommittedCounts, 'known'> {
  readonly pages: number;
  /** That its pages wrote, and that were there before them. */
  readonly rows: number;
}

/** Every tick wakes main: each 20 ms, it was a tenth of its processor time with both cores full. */
const DELAY_RESOLUTION_MS = 50;

export class RunStats {
  /** Of all streams that share the limits. */
  readonly utilisation: Utilisation;
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  readonly #earlier: EarlierTotals;
  requests = 0;
  refused = 0;
  retries = 0;
  bytes = 0;
  /** What the source says it holds; null until an answer says so. */
  sourceTotal: number | null = null;
  firstCommitAtMs: number | null = null;
  /** Of a child stream: children that are finished, of those that there are. Null: it stands by itself. */
  readonly children: { done: number; readonly known: number } | null;
  readonly methods = { copy: 0, insert: 0 };
  readonly faults = new Map<string, number>();
  /** From a request's start to the first and to the last byte of its page, its scan, its commit. */
  readonly latency = {
    head: new LatencyHistogram(),
    fetch: new LatencyHistogram(),
    scan: new LatencyHistogram(),
    write: new LatencyHistogram(),
  };
  /** When the first request of this process left; null: none has been answered. */
  firstRequestAtMs: number | null = null;
  /** Rows that were there before the run. */
  #known: number;
  #startedAtMs: number | null = null;
  #new = { pages: 0, returned: 0, inserted: 0, updated: 0, duplicate: 0, quarantined: 0 };

  /** @param walksAgain the process begins a walk anew, and finds anew what earlier ones found */
  constructor(given: {
    readonly earlier: EarlierTotals;
    readonly walksAgain: boolean;
    readonly utilisation?: Utilisation;
    readonly children?: { readonly done: number; readonly known: number } | null;
  }) {
    const { earlier, walksAgain, children = null } = given;
    this.utilisation = given.utilisation ?? new Utilisation();
    this.#earlier = earlier;
    this.children = children && { done: children.done, known: children.known };
    this.#known = walksAgain ? 0 : earlier.rows - earlier.inserted;
    this.#delay.enable();
  }

  /** When the first request of this process was asked for; null: none was. */
  get startedAtMs(): number | null {
    return this.#startedAtMs;
  }

  get pages(): number {
    return this.#earlier.pages + this.#new.pages;
  }

  /** Of this process alone. */
  get pagesHere(): number {
    return this.#new.pages;
  }

  /**
   * Rows of the run in the table: those that its pages wrote, and those that were there before it. A walk
   * that begins again finds the latter anew.
   */
  get eventsIngested(): number {
    return this.counts.inserted + this.#known;
  }

  /** @param rows that the run has by the ledger, which also knows what others have written */
  recount(rows: number): void {
    this.#known = rows - this.counts.inserted;
  }

  /** Rows that this process wrote or found: what a rate is made of. */
  get eventsIngestedHere(): number {
    return this.#new.inserted + this.#new.updated + this.#new.duplicate;
  }

  get counts(): Omit<CommittedCounts, 'known'> {
    return {
      returned: this.#earlier.returned + this.#new.returned,
      inserted: this.#earlier.inserted + this.#new.inserted,
      updated: this.#earlier.updated + this.#new.updated,
      duplicate: this.#earlier.duplicate + this.#new.duplicate,
      quarantined: this.#earlier.quarantined + this.#new.quarantined,
    };
  }

  get peakRssBytes(): number {
    // The kernel's own high-water mark misses no peak between samples, and costs nothing a page.
    return process.resourceUsage().maxRSS * 1024;
  }

  get mainLoopDelayP99Ms(): number {
    // The histogram measures the whole interval between its ticks: what is over the resolution is delay.
    return Math.max(0, this.#delay.percentile(99) / 1e6 - DELAY_RESOLUTION_MS);
  }

  /** A request is asked for: with the first, the process is at work. */
  asked(nowMs: number): void {
    this.#startedAtMs ??= nowMs;
  }

  answered(meta: ResponseMeta): void {
    this.requests++;
    this.firstRequestAtMs = Math.min(this.firstRequestAtMs ?? meta.sentAtMs, meta.sentAtMs);
  }

  headSeen(head: PageHead): void {
    this.answered(head.meta);
    this.utilisation.add(head.meta.sentAtMs);
    this.bytes += head.meta.bodyBytes;
    this.sourceTotal = head.total ?? this.sourceTotal;
    this.latency.head.add(head.meta.headAtMs - head.meta.sentAtMs);
    this.latency.fetch.add(head.meta.endAtMs - head.meta.sentAtMs);
  }

  scanned(scanMs: number): void {
    this.latency.scan.add(scanMs);
  }

  failed(fault: Fault, meta: ResponseMeta | null): void {
    if (meta !== null) this.answered(meta);
    // What a limit permitted is counted by what it let in.
    if (meta !== null && fault.code !== 'RATE_LIMITED') this.utilisation.add(meta.sentAtMs);
    if (fault.code === 'RATE_LIMITED') this.refused++;
    this.faults.set(fault.code, (this.faults.get(fault.code) ?? 0) + 1);
  }

  noticed(notice: Notice): void {
    if (notice.event === 'page_retried' || notice.event === 'page_paused') this.retries++;
    if (notice.event === 'walk_restarted') this.#known = 0;
  }

  /** @param isLast of its chain */
  committed(
    result: Extract<WriteResult, { type: 'committed' }>,
    nowMs: number,
    isLast = false,
  ): void {
    const { counts } = result;
    if (this.children !== null && isLast) this.children.done++;
    this.methods[result.method]++;
    this.latency.write.add(result.writeMs);
    this.firstCommitAtMs ??= nowMs;
    this.#new.pages++;
    this.#known += counts.known;
    this.#new.returned += counts.returned;
    this.#new.inserted += counts.inserted;
    this.#new.updated += counts.updated;
    this.#new.duplicate += counts.duplicate;
    this.#new.quarantined += counts.quarantined;
  }

  /** That the process has been at work on the run: since its first request. */
  durationMs(nowMs: number): number {
    return this.#startedAtMs === null ? 0 : Math.max(0, nowMs - this.#startedAtMs);
  }
}
