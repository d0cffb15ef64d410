/** Takes that wait for a job, in the order in which they came. */
import type { HeldJob } from './segment-queue.js';

type Taker = (job: HeldJob | null) => void;

export class Takers {
  /** A set keeps the order in which its members came. */
  readonly #waiting = new Set<Taker>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Null: the signal aborted, or `end` was called. Never rejects. */
  wait(signal?: AbortSignal): Promise<HeldJob | null> {
    return new Promise((resolve) => {
      const settle: Taker = (job) => {
        this.#waiting.delete(settle);
        signal?.removeEventListener('abort', giveUp);
        resolve(job);
      };
      const giveUp = () => settle(null);
      if (signal?.aborted) return resolve(null);
      signal?.addEventListener('abort', giveUp);
      this.#waiting.add(settle);
    });
  }

  /** @returns whether anybody was there to take it */
  give(job: HeldJob): boolean {
    const [next] = this.#waiting;
    next?.(job);
    return next !== undefined;
  }

  end(): void {
    for (const taker of this.#waiting) taker(null);
  }
}
