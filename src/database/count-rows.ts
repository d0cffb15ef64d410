/** Counts the rows of the table, for who says how many there are. */
import type { Pool } from 'pg';
import type { StreamTable } from '../postgres/stream-table.js';

/** Three million rows take a second on a small machine. */
const TIMEOUT_MS = 5_000;

/** @returns null when it takes longer than anybody would wait, or cannot be done */
export async function countRows(
  pool: Pool,
  { qualified }: Pick<StreamTable, 'qualified'>,
): Promise<number | null> {
  const client = await pool.connect().catch(() => null);
  if (client === null) return null;
  try {
    await client.query('BEGIN READ ONLY');
    await client.query(`SET LOCAL statement_timeout = ${TIMEOUT_MS}`);
    const { rows } = await client.query<{ count: number }>(
      `SELECT count(*)::float8 AS count FROM ${qualified}`,
    );
    return rows[0]?.count ?? null;
  } catch {
    return null;
  } finally {
    await client.query('ROLLBACK').catch(() => {});
    client.release();
  }
}
