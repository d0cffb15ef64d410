/** Verifies a run, and keeps what was found with its report. */

import { verifyRun } from '../../database/verify/verify-run.js';
import type { Verification } from '../../database/verify/verify-types.js';
import { commandText } from '../command-text.js';
import type { SessionContext } from '../context.js';
import { type FoundRun, unknownRunText } from '../ledger-reader.js';
import { keepVerification } from '../reports/keep-verification.js';
import { UserError } from '../user-error.js';

/**
 * @param withData prove the data too, of pages whose ledger has a digest of it
 * @returns null when the run has committed no page: a proof of none would hold for any run that failed
 *   at its start
 * @throws UserError when the ledger has lost the run; IngestionError with the fault of the database
 */
export async function verifyFound(
  context: SessionContext,
  { database, run }: FoundRun,
  withData: boolean,
): Promise<Verification | null> {
  if (run.replacedBy !== null) {
    throw new UserError(
      `Run ${run.run} has no rows any more: run ${run.replacedBy} has replaced them. ${commandText(run.source, `verify --run ${run.replacedBy}`)} proves those.`,
    );
  }
  const verification = await verifyRun(database.pool, { run: run.run, withData });
  if (verification === null) throw new UserError(unknownRunText(run.run));
  const { ok, pages, status } = verification;
  if (ok && pages === 0 && status !== 'complete') return null;
  await keepVerification(context, run, verification);
  return verification;
}
