/**
 * Strays: rows that the ledger names by id, because no interval can prove them. They have no
 * timestamp, or the API served them outside of their page's interval.
 *
 * A table of open addressing over typed arrays. Memory grows with the strays, of which a source in
 * order has next to none; a source without timestamps has nothing else (about 40 bytes a row).
 */

export interface Stray {
  /** Index of the page that names it. */
  readonly pageIndex: number;
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** NaN: without a timestamp. */
  readonly ms: number;
}

const NOT_SEEN = -1;
/** Seen, and without a place in the order. */
const NO_ELEMENT = -2;
/** Seen, and named before by another page. */
const REPEATED = -3;

export class Strays {
  #ids = new Uint8Array(16 * 64);
  #ms = new Float64Array(64);
  #pageIndexes = new Int32Array(64);
  #elements = new Int32Array(64);
  /** Stray + 1; 0 is free. */
  #slots = new Uint32Array(256);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add({ pageIndex, id, ms }: Stray): void {
    if (this.#count === this.#ms.length) this.#grow();
    const stray = this.#count++;
    this.#ids.set(id, stray * 16);
    this.#ms[stray] = ms;
    this.#pageIndexes[stray] = pageIndex;
    this.#elements[stray] = NOT_SEEN;
    this.#link(stray);
  }

  /**
   * Marks a row of the table as seen.
   *
   * @param element where its instant lies; ignored for a row without one
   * @returns whether any page names this row with this instant
   */
  see(ids: Uint8Array, row: number, ms: number, element: number): boolean {
    if (this.#count === 0) return false;
    let isNamed = false;
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(ids, row) & mask; ; slot = (slot + 1) & mask) {
      const stray = (this.#slots[slot] as number) - 1;
      if (stray < 0) return isNamed;
      if (!this.#is(stray, ids, row, ms)) continue;
      const place = Number.isNaN(ms) ? NO_ELEMENT : element;
      this.#elements[stray] = isNamed ? REPEATED : place;
      isNamed = true;
    }
  }

  at(stray: number): Stray {
    return {
      pageIndex: this.#pageIndexes[stray] as number,
      id: this.#ids.subarray(stray * 16, stray * 16 + 16),
      ms: this.#ms[stray] as number,
    };
  }

  isSeen(stray: number): boolean {
    return this.#elements[stray] !== NOT_SEEN;
  }

  /** Seen, and the first to name its row: so each row counts once. */
  isCounted(stray: number): boolean {
    const element = this.#elements[stray] as number;
    return element !== NOT_SEEN && element !== REPEATED;
  }

  /** Where it was seen; negative: it was not, or it has no instant. */
  elementOf(stray: number): number {
    return this.#elements[stray] as number;
  }

  /** Those with an instant that were seen, each row once, by element. */
  byElement(): Map<number, number[]> {
    const found = new Map<number, number[]>();
    for (let stray = 0; stray < this.#count; stray++) {
      const element = this.#elements[stray] as number;
      if (element < 0) continue;
      const inElement = found.get(element);
      if (inElement === undefined) found.set(element, [stray]);
      else inElement.push(stray);
    }
    return found;
  }

  /** Rows seen without an instant, each once. */
  get untimedSeenCount(): number {
    let count = 0;
    for (let stray = 0; stray < this.#count; stray++) {
      if (this.#elements[stray] === NO_ELEMENT) count++;
    }
    return count;
  }

  #is(stray: number, ids: Uint8Array, row: number, ms: number): boolean {
    if (!Object.is(this.#ms[stray], ms)) return false;
    for (let i = 0; i < 16; i++) if (this.#ids[stray * 16 + i] !== ids[row * 16 + i]) return false;
    return true;
  }

  #link(stray: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashOf(this.#ids, stray) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = stray + 1;
  }

  #grow(): void {
    const capacity = this.#ms.length * 2;
    this.#ids = enlarged(this.#ids, new Uint8Array(capacity * 16));
    this.#ms = enlarged(this.#ms, new Float64Array(capacity));
    this.#pageIndexes = enlarged(this.#pageIndexes, new Int32Array(capacity));
    this.#elements = enlarged(this.#elements, new Int32Array(capacity));
    this.#slots = new Uint32Array(capacity * 4);
    for (let stray = 0; stray < this.#count; stray++) this.#link(stray);
  }
}

function enlarged<T extends { set(from: T): void }>(from: T, into: T): T {
  into.set(from);
  return into;
}

function hashOf(ids: Uint8Array, row: number): number {
  let hash = 0x811c9dc5;
  for (let i = row * 16; i < row * 16 + 16; i++) {
    hash = Math.imul(hash ^ (ids[i] as number), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}
