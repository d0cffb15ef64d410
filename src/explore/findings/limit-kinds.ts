/**
 * The kinds of limits, played through with our own requests: which kind, and of which length, gives
 * the counts that the answers told.
 *
 *   sliding        each request leaves the log one window after it came
 *   fixed          all leave together, one window after the first that opened it
 *   leaky bucket   it empties steadily; its length is the time in which one request leaves
 */

export type KindOfLimit = 'sliding' | 'fixed' | 'leaky bucket';

/** A start and how many requests the server had logged with it, as its answer tells. */
export interface LogSeen {
  readonly atMs: number;
  /** At least and at most: an exhausted limit says no more. Null: the answer does not tell. */
  readonly logged: { readonly least: number; readonly most: number } | null;
}

/** Lengths that a limit may have. */
export interface Span {
  readonly lowMs: number;
  readonly highMs: number;
}

/** Arrival follows the start by a moment that we do not know. */
export const TOLERANCE_MIN_MS = 15;
const TOLERANCE_SHARE = 0.01;
/** Lengths from the shortest that is tried to twice the time observed, each longer by this share. */
const SHORTEST_MS = 20;
const LENGTH_STEP = 0.02;
/** A count in whole requests may be of a level rounded either way. */
const LEVEL_ROUNDING = 1;

const FITS: Readonly<Record<KindOfLimit, (logs: readonly LogSeen[], ms: number) => boolean>> = {
  sliding: fitsSliding,
  fixed: fitsFixed,
  'leaky bucket': fitsLeaky,
};

/** Whether the counts fit a limit of that kind and of any of these lengths. */
export function fitsAny(
  kind: KindOfLimit,
  logs: readonly LogSeen[],
  lengthsMs: readonly number[],
): boolean {
  return lengthsMs.some((lengthMs) => FITS[kind](logs, lengthMs));
}

/** Every length that our requests could tell from others; for where nothing but the counts tells. */
export function lengthsToTry(logs: readonly LogSeen[]): number[] {
  const longestMs = observedMs(logs) * 2;
  const lengths: number[] = [];
  for (let ms = SHORTEST_MS; ms < longestMs; ms *= 1 + LENGTH_STEP) lengths.push(ms);
  return lengths;
}

/** The lengths that the counts leave open; null: they bound it on one side at most. */
export function lengthShown(
  kinds: readonly KindOfLimit[],
  logs: readonly LogSeen[],
  tried: readonly number[],
): Span | null {
  const fitting = tried.filter((ms) => kinds.some((kind) => FITS[kind](logs, ms)));
  const [lowMs, highMs] = [fitting[0], fitting.at(-1)];
  const isBounded = lowMs !== tried[0] && highMs !== tried.at(-1);
  if (lowMs === undefined || highMs === undefined || !isBounded) return null;
  // The truth may lie up to the next that was tried.
  return { lowMs: lowMs / (1 + LENGTH_STEP), highMs: highMs * (1 + LENGTH_STEP) };
}

function observedMs(logs: readonly LogSeen[]): number {
  const told = logs.filter(({ logged }) => logged !== null);
  return (told.at(-1)?.atMs ?? 0) - (logs[0]?.atMs ?? 0);
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

/** @param requestMs in which the bucket empties by one request */
function fitsLeaky(logs: readonly LogSeen[], requestMs: number): boolean {
  const tolerance = LEVEL_ROUNDING + TOLERANCE_MIN_MS / requestMs;
  let level = 0;
  let lastMs = logs[0]?.atMs ?? 0;
  return logs.every(({ atMs, logged }) => {
    level = Math.max(0, level - (atMs - lastMs) / requestMs) + 1;
    lastMs = atMs;
    if (logged === null) return true;
    return logged.least <= level + tolerance && logged.most >= level - tolerance;
  });
}

function toleranceOf(windowMs: number): number {
  return Math.max(TOLERANCE_MIN_MS, windowMs * TOLERANCE_SHARE);
}
