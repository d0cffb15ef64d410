/** Where the walk of a claimed segment goes on, from the pages of members before. */
import { describe, expect, test } from 'vitest';
import type { ClaimedSegment } from '../../src/core/claimed-segments.js';
import type { CommittedPage } from '../../src/core/committed-page.js';
import type { SegmentSeed } from '../../src/core/segment.js';
import { childCursor } from '../../src/paging/child-cursor.js';
import { cursorChain } from '../../src/paging/cursor-chain.js';
import type { Paging } from '../../src/paging/paging.js';
import { placeCursor } from '../../src/paging/place-cursor.js';
import type { Position } from '../../src/paging/position.js';
import { loadSeeds, type SeedingParts } from '../../src/session/members/segment-seeds.js';

const at = (n: number): Position => ({ ms: 1_000_000 - n, id: 'aa' });
const sought = placeCursor({
  cursorLifeMs: 120_000,
  codec: { read: () => null, write: ({ ms }) => `from ${1_000_000 - ms}` },
});
const chain = cursorChain({ cursorLifeMs: 120_000 });

/** @param hasPages others have committed some of it */
const claimed = (
  segment: number,
  after: number | null,
  bound: number | null,
  hasPages = false,
): ClaimedSegment => ({
  ...{ segment, parent: null, hasPages },
  after: after === null ? null : at(after),
  bound: bound === null ? null : at(bound),
});

const page = (
  segment: number,
  number: number,
  after: number | null,
  through: number | null,
): CommittedPage => ({
  ...{ segment, page: number, cursor: null, nextCursor: null, nextCursorExpiresAtMs: null },
  ...{ hasMore: through !== null, isOrdered: true, clipped: 0, returned: 5 },
  after: after === null ? null : at(after),
  through: through === null ? null : at(through),
});

interface Known {
  readonly pages?: readonly CommittedPage[];
  readonly planned?: readonly SegmentSeed[];
  readonly paging?: Paging;
  readonly isKeyed?: boolean;
}

/** @returns also how often all pages were loaded */
async function seed(
  segments: readonly ClaimedSegment[],
  { pages = [], planned = [], paging = sought, isKeyed = true }: Known = {},
) {
  let loads = 0;
  let next = 900;
  const seeding = await loadSeeds(segments, {
    run: 7,
    store: {
      loadPages: async () => {
        loads++;
        return pages;
      },
    } as unknown as SeedingParts['store'],
    children: {
      pagesOf: async (_: number, of: readonly number[]) =>
        new Map(of.map((one) => [one, pages.filter(({ segment }) => segment === one)])),
    } as unknown as SeedingParts['children'],
    ...{ paging, knowsRows: isKeyed },
    planned: new Map(planned.map((one) => [one.segment, one])),
    isOrdered: paging.order !== null,
    nextNumber: () => next++,
  });
  return { seeding, loads };
}

describe('a segment that this member has planned', () => {
  const planned = { segment: 3, after: null, bound: null, cursor: 'c9', cursorExpiresAtMs: 99 };

  test('begins as it was planned, and no page is looked at', async () => {
    const { seeding, loads } = await seed([claimed(3, null, null)], {
      ...{ planned: [planned], paging: chain, pages: [page(1, 1, null, 5)] },
    });
    expect(seeding).toEqual({ seeds: [planned], ended: [], divided: [] });
    expect(loads).toBe(0);
  });

  test('goes on from its pages where others have begun with it', async () => {
    const { seeding } = await seed([claimed(3, 10, 90, true)], {
      planned: [{ segment: 3, after: at(10), bound: at(90) }],
      pages: [page(3, 1, 10, 40)],
    });
    expect(seeding?.seeds).toMatchObject([{ segment: 3, after: at(40), bound: at(90), page: 2 }]);
  });
});

describe('a segment of an order', () => {
  test('of which nothing is committed begins where it starts', async () => {
    const { seeding } = await seed([claimed(3, 10, 90)], { pages: [page(1, 1, null, 10)] });
    expect(seeding).toMatchObject({
      seeds: [{ segment: 3, after: at(10), bound: at(90) }],
      ...{ ended: [], divided: [] },
    });
  });

  test('goes on behind what is committed of it, in pages behind the last number', async () => {
    const pages = [page(3, 1, 10, 20), page(3, 4, 20, 30), page(8, 9, null, 10)];
    const { seeding } = await seed([claimed(3, 10, 90, true)], { pages });
    expect(seeding?.seeds).toMatchObject([{ segment: 3, after: at(30), bound: at(90), page: 5 }]);
    expect(seeding?.divided).toEqual([]);
  });

  test('of which nothing is left has ended, whoever has walked it', async () => {
    const pages = [page(3, 1, 10, 50), page(4, 1, 50, 90)];
    const { seeding } = await seed([claimed(3, 10, 90, true)], { pages });
    expect(seeding).toEqual({ seeds: [], ended: [3], divided: [] });
  });

  test('whose rest lies in several stretches keeps its number for the one behind its last page', async () => {
    const pages = [page(3, 1, 20, 30), page(5, 1, 50, 60)];
    const { seeding } = await seed([claimed(3, 10, null, true)], { pages });
    const stretches = [
      { segment: 900, after: at(10), bound: at(20) },
      { segment: 3, after: at(30), bound: at(50), page: 2 },
      { segment: 901, after: at(60), bound: null },
    ];
    expect(seeding?.seeds).toMatchObject(stretches);
    const kept = { segment: 3, after: at(30), bound: at(50) };
    expect(seeding?.divided).toMatchObject([
      { segment: 3, kept, others: [{ segment: 900 }, { segment: 901 }] },
    ]);
    expect(seeding?.ended).toEqual([]);
  });

  test('of several each goes on by itself, and pages are loaded once', async () => {
    const pages = [page(3, 1, 10, 20), page(4, 1, 50, 90)];
    const { seeding, loads } = await seed(
      [claimed(3, 10, 50, true), claimed(4, 50, 90, true), claimed(5, 90, null)],
      { pages },
    );
    expect(seeding?.seeds).toMatchObject([
      { segment: 3, after: at(20), bound: at(50) },
      { segment: 5, after: at(90), bound: null },
    ]);
    expect([seeding?.ended, loads]).toEqual([[4], 1]);
  });

  test('that a page has contradicted wants a plan', async () => {
    const against = { ...page(1, 1, null, 10), isOrdered: false };
    expect((await seed([claimed(3, 10, 90)], { pages: [against] })).seeding).toBeNull();
  });
});

describe('a chain', () => {
  test('of which nothing is committed begins at the start', async () => {
    const { seeding } = await seed([claimed(3, null, null)], { paging: chain });
    expect(seeding).toEqual({
      seeds: [{ segment: 3, after: null, bound: null }],
      ...{ ended: [], divided: [] },
    });
  });

  test('that has begun wants a plan: its pages alone tell where it goes on', async () => {
    const pages = [page(1, 1, null, null)];
    expect((await seed([claimed(3, null, null)], { paging: chain, pages })).seeding).toBeNull();
    const own = [page(3, 1, null, null)];
    const { seeding } = await seed([claimed(3, null, null, true)], { paging: chain, pages: own });
    expect(seeding).toBeNull();
  });

  test('of a part of the source wants a plan', async () => {
    const { seeding } = await seed([claimed(3, 10, 90)], { paging: chain });
    expect(seeding).toBeNull();
  });
});

describe('a segment that cannot be sought, whose cursor has died', () => {
  const opaque = cursorChain({ cursorLifeMs: 120_000, order: 'newestFirst' });
  const pages = [page(3, 1, null, 10)];

  test('is walked again from the start where rows are known by a key', async () => {
    const { seeding } = await seed([claimed(3, null, null, true)], { paging: opaque, pages });
    expect(seeding?.seeds).toMatchObject([{ segment: 900, after: null }]);
  });

  test('wants a plan where they are not, which removes them before', async () => {
    const { seeding } = await seed([claimed(3, null, null, true)], {
      ...{ paging: opaque, pages, isKeyed: false },
    });
    expect(seeding).toBeNull();
  });
});

describe('children', () => {
  const child = (segment: number, hasPages = false): ClaimedSegment => ({
    ...claimed(segment, null, null, hasPages),
    parent: `{"id": ${segment}}`,
  });
  const start = (id: number) => childCursor({ of: `{"id": ${id}}`, at: null });

  test('begin with what their parents say, and go on from their own pages', async () => {
    const next = childCursor({ of: '{"id": 6}', at: 'n1' });
    const pages = [
      { ...page(5, 1, null, null), cursor: start(5) },
      {
        ...{ ...page(6, 1, null, null), cursor: start(6), hasMore: true },
        ...{ nextCursor: next, nextCursorExpiresAtMs: Number.MAX_SAFE_INTEGER },
      },
      // Of a child that others hold.
      { ...page(8, 1, null, null), cursor: start(8) },
    ];
    const { seeding, loads } = await seed([child(5, true), child(6, true), child(7)], { pages });
    expect(seeding?.seeds).toMatchObject([
      { segment: 6, page: 2, cursor: next, startCursor: start(6) },
      { segment: 7, page: 1, cursor: start(7), startCursor: start(7) },
    ]);
    expect(seeding).toMatchObject({ ended: [5], divided: [] });
    // There may be as many as the parent has rows.
    expect(loads).toBe(0);
  });
});
