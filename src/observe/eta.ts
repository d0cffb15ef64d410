/** How long the rest takes, and what bounds it; numbers and spans as text. Pure arithmetic. */
import type { LimitPolicy } from '../core/token-bucket.js';
import { type Progressed, rowsPerSecondOf } from './pace.js';

export interface Eta {
  readonly remainingMs: number;
  readonly boundBy: 'limit' | 'speed';
}

/** What is known of a run that goes on. */
export interface RestFacts {
  /** What the source says it holds; null: it has not said. */
  readonly total: number | null;
  readonly rows: number;
  /** Of the last while; null: not yet. */
  readonly progressed: Progressed | null;
  /** Pages asked for and not committed: they need no permit any more. */
  readonly pagesUnderWay: number;
  /** Null: nothing limits. */
  readonly limit: RestLimit | null;
  /** Share of the last while in which the next request waited for a permit; null: not known. */
  readonly permitShare: number | null;
}

export interface RestLimit extends LimitPolicy {
  /** When the next requests may start, ms from now, ascending; as many as are known. */
  readonly startsInMs: readonly number[];
  /** Share of it that was used over the last while; null: not known. */
  readonly use: number | null;
}

/** A pace over less than this is chance. */
const SPAN_MIN_MS = 1_000;
/** From here on the limit is what holds the run, whatever else it waits for between two permits. */
const USE_BOUND = 0.9;
const PERMIT_SHARE_BOUND = 0.5;

/** @returns null while nothing can be said */
export function estimateRest(facts: RestFacts): Eta | null {
  const { total, rows, progressed, limit, permitShare } = facts;
  if (total === null || progressed === null || progressed.pages === 0) return null;
  if (progressed.spanMs < SPAN_MIN_MS) return null;
  const rest = Math.max(0, total - rows);
  const rate = rowsPerSecondOf(progressed);
  if (rate <= 0) return null;
  const bySpeedMs = (rest * 1000) / rate;
  if (limit === null) return { remainingMs: bySpeedMs, boundBy: 'speed' };
  const pages = Math.ceil((rest * progressed.pages) / progressed.rows);
  const byLimitMs = untilPermitted(limit, Math.max(0, pages - facts.pagesUnderWay));
  // The burst at the start makes the measured speed look better than the limit lets it stay.
  const isUsedUp = (limit.use ?? 0) >= USE_BOUND || byLimitMs >= USE_BOUND * bySpeedMs;
  const waitsForIt = (permitShare ?? 0) >= PERMIT_SHARE_BOUND;
  return {
    // Somebody else on the key, or a silence after a refusal, makes it slower than it permits.
    remainingMs: isUsedUp ? byLimitMs : Math.max(byLimitMs, bySpeedMs),
    boundBy: isUsedUp || waitsForIt ? 'limit' : 'speed',
  };
}

/** Until the last of so many requests may start. What starts now comes back a window later. */
function untilPermitted({ startsInMs, quota, windowMs }: RestLimit, requests: number): number {
  if (requests === 0) return 0;
  const known = startsInMs.length;
  if (known === 0) return (requests / quota) * windowMs;
  const within = (requests - 1) % known;
  return (startsInMs[within] ?? 0) + Math.floor((requests - 1) / known) * windowMs;
}

/** Share of a total that is reached; null: the total is not known. */
export function shareOf(rows: number, total: number | null): number | null {
  return total === null ? null : Math.min(1, rows / Math.max(1, total));
}

/** Rows a second over a time, as every report of a run says it. */
export function meanRate(rows: number, durationMs: number): number {
  return (rows * 1000) / Math.max(1, durationMs);
}

/** `1 h 02 min`, `3 min 20 s`, `45 s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${pad(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** Thousands apart: `3,000,000`. */
export function formatCount(count: number): string {
  // Intl would load all its locales at the first call: 15 ms of the main thread.
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `12.3 MB`. */
export function formatBytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
