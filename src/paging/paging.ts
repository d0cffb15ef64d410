/**
 * Paging: how a stream goes on from page to page. The frontier, the resume and the proof know a source's
 * paging by this alone. Pure; one file for each kind.
 */
import type { Position } from './position.js';

/** What a page says around its records. Advice where it may be null: then the page does not say it. */
export interface Envelope {
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
  /** Life of `nextCursor`, counted from the start of the request. */
  readonly cursorExpiresInMs: number | null;
  /** Records that the page says it holds. */
  readonly returned: number | null;
  /** The page size that the server granted. */
  readonly limit: number | null;
  /** Records that the source says it holds in all. */
  readonly total: number | null;
  /** The place of the last of them, where places can be computed. @default not said */
  readonly lastPlace?: Position | null;
  /** Its records lie behind the total that it tells. @default false */
  readonly passesTotal?: boolean;
}

/** Where a page leads. `cursor` is what asks for the next one. */
export type Way =
  | { readonly type: 'next'; readonly cursor: string }
  | { readonly type: 'end' }
  /**
   * It contradicts itself, or the file; the reason is the end of a sentence about the API. The remedy is what
   * to write in the file, where that can be told.
   */
  | { readonly type: 'broken'; readonly reason: string; readonly remedy?: string };

/**
 * An order of records that a source declares. `newestFirst`: by instant, descending; nothing is said of
 * records of one instant. See position.ts.
 */
export type Order = 'newestFirst';

export interface Paging {
  /** Life of a cursor, from the start of the request that gave it, where the answer does not say. */
  readonly cursorLifeMs: number;
  /** As the source declares it; null: nothing is known. The pages have to show it. */
  readonly order: Order | null;
  /** Where a page leads. */
  next(seen: Pick<Envelope, 'nextCursor' | 'hasMore'>): Way;
  /** The place behind which a cursor leads; null: it cannot be read. */
  placeOf(cursor: string): Position | null;
  /**
   * A cursor that was given tells more than its place: it is kept where another could be built, as long as it
   * lives. @default false
   */
  readonly givenSaysMore?: boolean;
  /**
   * A cursor that leads behind any place; null: to this one none does. Null in its place: only cursors that
   * the API gave are of use.
   */
  readonly seek: ((after: Position, expiresAtMs: number) => string | null) | null;
  /** Where a stretch can be cut that is to be cut about there. Absent: anywhere. */
  readonly cutAt?: (about: Position) => Position;
}
