/** Free buffers of batches: given back by the writer, lent to the next fetch. */
import type { BatchBuffers } from '../protocol/batch.js';

/** Small ones are not worth keeping in any number. */
const PAIRS_MAX = 12;

export class BufferPool {
  readonly #free: BatchBuffers[] = [];
  readonly #bytesMax: number;
  #bytes = 0;

  /** @param bytesMax kept at most; what is more is left to the garbage collector */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  take(): BatchBuffers | null {
    const buffers = this.#free.pop() ?? null;
    if (buffers !== null) this.#bytes -= bytesOf(buffers);
    return buffers;
  }

  give(buffers: BatchBuffers | null): void {
    if (buffers === null || buffers.body.byteLength === 0) return;
    const bytes = bytesOf(buffers);
    // One page that is a hundred times as large as the others must not stay for good.
    if (this.#free.length >= PAIRS_MAX || this.#bytes + bytes > this.#bytesMax) return;
    this.#free.push(buffers);
    this.#bytes += bytes;
  }
}

function bytesOf({ body, columns }: BatchBuffers): number {
  return body.byteLength + columns.byteLength;
}
