/**
 * Learned pace: what refusals teach where no answer says what the limit is.
 *
 * Until the first refusal nothing paces. Then the requests that had been accepted, and how long the
 * server stayed shut, give a first rate; from there requests leave evenly spaced, which every kind of
 * limiter bears. After a quiet while a faster rate is tried, half-way to one that was refused; a
 * refusal takes it back, and the next try comes after twice the while.
 *
 *   burst ──refused──▶ shut ──accepted──▶ paced ──quiet──▶ trying ──refused──▶ paced
 *                        └──refused──▶ shut, twice as long
 */
import { Lateness } from './lateness.js';
import type { SavedPace } from './limit-log.js';
import { roundest } from './round-span.js';
import { SpacingEvidence } from './spacing-evidence.js';
import type { LimitPolicy } from './token-bucket.js';

/** Evenly spaced requests meet a sliding log's edge at every step: they keep this far from it. */
const MARGIN = 1.02;
/** A window is rounded down to a rounder length within this share. */
const ROUND_SHARE = 0.65;
/** Of a spacing that holds, the limit's own is at least this share. */
const POLICY_SHARE = 0.9;
const SLOWER_FACTOR = 1.05;
const GAIN_MIN = 1.03;
/** Requests that are accepted in a row before a faster rate is tried; more after each that failed. */
const QUIET_MIN = 10;
const QUIET_REQUESTS = 30;
/** A round window that fits this well is believed for longer. */
const CLEAN_SHARE = 0.9;
const CLEAN_REQUESTS = 60;
const QUIET_GROWTH = 2;
const QUIET_MAX = 5_000;
/** Of a spacing that an earlier process had learned: a closer one was refused there. */
const TRIED_SHARE = 0.9;
/** The more got through at once, the longer the window probably is. */
const BACKOFF_PER_ACCEPTED_MS = 200;
const BACKOFF_MAX_MS = 5_000;
/** A faster rate that held for so many windows has not failed: it was a little too fast. */
const PROVEN_WINDOWS = 2;
const PROVEN_REQUESTS = 10;
const JITTER_SHARE_MAX = 0.05;
/** Of the spacing: a request that came late makes the next come early. */
const LATE_SHARE_MAX = 0.25;

export class LearnedPace {
  #intervalMs: number | null = null;
  /** Before the try that is on; null: none is. */
  #provenMs: number | null = null;
  readonly #spacing = new SpacingEvidence();
  #quietRequests = QUIET_REQUESTS;
  /** The server stays shut for about so long. */
  #windowMs = BACKOFF_PER_ACCEPTED_MS;
  /** Since when requests have left at the present spacing. */
  #sinceMs: number | null = null;
  #accepted = 0;
  /** The burst before the first refusal, until the server opens again. */
  #burst: { count: number; readonly fromMs: number; lastRefusedMs: number } | null = null;
  /** Requests that a window lets in, as far as is known. */
  #count = 1;
  #lastStartMs = 0;
  readonly #lateness = new Lateness();
  /** The last start, or plan, of another process on the same key; epoch ms. */
  othersMs = Number.NEGATIVE_INFINITY;
  /** By how much the last request may have arrived late; null: it is not answered yet. */
  #lateMs: number | null = null;

  /** @param saved as an earlier process had learned it, which had tried faster ones */
  constructor(saved: LimitPolicy | null = null) {
    if (saved === null) return;
    this.#count = saved.quota;
    this.#windowMs = saved.windowMs;
    this.#intervalMs = saved.windowMs / saved.quota;
    this.#spacing.begin(this.#intervalMs * TRIED_SHARE);
    this.#quietRequests = QUIET_REQUESTS * QUIET_GROWTH;
  }

  /** Between two starts; null: nothing paces. */
  get intervalMs(): number | null {
    return this.#intervalMs;
  }

  /** For the next process, without a try that is on: that has not proved itself yet. */
  get saved(): SavedPace | null {
    const intervalMs = this.#provenMs ?? this.#intervalMs;
    if (intervalMs === null) return null;
    const windowMs = intervalMs * this.#count;
    return { quota: this.#count, windowMs, startedAtMs: this.#lastStartMs };
  }

  /** The limit behind the spacing, which is probably a round one; null: nothing paces. */
  get policy(): LimitPolicy | null {
    const { saved } = this;
    if (saved === null) return null;
    const { quota, windowMs } = saved;
    const leastMs = Math.max(windowMs * POLICY_SHARE, this.#spacing.tooCloseMs * quota);
    return { quota, windowMs: roundest(Math.min(leastMs, windowMs), windowMs) };
  }

  nextStartMs(): number {
    if (this.#intervalMs === null) return 0;
    const lateMs =
      this.#lateMs ?? Math.min(this.#intervalMs * JITTER_SHARE_MAX, this.#lateness.jitterMs);
    return Math.max(this.#lastStartMs, this.othersMs) + this.#intervalMs + lateMs;
  }

  started(nowMs: number): void {
    this.#lastStartMs = nowMs;
    this.#lateMs = null;
    this.#sinceMs ??= nowMs;
  }

  /** A request was accepted. @returns whether the spacing is another now */
  acceptedAt(sentAtMs: number, nowMs: number): boolean {
    const lateMs = this.#lateness.add(nowMs - sentAtMs);
    if (sentAtMs >= this.#lastStartMs && this.#intervalMs !== null) {
      this.#lastStartMs = sentAtMs;
      this.#lateMs = Math.min(this.#intervalMs * LATE_SHARE_MAX, lateMs);
    }
    this.#spacing.accepted(sentAtMs, lateMs, this.#provenMs !== null);
    if (this.#burst !== null) {
      const { count, fromMs, lastRefusedMs } = this.#burst;
      this.#windowMs = windowOf(this.#burst, sentAtMs);
      this.#count = count;
      this.#intervalMs = (this.#windowMs / count) * MARGIN;
      const isClean = this.#windowMs >= (sentAtMs - fromMs) * CLEAN_SHARE;
      // The fewer a window lets in, the sooner a faster rate would show.
      const doubtful = Math.min(QUIET_REQUESTS, Math.max(QUIET_MIN, count * 2));
      this.#quietRequests = isClean ? CLEAN_REQUESTS : doubtful;
      // The window was longer than the burst took: had it been as short, nothing would be refused.
      this.#spacing.begin((lastRefusedMs - fromMs) / count);
      this.#burst = null;
      this.#restart(nowMs);
      return true;
    }
    this.#accepted++;
    return this.#intervalMs !== null && this.#tryFaster(this.#intervalMs, nowMs);
  }

  /** A request that left before the last refusal was known was accepted all the same. */
  acceptedBefore(): void {
    if (this.#burst !== null) this.#burst.count++;
    else this.#accepted++;
  }

  /** A request was refused. @returns how long to be silent, before this doubles */
  refusedAt(sentAtMs: number, nowMs: number): number {
    const sinceMs = this.#sinceMs ?? nowMs;
    if (this.#burst !== null) {
      this.#burst.lastRefusedMs = sentAtMs;
    } else if (this.#intervalMs === null) {
      const count = Math.max(1, this.#accepted);
      this.#burst = { count, fromMs: sinceMs, lastRefusedMs: sentAtMs };
      this.#windowMs = Math.min(BACKOFF_MAX_MS, BACKOFF_PER_ACCEPTED_MS * count);
    } else if (this.#accepted > 0 || this.#provenMs !== null) {
      return this.#pacedRefusedAt(this.#intervalMs, sentAtMs, nowMs);
    }
    return this.#windowMs;
  }

  #pacedRefusedAt(intervalMs: number, sentAtMs: number, nowMs: number): number {
    const spanMs = nowMs - (this.#sinceMs ?? nowMs);
    const hasHeld = this.#accepted >= PROVEN_REQUESTS && spanMs > this.#windowMs * PROVEN_WINDOWS;
    const provenMs = hasHeld ? null : this.#provenMs;
    const isTry = this.#provenMs !== null;
    const isTooClose = this.#spacing.refused(sentAtMs, intervalMs, this.#count, isTry);
    if (!isTooClose) return this.#windowMs;
    this.#provenMs = null;
    this.#quietRequests = Math.min(QUIET_MAX, this.#quietRequests * QUIET_GROWTH);
    if (provenMs !== null) {
      this.#intervalMs = provenMs;
      this.#restart(nowMs);
      // A try that fails has used up its window before the end by the share that it was too fast.
      return this.#windowMs * (1 - intervalMs / provenMs) + provenMs;
    }
    const measuredMs = (spanMs / Math.max(1, this.#accepted)) * MARGIN;
    const sharedMs = intervalMs * Math.max(SLOWER_FACTOR, this.#spacing.refusedFactor);
    this.#intervalMs = this.#accepted >= this.#count ? Math.max(sharedMs, measuredMs) : sharedMs;
    this.#spacing.begin();
    this.#restart(nowMs);
    return this.#windowMs;
  }

  #tryFaster(intervalMs: number, nowMs: number): boolean {
    // A faster rate shows within a window, if at all.
    if (this.#accepted < this.#quietRequests) return false;
    if (nowMs - (this.#sinceMs ?? nowMs) < this.#windowMs) return false;
    const nextMs = (intervalMs + this.#spacing.tooCloseMs) / 2;
    if (intervalMs / nextMs < GAIN_MIN) return false;
    this.#provenMs = intervalMs;
    this.#intervalMs = nextMs;
    this.#restart(nowMs);
    return true;
  }

  #restart(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#accepted = 0;
  }
}

/**
 * The burst was accepted within one window, which had not ended when it was last refused, and had
 * when the next one was accepted.
 */
function windowOf(
  { fromMs, lastRefusedMs }: { readonly fromMs: number; readonly lastRefusedMs: number },
  acceptedMs: number,
): number {
  const longestMs = acceptedMs - fromMs;
  return roundest(Math.max(lastRefusedMs - fromMs, longestMs * ROUND_SHARE), longestMs);
}
