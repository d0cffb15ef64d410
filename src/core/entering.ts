/** How a process enters a run: beside those who work on it, or with a plan of its own. */
import type { ResumePlan } from './resume.js';
import type { RunOutcome } from './scheduler-types.js';

/** Why a process enters a run once more. */
export interface EnterAgain {
  /** Though others are at work, unless one of them has meanwhile. */
  readonly plansAnew: boolean;
  /** A page has shown that the order does not hold by which the run is shared. */
  readonly hasLeftOrder: boolean;
}

/**
 * `finished`: others have put the end on record; `join`: what others leave is taken; `plan`: what is left is planned,
 * and nobody holds anything of it from then on.
 */
export type Entry = 'finished' | 'join' | 'plan';

/** What of a run decides how it is entered. */
export interface StandingRun {
  readonly isComplete: boolean;
  /** Members that are at work on it. */
  readonly living: number;
  /** How often it was planned. */
  readonly plan: number;
  readonly hasLeftOrder: boolean;
}

/**
 * @param again null: the process comes for the first time
 * @param planBefore how often the run was planned when the process entered it before
 */
export function entryOf(again: EnterAgain | null, planBefore: number, run: StandingRun): Entry {
  if (again !== null && run.isComplete) return 'finished';
  if (run.living === 0) return 'plan';
  if (again?.plansAnew !== true) return 'join';
  const isPlanned = run.plan !== planBefore && (run.hasLeftOrder || !again.hasLeftOrder);
  return isPlanned ? 'join' : 'plan';
}

/** Of a member that joins: others hold what is to be walked. */
export function joinedPlan(plan: ResumePlan): ResumePlan {
  return { ...plan, gaps: [], restarts: false };
}

/** The share is over, and not the run: it was planned anew, or has to be. Null: neither. */
export function entersAgain(outcome: RunOutcome): EnterAgain | null {
  if (outcome.status !== 'failed') return null;
  const { code } = outcome.fault;
  if (code !== 'LEASE_LOST' && code !== 'ORDER_LEFT' && code !== 'PLAN_WANTED') return null;
  return { plansAnew: code !== 'LEASE_LOST', hasLeftOrder: code === 'ORDER_LEFT' };
}
