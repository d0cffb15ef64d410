/** Whether what has ended one stream of a source would end every other one. */
import type { Fault } from '../core/fault.js';
import type { RunOutcome } from '../core/scheduler-types.js';

const UNAUTHORISED = 401;

export function concernsAll(outcome: RunOutcome): boolean {
  if (outcome.status === 'interrupted') return true;
  return outcome.status === 'failed' && isOfAll(outcome.fault);
}

/** A key that is refused (403 may be a missing permission), a database that cannot be used, a dead writer. */
export function isOfAll({ code, status, isOfStream = false, retryable }: Fault): boolean {
  if (code === 'CREDENTIALS') return status === undefined || status === UNAUTHORISED;
  if (code === 'WORKER_DIED') return !retryable;
  return code.startsWith('DATABASE') && !isOfStream;
}
