/**
 * How a run stands once a process is done with it, in the words that report, state file, dashboard, alerts
 * and ledger share. A signal ends a process, and leaves its run paused: only the last JSON line and the
 * log, which tell of the process, call that interrupted.
 */
import { faultText } from '../core/fault.js';
import type { RunOutcome } from '../core/scheduler-types.js';

export type EndedStatus = Exclude<RunOutcome['status'], 'interrupted'>;

/** Reads well behind "paused by". */
const BY_SIGNAL = 'a signal to its process';

export function statusAfter(status: RunOutcome['status']): EndedStatus {
  return status === 'interrupted' ? 'paused' : status;
}

/** Null: there is nothing to say of an end that was wished for. */
export function reasonOf(outcome: RunOutcome): string | null {
  switch (outcome.status) {
    case 'complete':
      return null;
    case 'interrupted':
      return BY_SIGNAL;
    case 'paused':
      return outcome.reason;
    case 'failed':
      return faultText(outcome.fault);
  }
}

/** When another try is worth it; null: not known, or nothing to wait for. */
export function resumeAtMsOf(outcome: RunOutcome): number | null {
  return outcome.status === 'paused' ? outcome.resumeAtMs : null;
}
