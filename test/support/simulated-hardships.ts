import { drawInteger, type Random } from './random.js';

/** What ends a process of a simulated run early, where it is asked for; nothing is drawn where not. */
export class Hardships {
  readonly #random: Random;
  /** The page of this row breaks so many times. */
  readonly #poisonedRow: number;
  #breaksLeft: number;
  /** They are finite: a walk that cannot be resumed must be let through once. */
  #left: number;

  constructor(isOn: boolean, rows: number, random: Random) {
    this.#random = random;
    this.#poisonedRow = isOn ? drawInteger(random, 0, rows) : -1;
    this.#breaksLeft = isOn ? drawInteger(random, 0, 80) : 0;
    this.#left = isOn ? drawInteger(random, 0, 12) : 0;
  }

  happens(share: number): boolean {
    if (this.#left === 0 || this.#random() >= share) return false;
    this.#left--;
    return true;
  }

  /** Whether the body of a page with these rows breaks. */
  breaks(rows: readonly number[]): boolean {
    return rows.includes(this.#poisonedRow) && this.#breaksLeft-- > 0;
  }
}
