/**
 * A source whose rows share instants, and which serves those of one instant in any order: whatever processes before
 * have left, what a resume plans leads through all rows.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CoveredInterval, planResume } from '../../src/core/resume.js';
import { placeCursor } from '../../src/paging/place-cursor.js';
import { isBehindBound, isReached, type Position } from '../../src/paging/position.js';

const paging = placeCursor({
  cursorLifeMs: 1,
  codec: { read: () => null, write: ({ id }) => id },
});

interface Page extends CoveredInterval {
  readonly rows: readonly number[];
}

class Source {
  readonly #rows: readonly Position[];

  constructor(rows: readonly Position[]) {
    this.#rows = rows;
  }

  /** The pages of a walk, each with as many rows as the next draw says. */
  walk(after: Position | null, bound: Position | null, draw: () => number): Page[] {
    const pages: Page[] = [];
    let from = after;
    for (let row = this.#behind(after); ; ) {
      const end = Math.min(this.#rows.length, row + 1 + draw());
      const last = this.#rows[end - 1];
      const kept = Array.from({ length: end - row }, (_, nth) => row + nth).filter(
        (one) => !isBehindBound(this.#rows[one]?.ms ?? 0, bound),
      );
      const isEnd = end === this.#rows.length || last === undefined;
      const isOver = !isEnd && isReached(last, bound);
      const through = isEnd || isOver ? bound : last;
      pages.push({ after: from, through, ...NO_CURSOR, rows: kept });
      if (isEnd || isOver) return pages;
      [from, row] = [last, end];
    }
  }

  #behind(place: Position | null): number {
    if (place === null) return 0;
    const known = this.#rows.findIndex(({ id }) => id === place.id);
    if (known >= 0) return known + 1;
    const later = this.#rows.findIndex(({ ms }) => ms < place.ms);
    return later < 0 ? this.#rows.length : later;
  }
}

const NO_CURSOR = { nextCursor: null, nextCursorExpiresAtMs: null };

function planOf(pages: readonly Page[]) {
  const committed = pages.map((page, index) => ({
    ...{ segment: index, page: 1, cursor: null, hasMore: page.through !== null },
    ...{ isOrdered: true, clipped: 0, returned: page.rows.length, ...page },
  }));
  return planResume(committed, { paging, nowMs: 0 }).gaps;
}

const INSTANTS = 3;
const sources = fc
  .array(fc.tuple(fc.nat(INSTANTS - 1), fc.nat(0xffff)), { minLength: 1, maxLength: 14 })
  .map((drawn) =>
    drawn
      .map(([ms, id], nth) => ({ ms, id: `${id.toString(16).padStart(4, '0')}-${nth}` }))
      .sort((a, b) => b.ms - a.ms),
  );
/** Of each process: how large its pages are, and which of them are committed. */
const processes = fc.array(
  fc.record({
    sizes: fc.array(fc.nat(2), { minLength: 1, maxLength: 8 }),
    commits: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
  }),
  { maxLength: 4 },
);

test('property: what is planned leads through all rows, and then nothing is planned', () => {
  fc.assert(
    fc.property(sources, processes, (rows, lives) => {
      const source = new Source(rows);
      const pages: Page[] = [];
      for (const { sizes, commits } of lives) {
        let nth = 0;
        const walked = planOf(pages).flatMap(({ after, bound }) =>
          source.walk(after, bound, () => sizes[nth++ % sizes.length] ?? 0),
        );
        pages.unshift(...walked.filter((_, index) => commits[index % commits.length]));
      }
      for (const { after, bound } of planOf(pages))
        pages.push(...source.walk(after, bound, () => 1));
      const seen = new Set(pages.flatMap((page) => page.rows));
      expect(rows.flatMap((_, row) => (seen.has(row) ? [] : [row]))).toEqual([]);
      expect(planOf(pages)).toEqual([]);
    }),
    { numRuns: 20_000 },
  );
});
