/**
 * The pages of all children of a stream: a chain for each, whatever the kind of paging inside. Nothing is
 * known of an order or of places from one child to another, so that none is claimed within one either.
 */
import { assert } from './assert.js';
import { childCursor, parentValues, readChildCursor } from './child-cursor.js';
import { cursorChain } from './cursor-chain.js';
import type { PageFacts, PageKind } from './page-kind.js';
import type { Way } from './paging.js';

/** @param inner the paging inside a child */
export function childPages(inner: PageKind): PageKind {
  const { looksBehindEnd, refused } = inner;
  const outOf = <Any extends Way>(way: Any, of: string): Any =>
    way.type === 'next' ? { ...way, cursor: childCursor({ of, at: way.cursor }) } : way;
  return {
    paging: cursorChain({ cursorLifeMs: inner.paging.cursorLifeMs }),
    ordinalOf: null,
    // Of one child: of all nobody tells.
    totalOf: () => null,
    request(cursor, size) {
      // Of no child: what the requests of all have in common, with the marks as they are.
      if (cursor === null) return inner.request(null, size);
      const { of, at } = read(cursor);
      return { ...inner.request(at, size), parent: parentValues(of) };
    },
    next(seen) {
      const { of, at } = read(seen.cursor);
      return outOf(inner.next(insideOf(seen, at)), of);
    },
    ...(looksBehindEnd !== undefined && {
      looksBehindEnd(cursor) {
        const { of, at } = read(cursor);
        const look = looksBehindEnd(at);
        return look === null ? null : { ...look, way: outOf(look.way, of) };
      },
    }),
    ...(refused !== undefined && {
      refused(status, cursor) {
        const { of, at } = read(cursor);
        const way = refused(status, at);
        return way === null ? null : outOf(way, of);
      },
    }),
  };
}

function read(cursor: string | null): ReturnType<typeof readChildCursor> {
  assert(cursor !== null, 'a child is asked for by the values of its parent');
  return readChildCursor(cursor);
}

function insideOf(seen: PageFacts, cursor: string | null): PageFacts {
  return { ...seen, cursor };
}
