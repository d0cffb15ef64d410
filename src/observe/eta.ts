/** How long the rest takes, and what bounds it. Pure arithmetic. */
import type { LimitPolicy } from '../core/token-bucket.js';

export interface Eta {
  readonly remainingMs: number;
  readonly boundBy: 'limit' | 'speed';
}

/** @returns null while nothing can be said */
export function estimateRest(known: {
  readonly total: number | null;
  readonly ingested: number;
  readonly ingestedHere: number;
  readonly pageLimit: number;
  readonly policy: LimitPolicy | null;
  readonly elapsedMs: number;
}): Eta | null {
  if (known.total === null || known.ingestedHere === 0) return null;
  const rest = Math.max(0, known.total - known.ingested);
  const bySpeedMs = (rest * known.elapsedMs) / known.ingestedHere;
  if (known.policy === null) return { remainingMs: bySpeedMs, boundBy: 'speed' };
  const pages = Math.ceil(rest / known.pageLimit);
  const byLimitMs = (pages / known.policy.quota) * known.policy.windowMs;
  // The burst at the start makes the measured speed look better than the limit lets it stay.
  if (byLimitMs >= bySpeedMs * 0.9) return { remainingMs: byLimitMs, boundBy: 'limit' };
  return { remainingMs: bySpeedMs, boundBy: 'speed' };
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
