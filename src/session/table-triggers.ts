/** Says, before the first page, that triggers of the user see every row. */
import { listTriggers } from '../database/table-triggers.js';
import type { Logger } from '../observe/logger.js';
import type { StreamTable } from '../postgres/stream-table.js';
import type { OpenDatabase } from './open-database.js';

/**
 * @returns whether there are any
 * @throws IngestionError when the table cannot be written
 */
export async function warnOfTriggers(
  { pool }: Pick<OpenDatabase, 'pool'>,
  table: StreamTable,
  merges: boolean,
  log: Pick<Logger, 'warn'>,
): Promise<boolean> {
  const triggers = await listTriggers(pool, table, merges);
  if (triggers.length === 0) return false;
  log.warn(
    { event: 'table_triggers', triggers },
    `the table ${table.qualified} has triggers on ${merges ? 'INSERT or UPDATE' : 'INSERT'} (${triggers.join(', ')}): rows are written by ` +
      'INSERT and looked for afterwards; those that a trigger does not let in go to quarantine',
  );
  return true;
}
