/** What is kept and shown of an API's limits: the log that outlives a process, and the view of one. */
import type { LimitPolicy } from './token-bucket.js';

export type LimitKind = 'sliding window' | 'window' | 'leaky bucket';

/** `measured`: it was seen to hold; `announced`: answers tell it; `assumed`: nothing does. */
export type LimitSource = 'assumed' | 'announced' | 'measured';

/** What outlives a process. Instants are epoch ms, ascending; one entry a start. */
export interface SavedLimit {
  readonly name: string;
  readonly policy: LimitPolicy;
  readonly isLeaky: boolean;
  /**
   * How its window, or how fast it leaks, is known; one that was seen to open counts as measured, for
   * then the next process need not doubt it. @default 'announced'
   */
  readonly from?: LimitSource;
  readonly startsMs: readonly number[];
}

export interface SavedPace extends LimitPolicy {
  /** The last start, epoch ms. @default now */
  readonly startedAtMs?: number;
}

/** What outlives a process. */
export interface LimitLog {
  readonly limits: readonly SavedLimit[];
  /** Starts evenly spaced, so many in a span, as refusals taught it; null: nothing paces. */
  readonly pace: SavedPace | null;
  /** Whether an answer ever described a limit, or its absence. */
  readonly isLearned: boolean;
  /** Whether the length of each window was seen, and not only thought possible. @default true */
  readonly isSeen?: boolean;
}

export const NO_LIMITS: LimitLog = { limits: [], pace: null, isLearned: false };

/** Beside others, answers say less of a window than those have learned who were alone. */
export function reliedOn(log: LimitLog): LimitLog {
  const limits = log.limits.map((limit) =>
    limit.from === 'assumed' ? limit : { ...limit, from: 'measured' as const },
  );
  return { ...log, limits };
}

/** No start lies in the future: it was planned, or the clock was set back. */
export function startedBy(limits: readonly SavedLimit[], nowMs: number): SavedLimit[] {
  return limits.map((limit) => ({
    ...limit,
    startsMs: limit.startsMs.map((startMs) => Math.min(startMs, nowMs)),
  }));
}

/** Our starts as the limit has them that counts the most; epoch ms, ascending. */
export function longestStarts(log: Pick<LimitLog, 'limits'> | null): readonly number[] {
  return (log?.limits ?? []).reduce<readonly number[]>(
    (longest, { startsMs }) => (startsMs.length > longest.length ? startsMs : longest),
    [],
  );
}

/** The policy that permits the least on average; null: there is none. */
export function leastOf(policies: readonly LimitPolicy[]): LimitPolicy | null {
  const rateOf = ({ quota, windowMs }: LimitPolicy) => quota / windowMs;
  const [first, ...others] = policies;
  if (first === undefined) return null;
  const least = others.reduce((a, b) => (rateOf(b) < rateOf(a) ? b : a), first);
  return { quota: least.quota, windowMs: least.windowMs };
}

/** The same of limits but those of these names. */
export function leastWithout(
  limits: readonly LimitView[],
  without?: ReadonlySet<string>,
): LimitPolicy | null {
  return leastOf(limits.filter(({ name }) => !without?.has(name)));
}

/** A limit as observers see it. */
export interface LimitView extends LimitPolicy {
  readonly name: string;
  readonly kind: LimitKind;
  readonly from: LimitSource;
}
