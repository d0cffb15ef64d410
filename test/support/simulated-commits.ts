/** The database of a simulated run: when a write lands, and whether anyone hears of it. */
import type { CommittedCounts } from '../../src/core/committed-page.js';
import type { Fault } from '../../src/core/fault.js';
import type { WriteCommand } from '../../src/runtime/run-observer.js';
import { drawInteger, type Random } from './random.js';
import type { Hardships } from './simulated-hardships.js';
import type { HistorySettings } from './simulated-history.js';
import type { SimulatedLedger } from './simulated-ledger.js';
import type { SimulatedTime } from './simulated-time.js';

export interface CommitParts {
  readonly settings: HistorySettings;
  readonly random: Random;
  readonly time: SimulatedTime;
  readonly ledger: SimulatedLedger;
  readonly hardships: Hardships;
}

export interface CommitEars {
  readonly committed: (counts: CommittedCounts) => void;
  readonly failed: (fault: Fault) => void;
}

export class SimulatedCommits {
  readonly #parts: CommitParts;
  /** It takes minutes for so many pages, until opaque cursors have to be renewed. */
  #slowLeft: number;

  constructor(parts: CommitParts) {
    this.#parts = parts;
    const { settings, random } = parts;
    const isSlow = settings.isSlow ?? random() < 0.1;
    this.#slowLeft = isSlow ? drawInteger(random, 1, 20) : 0;
  }

  get isSlow(): boolean {
    return this.#slowLeft > 0;
  }

  /** Commits land in any order, also of a process that is dead: until the next one has planned. */
  write(command: WriteCommand, rows: readonly number[], ears: CommitEars): void {
    const { settings, random, time, ledger, hardships } = this.#parts;
    const landsAtMs = time.nowMs + drawInteger(random, 1, this.#longestMs());
    const isLost = settings.sabotage === 'losesCommits' && random() < 0.2;
    const diesWithProcess = random() < 0.5;
    const { life } = time;
    const { run } = ledger;
    if (hardships.happens(0.02)) {
      const code = 'DATABASE_UNAVAILABLE';
      return time.at(landsAtMs, () => ears.failed({ code, message: 'simulated', retryable: true }));
    }
    const land = (): void => {
      if (time.life !== life && settings.sabotage !== 'writesUnfenced') return;
      const counts = ledger.commit(command, rows, { isLost, run });
      if (time.life === life) ears.committed(counts);
    };
    if (diesWithProcess) time.at(landsAtMs, land);
    else time.atAnyRate(landsAtMs, land);
  }

  #longestMs(): number {
    if (this.#slowLeft <= 0) return 500;
    this.#slowLeft--;
    return 200_000;
  }
}
