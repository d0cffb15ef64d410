/** Gathers short rows into large blocks, so that hashing and writing cost a call a block, not a row. */

const BLOCK_BYTES = 256 * 1024;

export class RowBlocks {
  readonly #onBlock: (block: Buffer) => void;
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #length = 0;

  /** @param onBlock is given each block for good */
  constructor(onBlock: (block: Buffer) => void) {
    this.#onBlock = onBlock;
  }

  /** Copies `bytes[start, end)`. */
  add(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.#length + length > BLOCK_BYTES) this.flush();
    if (length > BLOCK_BYTES) {
      this.#onBlock(Buffer.from(bytes.subarray(start, end)));
      return;
    }
    bytes.copy(this.#block, this.#length, start, end);
    this.#length += length;
  }

  /** Hands on what there is. */
  flush(): void {
    if (this.#length === 0) return;
    const block = this.#block.subarray(0, this.#length);
    // Whoever writes it may still be at it: a new one for the rows to come.
    this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#length = 0;
    this.#onBlock(block);
  }
}
