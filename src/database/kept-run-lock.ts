/**
 * The run lock over a whole run: taken again when its connection is lost.
 *
 *   held ──connection lost──▶ taking again ──▶ held
 *                                  └──another instance has it, or the patience is over──▶ gone
 *
 * While it is being taken again the run goes on, for a database that restarts would else stop it
 * twice over. Should another instance use that moment, the ledger keeps both right: a page that the
 * other wrote under our number is never taken for ours.
 */
import { type Fault, IngestionError } from '../core/fault.js';
import { asIngestionError } from './connect.js';
import type { Patience } from './patience.js';
import type { RunLock, RunLockSettings } from './run-lock.js';

export interface KeptRunLockSettings {
  /** As `RunStore.acquireRunLock`, bound to source and origin. */
  readonly acquire: (settings: RunLockSettings) => Promise<RunLock>;
  /** How long the database is waited for when the lock was lost. */
  readonly patience: Patience;
  readonly onLost: (fault: Fault) => void;
  readonly onBack: () => void;
}

export interface KeptRunLock {
  /** Resolves, and only then, when the lock is lost for good. */
  readonly gone: Promise<Fault>;
  /** Resolves once the lock is known to be held. @throws IngestionError when it is lost for good */
  held(): Promise<void>;
  release(): Promise<void>;
}

/** @throws IngestionError when the first attempt does not take it */
export async function keepRunLock(settings: KeptRunLockSettings): Promise<KeptRunLock> {
  const { acquire, patience } = settings;
  let isReleased = false;
  let lostTo: Fault | null = null;
  let tellGone: (fault: Fault) => void = () => {};
  const gone = new Promise<Fault>((resolve) => {
    tellGone = resolve;
  });
  let taking: Promise<void> = Promise.resolve();
  const onLost = (fault: Fault): void => {
    if (isReleased) return;
    settings.onLost(fault);
    taking = takeAgain();
  };
  let lock = await acquire({ onLost });

  async function takeAgain(): Promise<void> {
    const predecessor = lock.session;
    try {
      // Its connection is broken, but still has a place in the pool.
      await lock.release();
      lock = await patience.during(async () => {
        if (isReleased) throw new IngestionError(RELEASED);
        return acquire({ onLost, predecessor, patienceMs: TAKE_AGAIN_MS });
      });
      if (!isReleased) settings.onBack();
    } catch (error) {
      if (isReleased) return;
      lostTo = asIngestionError(error).fault;
      tellGone(lostTo);
    }
  }

  return {
    gone,
    async held() {
      await taking;
      await lock.check();
      await taking;
      if (lostTo !== null) throw new IngestionError(lostTo);
    },
    async release() {
      isReleased = true;
      await taking;
      await lock.release();
    },
  };
}

/** Our own session is being ended, and nothing else that holds it will let go of it soon. */
const TAKE_AGAIN_MS = 1_000;

const RELEASED: Fault = {
  code: 'DATABASE_UNAVAILABLE',
  message: 'the run lock was released while it was being taken again',
  retryable: false,
};
