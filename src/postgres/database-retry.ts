/**
 * How long a failed database statement waits before its next attempt, and when it is given up.
 *
 * Each statement counts its own failures. What they share is the outage: it lasts from the first
 * absence until any statement succeeds, so that those which wait behind one that was given up do not
 * each wait as long again.
 */
import type { Fault } from '../core/fault.js';

/** However long one attempt takes, a conflict is tried again this often. */
const CONFLICTS_MIN = 3;
const CONFLICT_DELAY_MS = 5;
const CONFLICT_DELAY_MAX_MS = 500;
const ABSENCE_DELAY_MS = 100;
const ABSENCE_DELAY_MAX_MS = 5_000;

/** What one statement, or one page, has been through. Instants are of the caller's clock, in ms. */
export interface Failures {
  /** Deadlocks, serialisation failures and statement timeouts so far. */
  conflicts: number;
  firstConflictAtMs: number;
  /** Times that the database was away or could not write. */
  absences: number;
  firstAbsenceAtMs: number;
}

export function noFailures(): Failures {
  return { conflicts: 0, firstConflictAtMs: 0, absences: 0, firstAbsenceAtMs: 0 };
}

/** What all statements of one thread share. */
export interface Outage {
  /** The first absence since a statement last succeeded; null: there was none. */
  sinceMs: number | null;
  /**
   * The first refusal of the outage. A server whose disk is full may go down of it, and "connection
   * refused" then says less than what it said first.
   */
  refusal: Fault | null;
  /** A statement was given up because of it: who comes next need not begin to wait. */
  givenUp: Fault | null;
}

export function noOutage(): Outage {
  return { sinceMs: null, refusal: null, givenUp: null };
}

/** A statement has succeeded. */
export function endOutage(outage: Outage): void {
  outage.sinceMs = null;
  outage.refusal = null;
  outage.givenUp = null;
}

/** The fault to report of a statement that was given up. */
export function telling(outage: Outage, last: Fault): Fault {
  return outage.refusal ?? last;
}

export interface RetryClock {
  /** How long a database that is away, or a statement in conflict, is waited for. */
  readonly retryForMs: number;
  readonly nowMs: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/**
 * Counts a failure and says how long to wait.
 *
 * A conflict is tried again almost at once; the jitter keeps two that block each other from meeting
 * again. A database that is away is waited for with growing delays.
 *
 * @returns null when the statement is given up
 */
export function delayAfter(
  failures: Failures,
  outage: Outage,
  fault: Fault,
  clock: RetryClock,
): number | null {
  if (!fault.retryable) return null;
  return fault.code === 'DATABASE_CONFLICT'
    ? delayAfterConflict(failures, clock)
    : delayAfterAbsence(failures, outage, fault, clock);
}

function delayAfterConflict(
  failures: Failures,
  { retryForMs, nowMs, random }: RetryClock,
): number | null {
  if (failures.conflicts === 0) failures.firstConflictAtMs = nowMs;
  failures.conflicts++;
  const isLate = nowMs - failures.firstConflictAtMs >= retryForMs;
  if (isLate && failures.conflicts > CONFLICTS_MIN) return null;
  const ceilingMs = CONFLICT_DELAY_MS * 2 ** (failures.conflicts - 1);
  return Math.min(CONFLICT_DELAY_MAX_MS, ceilingMs) * random;
}

function delayAfterAbsence(
  failures: Failures,
  outage: Outage,
  fault: Fault,
  { retryForMs, nowMs, random }: RetryClock,
): number | null {
  outage.sinceMs ??= nowMs;
  if (fault.code === 'DATABASE_REFUSED') outage.refusal ??= fault;
  if (failures.absences === 0) failures.firstAbsenceAtMs = nowMs;
  failures.absences++;
  const leftMs = Math.min(outage.sinceMs, failures.firstAbsenceAtMs) + retryForMs - nowMs;
  if (leftMs <= 0) {
    outage.givenUp = telling(outage, fault);
    return null;
  }
  const ceilingMs = ABSENCE_DELAY_MS * 2 ** (failures.absences - 1);
  // The last attempt falls on the deadline rather than short of it.
  return Math.min(leftMs, Math.min(ABSENCE_DELAY_MAX_MS, ceilingMs) * (0.5 + random / 2));
}
