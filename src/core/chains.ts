/**
 * Chains: which committed pages go on from which, whatever the order of their records.
 *
 *   first page ──cursor──▶ page ──cursor──▶ page      tip: from here the walk goes on
 *                                  page ──▶ page      committed ahead of the tip: joined when it is reached
 *
 * A page goes on from another that gave its cursor. Where it was in the source's order, also from one that
 * ends at the place where it starts; where not, also from the one before it in its segment, for its cursor
 * may have been renewed.
 */
import { formatPosition, type Position } from '../paging/position.js';
import type { CommittedPage, PageLink } from './committed-page.js';

type Place = Position | string | null;

/** The proof holds places as text. */
export type LinkedPage = Omit<PageLink, 'after' | 'through' | 'nextCursorExpiresAtMs'> & {
  readonly after: Place;
  readonly through: Place;
};

/** What committed pages cover of a chain. */
export interface Walked<Page> {
  /** At the end of the source; none: it was not reached. */
  readonly ends: readonly Page[];
  /** Pages that no other goes on from, the furthest first. */
  readonly tips: readonly Page[];
  /** The pages that lead to one of these, and itself. */
  pathTo(page: Page): Page[];
}

export class Chains<Page extends LinkedPage> {
  readonly #byCursor = new Map<string, Page[]>();
  readonly #byPlace = new Map<string, Page[]>();
  readonly #byNumber = new Map<string, Page[]>();
  readonly #first: Page[] = [];

  constructor(pages: Iterable<Page>) {
    for (const page of pages) this.add(page);
  }

  add(page: Page): void {
    const { segment, page: number, cursor, after, isOrdered } = page;
    if (cursor !== null) push(this.#byCursor, cursor, page);
    else if (after === null) this.#first.push(page);
    if (isOrdered && after !== null) push(this.#byPlace, placeKey(after), page);
    if (!isOrdered) push(this.#byNumber, `${segment}/${number}`, page);
  }

  /** Pages that go on from the end of one. */
  behind({ segment, page, nextCursor, isOrdered, after, through }: LinkedPage): Page[] {
    const byCursor = nextCursor === null ? [] : (this.#byCursor.get(nextCursor) ?? []);
    const byNumber = this.#byNumber.get(`${segment}/${page + 1}`) ?? [];
    if (!isOrdered || through === null) return [...byCursor, ...byNumber];
    const place = placeKey(through);
    // A page that ends where it starts says nothing of its place.
    const isPlaced = after === null || placeKey(after) !== place;
    const byPlace = isPlaced ? (this.#byPlace.get(place) ?? []) : [];
    return [...byCursor, ...byNumber, ...byPlace];
  }

  /** From the beginning of the source on. */
  walk(): Walked<Page> {
    return this.#walkFrom(this.#first);
  }

  /** From the pages that were asked for with a cursor on; null: none was. */
  walkBehind(cursor: string): Walked<Page> | null {
    const pages = this.#byCursor.get(cursor);
    return pages === undefined ? null : this.#walkFrom(pages);
  }

  #walkFrom(first: readonly Page[]): Walked<Page> {
    const before = new Map<Page, Page | null>();
    const tips: Page[] = [];
    const ends: Page[] = [];
    // Breadth first: what is reached last is the furthest.
    let layer: (readonly [Page, Page | null])[] = first.map((page) => [page, null]);
    while (layer.length > 0) {
      const next: typeof layer = [];
      for (const [page, from] of layer) {
        if (before.has(page)) continue;
        before.set(page, from);
        const isEnd = !page.hasMore && page.through === null;
        const followers = isEnd ? [] : this.behind(page);
        if (isEnd) ends.push(page);
        else if (followers.length === 0) tips.unshift(page);
        next.push(...followers.map((follower) => [follower, page] as const));
      }
      layer = next;
    }
    const pathTo = (page: Page): Page[] => {
      const path: Page[] = [];
      for (let at: Page | null = page; at !== null; at = before.get(at) ?? null) path.push(at);
      return path.reverse();
    };
    return { ends, tips, pathTo };
  }
}

/** Chains of pages that are whole: what was left out of one, for another segment, was not kept. */
export function wholeChains<Page extends CommittedPage>(pages: Iterable<Page>): Chains<Page> {
  const chains = new Chains<Page>([]);
  for (const page of pages) if (page.clipped === 0) chains.add(page);
  return chains;
}

function placeKey(place: Position | string): string {
  return typeof place === 'string' ? place : formatPosition(place);
}

function push<Page>(pages: Map<string, Page[]>, key: string, page: Page): void {
  const known = pages.get(key);
  if (known === undefined) pages.set(key, [page]);
  else known.push(page);
}
