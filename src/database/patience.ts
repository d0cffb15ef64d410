/**
 * Patience with a database that goes away in mid-run: a statement is tried again for a bounded time,
 * after which its fault is thrown. What is repeated must bear it, for the answer to a statement that
 * was carried out can be lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, IngestionError } from '../core/fault.js';
import {
  delayAfter,
  endOutage,
  noFailures,
  noOutage,
  telling,
} from '../postgres/database-retry.js';
import { asIngestionError } from './connect.js';

export interface PatienceSettings {
  /** How long a database that is away is waited for, in ms, from the first failure on. */
  readonly forMs: number;
  /** False for a retryable fault that is not to be waited for all the same. @default all are */
  readonly isWorthIt?: (fault: Fault) => boolean;
  /** Told before each wait: why, and for how long. */
  readonly onWait?: (fault: Fault, waitMs: number) => void;
}

export class Patience {
  readonly #settings: PatienceSettings;
  readonly #outage = noOutage();
  readonly #end = new AbortController();
  /** The database was away at the last attempt of all. */
  #gone: Fault | null = null;

  constructor(settings: PatienceSettings) {
    this.#settings = settings;
  }

  /** @throws IngestionError, at once where it cannot heal, else when the time is over */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const failures = noFailures();
    for (;;) {
      if (this.#gone !== null) throw new IngestionError(this.#gone);
      try {
        const result = await work();
        endOutage(this.#outage);
        return result;
      } catch (error) {
        const { fault } = asIngestionError(error);
        const clock = {
          retryForMs: this.#settings.forMs,
          nowMs: performance.now(),
          random: Math.random(),
        };
        const waitMs = this.#mayWait(fault)
          ? delayAfter(failures, this.#outage, fault, clock)
          : null;
        if (waitMs === null) {
          const told = telling(this.#outage, fault);
          if (this.#end.signal.aborted && fault.code === 'DATABASE_UNAVAILABLE') this.#gone = told;
          throw new IngestionError(told, { cause: error });
        }
        this.#settings.onWait?.(fault, waitMs);
        await delay(waitMs, undefined, { signal: this.#end.signal }).catch(() => {});
      }
    }
  }

  /** A patience for part of the work, which ends with this one. @param isWorthIt whether the part may still succeed */
  ofPart(isWorthIt: () => boolean): Patience {
    return new Patience({
      ...this.#settings,
      isWorthIt: (fault) => isWorthIt() && this.#mayWait(fault),
    });
  }

  /**
   * Nothing is waited for from now on: what waits makes its last attempt. Once one finds the database
   * away, the others make none.
   */
  end(): void {
    this.#end.abort();
  }

  #mayWait(fault: Fault): boolean {
    if (this.#end.signal.aborted) return false;
    return this.#settings.isWorthIt?.(fault) ?? true;
  }
}
