/**
 * Finds the rows of a page that PostgreSQL refuses, while it stores the others.
 *
 * Group testing in the page's own transaction: a group that is refused is rolled back to the
 * savepoint and halved, until the refused group is one row. The server is the only judge; a look at
 * the text decides no more than which rows are tried alone from the start. So the usual kinds cost
 * one statement a culprit, and an unforeseen one about 2·log2(rows).
 *
 * In the end the table is asked which rows are there: a trigger may have skipped one, given it
 * another id, or deleted it. Such a row is refused too, and none is taken for a duplicate.
 */
import { isUtf8 } from 'node:buffer';
import type { Connection } from './connections.js';
import { type PageOfRows, type PageRows, selectRows } from './page-rows.js';
import type { RowSource } from './row-encoding.js';
import type { TableShape } from './table-shape.js';
import { writeBindAndExecute } from './wire-buffer.js';
import type { TextRow } from './wire-query.js';
import { readWriteError } from './write-error.js';

export interface StoredRows {
  /** Rows that the table did not have before. */
  readonly insertedCount: number;
  /** Rows that took the place of older ones. */
  readonly updatedCount: number;
  /** Of these, rows that no page of the run had written. */
  readonly knownCount: number;
  /** Theirs, as they are stored. */
  readonly digest: bigint;
  /** Over their data too; 0 unless they come late. */
  readonly dataDigest: bigint;
  /** Reasons by row of the batch, for those that PostgreSQL refused. */
  readonly refused: ReadonlyMap<number, string>;
}

/**
 * Inserts the page's rows within the transaction that is open on `connection`.
 *
 * @param isLate the page was written before, and these are rows of it that were refused then
 * @throws the server's error when it is not about a row
 */
export async function insertStorableRows(
  connection: Connection,
  page: PageOfRows,
  shape: TableShape,
  isLate = false,
): Promise<StoredRows> {
  const refused = new Map<number, string>();
  /** Of the groups that were stored. */
  let stored: Stored = { ...NOTHING, updatedCount: 0, knownCount: 0 };
  const tryGroup = isLate ? tryLateGroup : tryNewGroup;
  let selected = selectRows(page, shape);
  let groups = firstGroups(selected);
  await connection.command('SAVEPOINT row_group');
  while (groups.length > 0) {
    const refusedBefore = refused.size;
    for (let rows = groups.pop(); rows !== undefined; rows = groups.pop()) {
      const outcome = await tryGroup(connection, page, { ...selected, rows }, shape);
      if (outcome.type === 'stored') {
        stored = {
          count: stored.count + outcome.count,
          digest: stored.digest ^ outcome.digest,
          dataDigest: stored.dataDigest ^ outcome.dataDigest,
          updatedCount: stored.updatedCount + outcome.updatedCount,
          knownCount: stored.knownCount + outcome.knownCount,
        };
      } else if (rows.length === 1) {
        refused.set(rows[0] as number, outcome.reason);
      } else {
        const middle = rows.length >> 1;
        groups.push(rows.subarray(middle), rows.subarray(0, middle));
      }
    }
    const missing = await findMissing(connection, selected, refused, shape);
    for (const row of missing) refused.set(row, skipped(shape));
    // A refused row can have hidden a later one of the same id, which now is the first.
    if (refused.size > refusedBefore) {
      const tried = new Set([...selected.rows]);
      selected = selectRows(page, shape, new Set(refused.keys()));
      groups = [...selected.rows]
        .filter((row) => !tried.has(row))
        .map((row) => Uint32Array.of(row));
    }
  }
  const { updatedCount, knownCount } = stored;
  // Without a key no row is found again: what was stored is what the server said.
  const { count, digest, dataDigest } =
    isLate || shape.key.length === 0
      ? stored
      : await countWritten(connection, selected, refused, shape);
  const insertedCount = count - updatedCount;
  return { insertedCount, updatedCount, knownCount, digest, dataDigest, refused };
}

interface Written {
  readonly count: number;
  readonly digest: bigint;
  readonly dataDigest: bigint;
}

const NOTHING: Written = { count: 0, digest: 0n, dataDigest: 0n };

interface Stored extends Written, Pick<StoredRows, 'updatedCount' | 'knownCount'> {}

/** The page's rows that are in the table and that it wrote. */
async function countWritten(
  connection: Connection,
  selected: PageRows,
  refused: ReadonlyMap<number, string>,
  shape: TableShape,
): Promise<Written> {
  const rows = selected.rows.filter((row) => !refused.has(row));
  const found = await connection.run((wire) =>
    writeBindAndExecute(wire, 'count_written', [
      String(selected.pageId),
      ...shape.parameters({ ...selected, rows }),
    ]),
  );
  return writtenOf(found);
}

function writtenOf([row]: readonly TextRow[]): Written {
  return { count: Number(row?.[0]), digest: BigInt(row?.[1] ?? 0), dataDigest: 0n };
}

/** The rows that are not in the table though they were not refused. */
async function findMissing(
  connection: Connection,
  selected: PageRows,
  refused: ReadonlyMap<number, string>,
  shape: TableShape,
): Promise<number[]> {
  const rows = selected.rows.filter((row) => !refused.has(row));
  const found = await connection.run((wire) =>
    writeBindAndExecute(wire, 'find_missing', shape.parameters({ ...selected, rows })),
  );
  return found.map(([place]) => rows[Number(place)] as number);
}

function skipped({ relation }: TableShape): string {
  return `PostgreSQL did not keep it: a trigger of ${relation} skipped, changed or deleted the row`;
}

/** Another page has written or taken one of the rows since they were looked up. */
export class RowRace extends Error {}

type GroupOutcome =
  | ({ readonly type: 'stored' } & Stored)
  | { readonly type: 'refused'; readonly reason: string };

type TryGroup = (
  connection: Connection,
  page: PageOfRows,
  group: RowSource,
  shape: TableShape,
) => Promise<GroupOutcome>;

const tryNewGroup: TryGroup = (connection, page, group, shape) =>
  within(connection, shape, () =>
    insertGroup(connection, page, { group, shape, way: 'insert_rows' }),
  );

/**
 * What the page has of the group before and after tells what was written: rows that it had already may have
 * the same keys. Without a key the server says it, and the data is all that is digested.
 */
const tryLateGroup: TryGroup = (connection, page, group, shape) =>
  within(connection, shape, async () => {
    const before = await countOwned(connection, page, group, shape);
    const way = shape.merges ? 'insert_late' : 'insert_rows';
    const inserted = await insertGroup(connection, page, { group, shape, way });
    if (inserted === SKIPPED) return SKIPPED;
    if (shape.key.length === 0) return { ...inserted, dataDigest: inserted.digest };
    const after = await countOwned(connection, page, group, shape);
    return {
      ...inserted,
      count: after.count - before.count,
      digest: after.digest ^ before.digest,
      dataDigest: after.dataDigest ^ before.dataDigest,
    };
  });

/** A trigger has skipped one of the rows. */
const SKIPPED = 'skipped';

/** Keeps what `store` writes only if the server refuses none of it. */
async function within(
  connection: Connection,
  shape: TableShape,
  store: () => Promise<Stored | typeof SKIPPED>,
): Promise<GroupOutcome> {
  let reason: string;
  try {
    const stored = await store();
    if (stored !== SKIPPED) {
      await connection.command('RELEASE SAVEPOINT row_group; SAVEPOINT row_group');
      return { type: 'stored', ...stored };
    }
    reason = skipped(shape);
  } catch (error) {
    const read = readWriteError(error, shape.relation);
    if (read.type !== 'rowRefused' && read.type !== 'rowKnown') throw error;
    reason = read.reason;
  }
  await connection.command('ROLLBACK TO SAVEPOINT row_group');
  return { type: 'refused', reason };
}

/** @throws RowRace; the server's error */
async function insertGroup(
  connection: Connection,
  { id, run, segment, page }: PageOfRows,
  how: {
    readonly group: RowSource;
    readonly shape: TableShape;
    readonly way: 'insert_rows' | 'insert_late';
  },
): Promise<Stored | typeof SKIPPED> {
  const ofPage = [id, run, segment, page].map(String);
  const { group, shape, way } = how;
  const stored = await connection.run((wire) =>
    writeBindAndExecute(wire, way, [...ofPage, ...shape.parameters(group)]),
  );
  if (stored[0]?.[4] === 't') throw new RowRace();
  if (stored[0]?.[5] === 't') return SKIPPED;
  const [, , updatedCount = 0, knownCount = 0] = (stored[0] ?? []).map(Number);
  return { ...writtenOf(stored), updatedCount, knownCount };
}

async function countOwned(
  connection: Connection,
  { id }: PageOfRows,
  group: RowSource,
  shape: TableShape,
): Promise<Written> {
  const found = await connection.run((wire) =>
    writeBindAndExecute(wire, 'count_owned', [String(id), ...shape.parameters(group)]),
  );
  return { ...writtenOf(found), dataDigest: BigInt(found[0]?.[2] ?? 0) };
}

/** The rows without suspicion together, and each suspect alone. */
function firstGroups(selected: PageRows): Uint32Array[] {
  const suspects: Uint32Array[] = [];
  const clean = selected.rows.filter((row) => {
    if (!isSuspect(selected, row)) return true;
    suspects.push(Uint32Array.of(row));
    return false;
  });
  return clean.length > 0 ? [clean, ...suspects.reverse()] : suspects.reverse();
}

/** An escaped NUL, or half a surrogate pair: JSON may hold them, jsonb not. */
const UNSTORABLE_ESCAPE =
  /\\u0000|\\ud[89ab][\da-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][\da-f]{2})\\ud[c-f]/i;

function isSuspect({ columns, body }: PageRows, row: number): boolean {
  const record = body.subarray(columns.recordStarts[row], columns.recordEnds[row]);
  if (!isUtf8(record)) return true;
  const text = Buffer.from(record.buffer, record.byteOffset, record.byteLength).toString();
  if (UNSTORABLE_ESCAPE.test(text)) return true;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}
