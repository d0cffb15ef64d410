/**
 * Where a run stands, from what the ledger says of it. Pure: facts and an instant in, a view out.
 */
import { parsePosition } from '../core/position.js';
import { type Eta, estimateRest } from './eta.js';

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
  readonly firstRequestAtMs: number | null;
  readonly sourceTotal: number | null;
  readonly totals: {
    readonly pages: number;
    readonly returned: number;
    readonly inserted: number;
    readonly duplicate: number;
    readonly quarantined: number;
    readonly covered: number;
  };
  readonly segments: readonly SegmentFacts[];
  /** The newest instant that the run has seen; null: none. */
  readonly newestMs: number | null;
  readonly pace: {
    readonly rows: number;
    readonly pages: number;
    readonly pageRows: number;
    readonly sinceMs: number | null;
    readonly untilMs: number | null;
  };
  readonly limit: { readonly quota: number; readonly windowMs: number } | null;
  /** All rows of the table, of other runs too; null: not counted. */
  readonly tableRows: number | null;
  /** Who works on it; null: nobody. */
  readonly worker: string | null;
}

export interface SegmentFacts {
  readonly segment: number;
  readonly status: string;
  readonly after: string | null;
  readonly bound: string | null;
  readonly reached: string | null;
  readonly pages: number;
  readonly covered: number;
}

export interface SegmentView extends SegmentFacts {
  /** Of its span of time; null where an end of it is not known. */
  readonly share: number | null;
}

export interface RunStatusView extends Omit<StatusFacts, 'segments'> {
  /** As `runState` says it. */
  readonly state: string;
  /** Why it is paused, which need not be an error; null: it is not, or it was interrupted. */
  readonly reason: string | null;
  readonly share: number | null;
  /** Over the last while; null when nothing is being committed. */
  readonly rowsPerSecond: number | null;
  readonly eta: Eta | null;
  readonly segments: readonly SegmentView[];
  readonly openSegments: number;
}

/** A pace over less than this is chance. */
const SPAN_MIN_MS = 500;

export function runStatusView(facts: StatusFacts, nowMs: number): RunStatusView {
  const { status, worker, sourceTotal, totals, pace, limit } = facts;
  const state = runState(status, worker !== null);
  // What stands still has no pace, however fast it was.
  const elapsedMs = state === 'running' && pace.sinceMs !== null ? nowMs - pace.sinceMs : 0;
  const hasPace = elapsedMs >= SPAN_MIN_MS && pace.rows > 0;
  const isPaused = state === 'paused';
  return {
    ...facts,
    state,
    reason: isPaused ? facts.lastError : null,
    lastError: isPaused ? null : facts.lastError,
    share:
      status === 'complete'
        ? 1
        : sourceTotal === null
          ? null
          : Math.min(1, totals.covered / Math.max(1, sourceTotal)),
    rowsPerSecond: hasPace ? Math.round((pace.rows * 1000) / elapsedMs) : null,
    eta: hasPace
      ? estimateRest({
          total: sourceTotal,
          ingested: totals.covered,
          ingestedHere: pace.rows,
          pageLimit: Math.max(1, pace.pageRows),
          policy: limit,
          elapsedMs,
        })
      : null,
    segments: facts.segments.map((segment) => ({
      ...segment,
      share: segmentShare(segment, facts.newestMs),
    })),
    openSegments: facts.segments.filter((segment) => segment.status === 'open').length,
  };
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
