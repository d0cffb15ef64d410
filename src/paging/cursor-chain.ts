/** A chain of opaque cursors: each page gives the cursor of the next one, and no other way leads there. */
import type { Order, Paging } from './paging.js';

/** @param options.order what the source declares of its records; unset: nothing */
export function cursorChain(options: {
  readonly cursorLifeMs: number;
  readonly order?: Order;
}): Paging {
  return {
    cursorLifeMs: options.cursorLifeMs,
    order: options.order ?? null,
    next({ nextCursor, hasMore }) {
      if (!hasMore) return { type: 'end' };
      if (nextCursor === null) {
        return { type: 'broken', reason: 'says that there is more but gives no cursor' };
      }
      return { type: 'next', cursor: nextCursor };
    },
    placeOf: () => null,
    seek: null,
  };
}
