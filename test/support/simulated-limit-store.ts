/**
 * The limits as the program keeps them: by the clock of their process, and with how that stood, as the
 * start of the machine tells it; see src/session/limit-store.ts.
 */
import { type LimitLog, NO_LIMITS } from '../../src/core/limit-log.js';
import type { HistorySettings } from './simulated-history.js';

export class SimulatedLimitStore {
  #log = NO_LIMITS;
  #clockOffsetMs = 0;

  save(log: LimitLog, clockOffsetMs: number): void {
    this.#log = log;
    this.#clockOffsetMs = clockOffsetMs;
  }

  /** @returns null: forgotten */
  load(clockOffsetMs: number, sabotage: HistorySettings['sabotage']): LimitLog | null {
    if (sabotage === 'forgetsLimits') return null;
    const stepMs = sabotage === 'keepsClock' ? 0 : clockOffsetMs - this.#clockOffsetMs;
    const limits = this.#log.limits.map((limit) => ({
      ...limit,
      startsMs: limit.startsMs.map((startMs) => startMs + stepMs),
    }));
    return { ...this.#log, limits };
  }
}
