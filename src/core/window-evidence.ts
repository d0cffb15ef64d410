/**
 * Window evidence: how long a limit's window is, from what answers say and from what they show.
 *
 *   said     a window by name, or a reset (said-window.ts)
 *   shown    what remains tells how many requests are counted, and so which of ours: a request that
 *            is still counted makes the window longer than its age, one that no longer is, shorter.
 *
 *   ──────┬───────────────┬──────────────┬────────▶ length
 *      longer than     tried next     in force
 *
 * What is in force is the longest that the evidence permits, for a shorter one costs refusals. A try
 * costs nothing: one request is kept back until a shorter window would have ended, and its answer
 * shows whether it has.
 */
import type { Counted, RequestHistory } from './request-history.js';
import { roundest } from './round-span.js';
import { type LimitSeen, SaidWindow, TOLERANCE_MS } from './said-window.js';

/** A shorter window that would gain less than this is not tried. */
const GAIN_SHARE_MIN = 0.03;
/** Of the middle between two bounds, the least that is tried in its place for being round. */
const ROUND_SHARE = 0.7;
/** What is in force was found late by at most so much. */
const PROBABLE_SHARE = 0.97;
/** A window that nobody names is sure once so many answers have not changed it. */
const SURE_ANSWERS = 20;
/** As many must be gone at once to tell of a window that nobody names. */
const GONE_MIN = 3;

export class WindowEvidence {
  readonly #said = new SaidWindow();
  /** Requests leave one by one, not all at once. */
  #isSliding = false;
  #longerThanMs = 0;
  #shorterThanMs: number | null = null;
  /** Answers since it was last seen to be shorter. */
  #borneOut = 0;
  /** The least age of a request that was no longer counted, or of a place in a bucket. */
  #lostAfterMs = Number.POSITIVE_INFINITY;
  /** When the window that is open ends, as far as resets say; epoch ms. */
  #endsAtMs = Number.POSITIVE_INFINITY;
  #counted: (Counted & { readonly number: number }) | null = null;

  /** In force; null: nothing tells of a window. */
  get lengthMs(): number | null {
    const saidMs = this.#saidMs;
    if (saidMs === null && this.#shorterThanMs === null) return null;
    const longestMs = Math.min(saidMs ?? Infinity, this.#shorterThanMs ?? Infinity);
    return Math.max(longestMs, this.#longerThanMs);
  }

  /** Whether a header names it, or a reset, or enough answers have borne it out. */
  get isSure(): boolean {
    return this.#saidMs !== null || this.#borneOut >= SURE_ANSWERS;
  }

  /** The oldest of our requests that may be counted at the last answer; null: not known. */
  get oldestCounted(): number | null {
    return this.#counted?.oldestMin ?? null;
  }

  get isNamed(): boolean {
    return this.#said.isNamed;
  }

  /** Whether one was seen to open, whose end is said. */
  get hasOpened(): boolean {
    return this.#said.hasOpened;
  }

  /** Whether it was seen to end, and not only said. */
  get isMeasured(): boolean {
    return this.#shorterThanMs !== null;
  }

  /** Whether requests were seen to leave one by one (sliding) or not. */
  get isSliding(): boolean {
    return this.#isSliding;
  }

  /** A shorter length that is worth a try; null: none is. */
  get tryMs(): number | null {
    const { lengthMs } = this;
    if (lengthMs === null) return null;
    const saidMs = this.#saidMs;
    const shortestMs = Math.max(
      this.#longerThanMs,
      saidMs === null ? 0 : saidMs - this.#said.unitMs,
    );
    const highMs = lengthMs * (1 - GAIN_SHARE_MIN);
    const middleMs = Math.sqrt(Math.max(shortestMs, lengthMs * GAIN_SHARE_MIN) * lengthMs);
    const lowMs = Math.max(shortestMs, middleMs * ROUND_SHARE);
    // A length that was shown too short is not tried again.
    const isKnownShort = shortestMs === this.#longerThanMs;
    if (lowMs > highMs) return null;
    const leastMs = isKnownShort ? Math.max(lowMs, shortestMs * (1 + GAIN_SHARE_MIN / 2)) : lowMs;
    return roundest(leastMs, Math.max(leastMs, Math.min(highMs, middleMs)));
  }

  /** The roundest length that what is said permits. */
  get roundestMs(): number | null {
    const { lengthMs } = this;
    if (lengthMs === null || this.#saidMs === null) return lengthMs;
    return roundest(Math.max(this.#longerThanMs, this.#saidMs - this.#said.unitMs), lengthMs);
  }

  /** What it probably is, for people choose round lengths; null: nothing tells of a window. */
  get probableMs(): number | null {
    const { lengthMs } = this;
    if (lengthMs === null) return null;
    return roundest(Math.max(this.#longerThanMs, lengthMs * PROBABLE_SHARE), lengthMs);
  }

  /**
   * For the next process: the roundest within what is only thought possible; null: nothing tells.
   *
   * @param isShared for others at work as well, who take it as it is
   */
  surestMs(isShared: boolean): number | null {
    const { lengthMs } = this;
    const { surestMs } = this.#said;
    if (lengthMs === null || surestMs === null || isShared) return lengthMs;
    return roundest(Math.min(lengthMs, Math.max(surestMs, this.#longerThanMs)), lengthMs);
  }

  /** What an earlier process had learned. */
  restore(lengthMs: number, wasMeasured: boolean): void {
    this.#said.restore(lengthMs, wasMeasured);
  }

  /** A refusal showed that the length in force is too short. */
  disproved(): void {
    const triedMs = this.#shorterThanMs;
    this.#shorterThanMs = null;
    if (triedMs !== null) this.#longerThanMs = Math.max(this.#longerThanMs, triedMs);
  }

  /**
   * @param oldestOtherMs the oldest start of other processes that may be counted: whose the oldest is, is not
   *   known then; null: there is none
   * @returns whether the counts contradict each other: then it is no window, but a bucket that leaks
   */
  observe(
    seen: LimitSeen,
    quota: number,
    history: RequestHistory,
    oldestOtherMs: number | null = null,
  ): boolean {
    const { said } = seen;
    const used = said.remaining === null || oldestOtherMs !== null ? 0 : quota - said.remaining;
    const counted =
      used < 1 ? null : history.counted(seen.number, seen.sentAtMs, seen.headAtMs, used);
    if (counted !== null) this.#compare(counted);
    // What is known already can only be too short by what the reset itself says.
    const oldestMs = Math.min(oldestOtherMs ?? seen.sentAtMs, history.oldestMs ?? seen.sentAtMs);
    const otherAgeMs =
      oldestOtherMs === null || this.lengthMs !== null ? 0 : seen.sentAtMs - oldestMs;
    this.#said.hear(seen, counted, history, otherAgeMs);
    this.#believeNews();
    if (counted === null) return false;
    this.#borneOut++;
    this.#look(seen, counted, quota, history);
    this.#endsAtMs = this.#endOf(seen, counted);
    this.#counted = { ...counted, number: seen.number };
    return (
      this.#saidMs === null && (this.#shorterThanMs ?? Infinity) < this.#longerThanMs - TOLERANCE_MS
    );
  }

  get #saidMs(): number | null {
    return this.#said.lengthMs(this.#isSliding);
  }

  /** The end of the window that is open, as the nearest of its resets says. */
  #endOf({ sentAtMs, resetMs }: LimitSeen, counted: Counted): number {
    const endMs = sentAtMs + (resetMs ?? Number.POSITIVE_INFINITY);
    const isSame = this.#counted !== null && counted.oldestMin <= this.#counted.oldestMax;
    return isSame ? Math.min(this.#endsAtMs, endMs) : endMs;
  }

  #compare(counted: Counted): void {
    const before = this.#counted;
    if (before === null) return;
    const isOldestOther = before.oldestMax < counted.oldestMin;
    // It was counted before, together with some that are gone now.
    if (isOldestOther && counted.oldestMax <= before.number) this.#isSliding = true;
  }

  /** Rounded up, a window is said to be up to a unit longer than it was seen: that is no news. */
  #believeNews(): void {
    const saidMs = this.#saidMs;
    const seenMs = this.#shorterThanMs;
    if (saidMs === null || seenMs === null) return;
    if (saidMs - this.#said.unitMs > seenMs + TOLERANCE_MS) this.#shorterThanMs = null;
  }

  #look(seen: LimitSeen, counted: Counted, quota: number, history: RequestHistory): void {
    const youngest = history.get(counted.oldestMax);
    if (youngest !== undefined && counted.oldestMax < seen.number) {
      this.#isLonger(seen.sentAtMs - youngest.sentAtMs - history.latenessMs(youngest));
    }
    const before = this.#counted;
    const gone = before === null ? undefined : history.get(before.oldestMin);
    // A recorded start may have happened a little before its record.
    if (before === null || gone === undefined || gone.isRecorded) return;
    const goneCount = counted.oldestMin - before.oldestMax;
    if (goneCount < 1) return;
    // That a window ends when it was to end is no news: it may have begun before our first request.
    const isEarly = seen.sentAtMs + history.latenessMs(seen) < this.#endsAtMs - TOLERANCE_MS;
    if (this.#said.hasOpened && !isEarly) return;
    const lostMs = seen.sentAtMs + history.latenessMs(seen) - gone.sentAtMs;
    this.#lostAfterMs = Math.min(this.#lostAfterMs, lostMs);
    if (this.#saidMs !== null || this.#shorterThanMs !== null) return this.#isShorter(lostMs);
    // A bucket that leaks loses one after the other: all that it holds are gone after so many spans.
    if (goneCount >= Math.min(GONE_MIN, quota - 1)) {
      this.#isShorter(lostMs * Math.max(1, quota / goneCount));
    }
  }

  #isLonger(spanMs: number): void {
    const saidMs = this.#saidMs;
    // Beyond what is said it is somebody else's requests that are counted, not older ones of ours.
    if (saidMs !== null && spanMs > saidMs + this.#said.unitMs) return;
    this.#longerThanMs = Math.max(this.#longerThanMs, spanMs);
    if (saidMs !== null && (this.#shorterThanMs ?? Infinity) < spanMs) this.#shorterThanMs = null;
  }

  #isShorter(spanMs: number): void {
    if (this.#saidMs !== null && spanMs < this.#longerThanMs) return;
    if (spanMs >= (this.#shorterThanMs ?? Infinity)) return;
    this.#shorterThanMs = spanMs;
    this.#borneOut = 0;
  }
}
