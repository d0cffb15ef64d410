/** What a server counts of its own: when requests came, and which of them were let in. */
import type { ServerResponse } from 'node:http';
import { preciseNowMs } from '../../src/simulator/simulator.js';

const REFUSED_FROM = 400;

/** Epoch ms by the server's clock, ascending. */
export interface LimiterStats {
  readonly acceptedMs: readonly number[];
  readonly refusedMs: readonly number[];
}

export class Tally {
  readonly #acceptedMs: number[] = [];
  readonly #refusedMs: number[] = [];

  /** A request has come; its answer's status says what became of it. */
  note(response: ServerResponse): void {
    const arrivedMs = preciseNowMs();
    response.once('close', () => {
      const times = response.statusCode < REFUSED_FROM ? this.#acceptedMs : this.#refusedMs;
      times.push(arrivedMs);
    });
  }

  stats(): LimiterStats {
    const ascending = (times: readonly number[]) => [...times].sort((a, b) => a - b);
    return {
      acceptedMs: ascending(this.#acceptedMs),
      refusedMs: ascending(this.#refusedMs),
    };
  }
}
