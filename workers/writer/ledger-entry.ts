/** A page's row in the ledger and its records in quarantine, as statement parameters. Pure. */
import { digestAsBigint } from '../../src/core/digest.js';
import { formatPosition, type Position } from '../../src/core/position.js';
import type { Reject } from '../../src/protocol/batch.js';
import type { PageCounts, PageWrite } from '../../src/protocol/writer-messages.js';
import { type PageRows, uuidText } from './page-rows.js';
import type { TextRow } from './wire-query.js';

/** How many rows of the page are accounted for, and by which records in quarantine. */
export interface PageAccount {
  readonly selected: PageRows;
  /** The fetch worker's rejects of this segment, and PostgreSQL's. */
  readonly quarantined: readonly Reject[];
}

/** `returned = inserted + duplicate + quarantined`; clipped rows are in none of them. */
export function returnedCount({ selected, quarantined }: PageAccount): number {
  return selected.acceptedCount + quarantined.length;
}

/** $1 to $24 of the statements that write a ledger row. */
export function ledgerParameters(page: PageWrite, account: PageAccount): (string | null)[] {
  const { selected, quarantined } = account;
  return [
    String(page.run),
    String(page.segment),
    String(page.page),
    storableOrNull(page.cursor),
    storableOrNull(page.nextCursor),
    page.nextCursorExpiresAtMs === null ? null : String(page.nextCursorExpiresAtMs),
    String(page.hasMore),
    positionOrNull(page.after),
    positionOrNull(page.through),
    selected.firstPosition,
    selected.lastPosition,
    String(page.fetchedAtMs),
    String(returnedCount(account)),
    String(quarantined.length),
    String(selected.covered.count),
    String(digestAsBigint(selected.covered)),
    String(selected.covered.occurredAtMsSum),
    String(page.batch.bodyBytes),
    storableOrNull(page.requestId),
    quarantineJson(quarantined),
    String(selected.untimed.count),
    String(digestAsBigint(selected.untimed)),
    ...strayArrays(selected),
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

/** Reads `inserted, duplicate` of the statements that write a ledger row. */
export function countsOf(row: TextRow | undefined, account: PageAccount): PageCounts {
  return {
    returned: returnedCount(account),
    inserted: Number(row?.[0]),
    duplicate: Number(row?.[1]),
    quarantined: account.quarantined.length,
  };
}

/**
 * Text as PostgreSQL can store it: U+0000 as the six characters \u0000, and half a surrogate pair
 * as U+FFFD.
 */
export function storableText(text: string): string {
  return Buffer.from(text.replaceAll('\0', '\\u0000')).toString();
}

function storableOrNull(text: string | null): string | null {
  return text === null ? null : storableText(text);
}

function positionOrNull(position: Position | null): string | null {
  return position === null ? null : formatPosition(position);
}

/** Ids and instants as array literals. */
function strayArrays({ strays, columns }: PageRows): [string, string] {
  const ids = strays.map((row) => uuidText(columns.ids, row));
  const instants = strays.map((row) => {
    const ms = columns.occurredAtMs[row] as number;
    return Number.isNaN(ms) ? 'NULL' : String(ms);
  });
  return [`{${ids.join()}}`, `{${instants.join()}}`];
}

function quarantineJson(records: readonly Reject[]): string {
  return JSON.stringify(
    records.map(({ index, reason, rawText }) => ({
      index,
      reason: storableText(reason),
      raw_text: storableText(rawText),
    })),
  );
}
