/** Puts the end of a session on record: the status of its run, and why. */
import { IngestionError } from '../core/fault.js';
import type { RunOutcome } from '../core/scheduler-types.js';
import type { Replacement } from '../database/replace-rows.js';
import type { RunStore } from '../database/run-store.js';
import type { WatermarkChange } from '../database/watermarks.js';
import { reasonOf, resumeAtMsOf, statusAfter } from '../observe/run-end.js';

export interface Ended {
  readonly run: number;
  readonly outcome: RunOutcome;
  readonly redact: (text: string) => string;
  /** What its rows take the place of once it is complete; null: they are where they belong. */
  readonly replacement: Replacement | null;
  /** What becomes of the stream's watermark once it is complete; null: it stays as it is. */
  readonly watermark: WatermarkChange | null;
}

/**
 * @param settle writes what else is left, before the status says that the run is over
 * @throws IngestionError, unless the run has failed anyway
 */
export async function putOnRecord(
  store: Pick<RunStore, 'setRunStatus' | 'completeReplacement' | 'completeRun'>,
  { run, outcome, redact, replacement, watermark }: Ended,
  settle: () => Promise<void>,
): Promise<void> {
  try {
    await settle();
    if (outcome.status === 'complete' && replacement !== null) {
      return await takePlace(store, run, replacement);
    }
    if (outcome.status === 'complete' && watermark !== null) {
      return await store.completeRun(run, watermark);
    }
    const reason = outcome.status === 'failed' ? outcome.fault.message : reasonOf(outcome);
    const resumeAtMs = resumeAtMsOf(outcome);
    await store.setRunStatus(run, statusAfter(outcome.status), {
      ...(reason === null ? {} : { lastError: redact(reason) }),
      ...(resumeAtMs === null ? {} : { resumeAtMs }),
    });
  } catch (error) {
    // The ledger has every committed page: a status that could not be written loses nothing. Where
    // the database is the reason of the end, that reason must not be hidden by this one.
    if (outcome.status !== 'failed') throw error;
  }
}

/** @throws IngestionError; the run has failed then, unless that can heal, and its next start tries once more */
async function takePlace(
  store: Pick<RunStore, 'setRunStatus' | 'completeReplacement'>,
  run: number,
  replacement: Replacement,
): Promise<void> {
  try {
    await store.completeReplacement(run, replacement);
  } catch (error) {
    // It is tried again: the run must stay as it was.
    if (error instanceof IngestionError && error.fault.retryable) throw error;
    const lastError = (error as Error).message;
    await store.setRunStatus(run, 'failed', { lastError }).catch(() => {});
    throw error;
  }
}
