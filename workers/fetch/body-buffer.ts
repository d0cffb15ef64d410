/** A body as it arrives: one buffer, reused from page to page, that doubles when it is full. */

/** What a page needs at least; saves the first doublings when no length is announced. */
const FIRST_BYTES_MIN = 65_536;
/** Room beyond an announced length, so that the next page, a little longer, fits the same buffer. */
const HEADROOM_SHARE = 1 / 16;

export class BodyBuffer {
  readonly bytesMax: number;
  byteCount = 0;
  #buffer: ArrayBuffer | null;
  #view: Uint8Array;

  /** @param reused the buffer to fill again; null when there is none */
  constructor(reused: ArrayBuffer | null, bytesMax: number) {
    this.bytesMax = bytesMax;
    this.#buffer = reused;
    this.#view = new Uint8Array(reused ?? new ArrayBuffer(0));
  }

  /** Null as long as none was given or needed. */
  get buffer(): ArrayBuffer | null {
    return this.#buffer;
  }

  /** Exactly the bytes that came. */
  get bytes(): Buffer {
    return this.#buffer === null ? Buffer.alloc(0) : Buffer.from(this.#buffer, 0, this.byteCount);
  }

  /** Forgets what came; the buffer stays. */
  clear(): void {
    this.byteCount = 0;
  }

  /** Makes room for an announced length. False when it exceeds `bytesMax`. */
  expect(byteCount: number): boolean {
    if (byteCount > this.bytesMax) return false;
    if (byteCount > this.#view.length) {
      this.#resize(byteCount + Math.ceil(byteCount * HEADROOM_SHARE));
    }
    return true;
  }

  /** Appends a copy of the chunk. False, and nothing kept of it, when that exceeds `bytesMax`. */
  append(chunk: Uint8Array): boolean {
    const bytesNeeded = this.byteCount + chunk.length;
    if (bytesNeeded > this.bytesMax) return false;
    if (bytesNeeded > this.#view.length) {
      this.#resize(Math.max(bytesNeeded, this.#view.length * 2, FIRST_BYTES_MIN));
    }
    this.#view.set(chunk, this.byteCount);
    this.byteCount = bytesNeeded;
    return true;
  }

  #resize(bytesWanted: number): void {
    // Whole words, which the scanner looks at, even where the last one is only partly the body's.
    const capacity = (Math.min(bytesWanted, this.bytesMax) + 3) & ~3;
    const grown = new ArrayBuffer(capacity);
    const view = new Uint8Array(grown);
    view.set(this.#view.subarray(0, this.byteCount));
    this.#buffer = grown;
    this.#view = view;
  }
}
