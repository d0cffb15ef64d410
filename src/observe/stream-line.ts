/** A stream among several of a process, as one line of the dashboard. */
import type { RunState } from './engine-metrics.js';
import type { Figures } from './run-figures.js';

export interface StreamLine {
  readonly stream: string;
  /** Null: it has none yet. */
  readonly run: number | null;
  /** `waiting`: it has not begun; `not begun`: and will not. */
  readonly state: RunState | 'waiting' | 'not begun';
  readonly rows: number;
  readonly total: number | null;
  readonly share: number | null;
  readonly rowsPerSecond: number;
  /** Null: nothing can be said. */
  readonly remainingMs: number | null;
  /** Why it is not complete, where it is over. */
  readonly reason: string | null;
  /** Whether the figures beside the lines are its own. */
  readonly isShown: boolean;
}

/** Of a stream without a run. */
export function lineWithoutRun(
  stream: string,
  state: StreamLine['state'],
  reason: string | null,
): StreamLine {
  const figures = { rows: 0, total: null, share: null, rowsPerSecond: 0, remainingMs: null };
  return { stream, run: null, state, ...figures, reason, isShown: false };
}

export function lineOf(
  known: Pick<StreamLine, 'stream' | 'run' | 'state' | 'reason' | 'isShown'>,
  figures: Figures,
): StreamLine {
  const { rows, total, share, rowsPerSecond, recentRowsPerSecond, rest } = figures;
  const isOver = known.state === 'complete' || known.reason !== null;
  return {
    ...{ ...known, rows, total, share },
    rowsPerSecond: isOver ? rowsPerSecond : recentRowsPerSecond,
    remainingMs: rest?.remainingMs ?? null,
  };
}
