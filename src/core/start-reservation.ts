/**
 * Start reservation: what a process asks before its requests leave, and what it is answered. All that
 * share a key ask at one place, one after the other, so that each knows of the starts before its own.
 * Instants are epoch ms.
 */
import type { LimitLog } from './limit-log.js';

/** The name under which a learned pace is reserved; no limit is called so. */
export const PACE = '';

/** What a limit, or the pace, permits a process of which nobody else is known. */
export interface LimitShare {
  readonly name: string;
  /** Starts at the planned instant. */
  readonly free: number;
  /** Starts of others take of these when they lie less than this before the planned instant, or behind it. */
  readonly spanMs: number;
}

export interface StartRequest {
  /** Our starts so far. */
  readonly log: LimitLog;
  /** Planned, at the most; 0: what was planned before is given back. */
  readonly count: number;
  /** Until when they are planned; each counts as one that starts then. */
  readonly untilMs: number;
  readonly shares: readonly LimitShare[];
}

/** Starts of other processes by the limit's name, ascending; those that are only planned lie ahead. */
export type OtherStarts = ReadonlyMap<string, readonly number[]>;

export interface StartAnswer {
  /** Of those asked for. */
  readonly granted: number;
  readonly others: OtherStarts;
  /** Limits that others have learned, where ours are assumed, or not seen; null: they were not asked. @default null */
  readonly learned?: LimitLog | null;
}

/** All is granted: nobody else has started anything. */
export const ALONE: StartAnswer = { granted: Number.POSITIVE_INFINITY, others: new Map() };

/** Nothing planned: what a process has learned, and what it did not use. */
export function withoutPlan(log: LimitLog, nowMs: number): StartRequest {
  return { log, count: 0, untilMs: nowMs, shares: [] };
}

/** The starts of one limit; one that is not known there counts them all, as its log would. */
export function othersOf(others: OtherStarts, name: string): readonly number[] {
  const own = others.get(name);
  if (own !== undefined) return own;
  let longest: readonly number[] = [];
  for (const each of others.values()) if (each.length > longest.length) longest = each;
  return longest;
}
