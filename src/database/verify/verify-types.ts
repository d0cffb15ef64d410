/** What a verification looks at, and what it finds. Plain data. */
import type { Position } from '../../core/position.js';
import type { RunStatus } from '../ledger-types.js';
import type { Strays } from './strays.js';
import type { Sum } from './sums.js';

/** A page of the ledger, of whichever run. */
export interface VerifiedPage {
  readonly run: number;
  readonly segment: number;
  readonly page: number;
  readonly hasMore: boolean;
  /** The page covers (after, through]; null: beginning and end of the source. */
  readonly after: Position | null;
  readonly through: Position | null;
  readonly returned: number;
  readonly inserted: number;
  readonly duplicate: number;
  readonly quarantined: number;
  /** Its rows in `ingestion_quarantine`. */
  readonly kept: number;
  readonly covered: number;
  /** Of `covered`, those without a timestamp. */
  readonly untimed: number;
  /** How many rows it names by id. */
  readonly named: number;
  /** What the ledger claims of the rows that have one. */
  readonly timed: Sum;
  /** What of the page's row in the ledger cannot be read; empty: it can. */
  readonly unreadable: readonly string[];
}

export interface VerifiedRun {
  readonly run: number;
  readonly source: string;
  readonly origin: string;
  readonly status: RunStatus;
}

/** Records in quarantine whose page the ledger does not have. */
export interface Orphans {
  readonly segment: number;
  readonly page: number;
  readonly count: number;
}

/** What the table is compared with. */
export interface Ledger {
  /** The run that is verified. */
  readonly run: VerifiedRun;
  readonly runs: readonly VerifiedRun[];
  /** Of all runs, by run, segment and page. */
  readonly pages: readonly VerifiedPage[];
  /** The rows that these pages name, those of the run first. */
  readonly strays: Strays;
  /** Of the run. */
  readonly orphans: readonly Orphans[];
}

export type DifferenceKind =
  /** Rows that the ledger claims are not in the table. */
  | 'missing'
  /** Rows that are in the table and that no page claims. */
  | 'added'
  /** As many rows as claimed, but another id or instant among them. */
  | 'changed'
  /** The ledger contradicts itself. */
  | 'ledger'
  /** The quarantine is not what the ledger counted. */
  | 'quarantine'
  /** A finished run that does not cover the source. */
  | 'chain';

/** One thing that does not hold. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** `segment 1, page 17`, `segment 1, pages 3–9`, or what else it is about. */
  readonly where: string;
  readonly message: string;
  readonly segment?: number;
  readonly page?: number;
}

/** A stretch that a half-done run has not fetched yet; null: beginning and end of the source. */
export interface Unfetched {
  readonly after: Position | null;
  readonly through: Position | null;
}

export interface Verification {
  readonly ok: boolean;
  readonly run: number;
  readonly source: string;
  readonly origin: string;
  readonly status: RunStatus;
  /** Distinct rows of this run in the table. */
  readonly rows: number;
  readonly pages: number;
  readonly returned: number;
  readonly inserted: number;
  readonly duplicate: number;
  readonly quarantined: number;
  /** All rows of the table. */
  readonly tableRows: number;
  readonly differences: readonly Difference[];
  readonly stillToFetch: readonly Unfetched[];
  readonly durationMs: number;
}
