/** How long a failed page waits before its next attempt. Pure. */
import type { Fault } from '../../src/core/fault.js';

const CONFLICTS_MAX = 10;
const CONFLICT_DELAY_MS = 5;
const CONFLICT_DELAY_MAX_MS = 500;
const ABSENCE_DELAY_MS = 100;
const ABSENCE_DELAY_MAX_MS = 5_000;

/** What one page has been through. */
export interface Failures {
  /** Deadlocks, serialisation failures and statement timeouts so far, this one included. */
  conflicts: number;
  /** Times that the database was away or could not write, this one included. */
  absences: number;
  /** When it was first away; 0 when it never was. */
  firstAbsenceAtMs: number;
}

export function noFailures(): Failures {
  return { conflicts: 0, absences: 0, firstAbsenceAtMs: 0 };
}

/**
 * Counts a failure and says how long to wait.
 *
 * A conflict is tried again almost at once, ten times; the jitter keeps two pages that block each
 * other from meeting again. A database that is away is waited for with growing delays.
 *
 * @param retryForMs how long a database that is away is waited for, from the first absence on
 * @param random uniform in [0, 1)
 * @returns null when the page is given up
 */
export function delayAfter(
  failures: Failures,
  fault: Fault,
  { retryForMs, nowMs, random }: { retryForMs: number; nowMs: number; random: number },
): number | null {
  if (!fault.retryable) return null;
  if (fault.code === 'DATABASE_CONFLICT') {
    failures.conflicts++;
    if (failures.conflicts > CONFLICTS_MAX) return null;
    const ceilingMs = CONFLICT_DELAY_MS * 2 ** (failures.conflicts - 1);
    return Math.min(CONFLICT_DELAY_MAX_MS, ceilingMs) * random;
  }
  if (failures.absences === 0) failures.firstAbsenceAtMs = nowMs;
  failures.absences++;
  const leftMs = failures.firstAbsenceAtMs + retryForMs - nowMs;
  if (leftMs <= 0) return null;
  const ceilingMs = ABSENCE_DELAY_MS * 2 ** (failures.absences - 1);
  // The last attempt falls on the deadline rather than short of it.
  return Math.min(leftMs, Math.min(ABSENCE_DELAY_MAX_MS, ceilingMs) * (0.5 + random / 2));
}
