/**
 * Ids of ledger pages. They are reserved in blocks, so that a page costs no round trip for its id; the
 * database hands a block out once, also to several processes at a time. What is left of a block when
 * its process ends is never used.
 */
import { assert } from '../../src/core/fault.js';
import type { TextRow } from './wire-query.js';

/** Runs the statement that reserves a block. @throws the server's error */
export type Reserve = () => Promise<TextRow[]>;

export class PageIds {
  #next = 0;
  /** One past the last of the block. */
  #end = 0;

  /** Pages that find the block used up at the same time reserve one each: the last is kept. */
  async take(reserve: Reserve): Promise<number> {
    if (this.#next < this.#end) return this.#next++;
    const [row] = await reserve();
    const [first = Number.NaN, count = Number.NaN] = row?.map(Number) ?? [];
    assert(Number.isSafeInteger(first + count), 'a block has a first id and a length');
    this.#next = first + 1;
    this.#end = first + count;
    return first;
  }
}
