/**
 * Told count: what an answer said is left of a limit, less what has started since.
 *
 * Where more requests are counted than ours and those of other processes of ours explain, somebody else
 * shares the limit, or its window began before us: then the count holds until its reset, whatever our
 * log says, and then one request looks.
 */
import type { RequestHistory } from './request-history.js';
import type { LimitSeen } from './said-window.js';

/** Starts of others are told by another clock, and their way to the server is another. */
const OTHERS_LATE_MS = 50;

export interface ToldCountParts {
  readonly history: RequestHistory;
  /** Starts of other processes of ours after an instant, epoch ms. */
  readonly othersSince: (sinceMs: number) => number;
}

/** What was left at an answer; `number` is its request. */
interface Told {
  readonly remaining: number;
  readonly number: number;
  readonly sentAtMs: number;
}

interface Held extends Told {
  readonly untilMs: number;
  /** Whether starts of others explain it that were not known when it was heard. */
  readonly isExplainedNow: () => boolean;
}

export class ToldCount {
  readonly #parts: ToldCountParts;
  #last: Told | null = null;
  /** The count that holds until an instant; null: our log explains it. */
  #holds: Held | null = null;

  constructor(parts: ToldCountParts) {
    this.#parts = parts;
  }

  /**
   * @param untilMs until when the count holds, if it is not explained
   * @param isExplained whether our starts, and those of others until an instant, explain it
   */
  heard(
    { number, sentAtMs, headAtMs }: LimitSeen,
    remaining: number,
    untilMs: number,
    isExplained: (othersUntilMs: number) => boolean,
  ): void {
    this.#last = { remaining, number, sentAtMs };
    const isDoubtful = !isExplained(Number.POSITIVE_INFINITY);
    const isExplainedNow = (): boolean => isExplained(headAtMs);
    this.#holds = isDoubtful ? { ...this.#last, untilMs, isExplainedNow } : null;
  }

  /** Null: no answer has told it. */
  get left(): number | null {
    return this.#last === null ? null : this.#leftOf(this.#last);
  }

  /** Of the count that holds; null: none does. */
  get leftUntilReset(): number | null {
    return this.#holds === null ? null : this.#leftOf(this.#holds);
  }

  /** As the last answer said. */
  get remaining(): number | null {
    return this.#last?.remaining ?? null;
  }

  /** The end of the window of somebody else's requests, epoch ms; null: only ours are counted. */
  get untilMs(): number | null {
    return this.#holds?.untilMs ?? null;
  }

  /** By others, and perhaps not counted by an answer whose request left at `sentAtMs`. */
  startedSince(sentAtMs: number): number {
    return this.#parts.othersSince(sentAtMs - OTHERS_LATE_MS);
  }

  /** When the count that holds lets a request start. @param windowMs until when the one that looks has to do */
  nextStartMs(nowMs: number, windowMs: number): number {
    // What had started without our knowledge is told by the next reservation.
    if (this.#holds?.isExplainedNow() === true) this.#holds = null;
    if (this.#holds === null || this.#leftOf(this.#holds) > 0) return 0;
    if (nowMs < this.#holds.untilMs) return this.#holds.untilMs;
    // Whoever shares the limit may have used it again: one request looks.
    this.#holds = {
      ...{ remaining: 1, number: this.#parts.history.next - 1, untilMs: nowMs + windowMs },
      ...{ sentAtMs: Number.POSITIVE_INFINITY, isExplainedNow: () => false },
    };
    return 0;
  }

  #leftOf({ remaining, number, sentAtMs }: Told): number {
    return remaining - (this.#parts.history.next - 1 - number) - this.startedSince(sentAtMs);
  }
}
