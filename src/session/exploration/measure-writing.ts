/**
 * How many records a second this machine and its database take, measured with the API's own records
 * on a table that is gone afterwards.
 *
 * The server alone is timed, in one transaction that is rolled back; what an ingestion reaches with
 * its threads and connections beside it is a fixed share of that, as measured once.
 */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';

/** Rows of one statement; the sample is repeated up to it under other ids. */
const ROWS = 20_000;
const ROUNDS = 3;
/**
 * Share of the server's own rate that a whole ingestion reaches where program and database share two
 * processors: 75,000 records/s in runs of 400,000 events without any limit, where the server alone
 * took 150,000. Processors of their own would make it more.
 */
const END_TO_END_SHARE = 0.5;

/** @returns null where it cannot be measured: no records, no right to make a table */
export async function measureWriting(
  pool: Pool,
  records: readonly unknown[],
): Promise<number | null> {
  if (records.length === 0) return null;
  const texts = Array.from({ length: ROWS }, (_, row) =>
    JSON.stringify(records[row % records.length]),
  );
  const ids = texts.map(() => randomUUID());
  const client = await pool.connect().catch(() => null);
  if (client === null) return null;
  try {
    await client.query('BEGIN');
    await client.query('CREATE TEMPORARY TABLE staged (id uuid, data text) ON COMMIT DROP');
    await client.query('INSERT INTO staged SELECT unnest($1::uuid[]), unnest($2::text[])', [
      ids,
      texts,
    ]);
    const spansMs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await client.query(`CREATE TABLE exploration_trial (LIKE ingested_events INCLUDING ALL)`);
      const startedAtMs = performance.now();
      await client.query(
        'INSERT INTO exploration_trial (id, occurred_at, data) SELECT id, now(), data::jsonb FROM staged',
      );
      spansMs.push(performance.now() - startedAtMs);
      await client.query('DROP TABLE exploration_trial');
    }
    const quickestMs = Math.min(...spansMs);
    return Math.round((ROWS / quickestMs) * 1000 * END_TO_END_SHARE);
  } catch {
    // A read-only server, or an account that may not make tables: the assumption stands.
    return null;
  } finally {
    await client.query('ROLLBACK').catch(() => {});
    client.release();
  }
}
