/** Taking: what a member makes of what is left of its run. */
import type { Fault } from './fault.js';

/** Neighbouring segments, by number. */
export interface SegmentSpan {
  readonly first: number;
  readonly last: number;
}

/** What is left of a run. */
export interface RunRest {
  /** How often it was planned. */
  readonly plan: number;
  readonly hasOpen: boolean;
  /** What nobody holds, or nobody who lives. */
  readonly free: readonly SegmentSpan[];
}

/**
 * `plannedAnew`: what the member knows of the run holds no longer; `through`: nothing is left, here or elsewhere;
 * `open`: something is, and what of it is free is offered.
 */
export type Look = 'plannedAnew' | 'through' | 'open';

/** @param joinedPlan how often the run was planned when the member joined it */
export function lookAt({ plan, hasOpen }: RunRest, joinedPlan: number): Look {
  if (plan !== joinedPlan) return 'plannedAnew';
  return hasOpen ? 'open' : 'through';
}

/** Whether a job that nothing could be claimed of comes again: its dead holder may only have been away, as this member was. */
export function comesAgain({ first, last }: SegmentSpan, { free }: RunRest): boolean {
  return free.some((one) => one.first <= last && one.last >= first);
}

/**
 * What this member has planned of a source that is read as one chain: it alone knows where that goes on. So it holds
 * it from the beginning, and takes it first. Null: there is none, or others may begin with any of it.
 */
export function ownSpan(
  planned: Iterable<{ readonly segment: number }>,
  isOrdered: boolean,
): SegmentSpan | null {
  const numbers = Array.from(planned, ({ segment }) => segment);
  return isOrdered || numbers.length === 0 ? null : spanOf(numbers);
}

/** What covers segments that a member gives. */
export function spanOf(segments: readonly number[]): SegmentSpan {
  return { first: Math.min(...segments), last: Math.max(...segments) };
}

export const PLANNED_ANEW: Fault = {
  code: 'LEASE_LOST',
  message: 'another member has planned the run anew',
  retryable: false,
};

export const GIVEN_UP: Fault = {
  code: 'LEASE_LOST',
  message: 'nothing was heard of this member for too long, and another one has taken what it held',
  retryable: false,
};

export const PLAN_WANTED: Fault = {
  code: 'PLAN_WANTED',
  message: 'only a plan of the whole run tells where a chain goes on',
  retryable: false,
};
