/**
 * Verifies one run: the table against the ledger, within one snapshot.
 *
 *   ledger ─────────────────────────────────────┐
 *   table ── one pass, GROUP BY the owner ──────┴─▶ compare ──▶ differences
 *                                                      └ a second look: the ids of rows to blame
 */
import type { ClientBase, Pool } from 'pg';
import { asked, inSnapshot } from '../transaction.js';
import { type Comparison, compareTable, tableDifferences } from './compare-table.js';
import { readLedger } from './read-ledger.js';
import { findOwnerless, findStrangers, readOwnedRows } from './read-table.js';
import { verification } from './verification.js';
import type { Ledger, Verification } from './verify-types.js';

export interface VerifySettings {
  readonly run: number;
  /** Prove the data too, of pages whose ledger has a digest of it. @default false */
  readonly withData?: boolean;
}

/**
 * @returns null when the ledger has no such run
 * @throws IngestionError with the fault of the database
 */
export async function verifyRun(
  pool: Pool,
  { run, withData = false }: VerifySettings,
): Promise<Verification | null> {
  const startedAtMs = performance.now();
  const proof = await inSnapshot(pool, async (client) => {
    const ledger = await asked(readLedger(client, run));
    if (ledger === null) return null;
    const comparison = compareTable(
      ledger,
      await asked(readOwnedRows(client, ledger.table, withData)),
    );
    const found = await asked(lookAgain(client, ledger, comparison));
    return verification(ledger, comparison, tableDifferences(ledger, comparison, found), withData);
  });
  return proof && { ...proof, durationMs: Math.round(performance.now() - startedAtMs) };
}

/** Names rows where something differs. */
async function lookAgain(client: ClientBase, ledger: Ledger, comparison: Comparison) {
  const { suspects, unknown, unownedChange } = comparison;
  const changed = suspects.flatMap(({ kind, id }) => (kind === 'missing' ? [] : id));
  const owners = unknown.flatMap(({ page }) => page ?? []);
  const orNone = unownedChange > 0 && ledger.unownedBefore === 0;
  return {
    strangers:
      changed.length === 0 ? new Map() : await findStrangers(client, ledger.table, changed),
    ownerless:
      owners.length === 0 && !orNone
        ? new Map()
        : await findOwnerless(client, ledger.table, owners, orNone),
  };
}
