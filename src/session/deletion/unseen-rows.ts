/**
 * `--delete-missing`: a run that reads all notes which rows it has seen, and once it is complete the others of
 * earlier runs are deleted, if nothing speaks against it.
 *
 *   complete ──may it have missed records?──▶ counted ──share──▶ asked ──▶ deleted
 *                     └─yes: kept                 └─too high: kept └─no: kept
 *
 * A kill leaves all of them or none. What was kept is looked at again by `--delete-missing`, until a new run begins.
 */
import { assert, IngestionError } from '../../core/fault.js';
import {
  countMissing,
  type DeletingRun,
  deleteMissing,
  type MissingRows,
  seenTable,
} from '../../database/delete-missing.js';
import type { Run } from '../../database/ledger-types.js';
import { openRunStore } from '../../database/run-store.js';
import { formatCount } from '../../observe/eta.js';
import type { Deletion } from '../../observe/report.js';
import { streamTable } from '../../postgres/stream-table.js';
import type { WriterTarget } from '../../protocol/record-target.js';
import { commandText } from '../command-text.js';
import type { SessionContext } from '../context.js';
import type { OpenDatabase } from '../open-database.js';

/** Asks a person; resolves with whether the answer is yes. */
export type Confirm = (question: string) => Promise<boolean>;

/** Whether the run notes what it has seen, or has done so and its missing rows are still to be judged. */
export function notesSeen({ settings, deleted }: Pick<Run, 'settings' | 'deleted'>): boolean {
  return settings.deleteMissing === true && deleted === null;
}

/** Of a writer's settings: what takes the keys of rows that the run has seen; null: nobody asks. */
export function seenTableOf(run: Pick<Run, 'run' | 'settings' | 'deleted'>): string | null {
  return notesSeen(run) ? seenTable(run.run) : null;
}

/** How many rows would be deleted, of those that there are. @throws IngestionError */
export function countUnseen(
  { pool }: Pick<OpenDatabase, 'pool'>,
  run: Run,
  target: WriterTarget,
): Promise<MissingRows> {
  return countMissing(pool, deletingRun(run, target));
}

/**
 * Under the run lock, of a complete run.
 *
 * @param known.run its number
 * @throws IngestionError where the database is out of reach; with any other fault of it rows are kept
 */
export async function deleteUnseen(
  { config, log }: SessionContext,
  { pool }: Pick<OpenDatabase, 'pool'>,
  known: { readonly run: number; readonly target: WriterTarget; readonly confirm: Confirm },
): Promise<Deletion> {
  const run = await openRunStore(pool).findRun(known.run);
  assert(run !== null, 'a run that is complete is in the ledger');
  const deletion = await judged(run, known, { config, pool });
  if (deletion.type === 'deleted') {
    const { rows } = deletion;
    log.info(
      { event: 'rows_deleted', rows },
      `${formatCount(rows)} rows of ${run.tableName} that the source no longer has are deleted`,
    );
  } else {
    log.warn({ event: 'rows_kept', rows: deletion.rows }, `nothing is deleted: ${deletion.reason}`);
  }
  return deletion;
}

async function judged(
  run: Run,
  { target, confirm }: { readonly target: WriterTarget; readonly confirm: Confirm },
  { config, pool }: Pick<SessionContext, 'config'> & Pick<OpenDatabase, 'pool'>,
): Promise<Deletion> {
  if (run.missed !== null) return kept(null, `the run may have missed records: ${run.missed}`);
  const deleting = deletingRun(run, target);
  try {
    const counted = await countMissing(pool, deleting);
    if (counted.type === 'unknown') return kept(null, counted.reason);
    const { rows, heldRows } = counted;
    const share = rows === 0 ? 0 : rows / heldRows;
    if (share > config.deleteShareMax) {
      const again = commandText(
        config.source,
        `ingest --delete-missing --delete-share ${upTo(share)}`,
      );
      return kept(
        rows,
        `${unseenText(run, counted)}, more than ${percent(config.deleteShareMax)}. If the source has really lost so many, ${again} deletes them, and asks the API nothing`,
      );
    }
    if (rows > 0 && !(await confirm(`Delete ${unseenText(run, counted)}?`))) {
      return kept(rows, 'it was not confirmed');
    }
    await deleteMissing(pool, deleting, rows);
    return { type: 'deleted', rows };
  } catch (error) {
    if (!(error instanceof IngestionError) || error.fault.code !== 'DATABASE_REFUSED') throw error;
    return kept(null, error.fault.message);
  }
}

/** `10 of 200 rows of "shop"."items" (5 %), which run 3 has not seen`. */
export function unseenText(
  { run, tableName }: Pick<Run, 'run' | 'tableName'>,
  { rows, heldRows }: Pick<Extract<MissingRows, { type: 'counted' }>, 'rows' | 'heldRows'>,
): string {
  const share = heldRows === 0 ? 0 : rows / heldRows;
  return `${formatCount(rows)} of ${formatCount(heldRows)} rows of ${tableName} (${percent(share)}), which run ${run} has not seen`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}

/** Hundredths, rounded up, so that it permits the share. */
function upTo(share: number): number {
  return Math.min(1, Math.ceil(share * 100) / 100);
}

function kept(rows: number | null, reason: string): Deletion {
  return { type: 'kept', rows, reason };
}

function deletingRun(run: Run, { key }: WriterTarget): DeletingRun {
  return { run: run.run, table: streamTable(run), key };
}
