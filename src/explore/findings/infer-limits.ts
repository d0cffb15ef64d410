/**
 * Each limit that the answers describe, from the times of our requests and what was left of it.
 *
 * Its length, as headers have it: where none names it, the window ends one length after its oldest
 * request, so every answer that tells the end puts the length between two numbers. Its length and its
 * kind, as requests showed them: all kinds are played through with our own starts; what the counts
 * contradict is not so. Where several kinds fit, the kind is not known.
 */
import { bindingLimit, type LimitStatement } from '../../core/limit-headers.js';
import type { StartSeen } from '../observations.js';
import { readSkew, windowEnd } from './dialect.js';
import {
  fitsAny,
  type KindOfLimit,
  type LogSeen,
  lengthShown,
  lengthsToTry,
  type Span,
  TOLERANCE_MIN_MS,
} from './limit-kinds.js';

export interface LimitInference {
  /** As core names it: the family of headers and the policy in it. */
  readonly name: string;
  readonly quota: number | null;
  /** Whether it is said to be a bucket that leaks. */
  readonly saysLeaky: boolean;
  /** What headers say of its length; null: nothing, or it is a leaky bucket. */
  readonly said: (Span & { readonly isNamed: boolean }) | null;
  /** Lengths that the counts leave open, whatever headers say; null: not bounded on both sides. */
  readonly shown: Span | null;
  readonly kind: KindOfLimit | null;
  /** Answers that tell how many requests were logged. */
  readonly counted: number;
}

/** Requests this near to one another may arrive in either order. */
const BESIDE_MS = 5;
const LENGTHS_TRIED = 40;
const WINDOWS: readonly KindOfLimit[] = ['sliding', 'fixed'];

/** A start with what its answer said of one limit. */
interface Seen extends StartSeen {
  readonly told: LimitStatement | null;
}

/**
 * @param starts own starts
 * @param earlierStartsMs starts of earlier processes that the server may still have logged
 * @returns first the limit that bound most often
 */
export function inferLimits(
  starts: readonly StartSeen[],
  earlierStartsMs: readonly number[],
): LimitInference[] {
  const ordered = [...starts].sort((a, b) => a.sentAtMs - b.sentAtMs);
  const bound = new Map<string, number>();
  for (const { limits } of ordered) {
    const binding = bindingLimit(limits)?.name;
    for (const { name } of limits?.limits ?? []) {
      bound.set(name, (bound.get(name) ?? 0) + (name === binding ? 1 : 0));
    }
  }
  const names = [...bound].sort(([, a], [, b]) => b - a).map(([name]) => name);
  return names.map((name) =>
    inferLimit(
      name,
      ordered.map((start) => ({
        ...start,
        told: start.limits?.limits.find((limit) => limit.name === name) ?? null,
      })),
      earlierStartsMs,
    ),
  );
}

function inferLimit(
  name: string,
  ordered: readonly Seen[],
  earlierStartsMs: readonly number[],
): LimitInference {
  const quota = commonQuota(ordered);
  const logged = loggedBefore(ordered[0], quota, earlierStartsMs);
  const saysLeaky = ordered.some(({ told }) => told?.isLeaky === true);
  const nothing = { name, quota, saysLeaky, said: null, shown: null, kind: null, counted: 0 };
  if (logged === null || quota === null) return { ...nothing, said: namedLength(ordered) };
  const times = [...logged, ...ordered.map(({ sentAtMs }) => sentAtMs)];
  const said =
    namedLength(ordered) ??
    impliedLength(ordered, quota, {
      loggedBefore: logged.length,
      lowMs: times[0] ?? 0,
      highMs: (times[0] ?? 0) + (logged.length > 0 ? 0 : latenessOf(ordered)),
    });
  const logs = logsOf(times, ordered, quota);
  const counted = logs.filter((log) => log.logged !== null).length;
  const kinds = counted === 0 ? [] : fittingKinds(logs, saysLeaky ? null : said);
  const mayLeak = kinds.includes('leaky bucket');
  const isLeaky = mayLeak && kinds.length === 1;
  const shown = mayLeak && !isLeaky ? null : lengthShown(kinds, logs, lengthsToTry(logs));
  return {
    ...{ name, quota, saysLeaky, counted },
    said: isLeaky ? null : said,
    // A bucket is as long as a full one takes to empty.
    shown:
      isLeaky && shown !== null
        ? { lowMs: shown.lowMs * quota, highMs: shown.highMs * quota }
        : shown,
    kind: kinds.length === 1 ? (kinds[0] ?? null) : null,
  };
}

/**
 * A reset is a window's: a bucket is thought of only where no window fits. What headers say of the
 * length may be rounded, or wrong: then the counts alone tell.
 *
 * @param said null: nothing, or it is a bucket by what answers say
 */
function fittingKinds(logs: readonly LogSeen[], said: LimitInference['said']): KindOfLimit[] {
  const fitting = (kinds: readonly KindOfLimit[], lengths: readonly number[]) =>
    kinds.filter((kind) => fitsAny(kind, logs, lengths));
  const all = lengthsToTry(logs);
  if (said === null) return fitting([...WINDOWS, 'leaky bucket'], all);
  const asSaid = fitting(WINDOWS, candidates(said));
  if (asSaid.length > 0) return asSaid;
  const anyLength = fitting(WINDOWS, all);
  return anyLength.length > 0 ? anyLength : fitting(['leaky bucket'], all);
}

function commonQuota(starts: readonly Seen[]): number | null {
  const quotas = starts.flatMap(({ told }) => told?.quota ?? []);
  return quotas.length === 0 ? null : Math.min(...quotas);
}

/** Which earlier starts the server still had logged; null: somebody else's were among them. */
function loggedBefore(
  first: Seen | undefined,
  quota: number | null,
  earlierStartsMs: readonly number[],
): readonly number[] | null {
  const remaining = first?.told?.remaining ?? null;
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
function latenessOf(starts: readonly Seen[]): number {
  const latencies = starts.flatMap(({ sentAtMs, headAtMs }) =>
    headAtMs === null ? [] : [headAtMs - sentAtMs],
  );
  return TOLERANCE_MIN_MS + Math.max(0, (latencies[0] ?? 0) - Math.min(...latencies));
}

function namedLength(starts: readonly Seen[]): LimitInference['said'] {
  const windowMs = starts.find(({ told }) => told?.windowMs != null)?.told?.windowMs;
  return windowMs == null ? null : { lowMs: windowMs, highMs: windowMs, isNamed: true };
}

/** @param oldest when the request that the window began with arrived */
function impliedLength(
  starts: readonly Seen[],
  quota: number,
  oldest: Span & { readonly loggedBefore: number },
): LimitInference['said'] {
  const seen = starts.flatMap(({ sentAtMs, headAtMs, headers, told }, index) => {
    if (told === null || headAtMs === null) return [];
    // Only while nothing has left the log is its oldest request the one that we know.
    const isWhole = told.remaining === quota - oldest.loggedBefore - index - 1;
    return [{ sentAtMs, headAtMs, date: headers.date, reset: told.reset, isWhole }];
  });
  const skew = readSkew(seen);
  let lowMs = 0;
  let highMs = Number.POSITIVE_INFINITY;
  for (const one of seen) {
    const end = one.isWhole ? windowEnd(one, skew) : null;
    if (end === null) continue;
    const low = Math.max(lowMs, end.lowMs - oldest.highMs);
    const high = Math.min(highMs, end.highMs - oldest.lowMs);
    if (low <= high) [lowMs, highMs] = [low, high];
  }
  return highMs === Number.POSITIVE_INFINITY || highMs <= 0
    ? null
    : { lowMs: Math.max(0, lowMs), highMs, isNamed: false };
}

function candidates({ lowMs, highMs }: Span): number[] {
  if (lowMs === highMs) return [lowMs];
  return Array.from(
    { length: LENGTHS_TRIED },
    (_, index) => lowMs + ((highMs - lowMs) * (index + 1)) / LENGTHS_TRIED,
  );
}

function logsOf(times: readonly number[], starts: readonly Seen[], quota: number): LogSeen[] {
  const earlier = times.length - starts.length;
  return times.map((atMs, index) => {
    const remaining = starts[index - earlier]?.told?.remaining ?? null;
    // Of two requests sent at once either may have arrived first.
    const isBeside = times.some(
      (otherMs, other) => other !== index && Math.abs(otherMs - atMs) < BESIDE_MS,
    );
    if (remaining === null || isBeside) return { atMs, logged: null };
    const least = quota - remaining;
    return { atMs, logged: { least, most: remaining === 0 ? Number.POSITIVE_INFINITY : least } };
  });
}
