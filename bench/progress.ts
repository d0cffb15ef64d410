/** Progress on standard error: what is being done, how far it is, how long the rest may take. */
import { formatDuration } from '../src/observe/eta.js';
import { BenchError } from './bench-error.js';

const REDRAW_MS = 1000;

export class BenchProgress {
  #stepsDone = 0;
  #stepsInAll = 0;
  readonly #startedAtMs = performance.now();
  #isInterrupted = false;

  /** Announces work, so that the rest can be told. */
  expect(steps: number): void {
    this.#stepsInAll += steps;
  }

  /** No further step begins. */
  interrupt(): void {
    this.#isInterrupted = true;
  }

  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /**
   * Does one step and says what came of it.
   *
   * @param tell its result in a few words
   * @throws BenchError after an interruption
   */
  async step<T>(name: string, run: () => Promise<T>, tell: (result: T) => string): Promise<T> {
    if (this.#isInterrupted) throw new BenchError('interrupted');
    const number = `[${this.#stepsDone + 1}/${Math.max(this.#stepsDone + 1, this.#stepsInAll)}]`;
    const isTerminal = process.stderr.isTTY === true;
    const startedAtMs = performance.now();
    const show = (): void => {
      const elapsed = formatDuration(performance.now() - startedAtMs);
      process.stderr.write(`\r\u001b[2K${number} ${name} … ${elapsed}`);
    };
    if (isTerminal) show();
    const ticker = isTerminal ? setInterval(show, REDRAW_MS) : undefined;
    let outcome = 'failed';
    try {
      const result = await run();
      outcome = tell(result);
      return result;
    } finally {
      clearInterval(ticker);
      this.#stepsDone++;
      const line = `${number} ${name}: ${outcome}${this.#rest()}`;
      process.stderr.write(isTerminal ? `\r\u001b[2K${line}\n` : `${line}\n`);
    }
  }

  #rest(): string {
    const stepsLeft = this.#stepsInAll - this.#stepsDone;
    if (stepsLeft <= 0) return '';
    const stepMs = (performance.now() - this.#startedAtMs) / this.#stepsDone;
    return ` (about ${formatDuration(stepsLeft * stepMs)} left)`;
  }
}
