/** Holds a source for one process, so that no two work on its runs at once. */
import type { Fault } from '../core/fault.js';
import { type KeptRunLock, keepRunLock } from '../database/kept-run-lock.js';
import type { StreamKey } from '../database/ledger-types.js';
import type { Patience } from '../database/patience.js';
import type { RunLock } from '../database/run-lock.js';
import type { RunStore } from '../database/run-store.js';
import type { Logger } from '../observe/logger.js';
import type { OpenSource } from './open-source.js';

export interface LockSettings {
  readonly log: Logger;
  readonly patience: Patience;
  /** Other members may hold it too. */
  readonly isShared: boolean;
  /** Its session ends with the server, of which nobody else would tell so soon. */
  readonly onLost: () => void;
  readonly onBack: () => void;
}

/**
 * For an ingestion: a lock that is lost is taken again.
 *
 * @throws IngestionError when another holds it
 */
export function lockRun(
  store: RunStore,
  { streamKey }: OpenSource,
  { log, patience, isShared, onLost, onBack }: LockSettings,
): Promise<KeptRunLock> {
  return keepRunLock({
    acquire: (settings) => store.acquireRunLock(streamKey, { ...settings, isShared }),
    patience,
    onLost: (fault) => {
      log.warn(
        { event: 'lock_lost', fault },
        `the run lock is lost and taken again: ${fault.message}`,
      );
      onLost();
    },
    onBack: () => {
      log.info({ event: 'lock_regained' }, 'the run lock is held again');
      onBack();
    },
  });
}

/**
 * For an exploration: it and an ingestion at once would each forget the requests of the other.
 *
 * @throws IngestionError when another holds it
 */
export function lockForExploration(
  store: RunStore,
  { streamKey }: OpenSource,
  log: Logger,
): Promise<RunLock> {
  return store.acquireRunLock(streamKey, {
    activity: 'exploration',
    onLost: (fault) =>
      log.warn({ event: 'lock_lost', fault }, `the run lock is lost: ${fault.message}`),
  });
}

/**
 * For records in quarantine that are tried again: an ingestion at once could let go of their pages.
 *
 * @param onLost told when the lock is lost, and why
 * @throws IngestionError when another holds it
 */
export function lockForRetry(
  store: RunStore,
  streamKey: StreamKey,
  onLost: (fault: Fault) => void,
): Promise<RunLock> {
  return store.acquireRunLock(streamKey, { activity: 'retry', onLost });
}
