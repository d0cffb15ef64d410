/**
 * Schedule: when the next attempt begins, and when one is late.
 *
 *   waiting ──next.atMs──▶ at work ──complete, or needs a person──▶ waiting for a tick
 *                             └──failed, paused──▶ waiting for another try, or for the tick before it
 *
 * An attempt begins a run, or goes on with one that is not complete. Ticks are the instants of the
 * schedule; the attempt of a tick begins a little later, so that many processes do not begin together.
 *
 * Invariants
 *  - Attempts do not overlap: a tick whose start has passed when an attempt ends is skipped, not queued.
 *  - Nothing waits longer than for the next tick: a failure brings attempts in between, and never defers one.
 */
import { assert } from './fault.js';

export interface Ticks {
  /** The first tick after an instant. */
  after(ms: number): number;
}

/** Every so often, counted from an instant, which is a tick too. */
export function everyTicks(everyMs: number, fromMs: number): Ticks {
  return {
    after: (ms) =>
      ms < fromMs ? fromMs : fromMs + (Math.floor((ms - fromMs) / everyMs) + 1) * everyMs,
  };
}

/** How an attempt ended, as far as the next one depends on it. */
export type AttemptEnd =
  | { readonly type: 'complete' }
  /** Another try may help. */
  | { readonly type: 'failed' }
  /** Nothing helps but a person. */
  | { readonly type: 'refused' }
  /** @param resumeAtMs when another try is worth it; null: at the next tick */
  | { readonly type: 'paused'; readonly resumeAtMs: number | null };

export interface NextAttempt {
  readonly atMs: number;
  /** `retry`: after a failure; `resume`: a pause is over. */
  readonly why: 'tick' | 'retry' | 'resume';
}

export interface ScheduleOptions {
  readonly ticks: Ticks;
  /** The first attempt begins now, not at the first tick behind it. */
  readonly startsAtOnce: boolean;
  /** Of the time between two ticks, in which an attempt begins; 0: at its tick. */
  readonly jitterShare: number;
  /** Draws the jitter: with the same seed a tick has the same. */
  readonly seed: number;
  /** An attempt that was due so long ago without a complete run is late; null: until the tick behind it. */
  readonly lateAfterMs: number | null;
  readonly nowMs: number;
}

interface Tick {
  readonly tickMs: number;
  readonly startMs: number;
}

export const JITTER_MAX_MS = 60_000;
const RETRY_FIRST_MS = 60_000;
const SKIPPED_MAX = 1_000;

export class Schedule {
  readonly #options: ScheduleOptions;
  /** The last that was waited for, or that an attempt took up. */
  #tick: Tick;
  /** The first that no complete run has followed. */
  #due: Tick;
  #next: NextAttempt;
  #failures = 0;
  #isAtWork = false;
  #isLate = false;

  constructor(options: ScheduleOptions) {
    const { ticks, startsAtOnce, nowMs } = options;
    this.#options = options;
    this.#tick = startsAtOnce
      ? { tickMs: nowMs, startMs: nowMs }
      : this.#startOf(ticks.after(nowMs));
    this.#due = this.#tick;
    this.#next = { atMs: this.#tick.startMs, why: 'tick' };
  }

  get next(): NextAttempt {
    return this.#next;
  }

  /** When the attempt that is due is late; null: it is known to be. */
  get lateAtMs(): number | null {
    if (this.#isLate) return null;
    const { tickMs, startMs } = this.#due;
    return startMs + (this.#options.lateAfterMs ?? this.#intervalMs(tickMs));
  }

  /** When the first attempt was to begin that no complete run has followed. */
  get dueAtMs(): number {
    return this.#due.startMs;
  }

  /** Called at `lateAtMs`. */
  late(): void {
    this.#isLate = true;
  }

  /** The attempt that was waited for begins. */
  began(): void {
    assert(!this.#isAtWork, 'an attempt begins while another one is at work');
    this.#isAtWork = true;
  }

  /** @returns how many ticks it took up (counted to a thousand), and whether it had been late and is complete now */
  ended(end: AttemptEnd, nowMs: number): { readonly skipped: number; readonly wasLate: boolean } {
    assert(this.#isAtWork, 'an attempt ends that has not begun');
    this.#isAtWork = false;
    const { tick, skipped } = this.#nextTick(nowMs);
    this.#failures = end.type === 'failed' ? this.#failures + 1 : 0;
    const again = this.#again(end, nowMs);
    const isBefore = again !== null && again.atMs < tick.startMs;
    this.#next = isBefore ? again : { atMs: tick.startMs, why: 'tick' };
    const wasLate = this.#isLate && end.type === 'complete';
    if (end.type === 'complete') {
      this.#due = tick;
      this.#isLate = false;
    }
    if (!isBefore) this.#tick = tick;
    return { skipped, wasLate };
  }

  /** Moves on over the ticks whose start has passed. @returns the first whose start has not, and how many those were */
  #nextTick(nowMs: number): { readonly tick: Tick; readonly skipped: number } {
    const { ticks } = this.#options;
    let tick = this.#startOf(ticks.after(this.#tick.tickMs));
    let skipped = 0;
    for (; tick.startMs < nowMs; skipped++) {
      this.#tick = tick;
      const isLong = skipped >= SKIPPED_MAX;
      tick = this.#startOf(ticks.after(isLong ? Math.max(nowMs, tick.tickMs) : tick.tickMs));
    }
    return { tick, skipped };
  }

  /** Another try before the next tick; null: none. */
  #again(end: AttemptEnd, nowMs: number): NextAttempt | null {
    const longestMs = this.#intervalMs(this.#tick.tickMs);
    if (end.type === 'failed') {
      const delayMs = RETRY_FIRST_MS * 2 ** (this.#failures - 1);
      return { atMs: nowMs + Math.min(delayMs, longestMs), why: 'retry' };
    }
    if (end.type !== 'paused' || end.resumeAtMs === null) return null;
    // One that is over at once would else be tried again and again.
    const soonestMs = nowMs + Math.min(RETRY_FIRST_MS, longestMs);
    return { atMs: Math.max(end.resumeAtMs, soonestMs), why: 'resume' };
  }

  #startOf(tickMs: number): Tick {
    const { jitterShare, seed } = this.#options;
    const spreadMs = Math.min(jitterShare * this.#intervalMs(tickMs), JITTER_MAX_MS);
    return { tickMs, startMs: tickMs + Math.floor(spreadMs * draw(seed, tickMs)) };
  }

  #intervalMs(tickMs: number): number {
    return this.#options.ticks.after(tickMs) - tickMs;
  }
}

/** Uniform in [0, 1): the finalizer of MurmurHash3 over both. */
function draw(seed: number, tickMs: number): number {
  let bits = (seed ^ Math.floor(tickMs / 2 ** 32) ^ Math.imul(tickMs % 2 ** 32, 0x9e3779b1)) >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
}
