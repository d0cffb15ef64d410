/** Puts an alert together from what changed, where the run stands, and what to say of it. Pure. */
import type { Alert, AlertChange, RunFacts } from './alert.js';

/** What to say; free of figures. */
export type AlertWords = Pick<RunFacts, 'state' | 'reason' | 'resumeAtMs' | 'next'>;

/** Where the run stands; all null before there is one. */
export type RunFigures = Pick<RunFacts, 'run' | 'rows' | 'total' | 'rowsPerSecond' | 'remainingMs'>;

export const NO_FIGURES: RunFigures = {
  run: null,
  rows: null,
  total: null,
  rowsPerSecond: null,
  remainingMs: null,
};

/** What is known from the start to the end of a process. */
export interface AlertOrigin {
  readonly source: string;
  readonly stream: string;
  readonly origin: string;
  /** Short, and another one for each source, origin and database: runs are numbered by database. */
  readonly place: string;
  /** Takes secrets out of a text. */
  readonly redact: (text: string) => string;
}

const GOES_ON: AlertWords = {
  state: 'running',
  reason: null,
  resumeAtMs: null,
  next: 'Nothing: the run goes on',
};

export function makeAlert(
  change: AlertChange,
  known: {
    readonly from: AlertOrigin;
    readonly figures: RunFigures;
    /** Null: the run goes on. */
    readonly words: AlertWords | null;
    readonly atMs: number;
  },
): Alert {
  const { from, figures, atMs } = known;
  const words = known.words ?? GOES_ON;
  // The end of a run resolves its stall; why it ended is told by the alert that follows.
  const reason = change.action === 'resolve' ? null : words.reason;
  return {
    ...change,
    ...figures,
    ...words,
    // While nothing comes in, a figure of how long the rest takes would be made up.
    remainingMs: known.words === null ? figures.remainingMs : null,
    source: from.source,
    origin: from.origin,
    reason: reason === null ? null : from.redact(reason),
    next: from.redact(words.next),
    atMs,
    dedupKey: `datasync/${from.place}/${scopeOf(change, figures.run, from.stream)}/${change.kind}`,
  };
}

/** What it tells of: a later run ends the fall of a stream's rows, and the lateness of a schedule. */
function scopeOf({ kind, isOfStart }: AlertChange, run: number | null, stream: string): string {
  if (kind === 'late') return 'schedule';
  if (kind === 'row_fall') return `stream-${stream}`;
  return isOfStart || run === null ? 'start' : `run-${run}`;
}
