/**
 * One page, one transaction: by COPY, by INSERT, or, where PostgreSQL refuses a row, by finding the
 * refused rows first.
 */
import type { CommittedCounts } from '../../src/core/committed-page.js';
import type { PageWrite } from '../../src/protocol/writer-messages.js';
import { highestCursor } from '../json/record-cursors.js';
import type { Connection } from './connections.js';
import {
  countsOf,
  fetchIdentity,
  ledgerParameters,
  type PageAccount,
  pageKey,
} from './ledger-entry.js';
import type { PageMethod } from './method-choice.js';
import { type OwnerPage, type PageRows, pageIndexOf, selectRows } from './page-rows.js';
import { withRefused } from './quarantine-rows.js';
import { insertStorableRows } from './refused-rows.js';
import type { StatementName } from './statements.js';
import type { TableShape } from './table-shape.js';
import { type Parameter, type WireBuffer, writeBindAndExecute } from './wire-buffer.js';

/** What a commit reports. */
export interface Commit {
  readonly counts: CommittedCounts;
  /** Distinct rows of the page that the table already had. */
  readonly knownRows: number;
  readonly method: PageMethod;
}

/** How pages are written, besides the method. */
export interface CommitSettings {
  readonly shape: TableShape;
  /** The ledger keeps a digest of the data too. */
  readonly provesData: boolean;
  /** See `WriterSettings`. */
  readonly epoch: number | null;
}

/** Writes one page. @throws the server's error */
export type CommitPage = (
  connection: Connection,
  page: OwnerPage,
  settings: CommitSettings,
) => Promise<Commit>;

/**
 * A page that only INSERT can write is written by that.
 *
 * @throws the server's error: 23505 when the table or the ledger has a part of it already
 */
export const commitByCopy: CommitPage = async (connection, page, settings) => {
  const { shape, provesData, epoch } = settings;
  const account = accountOf(page, shape);
  const { selected } = account;
  const copied = shape.copy?.rowsOf(selected) ?? null;
  if (copied === null) return commitByInsert(connection, page, settings);
  const rowCount = selected.rows.length;
  const answer = await connection.run((wire) => {
    holdSegment(wire, page, epoch);
    if (rowCount > 0) {
      execute(wire, 'copy_rows', []);
      copied.write(wire);
    }
    execute(wire, 'record_page', [
      ...ledgerParameters(page, account),
      String(rowCount),
      String(copied.digest),
      provesData ? (into) => copied.writeKeys(into) : null,
    ]);
  });
  return { ...commitOf(countsOf(answer.at(-1), account), selected), method: 'copy' };
};

/** Rows that the table has stay as they are. @throws the server's error */
export const commitByInsert: CommitPage = async (connection, page, settings) => {
  const { shape, provesData, epoch } = settings;
  const account = accountOf(page, shape);
  const answer = await connection.run((wire) => {
    holdSegment(wire, page, epoch);
    execute(wire, 'insert_page', [
      ...ledgerParameters(page, account),
      ...shape.parameters(account.selected),
      String(provesData),
    ]);
  });
  return commitOf(countsOf(answer.at(-1), account), account.selected);
};

/**
 * Stores what PostgreSQL takes of the page, and the rest in quarantine.
 *
 * @throws the server's error where it is not about a row; the transaction is then rolled back, or
 *   the connection broken
 */
export const commitWithoutRefused: CommitPage = async (connection, page, settings) => {
  const { shape, provesData, epoch } = settings;
  // A constraint that is deferred to the commit would not tell which row it refuses.
  await connection.command('BEGIN; SET CONSTRAINTS ALL IMMEDIATE');
  try {
    await connection.run((wire) => holdSegment(wire, page, epoch));
    const stored = await insertStorableRows(connection, page, shape);
    const { insertedCount, updatedCount, knownCount, digest, refused } = stored;
    const account = accountOf(page, shape, refused);
    const parameters: Parameter[] = [
      ...ledgerParameters(page, account),
      String(insertedCount),
      String(updatedCount),
      String(knownCount),
      String(digest),
      String(provesData),
      ...shape.parameters(account.selected),
    ];
    const answer = await connection.run((wire) => execute(wire, 'record_counted_page', parameters));
    await connection.command('COMMIT');
    return commitOf(countsOf(answer.at(-1), account), account.selected);
  } catch (error) {
    // Where the connection broke there is nothing left to roll back, and the first error tells why.
    await connection.command('ROLLBACK').catch(() => {});
    throw error;
  }
};

/**
 * What the ledger says of a page; null: it does not have it. Another fetch of its number is that of a member
 * which took the segment over meanwhile.
 *
 * @param way by which the commit was tried
 */
export async function findCommit(
  connection: Connection,
  page: PageWrite,
  way: PageMethod,
): Promise<Commit | 'foreign' | null> {
  const key = [...pageKey(page), ...fetchIdentity(page)];
  const [row] = await connection.run((wire) => execute(wire, 'find_page', key));
  if (row === undefined) return null;
  if (row[6] !== 't') return 'foreign';
  const [returned = 0, inserted = 0, updated = 0, duplicate = 0, known = 0, quarantined = 0] =
    row.map(Number);
  const counts = { returned, inserted, updated, duplicate, known, quarantined };
  return { counts, knownRows: 0, method: way };
}

/** Refuses the transaction unless the member still holds the page's segment. */
function holdSegment(wire: WireBuffer, { run, segment }: PageWrite, epoch: number | null): void {
  if (epoch === null) return;
  execute(wire, 'hold_segment', [String(run), String(segment), String(epoch)]);
}

const NONE_REFUSED: ReadonlyMap<number, string> = new Map();

/** @param refused reasons by row of the batch */
function accountOf(
  page: OwnerPage,
  shape: TableShape,
  refused: ReadonlyMap<number, string> = NONE_REFUSED,
): PageAccount {
  const selected = selectRows(page, shape, new Set(refused.keys()));
  const records = [...refused].map(([row, reason]) => ({
    index: pageIndexOf(page.batch.rejects, row),
    start: selected.columns.recordStarts[row] as number,
    end: selected.columns.recordEnds[row] as number,
    reason,
  }));
  const highest = refused.size === 0 ? page.batch.highest : highestOf(selected, shape);
  return {
    selected,
    quarantined: withRefused(selected.rejects, records),
    highest: highest ?? null,
  };
}

/** Of rows that are left: the value of one that was refused is not in the table. */
function highestOf({ body, columns, rows }: PageRows, { cursor }: TableShape): string | null {
  if (cursor === null) return null;
  const slices = Array.from(rows, (row) => ({
    start: columns.recordStarts[row] as number,
    end: columns.recordEnds[row] as number,
  }));
  return highestCursor(Buffer.from(body.buffer, body.byteOffset, body.byteLength), slices, cursor);
}

function commitOf(counts: CommittedCounts, selected: PageRows): Commit {
  return { counts, knownRows: selected.rows.length - counts.inserted, method: 'insert' };
}

function execute(
  wire: WireBuffer,
  statement: StatementName,
  parameters: readonly Parameter[],
): void {
  writeBindAndExecute(wire, statement, parameters);
}
