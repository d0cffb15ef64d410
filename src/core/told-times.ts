/**
 * Told times: what answers mean by the times that they tell, of resets and of pauses. Owns what is known of the
 * server's clock, and whether its bare numbers are milliseconds.
 */
import type { TimeSaid } from './header-time.js';
import { ServerOffset } from './server-offset.js';

/** A bare pause of so many seconds or more may be one of milliseconds. */
const DOUBTFUL_MS = 100_000;
/** People choose pauses in multiples of so many seconds; the longer a pause, the rounder. */
const ROUND_SECONDS = 60;
const ROUND_SECONDS_LONG = 300;
const LONG_MS = 600_000;
/** As many falls in a row show that a number counts milliseconds. */
const FALLS = 3;
const RETRY_AFTER = 'retry-after';

interface BareTime {
  readonly spanMs: number;
  readonly atMs: number;
  /** In a row until then, each by about the milliseconds that had passed. */
  readonly falls: number;
}

export class ToldTimes {
  readonly #offset = new ServerOffset();
  readonly #onMilliseconds: () => void;
  /** Bare numbers of resets are milliseconds. */
  #areMilliseconds = false;
  /** A pause that was looked behind before its end as seconds. */
  #early: { readonly lookAtMs: number } | null = null;
  readonly #lastBare = new Map<string, BareTime>();

  /** @param onMilliseconds told once, when bare numbers turn out to be milliseconds: what was heard was misread */
  constructor(onMilliseconds: () => void) {
    this.#onMilliseconds = onMilliseconds;
  }

  /** An answer's own date. */
  observeDate(dateMs: number, sentAtMs: number, headAtMs: number): void {
    this.#offset.observe(dateMs, sentAtMs, headAtMs);
  }

  /** From the answer until then, or a little longer. */
  spanOf(said: TimeSaid, headAtMs: number): number {
    if (said.atMs !== null) {
      const cutMs = said.isCut ? said.unitMs : 0;
      return Math.max(0, said.atMs + cutMs - this.#offset.at(headAtMs));
    }
    return this.#isMilliseconds(said) ? said.spanMs / 1000 : said.spanMs;
  }

  /**
   * A pause as a refusal asks for it. A bare number may be of milliseconds: then the first that would
   * be long as seconds, and is not round as people choose them, is looked behind once.
   */
  pauseMs(said: TimeSaid, headAtMs: number): number {
    this.judge(RETRY_AFTER, said, null, headAtMs);
    const spanMs = this.spanOf(said, headAtMs);
    const roundSeconds = spanMs > LONG_MS ? ROUND_SECONDS_LONG : ROUND_SECONDS;
    const isDoubtful = said.isBare && spanMs >= DOUBTFUL_MS && (spanMs / 1000) % roundSeconds !== 0;
    if (!isDoubtful || this.#areMilliseconds) return spanMs;
    this.#early ??= { lookAtMs: headAtMs + spanMs / 1000 };
    // The others of a burst are refused before that look.
    return headAtMs < this.#early.lookAtMs ? spanMs / 1000 : spanMs;
  }

  /** A request was accepted, and a pause that was looked behind early was one of milliseconds. */
  accepted(sentAtMs: number): void {
    if (this.#early === null || this.#areMilliseconds || sentAtMs < this.#early.lookAtMs) return;
    if (sentAtMs < this.#early.lookAtMs + DOUBTFUL_MS) this.#readMilliseconds();
  }

  /** Times of one kind that fall as fast as the milliseconds pass are told in these. */
  judge(name: string, said: TimeSaid | null, windowMs: number | null, atMs: number): void {
    if (said === null || !said.isBare || this.#areMilliseconds) return;
    const { spanMs } = said;
    const last = this.#lastBare.get(name);
    const fell = last === undefined ? 0 : (last.spanMs - spanMs) / 1000;
    const passedMs = last === undefined ? 0 : atMs - last.atMs;
    // Answers come out of order, and a sliding log's reset jumps: only falls by about the time that has
    // passed, one after the other, are of milliseconds.
    const isLike = fell >= 2 && fell > passedMs / 2 - 2 && fell < passedMs * 2 + 2;
    const falls = isLike ? (last?.falls ?? 0) + 1 : 0;
    this.#lastBare.set(name, { spanMs, atMs, falls });
    const isBeyond = windowMs !== null && spanMs > windowMs * 2 && spanMs <= windowMs * 1_100;
    // A refusal's pause does not jump, as a sliding log's reset does.
    const enough = name === RETRY_AFTER ? 1 : FALLS;
    if (falls >= enough || isBeyond) this.#readMilliseconds();
  }

  #readMilliseconds(): void {
    this.#areMilliseconds = true;
    this.#onMilliseconds();
  }

  #isMilliseconds(said: TimeSaid): boolean {
    return said.isBare && this.#areMilliseconds;
  }

  unitOf(said: TimeSaid): number {
    if (said.atMs === null) return this.#isMilliseconds(said) ? 1 : said.unitMs;
    return said.unitMs + this.#offset.doubtMs;
  }
}
