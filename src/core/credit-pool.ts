/**
 * Credit pool: the bytes that a process may hold, in equal parts for the streams that are under way.
 *
 * One account for all would let the held pages of one stream wait for a page of theirs that finds no room
 * because of another stream, and that stream take each byte that is freed.
 */
import { Credits } from './credits.js';

export class CreditPool {
  readonly #bytesMax: number;
  readonly #members = new Set<Credits>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The credits of one more stream. */
  join(expectedPageBytes: number): Credits {
    const credits = new Credits({ bytesMax: this.#bytesMax, expectedPageBytes });
    this.#members.add(credits);
    this.#divide();
    return credits;
  }

  /** The stream is over. */
  leave(credits: Credits): void {
    this.#members.delete(credits);
    this.#divide();
  }

  #divide(): void {
    for (const credits of this.#members) credits.bytesMax = this.#bytesMax / this.#members.size;
  }
}
