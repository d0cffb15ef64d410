/**
 * Leak evidence: how fast a bucket of requests empties, from how many are left in it at two instants.
 *
 *   emptied = requests between the two − what the count rose by          (± 1, for counts are whole)
 *
 * An empty bucket has nothing to lose, so that only spans in which it never was empty tell.
 */
import type { LimitSeen } from './said-window.js';

interface Level {
  readonly number: number;
  readonly sentAtMs: number;
  readonly headAtMs: number;
  readonly used: number;
  readonly beside: number;
}

export class LeakEvidence {
  #anchor: Level | null = null;
  #last: Level | null = null;
  #leastPerMs = 0;
  /** Of what the API says, as far as no refusal has disproved it. */
  #trust = 1;

  /** Requests that the bucket loses in a ms, at least. */
  get leastPerMs(): number {
    return this.#leastPerMs;
  }

  /** What an earlier process had learned. */
  restore(perMs: number): void {
    this.#leastPerMs = perMs;
  }

  /** The API says it. */
  told(perMs: number): void {
    this.#leastPerMs = Math.max(this.#leastPerMs, perMs * this.#trust);
  }

  /** A refusal showed that the bucket empties more slowly. */
  disproved(): void {
    this.#leastPerMs *= 0.9;
    this.#trust *= 0.9;
    this.#anchor = null;
  }

  /** A request may be counted or not: what was emptied meanwhile is not known. */
  interrupted(): void {
    this.#anchor = null;
  }

  /** @param beside requests that may have arrived in another order */
  observe(seen: LimitSeen, used: number, beside: number): void {
    const { number, sentAtMs, headAtMs, said } = seen;
    if (said.isLeaky && said.quota !== null && said.windowMs !== null) {
      this.told(said.quota / said.windowMs);
    }
    if (this.#last !== null && number < this.#last.number) return;
    const level = { number, sentAtMs, headAtMs, used, beside };
    this.#last = level;
    // It may have been empty before this request.
    if (used <= 1 + beside || this.#anchor === null) {
      this.#anchor = level;
      return;
    }
    const from = this.#anchor;
    const emptied = number - from.number - (used - from.used) - 1 - beside - from.beside;
    const spanMs = headAtMs - from.sentAtMs;
    if (emptied > 0) this.#leastPerMs = Math.max(this.#leastPerMs, emptied / spanMs);
  }

  /** Of the last request whose answer told the level, epoch ms; Infinity: none has. */
  get lastSentAtMs(): number {
    return this.#last?.sentAtMs ?? Number.POSITIVE_INFINITY;
  }

  /**
   * When the bucket has room for one more; null: nothing was observed.
   *
   * @param next the number that its request would have, were all that have started numbered
   */
  roomAtMs(quota: number, next: number): number | null {
    const last = this.#last;
    if (last === null) return null;
    const surplus = last.used + (next - 1 - last.number) + 1 - quota;
    if (surplus <= 0) return last.headAtMs;
    return this.#leastPerMs === 0 ? Infinity : last.headAtMs + surplus / this.#leastPerMs;
  }
}
