/** Which run a command that looks back is about. */
import type { Pool } from 'pg';
import type { Config } from '../config/config.js';
import { describeTarget } from '../database/connect.js';
import type { Run } from '../database/ledger-types.js';
import { findLockHolder } from '../database/run-lock.js';
import type { RunStore } from '../database/run-store.js';
import { runState } from '../observe/run-status.js';
import { runOriginOf } from './open-source.js';

/**
 * The run that was asked for; else the newest over the configured source; where none is configured,
 * the newest of all.
 *
 * @param chosen its number; undefined: none was asked for
 * @returns null when there is none
 */
export function findRun(
  store: RunStore,
  config: Config,
  chosen: number | undefined,
): Promise<Run | null> {
  if (chosen !== undefined) return store.findRun(chosen);
  if (!config.isTargetChosen) return store.findNewestRun();
  return store.findLatestRun(config.source, runOriginOf(config.target));
}

/** Why `findRun` found none. */
export function noRunText(config: Config, chosen: number | undefined): string {
  if (chosen !== undefined) return `The ledger has no run ${chosen}.`;
  if (config.isTargetChosen) {
    return `No run yet over ${runOriginOf(config.target)}: \`datasync ingest\` begins one.`;
  }
  const where =
    config.database.kind === 'embedded'
      ? ' in the database of simulated events, which is looked at without TARGET_API_KEY'
      : '';
  return `No run yet${where}: \`datasync ingest\` begins one.`;
}

/** Why there is no run at all: the database is not there yet, or has no table of ours. */
export function noLedgerText({ database }: Config): string {
  const where =
    database.kind === 'url' ? describeTarget(database.connectionString) : database.dataFolder;
  return `No run yet in ${where}: \`datasync ingest\` begins one.`;
}

/** Why ids of this run, which is not complete, are not all that the source holds. */
export async function notCompleteText(pool: Pool, run: Run): Promise<string> {
  const holder = await findLockHolder(pool, run.source, run.origin);
  const state = runState(run.status, holder !== null);
  const remedy = state === 'running' ? 'wait for its end' : '`datasync ingest` goes on with it';
  return `Run ${run.run} is ${state}, not complete: ${remedy}`;
}
