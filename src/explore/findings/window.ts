/**
 * The window of a limit, from the times of our requests and what the answers said was left.
 *
 * Its length: the window ends one length after its oldest request, so every answer that tells the end
 * puts the length between two numbers. Its kind: both kinds are played through with our own starts;
 * the one whose counts the answers contradict is not it.
 *
 *   sliding   each request leaves the log one window after it came
 *   fixed     all leave together, one window after the first that opened it
 */
import type { StartSeen } from '../observations.js';
import { type ResetSeen, readDialect, readSkew, windowEnd } from './dialect.js';

export interface WindowInference {
  readonly quota: number | null;
  /** Between `lowMs` and `highMs`; null: nothing tells. */
  readonly length: {
    readonly lowMs: number;
    readonly highMs: number;
    readonly isAnnounced: boolean;
  } | null;
  readonly kind: 'sliding' | 'fixed' | null;
  /** Answers whose count fits the kind, of those that tell. */
  readonly fitting: number;
}

interface Told {
  /** Position among all starts. */
  readonly index: number;
  readonly atMs: number;
  readonly remaining: number;
}

/** Arrival follows the start by a moment that we do not know. */
const TOLERANCE_MIN_MS = 15;
const TOLERANCE_SHARE = 0.01;
const LENGTHS_TRIED = 40;

/**
 * @param starts own starts in order of sending
 * @param earlierStartsMs starts of earlier processes that the server may still have logged
 */
export function inferWindow(
  starts: readonly StartSeen[],
  earlierStartsMs: readonly number[],
): WindowInference {
  const ordered = [...starts].sort((a, b) => a.sentAtMs - b.sentAtMs);
  const quota = commonQuota(ordered);
  const logged = loggedBefore(ordered[0], quota, earlierStartsMs);
  const nothing = { quota, length: null, kind: null, fitting: 0 };
  if (logged === null) return nothing;
  const times = [...logged, ...ordered.map(({ sentAtMs }) => sentAtMs)];
  const length = lengthOf(ordered, {
    lowMs: times[0] ?? 0,
    highMs: (times[0] ?? 0) + (logged.length > 0 ? 0 : latenessOf(ordered)),
  });
  if (length === null || quota === null) return { ...nothing, length };
  const told = ordered.flatMap(({ sentAtMs, limits }, index): Told[] =>
    limits?.remaining == null
      ? []
      : [{ index: logged.length + index, atMs: sentAtMs, remaining: limits.remaining }],
  );
  const lengths = candidates(length);
  const sliding = bestFit(
    told,
    lengths,
    (windowMs, at) => slidingCount(times, windowMs, at),
    quota,
  );
  const fixed = bestFit(told, lengths, (windowMs, at) => fixedCount(times, windowMs, at), quota);
  const isSliding = sliding.contradicting === 0 && fixed.contradicting > 0;
  const isFixed = fixed.contradicting === 0 && sliding.contradicting > 0;
  const kind = isSliding ? 'sliding' : isFixed ? 'fixed' : null;
  return { quota, length, kind, fitting: isFixed ? fixed.fitting : sliding.fitting };
}

function commonQuota(starts: readonly StartSeen[]): number | null {
  const quotas = starts.flatMap(({ limits }) => limits?.quota ?? []);
  return quotas.length === 0 ? null : Math.min(...quotas);
}

/** Which earlier starts the server still had logged; null: somebody else's were among them. */
function loggedBefore(
  first: StartSeen | undefined,
  quota: number | null,
  earlierStartsMs: readonly number[],
): readonly number[] | null {
  const remaining = first?.limits?.remaining ?? null;
  if (remaining === null || quota === null) return [];
  const count = quota - 1 - remaining;
  if (count > earlierStartsMs.length) return null;
  const ascending = [...earlierStartsMs].sort((a, b) => a - b);
  return ascending.slice(ascending.length - Math.max(0, count));
}

/**
 * How late the first request may have arrived: its head came that much later than the quickest one,
 * for its connection had to be made first.
 */
function latenessOf(starts: readonly StartSeen[]): number {
  const latencies = starts.flatMap(({ sentAtMs, headAtMs }) =>
    headAtMs === null ? [] : [headAtMs - sentAtMs],
  );
  return TOLERANCE_MIN_MS + Math.max(0, (latencies[0] ?? 0) - Math.min(...latencies));
}

/** @param oldest when the request that the window began with arrived */
function lengthOf(
  starts: readonly StartSeen[],
  oldest: { readonly lowMs: number; readonly highMs: number },
): WindowInference['length'] {
  const seen = starts.flatMap(({ sentAtMs, headAtMs, headers }): ResetSeen[] => {
    const dialect = readDialect(headers);
    if (dialect === null || headAtMs === null) return [];
    return [{ sentAtMs, headAtMs, date: headers.date, dialect }];
  });
  const announcedMs = seen.find(({ dialect }) => dialect.windowMs !== null)?.dialect.windowMs;
  if (announcedMs != null) return { lowMs: announcedMs, highMs: announcedMs, isAnnounced: true };
  const skew = readSkew(seen);
  let lowMs = 0;
  let highMs = Number.POSITIVE_INFINITY;
  for (const one of seen) {
    const end = windowEnd(one, skew);
    if (end === null) continue;
    // Once the oldest request may have left, the end is that of another one.
    const isFirstWindow =
      highMs === Number.POSITIVE_INFINITY || one.sentAtMs < oldest.lowMs + lowMs;
    if (!isFirstWindow) break;
    const low = Math.max(lowMs, end.lowMs - oldest.highMs);
    const high = Math.min(highMs, end.highMs - oldest.lowMs);
    if (low <= high) [lowMs, highMs] = [low, high];
  }
  return highMs === Number.POSITIVE_INFINITY || highMs <= 0
    ? null
    : { lowMs: Math.max(0, lowMs), highMs, isAnnounced: false };
}

function candidates({ lowMs, highMs }: { lowMs: number; highMs: number }): number[] {
  if (lowMs === highMs) return [lowMs];
  return Array.from(
    { length: LENGTHS_TRIED },
    (_, index) => lowMs + ((highMs - lowMs) * (index + 1)) / LENGTHS_TRIED,
  );
}

/** Requests logged at an instant, the one that arrives included; null: too near an edge to say. */
type Count = (windowMs: number, told: Told) => number | null;

function slidingCount(times: readonly number[], windowMs: number, told: Told): number | null {
  const edgeMs = told.atMs - windowMs;
  const tolerance = toleranceOf(windowMs);
  let count = 0;
  for (let index = 0; index <= told.index; index++) {
    const atMs = times[index] as number;
    if (Math.abs(atMs - edgeMs) < tolerance) return null;
    if (atMs > edgeMs) count++;
  }
  return count;
}

function fixedCount(times: readonly number[], windowMs: number, told: Told): number | null {
  const tolerance = toleranceOf(windowMs);
  let openedMs = Number.NEGATIVE_INFINITY;
  let count = 0;
  let isNearEdge = false;
  for (let index = 0; index <= told.index; index++) {
    const atMs = times[index] as number;
    // A request near the edge may be the first of the next window or the last of this one.
    if (Math.abs(atMs - openedMs - windowMs) < tolerance) isNearEdge = true;
    if (atMs >= openedMs + windowMs) {
      openedMs = atMs;
      count = 0;
    }
    count++;
  }
  return isNearEdge ? null : count;
}

function toleranceOf(windowMs: number): number {
  return Math.max(TOLERANCE_MIN_MS, windowMs * TOLERANCE_SHARE);
}

/** The length under which the fewest answers contradict the kind. */
function bestFit(
  told: readonly Told[],
  lengths: readonly number[],
  count: Count,
  quota: number,
): { fitting: number; contradicting: number } {
  let best = { fitting: 0, contradicting: Number.POSITIVE_INFINITY };
  for (const windowMs of lengths) {
    let fitting = 0;
    let contradicting = 0;
    for (const each of told) {
      if (hasNeighbour(told, each)) continue;
      const logged = count(windowMs, each);
      if (logged === null) continue;
      if (Math.max(0, quota - logged) === each.remaining) fitting++;
      else contradicting++;
    }
    const isBetter =
      contradicting < best.contradicting ||
      (contradicting === best.contradicting && fitting > best.fitting);
    if (isBetter) best = { fitting, contradicting };
  }
  return best;
}

/** Of two requests sent at once either may have arrived first. */
function hasNeighbour(told: readonly Told[], each: Told): boolean {
  return told.some(
    (other) => other !== each && Math.abs(other.atMs - each.atMs) < TOLERANCE_MIN_MS / 3,
  );
}
