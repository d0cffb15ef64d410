/** Whether what the records of a page hold goes into the columns of a table that was there before. */
import type { ClientBase } from 'pg';
import { keyTypeOf, recordValue } from '../../src/protocol/key-type.js';
import type { RecordPath } from '../../src/protocol/record-target.js';

/** Of data that a type does not take. */
const DATA_FAULT = /^22/;

export interface FilledColumn {
  readonly name: string;
  readonly path: RecordPath;
  /** As format_type gives it. */
  readonly type: string;
  /** Takes its value from `record`, a jsonb. */
  readonly sql: string;
}

/**
 * In a transaction.
 *
 * @returns what is wrong with each column that takes the value of no record, as the end of a sentence about
 *   the table
 */
export async function unfitColumns(
  client: ClientBase,
  columns: readonly FilledColumn[],
  sample: readonly unknown[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const { name, path, type, sql } of columns) {
    const filled = sample.filter((record) => recordValue(record, path) != null);
    if (filled.length === 0 || (await takesAny(client, sql, filled))) continue;
    const given = keyTypeOf(path, filled);
    wrong.push(`its column ${name} is ${type}, and the first records have ${given} there`);
  }
  return wrong;
}

/** PostgreSQL alone knows what its types take. All at once as a rule, else each by itself. */
async function takesAny(
  client: ClientBase,
  sql: string,
  records: readonly unknown[],
): Promise<boolean> {
  if (await takes(client, sql, records)) return true;
  for (const record of records) if (await takes(client, sql, [record])) return true;
  return false;
}

async function takes(
  client: ClientBase,
  sql: string,
  records: readonly unknown[],
): Promise<boolean> {
  await client.query('SAVEPOINT fit');
  try {
    const text = `SELECT count(value) FROM (SELECT ${sql} AS value
      FROM (SELECT unnest($1::text[])::jsonb AS record) AS parsed) AS read`;
    await client.query(text, [records.map((record) => JSON.stringify(record))]);
    return true;
  } catch (error) {
    if (!DATA_FAULT.test((error as { code?: string }).code ?? '')) throw error;
    await client.query('ROLLBACK TO SAVEPOINT fit');
    return false;
  }
}
