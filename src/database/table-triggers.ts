/** What rows pass on their way into a table. */
import type { Pool } from 'pg';
import { IngestionError } from '../core/fault.js';
import type { StreamTable } from '../postgres/stream-table.js';
import { asIngestionError } from './connect.js';

const FIND_HOOKS = `
  SELECT tgname AS name, false AS "isRule" FROM pg_trigger
  WHERE tgrelid IN (
      SELECT to_regclass($1) UNION SELECT relid FROM pg_partition_tree(to_regclass($1))
    )
    AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 4 = 4
  UNION
  SELECT rulename, true FROM pg_rewrite
  WHERE ev_class = to_regclass($1) AND ev_type = '3' AND ev_enabled <> 'D'
  ORDER BY name`;

/**
 * The triggers that rows pass on their way into the table, by name; none where there is no table.
 *
 * @throws IngestionError, DATABASE_REFUSED where the table has a rule on INSERT; else the fault of the
 *   database
 */
export async function listInsertTriggers(
  pool: Pool,
  { qualified }: StreamTable,
): Promise<string[]> {
  const { rows } = await pool
    .query<{ name: string; isRule: boolean }>(FIND_HOOKS, [qualified])
    .catch((error: unknown) => {
      throw asIngestionError(error);
    });
  const rule = rows.find(({ isRule }) => isRule);
  if (rule === undefined) return rows.map(({ name }) => name);
  throw new IngestionError({
    code: 'DATABASE_REFUSED',
    message: `the table ${qualified} has the rule ${rule.name} on INSERT, over which PostgreSQL permits no ON CONFLICT`,
    retryable: false,
    remedy: `Drop it with DROP RULE "${rule.name}" ON ${qualified}; a trigger can do the same`,
  });
}
