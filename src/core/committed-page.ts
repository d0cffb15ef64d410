/** A page between the pages beside it: what it was asked with, where it leads, what it covers. */
import type { Position } from '../paging/position.js';

/** The same for a page that is to be written, and for one that the ledger has. */
export interface PageLink {
  readonly segment: number;
  /** From 1, within its segment. */
  readonly page: number;
  /** What it was asked with; null: the first page of the source. */
  readonly cursor: string | null;
  readonly nextCursor: string | null;
  /** End of that cursor's life, epoch ms; null: not known. */
  readonly nextCursorExpiresAtMs: number | null;
  readonly hasMore: boolean;
  /**
   * Whether the source's order held when it was written. Then it covers (after, through]; null: from the
   * beginning, to the end of the source. Else both are null, and its cursors alone say where it belongs.
   */
  readonly isOrdered: boolean;
  readonly after: Position | null;
  readonly through: Position | null;
}

/** What became of a page's records: `returned = inserted + updated + duplicate + quarantined`. */
export interface CommittedCounts {
  readonly returned: number;
  /** Rows that the table did not have. */
  readonly inserted: number;
  /** Rows that took the place of older ones with their keys. */
  readonly updated: number;
  readonly duplicate: number;
  /** Of `updated` and `duplicate`: rows that were there, and that no page of the run had written. */
  readonly known: number;
  readonly quarantined: number;
}

/** Rows that were written, as a sum that begins with them: of two kinds where there are two. */
export function writtenText({
  inserted,
  updated,
}: Pick<CommittedCounts, 'inserted' | 'updated'>): string {
  const text = (count: number): string => count.toLocaleString('en-US');
  const written = `${text(inserted)} inserted`;
  return updated === 0 ? written : `${written} + ${text(updated)} updated`;
}

/** What a resume needs of a committed page. */
export interface CommittedPage extends PageLink {
  /** Records of it that were left to other segments, by the order. */
  readonly clipped: number;
  /** Records that it accounts for. */
  readonly returned: number;
}
