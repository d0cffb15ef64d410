/**
 * Standby: a process that waits for the run lock, and goes on with the run when its holder dies.
 *
 *   waiting ──holder ends, or dies──▶ holds the lock
 *      └──holder is frozen: its lease is over──▶ its session is ended ──▶ holds the lock
 */
import type { Pool } from 'pg';
import { IngestionError } from '../../core/fault.js';
import type { Run, StreamKey } from '../../database/ledger-types.js';
import type { MemberStore } from '../../database/members.js';
import { endLockHolder } from '../../database/run-lock.js';
import type { RunStore } from '../../database/run-store.js';
import type { Logger } from '../../observe/logger.js';

export interface StandbyParts {
  readonly pool: Pool;
  readonly store: Pick<RunStore, 'findLatestRun'>;
  readonly members: Pick<MemberStore, 'list'>;
  readonly streamKey: StreamKey;
  readonly log: Logger;
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
  const { pool, store, streamKey, log } = parts;
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
    run = latest?.status === 'running' ? latest.run : run;
    if (latest === null || !(await isFrozen(parts, latest))) continue;
    const message = `the process that works on run ${latest.run} has let its lease lapse: its lock is taken`;
    log.warn({ event: 'holder_frozen' }, message);
    await endLockHolder(pool, streamKey);
  }
}

/** It has joined, and is not heard of. One that has not joined yet may be planning. */
async function isFrozen({ members }: StandbyParts, { run, status }: Run): Promise<boolean> {
  if (status !== 'running') return false;
  const known = await members.list(run);
  return known.length > 0 && known.every(({ isDead }) => isDead);
}
