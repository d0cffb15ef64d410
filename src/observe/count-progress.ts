/** The line that a long command shows of itself: how far, how fast, how long still. */
import { formatCount, formatDuration } from './eta.js';
import { fitLine } from './fit-line.js';

export class CountProgress {
  readonly #unit: string;
  readonly #startedAtMs: number;
  #what: string;
  #count = 0;
  #total: number | null = null;

  /** @param options.what is shown until something is counted @param options.unit in the plural */
  constructor(options: { readonly what: string; readonly unit: string; readonly nowMs: number }) {
    this.#what = options.what;
    this.#unit = options.unit;
    this.#startedAtMs = options.nowMs;
  }

  /** @param total null: not known */
  seen(count: number, total: number | null): void {
    this.#count = count;
    this.#total = total;
  }

  /** Something else is done now, which is not counted. */
  turnTo(what: string): void {
    this.#what = what;
    this.#count = 0;
  }

  /** At most 79 columns. */
  render(nowMs: number): string {
    if (this.#count === 0) return this.#what;
    const elapsedMs = Math.max(1, nowMs - this.#startedAtMs);
    const perMs = this.#count / elapsedMs;
    const rate = `${formatCount(perMs * 1000)}/s`;
    const total = this.#total;
    // A total that was overtaken was a guess.
    if (total === null || this.#count > total)
      return `${formatCount(this.#count)} ${this.#unit}, ${rate}`;
    const share = `${((this.#count / Math.max(1, total)) * 100).toFixed(1)} %`;
    const left = formatDuration(Math.max(0, total - this.#count) / perMs);
    const count = formatCount(this.#count);
    return fitLine([
      `${count} of ${formatCount(total)} ${this.#unit} (${share}), ${rate}, ${left} left`,
      `${count} ${this.#unit} (${share}), ${rate}, ${left} left`,
      `${count} ${this.#unit} (${share}), ${left} left`,
    ]);
  }
}
