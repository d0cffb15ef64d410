/** Notes the records of a page that cannot be stored. */
import { NUMBERS_PER_REJECT, type Rejects } from '../../src/protocol/batch.js';

/** A page of more is refused: no source means that, and their places would outgrow the page. */
export const REJECTS_MAX = 4_194_304;
const FIRST_CAPACITY = 64;

export class RejectWriter {
  count = 0;
  #places = new Uint32Array(0);
  readonly #reasons: string[] = [];
  readonly #numbers = new Map<string, number>();

  get isFull(): boolean {
    return this.count === REJECTS_MAX;
  }

  /** @param reason one of a few sentences */
  add(index: number, start: number, end: number, reason: string): void {
    const at = this.count++ * NUMBERS_PER_REJECT;
    if (at === this.#places.length) this.#grow();
    const places = this.#places;
    places[at] = index;
    places[at + 1] = start;
    places[at + 2] = end;
    places[at + 3] = this.#numberOf(reason);
  }

  rejects(): Rejects {
    const places = this.#places.slice(0, this.count * NUMBERS_PER_REJECT);
    return { count: this.count, places, reasons: this.#reasons };
  }

  #numberOf(reason: string): number {
    const known = this.#numbers.get(reason);
    if (known !== undefined) return known;
    this.#numbers.set(reason, this.#reasons.length);
    return this.#reasons.push(reason) - 1;
  }

  #grow(): void {
    const capacity = Math.max(this.#places.length * 2, FIRST_CAPACITY * NUMBERS_PER_REJECT);
    const grown = new Uint32Array(capacity);
    grown.set(this.#places);
    this.#places = grown;
  }
}
