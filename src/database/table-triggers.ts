/** What rows pass on their way into a table. */
import type { Pool } from 'pg';
import { IngestionError } from '../core/fault.js';
import { type StreamTable, triggerEvents } from '../postgres/stream-table.js';
import { asIngestionError } from './connect.js';

const findHooks = (merges: boolean): string => `
  SELECT tgname AS name, false AS "isRule" FROM pg_trigger
  WHERE tgrelid IN (
      SELECT to_regclass($1) UNION SELECT relid FROM pg_partition_tree(to_regclass($1))
    )
    AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & ${triggerEvents(merges)} <> 0
  UNION
  SELECT rulename, true FROM pg_rewrite
  WHERE ev_class = to_regclass($1) AND ev_type IN ('3'${merges ? ", '2'" : ''}) AND ev_enabled <> 'D'
  ORDER BY name`;

/**
 * The triggers that rows pass on their way into the table, by name; none where there is no table.
 *
 * @param merges rows may be updated too
 * @throws IngestionError, DATABASE_REFUSED where the table has a rule; else the fault of the database
 */
export async function listTriggers(
  pool: Pool,
  { qualified }: StreamTable,
  merges: boolean,
): Promise<string[]> {
  const { rows } = await pool
    .query<{ name: string; isRule: boolean }>(findHooks(merges), [qualified])
    .catch((error: unknown) => {
      throw asIngestionError(error);
    });
  const rule = rows.find(({ isRule }) => isRule);
  if (rule === undefined) return rows.map(({ name }) => name);
  throw new IngestionError({
    code: 'DATABASE_REFUSED',
    message: `the table ${qualified} has the rule ${rule.name} on ${merges ? 'INSERT or UPDATE' : 'INSERT'}, over which PostgreSQL permits no ON CONFLICT`,
    retryable: false,
    isOfStream: true,
    remedy: `Drop it with DROP RULE "${rule.name}" ON ${qualified}; a trigger can do the same`,
  });
}
