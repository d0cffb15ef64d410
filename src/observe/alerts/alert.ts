/** What an alert is: plain data, made once, then formatted and sent. Instants are epoch ms. */

/**
 * `stalled`: no record was committed for a while in which the API's limit would have let requests
 * start. `late`: a run of a schedule is not complete in time. `row_fall`: a complete run was given far fewer
 * records than the ones before it. `schema_changed`: the records are not as in earlier runs. The others are
 * ends of a process's work on a run.
 */
export type AlertKind =
  | 'failed'
  | 'paused'
  | 'stalled'
  | 'finished'
  | 'late'
  | 'row_fall'
  | 'schema_changed';

/** That an alert is raised, or that what it told of is over. */
export interface AlertChange {
  readonly action: 'trigger' | 'resolve';
  readonly kind: AlertKind;
  /** It failed before there was a run: it is known by its source alone. */
  readonly isOfStart: boolean;
}

/** Where the run stands. Texts are free of secrets. */
export interface RunFacts {
  /** Null: it failed before there was one, or it is the schedule that is late. */
  readonly run: number | null;
  readonly source: string;
  readonly origin: string;
  readonly state: 'running' | 'complete' | 'paused' | 'failed';
  /** Rows that the run's pages wrote or found; null: not known. */
  readonly rows: number | null;
  /** What the source says it holds. */
  readonly total: number | null;
  /** Mean of this process. */
  readonly rowsPerSecond: number | null;
  /** How long the rest takes; null unless rows are coming in. */
  readonly remainingMs: number | null;
  /** Why it is so; null where nothing is wrong. */
  readonly reason: string | null;
  /** When another try is worth it; null: not known, or nothing to wait for. */
  readonly resumeAtMs: number | null;
  /** What an operator does about it. */
  readonly next: string;
}

export interface Alert extends AlertChange, RunFacts {
  readonly atMs: number;
  /** The same for what tells of the same thing; at most 255 characters. */
  readonly dedupKey: string;
}
