/** The words of alerts: why a run ended or stands still, what to do about it, and its title. Pure. */
import { type Fault, IngestionError } from '../../core/fault.js';
import type { RunOutcome } from '../../core/scheduler-types.js';
import type { WaitReason } from '../../core/wait-times.js';
import { formatCount, formatDuration } from '../eta.js';
import { reasonOf, resumeAtMsOf, statusAfter } from '../run-end.js';
import type { Alert, RunFacts } from './alert.js';
import type { AlertWords } from './make-alert.js';
import type { RowFall } from './row-fall.js';

const START_AGAIN = 'Start again to go on from the last committed page';

/** How a process's work on a run ended, as far as an alert tells it. */
export interface RunEnd extends AlertWords {
  readonly status: RunOutcome['status'];
  /** Another instance is doing the run. */
  readonly isElsewhere: boolean;
}

export function endOfOutcome(outcome: RunOutcome): RunEnd {
  switch (outcome.status) {
    case 'complete':
      return end(
        outcome.status,
        null,
        'Prove it with datasync verify, then export with datasync export-ids',
      );
    case 'interrupted':
    case 'paused': {
      const resumeAtMs = resumeAtMsOf(outcome);
      return { ...end(outcome.status, reasonOf(outcome), START_AGAIN), resumeAtMs };
    }
    case 'failed':
      return endOfFault(outcome.fault);
  }
}

/** @param error what was thrown instead of an outcome */
export function endOfError(error: unknown): RunEnd {
  if (error instanceof IngestionError) return endOfFault(error.fault);
  const message = error instanceof Error ? error.message : String(error);
  return end(
    'failed',
    message,
    'A bug of the program: its log has the stack. Start again to go on',
  );
}

function endOfFault({ code, message, remedy }: Fault): RunEnd {
  const failed = end('failed', message, remedy ?? `Look at its log. ${START_AGAIN}`);
  return { ...failed, isElsewhere: code === 'ALREADY_RUNNING' };
}

function end(status: RunOutcome['status'], reason: string | null, next: string): RunEnd {
  const state = statusAfter(status);
  return { status, state, reason, next, resumeAtMs: null, isElsewhere: false };
}

/** @param warning what has changed, in a sentence @param status how the process's work on the run ends */
export function schemaWords(warning: string, status: RunOutcome['status']): AlertWords {
  return {
    ...{ state: statusAfter(status), reason: warning, resumeAtMs: null },
    next: 'datasync report lists all changes. Rows hold the records as they came; one that does not fit a declared column is in quarantine',
  };
}

/** What a stalled run waits for. */
export interface StallFacts {
  readonly stallMs: number;
  readonly waits: WaitReason | null;
  /** Pages that the writer has. */
  readonly writing: number;
  /** The last since a page was committed; null: none. */
  readonly fault: Fault | null;
}

export function stallWords(facts: StallFacts): AlertWords {
  const { stallMs, waits, fault } = facts;
  const stalled = { state: 'running', resumeAtMs: null } as const;
  const head = `no record committed in ${formatDuration(stallMs)}, while the limit let requests start`;
  // A request that waits for a permit although there are some waits for its record.
  const isUnrecorded = waits === 'permit' && fault === null;
  if (facts.writing > 0 || waits === 'credit' || isUnrecorded) {
    const next = 'Look at the database: is it up, locked, or full? The run goes on by itself';
    return { ...stalled, reason: `${head}; the database takes none`, next };
  }
  const said = fault === null ? 'it does not answer' : fault.message;
  const next = 'Look at the API, and for other clients on the key. The run goes on by itself';
  return { ...stalled, reason: `${head}; the API: ${said}`, next };
}

/** @param median of the runs before it */
export function rowFallWords({ records, median }: RowFall): AlertWords {
  return {
    state: 'complete',
    reason: `the API returned ${formatCount(records)} records, and ${formatCount(median)} in the median of the runs before`,
    resumeAtMs: null,
    next: "Ask the API's operator whether records are gone. ALERT_ROW_FALL sets how large a share is told",
  };
}

/** @param state how the schedule stands: at work, or how its last attempt ended */
export function lateWords(
  dueAtMs: number,
  state: AlertWords['state'],
  reason: string | null,
): AlertWords {
  const due = `a run was due at ${new Date(dueAtMs).toISOString()} and is not complete`;
  const why = reason === null ? '' : `; the last attempt: ${reason}`;
  return {
    state,
    reason: `${due}${why}`,
    resumeAtMs: null,
    next: 'Look at its log. It is tried again by itself, as the schedule says',
  };
}

/** `Run 12 is stalled`. */
export function titleOf({ run, kind, action, state }: Alert): string {
  const who = run === null ? 'The ingestion' : `Run ${run}`;
  if (kind === 'late') return action === 'trigger' ? `${who} is late` : `${who} is on time again`;
  if (kind === 'row_fall') {
    return action === 'trigger' ? `${who} has far fewer rows` : `${who} has its rows again`;
  }
  if (action === 'trigger') {
    if (kind === 'stalled') return `${who} is stalled`;
    if (kind === 'schema_changed') return `${who} met changed records`;
    return run === null ? `${who} ${kind} at its start` : `${who} ${kind}`;
  }
  if (kind !== 'stalled') return `${who} goes on`;
  return state === 'running' ? `${who} goes on after a stall` : `${who} is over, and so its stall`;
}

/** One line: the title, and why or how far. */
export function summaryOf(alert: Alert): string {
  return `${titleOf(alert)}: ${alert.reason ?? progressOf(alert)}`;
}

/** `1,200,000 of 3,000,000 rows, 830 rows/s, 36 min 00 s left`. */
function progressOf(facts: RunFacts): string {
  const rows = rowsOf(facts);
  const rate = facts.rowsPerSecond === null ? [] : [`${formatCount(facts.rowsPerSecond)} rows/s`];
  const rest = facts.remainingMs === null ? [] : [`${formatDuration(facts.remainingMs)} left`];
  return [...(rows === null ? [] : [`${rows} rows`]), ...rate, ...rest].join(', ');
}

/** `1,200,000 of 3,000,000`; null: not known. */
export function rowsOf({ rows, total }: Pick<RunFacts, 'rows' | 'total'>): string | null {
  if (rows === null) return null;
  return total === null ? formatCount(rows) : `${formatCount(rows)} of ${formatCount(total)}`;
}
