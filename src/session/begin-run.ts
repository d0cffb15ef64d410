/** Begins a run, with what is worth knowing of it later; and whether the table of one that goes on is there. */
import type { Config } from '../config/config.js';
import { IngestionError } from '../core/fault.js';
import { type SeededFrom, seedForm } from '../database/child-sql.js';
import type { Run } from '../database/ledger-types.js';
import type { RunStore } from '../database/run-store.js';
import { tableOf } from '../postgres/stream-table.js';
import type { OpenSource } from './open-source.js';
import { replacementOf } from './replacement.js';
import { UserError } from './user-error.js';

/** @param seeded of a stream of children @throws UserError where the table cannot be loaded beside the one that is read */
export async function beginRun(
  config: Config,
  store: RunStore,
  { spec, streamKey }: OpenSource,
  seeded: SeededFrom | null = null,
): Promise<Run> {
  const { target, pass, within, parent, incremental } = spec;
  const replacement = replacementOf(target);
  const table = tableOf(target);
  const settings = {
    ...{ ...settingsOf(config), disposition: target.disposition, pass },
    ...(within !== null && { within }),
    ...(incremental !== null && { cursorPath: incremental.cursorPath }),
    ...(config.deleteMissing && { deleteMissing: true }),
    ...(parent !== null && { parent: seedForm(parent) }),
    ...(seeded !== null && { seededFrom: seeded }),
  };
  if (replacement === null) {
    await store.noteUnownedRows(table);
    return store.createRun({ ...streamKey, table, settings });
  }
  const obstacle = await store.clearReplacement(streamKey, replacement);
  if (obstacle !== null) throw new UserError(obstacle, 'usage');
  const run = await store.createRun({
    ...{ ...streamKey, settings },
    table: { ...table, qualified: replacement.loading },
  });
  await store.abandonRuns(run.run, replacement);
  return run;
}

/** Made again, it would lack the rows of earlier pages. @throws IngestionError, DATABASE_REFUSED */
export async function requireTable(store: RunStore, { run, tableName }: Run): Promise<void> {
  if (await store.hasTable(tableName)) return;
  throw new IngestionError({
    code: 'DATABASE_REFUSED',
    message: `the table ${tableName}, which run ${run} has written, is not there any more`,
    retryable: false,
    isOfStream: true,
    remedy: 'Bring it back to go on with the run, or begin a new one with --restart',
  });
}

/** What is worth knowing of a run later. No secret is among it. */
function settingsOf(config: Config): Record<string, unknown> {
  const { concurrency, pageLimit, writeMethod, reservedRequests } = config;
  return { concurrency, pageLimit, writeMethod, reservedRequests };
}
