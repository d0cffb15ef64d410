/**
 * Said window: how long a limit's window is by what answers say, a length by name or a reset.
 *
 * The oldest request that is counted leaves at the reset: so the window is as long as its age and the
 * reset together. Whole seconds may be rounded up, so that the window may be shorter by that unit.
 */
import type { LimitStatement } from './limit-headers.js';
import type { Counted, RequestHistory } from './request-history.js';

/** A start that a killed process had planned may have happened this much before its record. */
const RECORDED_LATE_MS = 300;
/** Of a request that may be counted, the age that is thought possible, by the rest of the window. */
const ELDEST_MIN_MS = 60_000;
const ELDEST_FACTOR = 2;
/** The server's clock and the arrival of requests are known no better. */
export const TOLERANCE_MS = 5;

/** One answer that describes the limit. */
export interface LimitSeen {
  readonly said: LimitStatement;
  /** Of its request, in the history. */
  readonly number: number;
  readonly sentAtMs: number;
  readonly headAtMs: number;
  /** From the head of the answer until the reset that it names; null: it names none. */
  readonly resetMs: number | null;
  /** What the reset can resolve. */
  readonly resetUnitMs: number;
  /** The reset names an instant, which two clocks tell differently, and not a span. */
  readonly isInstant: boolean;
}

/** The window that is open, as its resets tell its length. */
interface OpenWindow {
  readonly oldest: number;
  readonly isWhole: boolean;
  /** At most, and how much of that may be the lateness of its oldest request. */
  lengthMs: number;
  readonly lateMs: number;
}

export class SaidWindow {
  #namedMs: number | null = null;
  /** What resets say: the window that is open, the longest of those before it, the least of all. */
  #open: OpenWindow | null = null;
  #pastMs = 0;
  /** As an earlier process had measured it; null: none has. */
  #restoredMs: number | null = null;
  #leastMs = Number.POSITIVE_INFINITY;
  /** The longest that resets permit where it is not known whose request the oldest is. */
  #perhapsMs = 0;
  #unitMs = 0;
  /** A reset of zero, though requests were counted, or a refusal, showed that times are. */
  #isRoundedDown = false;

  /** By what a length that is said may be too long. */
  get unitMs(): number {
    return this.#unitMs;
  }

  get isNamed(): boolean {
    return this.#namedMs !== null;
  }

  /** Whether a window was seen to open. */
  get hasOpened(): boolean {
    return this.#open !== null;
  }

  /** The longest that is sure where the eldest request is not known; null: the length itself is. */
  get surestMs(): number | null {
    return this.#open !== null || this.#perhapsMs === 0 ? null : this.#pastMs;
  }

  /**
   * As long as what is said permits; null: nothing was said.
   *
   * @param isSliding requests were seen to leave one by one
   */
  lengthMs(isSliding: boolean): number | null {
    const roundedMs = this.#isRoundedDown ? this.#unitMs : 0;
    if (this.#namedMs !== null) return this.#namedMs + roundedMs;
    // Until a window was seen to open, it may be as long as the eldest that may be counted makes it.
    const perhapsMs = this.#open === null ? this.#perhapsMs : 0;
    const longestMs = Math.max(this.#pastMs, perhapsMs, this.#openMs);
    if (longestMs === 0) return null;
    // A window on the clock's grid may be open already when our first request comes: the longest
    // word is then the truest. In a sliding log each word is rounded up, and the least is.
    const isLeastKnown = isSliding && Number.isFinite(this.#leastMs);
    const leastMs = Math.min(this.#leastMs, this.#restoredMs ?? Number.POSITIVE_INFINITY);
    return (isLeastKnown ? leastMs : longestMs) + roundedMs;
  }

  /** What an earlier process had learned. @param wasMeasured it was seen to end, and not only said */
  restore(lengthMs: number, wasMeasured: boolean): void {
    this.#pastMs = lengthMs;
    if (wasMeasured) this.#restoredMs = lengthMs;
  }

  /**
   * @param counted the oldest request that the answer counts; null: not known
   * @param otherAgeMs the age of the oldest that may be counted, where that is not one of ours
   */
  hear(seen: LimitSeen, counted: Counted | null, history: RequestHistory, otherAgeMs = 0): void {
    if (seen.said.windowMs !== null) {
      this.#namedMs = seen.said.windowMs;
      this.#unitMs = seen.said.windowUnitMs;
    } else if (seen.resetMs !== null) this.#hearReset(seen, counted, history, otherAgeMs);
  }

  /** What the window that is open adds to those before it, but for lateness; 0: nothing. */
  get #openMs(): number {
    if (this.#open === null) return 0;
    const { lengthMs, lateMs, isWhole } = this.#open;
    // A length that is restored may be what was rounded up.
    const isOld = !isWhole && this.#isRestored(lengthMs - this.#unitMs - lateMs);
    return isOld || lengthMs - lateMs <= this.#pastMs ? 0 : lengthMs;
  }

  #hearReset(
    seen: LimitSeen,
    counted: Counted | null,
    history: RequestHistory,
    otherAgeMs: number,
  ): void {
    const resetMs = seen.resetMs ?? 0;
    this.#unitMs = seen.resetUnitMs;
    // The youngest that may be the oldest: the window is at least as long as it says.
    const oldest = counted === null ? undefined : history.get(counted.oldestMax);
    const ageMs = oldest === undefined ? 0 : Math.max(0, seen.sentAtMs - oldest.sentAtMs);
    const lateMs = history.latenessMs(seen);
    const isSure = counted?.oldestMin === counted?.oldestMax && oldest?.isRecorded === false;
    if (counted === null || !isSure) {
      const lengthMs = resetMs + ageMs;
      const newsMs = lengthMs - this.#unitMs - lateMs;
      if (this.#isKnownOpen(counted, lengthMs) || this.#isRestored(newsMs)) return;
      this.#pastMs = Math.max(this.#pastMs, lengthMs);
      const eldest = counted === null ? undefined : history.get(counted.oldestMin);
      const ageMaxMs = Math.max(ELDEST_MIN_MS, ELDEST_FACTOR * Math.max(resetMs, this.#pastMs));
      const eldestMs = eldest === undefined ? otherAgeMs : seen.sentAtMs - eldest.sentAtMs;
      this.#perhapsMs = Math.max(
        this.#perhapsMs,
        resetMs + Math.min(eldestMs, ageMaxMs) + RECORDED_LATE_MS,
      );
      return;
    }
    if (resetMs <= 0) {
      if (this.#unitMs > 1 && counted.oldestMax < seen.number) this.#isRoundedDown = true;
      return;
    }
    // A request that came late was told less.
    const lengthMs = resetMs + ageMs + lateMs;
    // The whole window, told as a span when it opened: rounding has hardly touched it.
    const isWhole = !seen.isInstant && counted.oldestMin === seen.number;
    this.#leastMs = Math.min(this.#leastMs, lengthMs);
    if (this.#open?.oldest === counted.oldestMin) {
      // Within one window the least word is the nearest: each is rounded up by itself.
      if (!this.#open.isWhole) this.#open.lengthMs = Math.min(this.#open.lengthMs, lengthMs);
    } else {
      if (this.#open !== null && this.#openMs > 0) {
        this.#pastMs = Math.max(this.#pastMs, this.#open.lengthMs - this.#open.lateMs);
      }
      const oldestLateMs = oldest === undefined ? 0 : history.latenessMs(oldest);
      this.#open = { oldest: counted.oldestMin, isWhole, lengthMs, lateMs: oldestLateMs };
    }
  }

  /** It may be the window that is open, whose length the word, rounded up, does not contradict. */
  #isKnownOpen(counted: Counted | null, lengthMs: number): boolean {
    const open = this.#open;
    if (counted === null || open === null || open.oldest < counted.oldestMin) return false;
    return open.oldest <= counted.oldestMax && lengthMs - this.#unitMs < open.lengthMs;
  }

  /** Whether what an earlier process had learned explains a window of at least this length. */
  #isRestored(leastMs: number): boolean {
    return this.#restoredMs !== null && leastMs <= this.#restoredMs + TOLERANCE_MS;
  }
}
