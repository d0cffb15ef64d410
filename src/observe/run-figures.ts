/**
 * Run figures: rows, time, rate, time left and share of the limit, each computed here and nowhere else.
 * Progress line, log, dashboard, metrics, alerts, report and the last JSON line all ask this.
 *
 * - A process is at work on a run from its first request on (`RunStats.durationMs`).
 * - The rate is the rows that the process wrote or found over that time. How fast it is just now (`pace.ts`)
 *   is another figure: it makes the charts and the time left.
 * - Rows are those that the run's pages wrote and those that they found, over all restarts, as the ledger
 *   counts them.
 */
import type { Limiter } from '../core/limiter.js';
import type { Scheduler } from '../core/scheduler.js';
import type { WaitReason } from '../core/wait-times.js';
import { type Eta, estimateRest, meanRate, type RestLimit, shareOf } from './eta.js';
import { CHART_SPAN_MS, Pace, type PaceCounts, REST_SPAN_MS, wholeWindowsMs } from './pace.js';
import type { RunStats } from './run-stats.js';
import { WaitShares } from './wait-shares.js';

export interface Figures {
  readonly rows: number;
  /** What the source says it holds; null: it has not said. */
  readonly total: number | null;
  /** See `RunStats`. */
  readonly children: { readonly done: number; readonly known: number } | null;
  /** Of the total, or of the children; null: it is not known. */
  readonly share: number | null;
  /** That this process has been at work. */
  readonly durationMs: number;
  /** Of this process, over that time. */
  readonly rowsPerSecond: number;
  /** Over the last ten seconds, or a window of the limit. */
  readonly recentRowsPerSecond: number;
  /** Null while nothing can be said, and when the run is over. */
  readonly rest: Eta | null;
  /** What the limits permitted until now; null: nothing limits. */
  readonly permitted: number | null;
  /** What the next request waited for: over the last while, and over all once the run is over. */
  readonly waits: Readonly<Record<WaitReason, number>>;
}

export interface FigureParts {
  readonly stats: RunStats;
  readonly limiter: Pick<Limiter, 'policy' | 'limits' | 'comingStartsMs' | 'startsIn'>;
  readonly scheduler: Pick<Scheduler, 'waits' | 'outstandingByPhase'>;
  /** Streams that take turns under the limit, this one included. @default 1 */
  readonly sharers?: () => number;
}

/** A longer list of coming starts is not asked for: the quota then says enough. */
const STARTS_MAX = 1_000;

export class RunFigures {
  readonly #parts: FigureParts;
  readonly #pace = new Pace();
  readonly #waits: WaitShares;
  #endedAtMs: number | null = null;

  constructor(parts: FigureParts) {
    this.#parts = parts;
    this.#waits = new WaitShares(parts.scheduler.waits);
  }

  /** Looks at the run; called about once a second. */
  mark(nowMs: number): void {
    if (this.#endedAtMs !== null) return;
    const { limiter } = this.#parts;
    const { policy } = limiter;
    const use = policy === null ? null : Math.min(1, limiter.startsIn(nowMs) / policy.quota);
    this.#pace.mark(nowMs, this.#counts(), use, policy?.windowMs ?? null);
    this.#waits.mark(nowMs, policy?.windowMs ?? null);
  }

  /** The run is over: from now on its figures are those of this instant. */
  end(nowMs: number): void {
    this.#endedAtMs ??= nowMs;
  }

  at(nowMs: number): Figures {
    const { stats, limiter } = this.#parts;
    const atMs = this.#endedAtMs ?? nowMs;
    const isOver = this.#endedAtMs !== null;
    const { eventsIngested: rows, sourceTotal: total, children } = stats;
    const durationMs = stats.durationMs(atMs);
    return {
      ...{ rows, total, durationMs, children },
      share: children === null ? shareOf(rows, total) : shareOf(children.done, children.known),
      rowsPerSecond: meanRate(stats.eventsIngestedHere, durationMs),
      recentRowsPerSecond: this.#pace.rowsPerSecond(
        atMs,
        this.#counts(),
        this.#wholeWindowsMs(CHART_SPAN_MS),
      ),
      rest: isOver ? null : this.#rest(atMs),
      permitted: stats.utilisation.permitted(limiter.limits(), durationMs),
      waits: isOver ? this.#waits.overAll(atMs) : this.#waits.shares,
    };
  }

  /**
   * Share that was used of the limit that binds most; null while no window has passed, or where none
   * is known. Apart
   * from the others, for it looks at every start of the process.
   */
  utilisation(): number | null {
    const { stats, limiter } = this.#parts;
    return stats.utilisation.value(limiter.limits());
  }

  #rest(nowMs: number): Eta | null {
    const { stats, scheduler } = this.#parts;
    const { inFlight, scanning, held, writing } = scheduler.outstandingByPhase();
    return estimateRest({
      total: stats.sourceTotal,
      rows: stats.eventsIngested,
      progressed: this.#pace.progressed(nowMs, this.#counts(), this.#wholeWindowsMs(REST_SPAN_MS)),
      pagesUnderWay: inFlight + scanning + held + writing,
      limit: this.#limit(nowMs),
      permitShare: this.#waits.shares.permit,
    });
  }

  #limit(nowMs: number): RestLimit | null {
    const { limiter, sharers = () => 1 } = this.#parts;
    const { policy } = limiter;
    if (policy === null) return null;
    const { quota, windowMs } = policy;
    const starts = quota > STARTS_MAX ? [] : limiter.comingStartsMs(nowMs, quota);
    const turns = Math.max(1, sharers());
    const startsInMs = starts
      .filter((_, index) => (index + 1) % turns === 0)
      .map((startMs) => Math.max(0, startMs - nowMs));
    return { quota: quota / turns, windowMs, startsInMs, use: this.#pace.limitUse };
  }

  #wholeWindowsMs(spanMs: number): number {
    return wholeWindowsMs(spanMs, this.#parts.limiter.policy?.windowMs ?? null);
  }

  #counts(): PaceCounts {
    const { stats } = this.#parts;
    const { eventsIngestedHere: rows, pagesHere: pages, startedAtMs, firstCommitAtMs } = stats;
    return { rows, pages, startedAtMs, firstCommitAtMs };
  }
}
