/** Whose rows an export holds: the table has one set of rows, whichever runs have written them. */
import type { Pool } from 'pg';
import { asIngestionError } from '../connect.js';

// A run over rows that were there has written none, and its origin may still be theirs.
const COUNT_ORIGINS = `
  SELECT count(DISTINCT (source, origin))::int AS origins FROM ingestion_runs AS r
  WHERE EXISTS (SELECT FROM ingestion_pages AS p WHERE p.run = r.run AND p.inserted > 0)`;

/** @returns how many sources have rows in the table @throws IngestionError */
export async function countOrigins(pool: Pool): Promise<number> {
  try {
    const { rows } = await pool.query<{ origins: number }>(COUNT_ORIGINS);
    return rows[0]?.origins ?? 0;
  } catch (error) {
    throw asIngestionError(error);
  }
}
