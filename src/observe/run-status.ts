/**
 * Where a run stands, from what the ledger says of it. Pure: facts and an instant in, a view out.
 */
import type { ClusterView } from '../core/cluster-view.js';
import { parsePosition } from '../paging/position.js';
import { type Eta, estimateRest, meanRate, shareOf } from './eta.js';
import { PAGES_MIN, type Progressed, sinceStart } from './pace.js';

/** What the ledger knows. Instants are epoch ms. */
export interface StatusFacts {
  readonly run: number;
  readonly source: string;
  readonly origin: string;
  readonly status: string;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
  readonly resumeAtMs: number | null;
  readonly lastError: string | null;
  readonly warnings: readonly string[];
  readonly firstRequestAtMs: number | null;
  readonly sourceTotal: number | null;
  readonly totals: {
    readonly pages: number;
    readonly returned: number;
    readonly inserted: number;
    readonly updated: number;
    readonly duplicate: number;
    readonly quarantined: number;
    /** That its pages wrote, and that were there before them. */
    readonly rows: number;
  };
  /** None of a child stream: there may be as many as its parent has rows. */
  readonly segments: readonly SegmentFacts[];
  /** Of a child stream: children that are finished, of those that there are. Null: it stands by itself. */
  readonly children: { readonly done: number; readonly known: number } | null;
  /** The newest instant that the run has seen; null: none. */
  readonly newestMs: number | null;
  readonly lastCommitMs: number | null;
  /** Of the process that works on it, since it began to; null: nobody does, or it has asked nothing. */
  readonly worked: CommittedSpan | null;
  /** The same, of the last while; its beginning is that of `worked` where that is later. */
  readonly recent: CommittedSpan | null;
  readonly limit: { readonly quota: number; readonly windowMs: number } | null;
  /** All rows of the table, of other runs too; null: not counted. */
  readonly tableRows: number | null;
  /** Who works on it; null: nobody. Of several members one. */
  readonly worker: string | null;
  /** All runs that are shared, and their members. */
  readonly cluster: ClusterView;
}

/** Pages committed from an instant on. */
export interface CommittedSpan {
  readonly sinceMs: number;
  readonly rows: number;
  readonly pages: number;
  /** Of the first of them; null: there is none. */
  readonly firstMs: number | null;
}

export interface SegmentFacts {
  readonly segment: number;
  readonly status: string;
  readonly after: string | null;
  readonly bound: string | null;
  readonly reached: string | null;
  readonly pages: number;
  readonly rows: number;
}

export interface SegmentView extends SegmentFacts {
  /** Of its span of time; null where an end of it is not known. */
  readonly share: number | null;
}

export interface RunStatusView extends Omit<StatusFacts, 'segments'> {
  /** As `runState` says it. */
  readonly state: string;
  /** Why it is paused, which need not be an error; null: it is not, or nobody has said. */
  readonly reason: string | null;
  readonly share: number | null;
  /** Of the process at work, over its time; null when none is, or nothing is committed yet. */
  readonly rowsPerSecond: number | null;
  readonly eta: Eta | null;
  readonly segments: readonly SegmentView[];
  readonly openSegments: number;
}

export function runStatusView(facts: StatusFacts, nowMs: number): RunStatusView {
  const { status, worker, worked } = facts;
  const state = runState(status, worker !== null);
  // What stands still has no pace, however fast it was.
  const isMoving = state === 'running' && worked !== null && worked.rows > 0;
  const isPaused = state === 'paused';
  return {
    ...facts,
    state,
    reason: isPaused ? facts.lastError : null,
    lastError: isPaused ? null : facts.lastError,
    share: status === 'complete' ? 1 : shareDone(facts),
    rowsPerSecond: isMoving ? Math.round(meanRate(worked.rows, nowMs - worked.sinceMs)) : null,
    eta: isMoving ? rest(facts, worked, nowMs) : null,
    segments: facts.segments.map((segment) => ({
      ...segment,
      share: segmentShare(segment, facts.newestMs),
    })),
    openSegments: facts.segments.filter((segment) => segment.status === 'open').length,
  };
}

function shareDone({ children, totals, sourceTotal }: StatusFacts): number | null {
  return children === null
    ? shareOf(totals.rows, sourceTotal)
    : shareOf(children.done, children.known);
}

/** As the process at work says it (run-figures), but for what only that process knows. */
function rest(facts: StatusFacts, worked: CommittedSpan, nowMs: number): Eta | null {
  const { sourceTotal, totals, recent, limit } = facts;
  const progressed = recentlyProgressed(recent, worked, nowMs);
  const use = limit && recent && limitUse(recent, limit, nowMs);
  return estimateRest({
    total: sourceTotal,
    rows: totals.rows,
    progressed,
    pagesUnderWay: 0,
    limit: limit && { ...limit, startsInMs: [], use },
    permitShare: null,
  });
}

/** As `Pace.progressed`. */
function recentlyProgressed(
  recent: CommittedSpan | null,
  worked: CommittedSpan,
  nowMs: number,
): Progressed | null {
  if (recent !== null && recent.sinceMs > worked.sinceMs && recent.pages >= PAGES_MIN) {
    return { rows: recent.rows, pages: recent.pages, spanMs: nowMs - recent.sinceMs };
  }
  const { rows, pages, sinceMs, firstMs } = worked;
  return sinceStart(nowMs, { rows, pages, startedAtMs: sinceMs, firstCommitAtMs: firstMs });
}

/** Pages stand for requests; a first window that is not over permits its whole quota. */
function limitUse(
  { pages, sinceMs }: CommittedSpan,
  { quota, windowMs }: NonNullable<StatusFacts['limit']>,
  nowMs: number,
): number {
  return pages / (quota * Math.max(1, (nowMs - sinceMs) / windowMs));
}

/** A run that the ledger says is running, and nobody works on: its process was killed, or has lost the database. */
export function runState(status: string, isWorkedOn: boolean): string {
  return status === 'running' && !isWorkedOn ? 'stopped' : status;
}

/** The source runs from the newest instant to the oldest. */
function segmentShare(segment: SegmentFacts, newestMs: number | null): number | null {
  if (segment.status === 'ended') return 1;
  const fromMs = msOf(segment.after) ?? newestMs;
  const toMs = msOf(segment.bound);
  if (fromMs === null || toMs === null || fromMs <= toMs) return null;
  const reachedMs = msOf(segment.reached) ?? fromMs;
  return Math.min(1, Math.max(0, (fromMs - reachedMs) / (fromMs - toMs)));
}

function msOf(position: string | null): number | null {
  return position === null ? null : (parsePosition(position)?.ms ?? null);
}
