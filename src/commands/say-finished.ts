/** What `ingest` says of a run that was finished before. */
import { countRows } from '../database/count-rows.js';
import { openRunStore } from '../database/run-store.js';
import { formatCount } from '../observe/eta.js';
import type { OpenDatabase } from '../session/open-database.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-codes.js';

/** What is there is counted: rows that were deleted since are no longer the ledger's to promise. */
export async function sayFinished(
  context: CommandContext,
  { pool, openCommand }: OpenDatabase,
  run: number,
): Promise<void> {
  const { covered: eventsIngested } = await openRunStore(pool).loadTotals(run);
  const tableRows = await countRows(pool);
  const inTable = tableRows === null ? '' : `; the table has ${formatCount(tableRows)} rows`;
  const message = `Run ${run} is finished: ${formatCount(eventsIngested)} events by the ledger${inTable}.`;
  context.say(`${message} Nothing to do; --restart begins a new run.`);
  if (tableRows !== null && tableRows < eventsIngested) {
    context.log.warn(
      { event: 'rows_missing', eventsIngested, tableRows },
      `the table has ${formatCount(eventsIngested - tableRows)} rows fewer than the ledger says: ` +
        '`datasync verify` names them',
    );
  }
  context.say(`  data      ${openCommand}`);
  context.sayComplete();
  const known = { run, alreadyComplete: true, eventsIngested, tableRows };
  context.json({ status: 'complete', exitCode: EXIT.complete, message, fault: null, ...known });
}
