/**
 * Cursors that name the place of the last record, in a form that is known: they can be read, and one can
 * be made for any place. So a stream can be walked by several chains at once, and a cursor that has
 * expired is made anew. The source declares both; its answers have to bear it out (core/seeker.ts).
 */
import { cursorChain } from './cursor-chain.js';
import type { Paging } from './paging.js';
import type { Position } from './position.js';

export interface CursorCodec {
  /** Null: not of this form. */
  read(cursor: string): Position | null;
  /** @param expiresAtMs epoch ms, by the server's clock */
  write(after: Position, expiresAtMs: number): string;
}

export function placeCursor(options: {
  readonly cursorLifeMs: number;
  readonly codec: CursorCodec;
}): Paging {
  const { cursorLifeMs, codec } = options;
  return {
    ...cursorChain({ cursorLifeMs, order: 'newestFirst' }),
    placeOf: (cursor) => codec.read(cursor),
    seek: (after, expiresAtMs) => codec.write(after, expiresAtMs),
  };
}
