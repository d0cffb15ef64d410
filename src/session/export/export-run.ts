/** Exports the rows of a run: whether they are all, and whether there are as many as the ledger says. */
import type { Pool } from 'pg';
import type { ExportFormat, ExportOrder } from '../../database/export/export-sql.js';
import { listTableWriters } from '../../database/export/table-writers.js';
import type { Run } from '../../database/ledger-types.js';
import { formatCount } from '../../observe/eta.js';
import { streamTable } from '../../postgres/stream-table.js';
import { passOf } from '../../source/pass.js';
import { commandText } from '../command-text.js';
import { type FoundRun, notCompleteText } from '../ledger-reader.js';
import { UserError } from '../user-error.js';
import { openOutput } from './open-output.js';
import { type Exported, writeRows } from './write-ids.js';

export interface ExportWish {
  readonly format: ExportFormat;
  readonly order: ExportOrder;
  readonly isGzip: boolean;
  /** Also of a run that is not complete. */
  readonly permitsPartial: boolean;
  /** Where it goes. */
  readonly outputFor: (isPartial: boolean) => string;
  readonly isQuiet: boolean;
  /** Tells, before the export, what its rows are not. */
  readonly warn: (text: string) => void;
  /** Ends the process when a signal breaks the export off. */
  readonly leave: () => never;
}

export interface ExportedRun extends Exported {
  readonly output: string;
  readonly isPartial: boolean;
  /** Who has written into the table. */
  readonly origins: readonly string[];
}

/** @throws UserError, IngestionError; then no file is left behind */
export async function exportRun(found: FoundRun, wish: ExportWish): Promise<ExportedRun> {
  const { pool } = found.database;
  requireKey(found.run, wish.format);
  const isPartial = await isIncomplete(pool, found.run, wish);
  const source = await rowsToExpect(found, isPartial);
  const { origins } = source;
  if (origins.length > 1) {
    wish.warn(
      `${origins.length} sources have written into the table: the rows of all are exported.`,
    );
  }
  const output = wish.outputFor(isPartial);
  const { format, order, isQuiet, leave, isGzip } = wish;
  const written = await writeRows(pool, {
    sink: await openOutput(output, { isGzip }),
    table: streamTable(found.run),
    ...{ output, format, order, isQuiet, leave, expected: source.expected },
    check: (rows) => requireAll(found.run, rows, source.least),
  });
  return { ...written, output, isPartial, origins };
}

/** @throws UserError where rows have no ids */
function requireKey({ source, stream, tableKey }: Run, format: ExportFormat): void {
  if (format !== 'ids' || tableKey.length > 0) return;
  throw new UserError(
    `The rows of ${source}.${stream} have no key, and so no ids: ${commandText(source, 'export')} writes whole rows.`,
    'usage',
  );
}

/** @returns whether it is not complete, which was asked for @throws UserError otherwise */
async function isIncomplete(pool: Pool, run: Run, wish: ExportWish): Promise<boolean> {
  if (run.status === 'complete') return false;
  const why = await notCompleteText(pool, run);
  if (!wish.permitsPartial) {
    throw new UserError(`${why}; --partial exports what is there.`, 'paused');
  }
  wish.warn(`${why}. What is exported is NOT all that the source holds.`);
  return true;
}

interface ExpectedRows {
  /** How many there should be; null: not known. */
  readonly expected: number | null;
  /** Fewer contradict the ledger. */
  readonly least: number;
  readonly origins: readonly string[];
}

async function rowsToExpect(
  { database: { pool }, store, run }: FoundRun,
  isPartial: boolean,
): Promise<ExpectedRows> {
  const table = streamTable(run);
  const [{ rows }, writers] = await Promise.all([
    store.loadTotals(run.run),
    listTableWriters(pool, table),
  ]);
  const origins = writers.map(({ origin }) => origin);
  const least = isPartial ? 0 : rows;
  const isWhole = passOf(run.settings).type === 'full';
  if (origins.length === 1 && isWhole) return { expected: rows, least, origins };
  return { expected: await store.estimateRows(table), least, origins };
}

function requireAll({ source }: Run, rows: number, least: number): void {
  if (rows >= least) return;
  throw new UserError(
    `The table has ${formatCount(rows)} rows and the ledger says ${formatCount(least)}: ` +
      `${commandText(source, 'verify')} names what is missing. Nothing is exported.`,
  );
}
