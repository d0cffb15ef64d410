/**
 * Standby: a process that waits for the run lock, and goes on with the run when its holder dies.
 *
 *   waiting ──holder ends, or dies──▶ holds the lock
 *      └──holder is frozen: its lease is over──▶ its session is ended ──▶ holds the lock
 */
import { IngestionError } from '../../core/fault.js';
import type { StreamKey } from '../../database/ledger-types.js';
import type { RunStore } from '../../database/run-store.js';
import type { Logger } from '../../observe/logger.js';

export interface StandbyParts {
  readonly store: Pick<RunStore, 'findLatestRun'>;
  readonly streamKey: StreamKey;
  readonly log: Logger;
  /** See `endFrozenHolders`. */
  readonly endFrozen: (run: number) => Promise<boolean>;
}

export interface TakenLock<Lock> {
  readonly lock: Lock;
  /** That its holder worked on; null: it held the lock for nothing. */
  readonly run: number | null;
}

/**
 * @param acquire waits a little, and throws ALREADY_RUNNING while another process holds the lock
 * @throws IngestionError, what else `acquire` throws
 */
export async function waitForLock<Lock>(
  acquire: () => Promise<Lock>,
  parts: StandbyParts,
): Promise<TakenLock<Lock>> {
  const { store, streamKey, log, endFrozen } = parts;
  let run: number | null = null;
  let isTold = false;
  for (;;) {
    try {
      return { lock: await acquire(), run };
    } catch (error) {
      if (!(error instanceof IngestionError) || error.fault.code !== 'ALREADY_RUNNING') throw error;
      if (!isTold) log.info({ event: 'standing_by' }, `standing by: ${error.fault.message}`);
      isTold = true;
    }
    const latest = await store.findLatestRun(streamKey);
    if (latest?.status !== 'running') continue;
    run = latest.run;
    if (!(await endFrozen(run))) continue;
    const message = `the process that works on run ${run} has let its lease lapse: its lock is taken`;
    log.warn({ event: 'holder_frozen' }, message);
  }
}
