/** Which run a command that looks back is about. */
import type { Config } from '../config/config.js';
import type { Run } from '../database/ledger-types.js';
import type { RunStore } from '../database/run-store.js';
import { runOriginOf } from './open-target.js';

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
  const over = config.isTargetChosen ? ` over ${runOriginOf(config.target)}` : '';
  return `No run yet${over}: \`datasync ingest\` begins one.`;
}
