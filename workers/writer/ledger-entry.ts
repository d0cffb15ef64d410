/** A page's row in the ledger and its records in quarantine, as statement parameters. Pure. */

import type { CommittedCounts } from '../../src/core/committed-page.js';
import { formatPosition, type Position } from '../../src/paging/position.js';
import type { Rejects } from '../../src/protocol/batch.js';
import type { PageWrite } from '../../src/protocol/writer-messages.js';
import type { OwnerPage, PageRows } from './page-rows.js';
import { quarantineParameters, storableText } from './quarantine-rows.js';
import type { Parameter } from './wire-buffer.js';
import type { TextRow } from './wire-query.js';

/** How many rows of the page are accounted for, and by which records in quarantine. */
export interface PageAccount {
  readonly selected: PageRows;
  /** The fetch worker's rejects of this segment, and PostgreSQL's. */
  readonly quarantined: Rejects;
  /** Of what is stored; see `Batch`. Null: no record has one. */
  readonly highest: string | null;
}

/** `returned = inserted + updated + duplicate + quarantined`; clipped rows are in none of them. */
function returnedCount({ selected, quarantined }: PageAccount): number {
  return selected.acceptedCount + quarantined.count;
}

/** Records of the page that are left to the segment behind its own. */
function clippedCount({ batch }: PageWrite, account: PageAccount): number {
  return batch.rowCount + batch.rejects.count - returnedCount(account);
}

/** $1 to $24 of the statements that write a ledger row. */
export function ledgerParameters(page: OwnerPage, account: PageAccount): Parameter[] {
  const { selected, quarantined } = account;
  return [
    String(page.run),
    String(page.segment),
    String(page.page),
    storableOrNull(page.cursor),
    storableOrNull(page.nextCursor),
    page.nextCursorExpiresAtMs === null ? null : String(page.nextCursorExpiresAtMs),
    String(page.hasMore),
    String(page.isOrdered),
    positionOrNull(page.after),
    positionOrNull(page.through),
    selected.firstPosition,
    selected.lastPosition,
    String(page.fetchedAtMs),
    String(returnedCount(account)),
    String(quarantined.count),
    String(clippedCount(page, account)),
    String(page.batch.bodyBytes),
    storableOrNull(page.requestId),
    String(page.id),
    ...quarantineParameters(selected.body, quarantined),
    storableOrNull(account.highest),
  ];
}

/** The key of a ledger row. */
export function pageKey(page: PageWrite): string[] {
  return [String(page.run), String(page.segment), String(page.page)];
}

/** What no other fetch has: when it was answered, and the request's id. */
export function fetchIdentity(page: PageWrite): (string | null)[] {
  return [String(page.fetchedAtMs), storableOrNull(page.requestId)];
}

/** Reads `inserted, updated, duplicate, known` of the statements that write a ledger row. */
export function countsOf(row: TextRow | undefined, account: PageAccount): CommittedCounts {
  return {
    returned: returnedCount(account),
    inserted: Number(row?.[0]),
    updated: Number(row?.[1]),
    duplicate: Number(row?.[2]),
    known: Number(row?.[3]),
    quarantined: account.quarantined.count,
  };
}

function storableOrNull(text: string | null): string | null {
  return text === null ? null : storableText(text);
}

function positionOrNull(position: Position | null): string | null {
  return position === null ? null : formatPosition(position);
}
