/**
 * The API's limits: one log of request times per endpoint and key.
 *
 *   sliding   ──x──xx───x─│x──x───x──x──x│  now     a request is allowed while the log of the last
 *                         └── windowMs ──┘          window, itself included, holds at most the quota
 *   fixed     a window opens with the first request after the last one closed; the count starts again
 *
 * A refused request is logged too unless told otherwise: who asks again and again stays out. Time is
 * an argument; the log holds what the server saw, at arrival.
 */

export type WindowKind = 'sliding' | 'fixed';

export interface LimitSettings {
  readonly quota: number;
  readonly windowMs: number;
  readonly windowKind: WindowKind;
  readonly refusedCallsCount: boolean;
}

/** What became of one request, and what its answer announces. */
export interface LimitVerdict {
  readonly isAllowed: boolean;
  readonly quota: number;
  readonly windowMs: number;
  readonly remaining: number;
  /** Until the oldest logged request leaves the window. */
  readonly resetMs: number;
}

/** The limit of one endpoint for one key. `nowMs` may never go backwards. */
export class RequestLog {
  readonly #settings: LimitSettings;
  /** Times in the window, oldest first, from `#head` on. */
  #timesMs: number[] = [];
  #head = 0;

  constructor(settings: LimitSettings) {
    this.#settings = settings;
  }

  take(nowMs: number): LimitVerdict {
    this.#forget(nowMs);
    const { quota, windowMs, refusedCallsCount } = this.#settings;
    const isAllowed = this.#count() < quota;
    if (isAllowed || refusedCallsCount) this.#timesMs.push(nowMs);
    const oldestMs = this.#timesMs[this.#head] ?? nowMs;
    return {
      isAllowed,
      quota,
      windowMs,
      remaining: Math.max(0, quota - this.#count()),
      resetMs: oldestMs + windowMs - nowMs,
    };
  }

  #count(): number {
    return this.#timesMs.length - this.#head;
  }

  #forget(nowMs: number): void {
    const { windowKind, windowMs } = this.#settings;
    const hasLeft = (timeMs: number | undefined) =>
      timeMs !== undefined && timeMs <= nowMs - windowMs;
    if (windowKind === 'fixed') {
      if (hasLeft(this.#timesMs[0])) this.#timesMs = [];
      return;
    }
    while (hasLeft(this.#timesMs[this.#head])) this.#head++;
    if (this.#head > 1_000 && this.#head * 2 > this.#timesMs.length) {
      this.#timesMs = this.#timesMs.slice(this.#head);
      this.#head = 0;
    }
  }
}
