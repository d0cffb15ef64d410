/**
 * The window of a limit, from the times of our requests and what the answers said was left.
 *
 * Its length: the window ends one length after its oldest request, so every answer that tells the end
 * puts the length between two numbers. Its kind: both kinds are played through with our own starts;
 * the one whose counts the answers contradict is not it. Where both fit, the kind is not known.
 *
 *   sliding   each request leaves the log one window after it came
 *   fixed     all leave together, one window after the first that opened it
 */
import { bindingLimit } from '../../core/limit-headers.js';
import type { StartSeen } from '../observations.js';
import { readDialect, readSkew, windowEnd } from './dialect.js';

export interface WindowInference {
  readonly quota: number | null;
  /** Between `lowMs` and `highMs`; null: nothing tells. */
  readonly length: {
    readonly lowMs: number;
    readonly highMs: number;
    readonly isAnnounced: boolean;
  } | null;
  readonly kind: 'sliding' | 'fixed' | null;
  /** Answers that tell how many requests were logged. */
  readonly counted: number;
}

/** Arrival follows the start by a moment that we do not know. */
const TOLERANCE_MIN_MS = 15;
const TOLERANCE_SHARE = 0.01;
/** Requests this near to one another may arrive in either order. */
const BESIDE_MS = 5;
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
  const nothing = { quota, length: null, kind: null, counted: 0 };
  if (logged === null) return nothing;
  const times = [...logged, ...ordered.map(({ sentAtMs }) => sentAtMs)];
  const length = lengthOf(ordered, quota, {
    loggedBefore: logged.length,
    lowMs: times[0] ?? 0,
    highMs: (times[0] ?? 0) + (logged.length > 0 ? 0 : latenessOf(ordered)),
  });
  if (length === null || quota === null) return { ...nothing, length };
  const logs = logsOf(times, ordered, quota);
  const lengths = candidates(length);
  const canSlide = lengths.some((windowMs) => fitsSliding(logs, windowMs));
  const canBeFixed = lengths.some((windowMs) => fitsFixed(logs, windowMs));
  const kind = canSlide === canBeFixed ? null : canSlide ? 'sliding' : 'fixed';
  return { quota, length, kind, counted: logs.filter(({ logged }) => logged !== null).length };
}

function commonQuota(starts: readonly StartSeen[]): number | null {
  const quotas = starts.flatMap(({ limits }) => bindingLimit(limits)?.quota ?? []);
  return quotas.length === 0 ? null : Math.min(...quotas);
}

/** Which earlier starts the server still had logged; null: somebody else's were among them. */
function loggedBefore(
  first: StartSeen | undefined,
  quota: number | null,
  earlierStartsMs: readonly number[],
): readonly number[] | null {
  const remaining = bindingLimit(first?.limits ?? null)?.remaining ?? null;
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
  quota: number | null,
  oldest: { readonly lowMs: number; readonly highMs: number; readonly loggedBefore: number },
): WindowInference['length'] {
  const seen = starts.flatMap(({ sentAtMs, headAtMs, headers, limits }, index) => {
    const dialect = readDialect(headers);
    if (dialect === null || headAtMs === null) return [];
    const left = quota === null ? null : quota - oldest.loggedBefore - index - 1;
    const isWhole = left !== null && bindingLimit(limits)?.remaining === left;
    return [{ sentAtMs, headAtMs, date: headers.date, dialect, isWhole }];
  });
  const announcedMs = seen.find(({ dialect }) => dialect.windowMs !== null)?.dialect.windowMs;
  if (announcedMs != null) return { lowMs: announcedMs, highMs: announcedMs, isAnnounced: true };
  const skew = readSkew(seen);
  let lowMs = 0;
  let highMs = Number.POSITIVE_INFINITY;
  for (const one of seen) {
    // Only while nothing has left the log is its oldest request the one that we know.
    const end = one.isWhole ? windowEnd(one, skew) : null;
    if (end === null) continue;
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

/** A start and how many requests the server had logged with it, as its answer tells. */
interface LogSeen {
  readonly atMs: number;
  /** At most and at least: an exhausted limit says no more. Null: the answer does not tell. */
  readonly logged: { readonly least: number; readonly most: number } | null;
}

function logsOf(times: readonly number[], starts: readonly StartSeen[], quota: number): LogSeen[] {
  const earlier = times.length - starts.length;
  return times.map((atMs, index) => {
    const remaining = bindingLimit(starts[index - earlier]?.limits ?? null)?.remaining ?? null;
    // Of two requests sent at once either may have arrived first.
    const isBeside = times.some(
      (otherMs, other) => other !== index && Math.abs(otherMs - atMs) < BESIDE_MS,
    );
    if (remaining === null || isBeside) return { atMs, logged: null };
    const least = quota - remaining;
    return { atMs, logged: { least, most: remaining === 0 ? Number.POSITIVE_INFINITY : least } };
  });
}

function fitsSliding(logs: readonly LogSeen[], windowMs: number): boolean {
  const tolerance = toleranceOf(windowMs);
  return logs.every(({ atMs, logged }, index) => {
    if (logged === null) return true;
    const ages = logs.slice(0, index + 1).map((log) => atMs - log.atMs);
    const surely = ages.filter((ageMs) => ageMs < windowMs - tolerance).length;
    const perhaps = ages.filter((ageMs) => ageMs < windowMs + tolerance).length;
    return logged.least <= perhaps && logged.most >= surely;
  });
}

/** Near the end of a window a request may still be in it or open the next: both are followed. */
function fitsFixed(logs: readonly LogSeen[], windowMs: number): boolean {
  const tolerance = toleranceOf(windowMs);
  let windows = [{ openedMs: Number.NEGATIVE_INFINITY, count: 0 }];
  for (const { atMs, logged } of logs) {
    windows = windows
      .flatMap(({ openedMs, count }) => {
        const ageMs = atMs - openedMs;
        return [
          ...(ageMs < windowMs + tolerance ? [{ openedMs, count: count + 1 }] : []),
          ...(ageMs > windowMs - tolerance ? [{ openedMs: atMs, count: 1 }] : []),
        ];
      })
      .filter(({ count }) => logged === null || (logged.least <= count && count <= logged.most));
    if (windows.length === 0) return false;
  }
  return true;
}

function toleranceOf(windowMs: number): number {
  return Math.max(TOLERANCE_MIN_MS, windowMs * TOLERANCE_SHARE);
}
