/**
 * Other people's limiters as plain arithmetic: a request's arrival in, the verdict and its headers
 * out. Time is an argument, so that the same models serve real servers and simulated time.
 *
 *   fixedWindow    counts from a window's start; windows open with a request, or lie on a grid
 *   slidingLog     counts the arrivals of the last window
 *   tokenBucket    `capacity` at once, refilled at a steady rate
 *   leakyBucket    nginx's limit_req: a token bucket that holds 1 + burst
 *   concurrency    counts what is in flight; tell it with `release` when a request has been answered
 *   inTurn         several of these, one after another, as middlewares are
 *
 * `nowMs` is the server's clock and may never go backwards.
 */
import { type Announcer, type LimitState, silent } from './announce.js';

export interface ModelAnswer {
  readonly accepted: boolean;
  /** 200, or the status of a refusal. */
  readonly status: number;
  /** What is announced with it. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface LimiterModel {
  accept(nowMs: number): ModelAnswer;
  /** An accepted request has been answered. */
  release(nowMs: number): void;
}

export interface Announcing {
  /** What the answers say; nothing by default. */
  readonly announce?: Announcer;
  /** Status of a refusal; 429 by default. */
  readonly refusalStatus?: number;
}

export interface FixedWindowOptions extends Announcing {
  readonly quota: number;
  readonly windowMs: number;
  /**
   * `request`: a window opens with the first request after the last one has closed. `grid`: windows
   * follow each other without a gap, at whole multiples of their length by the server's clock.
   */
  readonly opensWith: 'request' | 'grid';
  /** The window of the first request began so much earlier; moves the grid, where there is one. */
  readonly beganBeforeMs?: number;
}

export interface SlidingLogOptions extends Announcing {
  readonly quota: number;
  readonly windowMs: number;
  /** Who asks again and again then stays out. */
  readonly refusedCallsCount: boolean;
}

export interface TokenBucketOptions extends Announcing {
  readonly capacity: number;
  readonly perSecond: number;
}

export interface LeakyBucketOptions extends Announcing {
  readonly perSecond: number;
  readonly burst?: number;
}

export interface ConcurrencyOptions extends Announcing {
  readonly inFlightMax: number;
}

const TOO_MANY = 429;

export function fixedWindow(options: FixedWindowOptions): LimiterModel {
  const { quota, windowMs, opensWith, beganBeforeMs } = options;
  let openedMs: number | null = null;
  let count = 0;
  const open = (nowMs: number): number => {
    if (openedMs === null && beganBeforeMs !== undefined) return nowMs - beganBeforeMs;
    if (opensWith === 'request') return nowMs;
    const anchorMs = openedMs ?? 0;
    return nowMs - ((nowMs - anchorMs) % windowMs);
  };
  return model(options, (nowMs) => {
    if (openedMs === null || nowMs >= openedMs + windowMs) {
      openedMs = open(nowMs);
      count = 0;
    }
    const accepted = count < quota;
    if (accepted) count++;
    const resetMs = openedMs + windowMs - nowMs;
    const retryMs = count < quota ? 0 : resetMs;
    return { accepted, quota, remaining: quota - count, windowMs, resetMs, retryMs };
  });
}

export function slidingLog(options: SlidingLogOptions): LimiterModel {
  const { quota, windowMs, refusedCallsCount } = options;
  let timesMs: number[] = [];
  return model(options, (nowMs) => {
    timesMs = timesMs.filter((timeMs) => timeMs > nowMs - windowMs);
    const accepted = timesMs.length < quota;
    if (accepted || refusedCallsCount) timesMs.push(nowMs);
    const oldestMs = timesMs[0] ?? nowMs;
    // Only so many must leave that the quota has room for one.
    const blockingMs = timesMs[timesMs.length - quota];
    return {
      accepted,
      quota,
      remaining: Math.max(0, quota - timesMs.length),
      windowMs,
      resetMs: oldestMs + windowMs - nowMs,
      retryMs: blockingMs === undefined ? 0 : blockingMs + windowMs - nowMs,
    };
  });
}

export function tokenBucket(options: TokenBucketOptions): LimiterModel {
  const { capacity, perSecond } = options;
  const tokensPerMs = perSecond / 1000;
  let tokens = capacity;
  let filledAtMs: number | null = null;
  return model(options, (nowMs) => {
    tokens = Math.min(capacity, tokens + (nowMs - (filledAtMs ?? nowMs)) * tokensPerMs);
    filledAtMs = nowMs;
    // A sum of parts of a token may miss the whole by a rounding error.
    const accepted = tokens >= 1 - 1e-9;
    if (accepted) tokens = Math.max(0, tokens - 1);
    return {
      accepted,
      quota: capacity,
      remaining: Math.floor(tokens),
      windowMs: capacity / tokensPerMs,
      resetMs: (capacity - tokens) / tokensPerMs,
      retryMs: Math.max(0, 1 - tokens) / tokensPerMs,
    };
  });
}

export function leakyBucket({ burst = 0, ...options }: LeakyBucketOptions): LimiterModel {
  return tokenBucket({ ...options, capacity: 1 + burst });
}

export function concurrency(options: ConcurrencyOptions): LimiterModel {
  const { inFlightMax } = options;
  let inFlight = 0;
  const deciding = model(options, () => {
    const accepted = inFlight < inFlightMax;
    if (accepted) inFlight++;
    const remaining = inFlightMax - inFlight;
    return { accepted, quota: inFlightMax, remaining, windowMs: 0, resetMs: 0, retryMs: 0 };
  });
  return {
    accept: deciding.accept,
    release() {
      inFlight--;
    },
  };
}

/**
 * Each counts until one refuses, whose answer it then is. Of headers with the same name the last
 * stays, as with `setHeader`.
 */
export function inTurn(...models: readonly LimiterModel[]): LimiterModel {
  return {
    accept(nowMs) {
      let headers = {};
      for (const [index, one] of models.entries()) {
        const { accepted, status, headers: own } = one.accept(nowMs);
        headers = { ...headers, ...own };
        if (accepted) continue;
        for (const earlier of models.slice(0, index)) earlier.release(nowMs);
        return { accepted, status, headers };
      }
      return { accepted: true, status: 200, headers };
    },
    release(nowMs) {
      for (const one of models) one.release(nowMs);
    },
  };
}

function model(
  { announce = silent, refusalStatus = TOO_MANY }: Announcing,
  decide: (nowMs: number) => LimitState,
): LimiterModel {
  return {
    accept(nowMs) {
      const state = decide(nowMs);
      const { accepted } = state;
      return {
        accepted,
        status: accepted ? 200 : refusalStatus,
        headers: announce(state, nowMs),
      };
    },
    release() {},
  };
}
