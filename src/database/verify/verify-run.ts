/**
 * Verifies one run: the table against the ledger, within one snapshot.
 *
 *   ledger ──▶ breakpoints ──▶ COPY: a sum for each element ──▶ judge ──▶ differences
 *                                                                 └ COPY once more: name the rows
 *
 * The table is read once, in whatever order it lies on the disk, and only sums are kept: memory
 * grows with the pages, not with the rows.
 */
import type { Pool } from 'pg';
import { compareTable } from './compare-table.js';
import { readLedger } from './read-ledger.js';
import { withTableReader } from './table-reader.js';
import type { Verification } from './verify-types.js';

export interface VerifySettings {
  readonly run: number;
  /** Told now and then how many rows were read; `claimed`: how many the ledger says there are. */
  readonly onProgress?: (rowsRead: number, claimed: number) => void;
}

/**
 * @returns null when the ledger has no such run
 * @throws IngestionError with the fault of the database
 */
export async function verifyRun(
  pool: Pool,
  { run, onProgress }: VerifySettings,
): Promise<Verification | null> {
  const startedAtMs = performance.now();
  const proof = await withTableReader(pool, async (reader) => {
    const ledger = await reader.ask((client) => readLedger(client, run));
    if (ledger === null) return null;
    const claimed = ledger.pages
      .filter((page) => page.run === run)
      .reduce((sum, { covered }) => sum + covered, 0);
    return compareTable(ledger, async (onRows) => {
      let rowsRead = 0;
      await reader.streamRows((rows) => {
        onRows(rows);
        rowsRead += rows.rowCount;
        onProgress?.(rowsRead, claimed);
      });
      return rowsRead;
    });
  });
  return proof && { ...proof, durationMs: Math.round(performance.now() - startedAtMs) };
}
