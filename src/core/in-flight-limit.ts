/**
 * How many requests are useful at once.
 *
 * Under a known limit that is Little's law: the permitted rate times the latency. Without one it is
 * found by AIMD: slowly at first, for nothing tells how small the limit is that will refuse them all;
 * faster the more were accepted, until the first sign of strain; then one more for every round of clean
 * answers. Fewer when the server slows down or refuses, and never more because it is slower.
 */
import type { LimitPolicy } from './token-bucket.js';

/** More than one request for so much latency gains little, as long as few were accepted. */
const EARLY_LATENCY_MS = 10;
/** A burst that meets a limit is at most such a share of what was accepted before it. */
const EARLY_SHARE = 1 / 5;
const ACCEPTED_SHARE = 1 / 8;
/** An answer slower than this many times the quickest, and by a margin, means a queue somewhere. */
const SLOW_FACTOR = 3;
const SLOW_MARGIN_MS = 50;
const SLOW_DECREASE = 0.9;
const REFUSAL_DECREASE = 0.5;
/** Up to this many requests in flight on average, one chain is ready whenever a token comes. */
const ONE_CHAIN_LOAD = 0.75;
/** Latency follows the last dozen answers. */
const SMOOTHING = 1 / 6;

export class InFlightLimit {
  readonly #max: number;
  #window = 1;
  #latencyMs: number | null = null;
  #quickestMs = Number.POSITIVE_INFINITY;
  #accepted = 0;
  /** One decrease a round: the answers of one round tell of one queue. */
  #holdUntilMs = 0;
  /** Until the first sign of strain the window grows with what was accepted, then by one a round. */
  #isSlowStart = true;

  /** @param max requests in flight at most, whatever seems useful */
  constructor(max: number) {
    this.#max = max;
  }

  /** From a request's start to the end of its body, smoothed; null before the first answer. */
  get latencyMs(): number | null {
    return this.#latencyMs;
  }

  answered(latencyMs: number, nowMs: number): void {
    this.#accepted++;
    this.#latencyMs = this.#latencyMs === null ? latencyMs : mix(this.#latencyMs, latencyMs);
    this.#quickestMs = Math.min(this.#quickestMs, latencyMs);
    if (latencyMs > this.#quickestMs * SLOW_FACTOR + SLOW_MARGIN_MS) {
      this.#decrease(SLOW_DECREASE, latencyMs, nowMs);
      return;
    }
    this.#window = Math.min(
      this.#max,
      this.#isSlowStart ? this.#early() : this.#window + 1 / this.#window,
    );
  }

  /** Refused, timed out, or failed on the server's side. */
  strained(nowMs: number): void {
    this.#decrease(REFUSAL_DECREASE, this.#latencyMs ?? 0, nowMs);
  }

  /**
   * @param policy null: no limit is known, or only assumed
   * @param inFlightMax requests at once that the API bears; null: not known
   */
  useful(policy: LimitPolicy | null, inFlightMax: number | null = null): number {
    return Math.min(inFlightMax ?? Infinity, this.#useful(policy));
  }

  #useful(policy: LimitPolicy | null): number {
    if (policy === null) return Math.max(1, Math.floor(this.#window));
    const average = (policy.quota / policy.windowMs) * (this.#latencyMs ?? 0);
    // One more than the average: a token that comes while all chains wait is lost for good.
    return Math.min(this.#max, average <= ONE_CHAIN_LOAD ? 1 : Math.ceil(average) + 1);
  }

  #early(): number {
    const ofUse = 1 + (this.#latencyMs ?? 0) / EARLY_LATENCY_MS;
    const bearable = 1 + this.#accepted * EARLY_SHARE;
    return Math.max(this.#window, Math.min(ofUse, bearable), this.#accepted * ACCEPTED_SHARE);
  }

  #decrease(factor: number, roundMs: number, nowMs: number): void {
    this.#isSlowStart = false;
    if (nowMs < this.#holdUntilMs) return;
    this.#holdUntilMs = nowMs + roundMs;
    this.#window = Math.max(1, this.#window * factor);
  }
}

function mix(old: number, latest: number): number {
  return old + (latest - old) * SMOOTHING;
}
