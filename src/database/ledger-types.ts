/**
 * What the run store gives and takes. Plain data: the runtime has the same shapes by structure and
 * does not import this room.
 */
import type { CommittedCounts, CommittedPage } from '../core/committed-page.js';
import type { Position } from '../paging/position.js';

export type RunStatus = 'running' | 'paused' | 'complete' | 'failed';

/** What runs follow one another over, one at a time. */
export interface StreamKey {
  readonly source: string;
  readonly stream: string;
  /** Scheme, host and port of the API; for the simulator its seed and event count. */
  readonly origin: string;
}

export interface Run extends StreamKey {
  readonly run: number;
  /** Where its rows go; see postgres/stream-table. */
  readonly tableName: string;
  readonly tableKey: readonly string[];
  /** The run whose rows are in the table in place of its own; null: none has replaced them. */
  readonly replacedBy: number | null;
  readonly status: RunStatus;
  readonly startedAtMs: number;
  /** Set with `complete` and `failed`. */
  readonly finishedAtMs: number | null;
  /** Set with `paused`: when it is worth another try. */
  readonly resumeAtMs: number | null;
  readonly lastError: string | null;
  /** What the source says it holds in all; null until an answer says so. */
  readonly sourceTotal: number | null;
  /** When the first request of the run left; null: none did. */
  readonly firstRequestAtMs: number | null;
  /** The last submission of its ids that the API has counted; null: none. */
  readonly submission: Readonly<Record<string, unknown>> | null;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Rows that were deleted because the run had not seen them; null: none was looked for, or not yet. */
  readonly deleted: number | null;
  /** Why records may have been missed though the run is complete; null: nothing shows that. */
  readonly missed: string | null;
  /** What whoever uses its rows should know, though it may be complete. */
  readonly warnings: readonly string[];
}

/** What a run learns of its source as it goes. */
export interface SourceFacts {
  readonly total: number | null;
  readonly firstRequestAtMs: number | null;
}

/** A committed page, as far as a resume needs it. */
export interface LedgerPage extends CommittedPage, CommittedCounts {
  /** Which its rows carry; null: it was written before rows had owners. */
  readonly id: number | null;
  /** Of its last row that has a timestamp; null: none has. */
  readonly last: Position | null;
}

/** Sums over all pages of a run; every walk over a segment adds its pages. */
export interface RunTotals {
  readonly pages: number;
  readonly returned: number;
  readonly inserted: number;
  /** Rows that took the place of older ones. */
  readonly updated: number;
  readonly duplicate: number;
  /** Of `duplicate`: records with other content than the row that was there, which has stayed. */
  readonly differing: number;
  readonly quarantined: number;
  /**
   * Rows of the run in the table: those that its pages wrote, and those that were there before them.
   * Exact, but where a stretch of others' rows was walked twice: then at most.
   */
  readonly rows: number;
}

/** Which limit: one key on one bucket of one API. */
export interface LimitKey {
  readonly origin: string;
  /** A hash: the key itself is never stored. */
  readonly keyHash: string;
  readonly bucket: string;
}

/**
 * One limit: a process's log of request starts, and the policy learned so far; null: not learned.
 * Instants are epoch ms by the server's clock.
 */
export interface LimitRow {
  /** The bucket of the key, and behind a slash what tells its limits apart. */
  readonly bucket: string;
  /** As the API calls the limit; '': a pace. */
  readonly name: string;
  readonly quota: number | null;
  readonly windowMs: number | null;
  /** Ascending; as long as `startedCount`. */
  readonly startedAtMs: readonly number[];
  /** How many requests started at each. */
  readonly startedCount: readonly number[];
}

export interface OwnedLimitRow extends LimitRow {
  readonly owner: string;
  /** The start of the owner's machine; null: not known. */
  readonly boot: string | null;
  readonly bootAtMs: number | null;
}

/** All that is known of the limits of a key, last written last. */
export interface LimitsRead {
  /** The server's clock. */
  readonly nowMs: number;
  readonly rows: readonly OwnedLimitRow[];
}

export interface StartsWanted {
  readonly owner: string;
  /** Owners that are dead, whose starts are among those given. */
  readonly heirOf: readonly string[];
  readonly boot: { readonly id: string; readonly atMs: number } | null;
  readonly limits: readonly (LimitRow & {
    /** Starts that it leaves the process; null: it limits nothing. */
    readonly free: number | null;
    /** Starts of others take of these where they lie less than this before `untilMs`. */
    readonly spanMs: number | null;
  })[];
  readonly count: number;
  readonly untilMs: number;
}

export interface StartsGranted {
  readonly granted: number;
  /** The server's clock. */
  readonly nowMs: number;
  /** By the limit's name: instants, and how many each. */
  readonly others: Readonly<Record<string, readonly (readonly [number, number])[]>>;
}
