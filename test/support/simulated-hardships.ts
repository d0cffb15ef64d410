import { drawInteger, type Random } from './random.js';

/** What ends a process of a simulated run early, where it is asked for; nothing is drawn where not. */
export class Hardships {
  readonly #isOn: boolean;
  readonly #random: Random;
  /** The page of this row breaks so many times. */
  readonly #poisonedRow: number;
  #breaksLeft: number;

  constructor(isOn: boolean, rows: number, random: Random) {
    this.#isOn = isOn;
    this.#random = random;
    this.#poisonedRow = isOn ? drawInteger(random, 0, rows) : -1;
    this.#breaksLeft = isOn ? drawInteger(random, 0, 80) : 0;
  }

  happens(share: number): boolean {
    return this.#isOn && this.#random() < share;
  }

  /** Whether the body of a page with these rows breaks. */
  breaks(rows: readonly number[]): boolean {
    return rows.includes(this.#poisonedRow) && this.#breaksLeft-- > 0;
  }
}
