/** Free buffers of batches: given back by the writer, lent to the next fetch. */
import type { BatchBuffers } from '../protocol/batch.js';

export class BufferPool {
  readonly #free: BatchBuffers[] = [];
  readonly #keepMax: number;

  /** @param keepMax pairs kept at most; more are left to the garbage collector */
  constructor(keepMax: number) {
    this.#keepMax = keepMax;
  }

  take(): BatchBuffers | null {
    return this.#free.pop() ?? null;
  }

  give(buffers: BatchBuffers | null): void {
    if (buffers === null || buffers.body.byteLength === 0) return;
    if (this.#free.length < this.#keepMax) this.#free.push(buffers);
  }
}
