/**
 * The form that `ingested_events` must have where it was there before us, perhaps with rows: then it
 * is used as it is, or refused with every difference named.
 */
import type { ClientBase } from 'pg';
import type { Fault } from '../core/fault.js';

const COLUMNS: Readonly<Record<string, string>> = {
  id: 'uuid',
  occurred_at: 'timestamp with time zone',
  data: 'jsonb',
};

/** The owner's column, which the program adds: values that it has not given would name pages of its own. */
const OWNER = 'page';

/** What the catalogue says of one column. */
export interface FoundColumn {
  readonly name: string;
  /** As format_type gives it. */
  readonly type: string;
  readonly isNotNull: boolean;
  /** It has a default, is generated or an identity: an INSERT may leave it out. */
  readonly isFilled: boolean;
}

export interface FoundTable {
  /** pg_class.relkind: `r` is a table, `p` a partitioned one. */
  readonly kind: string;
  readonly columns: readonly FoundColumn[];
  /** A unique index over `id` alone, without which no duplicate would be noticed. */
  readonly hasUniqueId: boolean;
}

const FIND_TABLE = `
  SELECT c.relkind AS kind,
    EXISTS (
      SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'id'
      WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
        AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum
    ) AS "hasUniqueId",
    coalesce((
      SELECT json_agg(json_build_object(
        'name', a.attname,
        'type', format_type(a.atttypid, a.atttypmod),
        'isNotNull', a.attnotnull,
        'isFilled', a.atthasdef OR a.attidentity <> ''))
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ), '[]') AS columns
  FROM pg_class c WHERE c.oid = to_regclass('ingested_events')`;

/** @returns null when there is no such table, or it fits; else DATABASE_REFUSED */
export async function checkEventsTable(client: ClientBase): Promise<Fault | null> {
  const { rows } = await client.query<FoundTable>(FIND_TABLE);
  const table = rows[0];
  if (table === undefined) return null;
  const differences = findDifferences(table);
  if (differences.length === 0) return null;
  return {
    code: 'DATABASE_REFUSED',
    message: `the table ingested_events is there already and is of another form: ${differences.join('; ')}`,
    retryable: false,
    remedy: 'Rename it with ALTER TABLE ingested_events RENAME TO …, or name another database',
  };
}

/** One phrase for each thing that keeps our rows from going in. */
export function findDifferences(table: FoundTable): string[] {
  if (table.kind !== 'r' && table.kind !== 'p') return ['it is not a table'];
  const differences: string[] = [];
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  for (const [name, type] of Object.entries(COLUMNS)) {
    const column = byName.get(name);
    if (column === undefined) differences.push(`it has no column ${name}`);
    else if (column.type !== type) differences.push(`${name} is ${column.type}, not ${type}`);
  }
  if (byName.has(OWNER)) differences.push(`its column ${OWNER} is not the program's own`);
  if (byName.get('occurred_at')?.isNotNull === true) {
    differences.push('occurred_at is NOT NULL, and an event may have no timestamp');
  }
  for (const { name, isNotNull, isFilled } of table.columns) {
    if (name in COLUMNS || !isNotNull || isFilled) continue;
    differences.push(`its column ${name} is NOT NULL without a default`);
  }
  if (byName.has('id') && !table.hasUniqueId) differences.push('id has no unique index');
  return differences;
}
