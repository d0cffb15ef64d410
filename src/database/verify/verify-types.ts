/** What a verification looks at, and what it finds. Plain data. */
import type { LinkedPage } from '../../core/chains.js';
import type { CommittedCounts } from '../../core/committed-page.js';
import type { Stretch } from '../../core/resume.js';
import type { Position } from '../../paging/position.js';
import type { StreamTable } from '../../postgres/stream-table.js';
import type { Pass } from '../../source/pass.js';
import type { RunStatus, StreamKey } from '../ledger-types.js';

/** A page of the ledger, of whichever run. */
export interface VerifiedPage extends LinkedPage, CommittedCounts {
  /** What its rows carry; null: it was written before rows had owners. */
  readonly id: number | null;
  readonly run: number;
  readonly after: string | null;
  readonly through: string | null;
  /** Of `duplicate`: records with other content than the row that was there, which has stayed. */
  readonly differing: number;
  /** Of the rows that it wrote, those that later pages have taken over. */
  readonly superseded: number;
  /** Of its records, those that were stored out of quarantine, by transactions of their own. */
  readonly retried: number;
  /** Its rows in `ingestion_quarantine`. */
  readonly kept: number;
  /** Of the rows that are still its own; null before rows had owners. */
  readonly digest: string | null;
  /** The same with their data; null: nobody asked for it. */
  readonly dataDigest: string | null;
}

export interface VerifiedRun extends StreamKey {
  readonly run: number;
  readonly status: RunStatus;
}

/** Records in quarantine whose page the ledger does not have. */
export interface Orphans {
  readonly segment: number;
  readonly page: number;
  readonly count: number;
}

/** A segment of a run whose stream has a parent. */
export interface LedgerChild {
  readonly segment: number;
  /** JSON text of the values that it has of its parent. */
  readonly parent: string;
}

export interface LedgerChildren {
  /** By number. */
  readonly segments: readonly LedgerChild[];
  /** Rows that the parent had when the run began, and that have no segment. */
  readonly missing: number;
  /** The key of one of these; null: there is none. */
  readonly example: string | null;
}

/** What the table is compared with. */
export interface Ledger {
  /** The run that is verified. */
  readonly run: VerifiedRun;
  readonly pass: Pass;
  /** What the run was to read of the source's order; null: all of it. */
  readonly within: Stretch | null;
  readonly table: StreamTable;
  /** Of all runs into that table, by run, segment and page. */
  readonly pages: readonly VerifiedPage[];
  /** Of the run. */
  readonly orphans: readonly Orphans[];
  /** Of the run; null: its stream stands by itself. */
  readonly children: LedgerChildren | null;
  /** Rows that were there before the first run over the table, or before rows had owners, and have none yet. */
  readonly unownedBefore: number;
  /** Rows of pages of other runs, or of none, that the run has taken over. */
  readonly takenFromOthers: number;
}

/** The rows of the table that carry one page's id; null: none. */
export interface OwnedRows {
  readonly page: number | null;
  readonly rows: number;
  readonly digest: string;
  /** Null: the data was not looked at. */
  readonly dataDigest: string | null;
}

export type DifferenceKind =
  /** Rows that a page wrote are not in the table. */
  | 'missing'
  /** Rows that no page of the ledger wrote. */
  | 'added'
  /** As many rows as a page wrote, but another id, instant or data among them. */
  | 'changed'
  /** The ledger contradicts itself. */
  | 'ledger'
  /** The quarantine is not what the ledger counted. */
  | 'quarantine'
  /** A finished run whose pages do not lead from the beginning to the end of the source. */
  | 'chain';

/** One thing that does not hold. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** `segment 1, page 17`, or what else it is about. */
  readonly where: string;
  readonly message: string;
  /** Those of the page that it is about, where it is about one. */
  readonly run?: number;
  readonly segment?: number;
  readonly page?: number;
  /** What that page's rows carry; null: it was written before rows had owners, or the ledger lacks it. */
  readonly pageId?: number | null;
}

/**
 * What a half-done run has not fetched yet: a stretch of the order (null: beginning and end of the
 * source); where no order holds, all behind a page.
 */
export interface Unfetched {
  readonly after: Position | null;
  readonly through: Position | null;
  readonly behind?: Pick<VerifiedPage, 'segment' | 'page'>;
  /** In place of a stretch: so many children are not finished. */
  readonly children?: number;
}

/** Whose the rows of the table are. */
export interface RowOwners {
  /** Pages of the run. */
  readonly run: number;
  /** Pages of other runs. */
  readonly otherRuns: number;
  /** Nobody: they were there before rows had owners, or were added since. */
  readonly nobody: number;
  /** Pages that the ledger does not have. */
  readonly unknown: number;
}

export interface Verification extends VerifiedRun {
  readonly ok: boolean;
  /** Which part of the stream it has read: other than all of it, the rows of runs before it are proved too. */
  readonly pass: Pass;
  /** Rows of this run in the table: those that its pages wrote, and those that were there before it. */
  readonly rows: number;
  readonly pages: number;
  /** Of these, written before rows had owners: of their rows only the number is known. */
  readonly unownedPages: number;
  readonly returned: number;
  readonly inserted: number;
  readonly updated: number;
  /** Of the rows that it wrote, those that later pages have taken over. */
  readonly superseded: number;
  readonly duplicate: number;
  /** Of these, with other content than the row that was there, which has stayed. */
  readonly differing: number;
  readonly quarantined: number;
  /** All rows of the table. */
  readonly tableRows: number;
  readonly owners: RowOwners;
  /** Pages whose data was proved; null: the data was not looked at. */
  readonly dataPages: number | null;
  readonly differences: readonly Difference[];
  readonly stillToFetch: readonly Unfetched[];
  readonly durationMs: number;
}
