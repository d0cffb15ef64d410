/**
 * Breakpoints: all places at which a page of the ledger starts or ends. They cut the source's order
 * into elements, and every page covers whole elements:
 *
 *   beginning ──▶ b0 ──▶ b1 ──▶ b2 ──▶ end
 *      element  0     1      2      3
 *
 * A row at a breakpoint belongs to the element before it, as a page covers (after, through].
 */
import { assert } from '../../core/fault.js';
import { comparePositions, formatPosition, type Position } from '../../core/position.js';

export class Breakpoints {
  readonly #places: readonly Position[];
  readonly #ms: Float64Array;
  /** 16 bytes a place. */
  readonly #ids: Uint8Array;
  readonly #indexes: ReadonlyMap<string, number>;
  /** Rows mostly come in the order in which they were written: the last element is tried first. */
  #lastElement = 0;

  /** @param positions in any order, repeated ones too; ids are uuids */
  constructor(positions: Iterable<Position>) {
    const byText = new Map<string, Position>();
    for (const position of positions) byText.set(formatPosition(position), position);
    this.#places = [...byText.values()].sort(comparePositions);
    this.#ms = Float64Array.from(this.#places, ({ ms }) => ms);
    this.#ids = new Uint8Array(this.#places.length * 16);
    this.#places.forEach(({ id }, index) => {
      this.#ids.set(Buffer.from(id.replaceAll('-', ''), 'hex'), index * 16);
    });
    this.#indexes = new Map(this.#places.map((place, index) => [formatPosition(place), index]));
  }

  get elementCount(): number {
    return this.#places.length + 1;
  }

  /** The element that a row with an instant is in. @param row 0-based, of 16 bytes each in `ids` */
  elementOf(ids: Uint8Array, row: number, ms: number): number {
    if (this.#isIn(this.#lastElement, ids, row, ms)) return this.#lastElement;
    let low = 0;
    let high = this.#ms.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isAfter(ids, row, ms, middle)) low = middle + 1;
      else high = middle;
    }
    this.#lastElement = low;
    return low;
  }

  /** The elements of (after, through], the last one excluded; none for a reversed interval. */
  range(after: Position | null, through: Position | null): { from: number; to: number } {
    const from = after === null ? 0 : this.#indexOf(after) + 1;
    const to = through === null ? this.elementCount : this.#indexOf(through) + 1;
    return { from, to: Math.max(from, to) };
  }

  /** Where an element starts and ends; null: the source's beginning and end. */
  placeOf(element: number): { after: Position | null; through: Position | null } {
    return {
      after: this.#places[element - 1] ?? null,
      through: this.#places[element] ?? null,
    };
  }

  #indexOf(position: Position): number {
    const index = this.#indexes.get(formatPosition(position));
    assert(index !== undefined, 'every place of a page is a breakpoint');
    return index;
  }

  #isIn(element: number, ids: Uint8Array, row: number, ms: number): boolean {
    if (element > 0 && !this.#isAfter(ids, row, ms, element - 1)) return false;
    return element === this.#ms.length || !this.#isAfter(ids, row, ms, element);
  }

  /** Whether the row comes later in the source's order than the place. */
  #isAfter(ids: Uint8Array, row: number, ms: number, place: number): boolean {
    const placeMs = this.#ms[place] as number;
    if (ms !== placeMs) return ms < placeMs;
    for (let i = 0; i < 16; i++) {
      const difference = (ids[row * 16 + i] as number) - (this.#ids[place * 16 + i] as number);
      if (difference !== 0) return difference < 0;
    }
    return false;
  }
}
