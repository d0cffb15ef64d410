/** Runs a verification with its progress; shared by `verify` and `submit`. */
import type { Pool } from 'pg';
import { verifyRun } from '../database/verify/verify-run.js';
import type { Verification } from '../database/verify/verify-types.js';
import { CountProgress } from '../observe/count-progress.js';
import { Progress, progressMode } from '../observe/progress.js';
import { nowMs } from '../runtime/clock.js';

/**
 * @returns null when the ledger has no such run
 * @throws IngestionError with the fault of the database
 */
export async function proveRun(
  pool: Pool,
  run: number,
  isQuiet: boolean,
): Promise<Verification | null> {
  const count = new CountProgress({ what: 'reading the ledger', unit: 'rows', nowMs: nowMs() });
  const progress = new Progress({
    stream: process.stderr,
    mode: progressMode(process.stderr, isQuiet),
    render: () => count.render(nowMs()),
  });
  progress.start();
  try {
    return await verifyRun(pool, { run, onProgress: (rows, claimed) => count.seen(rows, claimed) });
  } finally {
    progress.stop();
  }
}
