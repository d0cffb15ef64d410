/**
 * Wait times: what the next request waits for, and for how long in all it has waited for each.
 *
 * The dispatcher says after every step what held it back; the time until its next step counts for
 * that. So the shares say where a run's time goes: a limit at work, an API that answers slowly, a
 * database that takes no more.
 */

/**
 * `permit`: a token of the limit, or its record. `answer`: every chain has its page in flight, or
 * rests after a fault. `slot`: as many requests are in flight as may be. `credit`: what is fetched
 * must be committed first. `end`: nothing is asked for any more.
 */
export const WAIT_REASONS = ['permit', 'answer', 'slot', 'credit', 'end'] as const;

export type WaitReason = (typeof WAIT_REASONS)[number];

export class WaitTimes {
  readonly #totalMs: Record<WaitReason, number> = {
    permit: 0,
    answer: 0,
    slot: 0,
    credit: 0,
    end: 0,
  };
  #reason: WaitReason | null = null;
  #sinceMs = 0;

  /** What the next request waits for now; null before the first step. */
  get reason(): WaitReason | null {
    return this.#reason;
  }

  waitFor(reason: WaitReason, nowMs: number): void {
    if (this.#reason !== null) this.#totalMs[this.#reason] += nowMs - this.#sinceMs;
    this.#reason = reason;
    this.#sinceMs = nowMs;
  }

  /** All the time spent so, the wait that lasts included. */
  totalMs(reason: WaitReason, nowMs: number): number {
    const current = reason === this.#reason ? Math.max(0, nowMs - this.#sinceMs) : 0;
    return this.#totalMs[reason] + current;
  }
}
