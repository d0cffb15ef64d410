/** Offsets and page numbers: what ends them, and their places in the engine's order. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ordinalPlace } from '../../src/paging/ordinals.js';
import { comparePositions, LOWEST_ID } from '../../src/paging/position.js';
import {
  END,
  goOn,
  kindOf,
  nextOf,
  type OffsetPlan,
  offset,
  type PagePlan,
  pages,
} from '../support/counted-plans.js';
import { pageFacts } from '../support/page-facts.js';

function broken(reason: string) {
  return expect.objectContaining({ type: 'broken', reason: expect.stringContaining(reason) });
}

describe('an offset', () => {
  test('is sent with a size from the first page on', () => {
    expect(kindOf(offset).request(null, null)).toEqual({ query: { offset: '0', limit: '50' } });
    expect(kindOf(offset).request('150', 20)).toEqual({ query: { offset: '150', limit: '20' } });
    const bare = kindOf({ ...offset, start: 10, limitPlace: null });
    expect(bare.request(null, 20)).toEqual({ query: { offset: '10' } });
  });

  test('is a number in a body', () => {
    const place = (path: string) => ({ in: 'body', path }) as const;
    const kind = kindOf({ ...offset, offsetPlace: place('p.from'), limitPlace: place('p.size') });
    expect(kind.request('150', null)).toEqual({
      body: [
        { path: 'p.from', json: '150' },
        { path: 'p.size', json: '50' },
      ],
    });
  });

  test('goes on by what came, however much was asked for', () => {
    expect(nextOf(offset, { recordCount: 50, size: 50 })).toEqual(goOn('50'));
    expect(nextOf(offset, { recordCount: 7, size: 50, cursor: '100' })).toEqual(goOn('107'));
    expect(nextOf(offset, { recordCount: 80, size: 50, cursor: '100' })).toEqual(goOn('180'));
    expect(nextOf({ ...offset, start: 5 }, { recordCount: 50 })).toEqual(goOn('55'));
  });

  test('ends with an empty page, if the file says so', () => {
    expect(nextOf(offset, { cursor: '100' })).toEqual(END);
    const patient = { ...offset, stopAfterEmptyPage: false, maximumOffset: 1000 };
    expect(nextOf(patient, { cursor: '100' })).toEqual(goOn('150'));
    expect(nextOf(patient, { cursor: '100', size: 20 })).toEqual(goOn('120'));
    expect(nextOf(patient, { cursor: '950' })).toEqual(END);
  });

  test.each([
    [100, 50],
    ['100', 50],
    [30, null],
    [150, 0],
  ])('ends at the total: %j', (total, cursor) => {
    const way = nextOf(
      { ...offset, totalPath: 'meta.total' },
      {
        ...{
          body: { meta: { total } },
          recordCount: cursor === null ? 30 : 50,
          cursor: cursor === null ? null : `${cursor}`,
        },
      },
    );
    expect(way).toEqual(cursor === 0 ? goOn('50') : END);
  });

  test.each([undefined, null, 'many', -1, 1.5, true, ''])(
    'needs the total that the file names: %j',
    (total) => {
      const plan = { ...offset, totalPath: 'total' };
      expect(nextOf(plan, { body: { total }, recordCount: 50 })).toEqual(
        broken('no whole number at total'),
      );
      expect(nextOf(plan, { body: { total }, recordCount: 0 })).toEqual(END);
    },
  );

  test('says what to write in the file where the API tells no total, or not whether there is more', () => {
    const remedyOf = (plan: Partial<OffsetPlan>) => {
      const way = nextOf({ ...offset, ...plan }, { body: {}, recordCount: 50 });
      return way.type === 'broken' ? way.remedy : undefined;
    };
    expect(remedyOf({ totalPath: 'total' })).toContain('set total_path: null in the paginator');
    expect(remedyOf({ hasMorePath: 'more' })).toContain('in has_more_path');
  });

  test('ends before the maximum is asked for', () => {
    const plan = { ...offset, maximumOffset: 100 };
    expect(nextOf(plan, { recordCount: 49, cursor: '50' })).toEqual(goOn('99'));
    expect(nextOf(plan, { recordCount: 50, cursor: '50' })).toEqual(END);
  });

  test('goes on behind a total that it has passed, to the empty page', () => {
    const plan = { ...offset, totalPath: 'total' };
    const wrong = { body: { total: 120 }, cursor: '100', recordCount: 50 };
    expect(nextOf(plan, wrong)).toEqual(goOn('150'));
    expect(nextOf(plan, { ...wrong, cursor: '150', recordCount: 0 })).toEqual(END);
    expect(nextOf({ ...plan, stopAfterEmptyPage: false }, wrong)).toEqual(END);
    // Offsets that begin at 1 pass the number of the last record.
    const fromOne = { ...plan, start: 1 };
    expect(nextOf(fromOne, { ...wrong, cursor: '101', recordCount: 20 })).toEqual(END);
  });

  test('goes by whether there is more rather than by the total, and never past the maximum', () => {
    const plan = { ...offset, hasMorePath: 'more', totalPath: 'total', maximumOffset: 200 };
    const body = (more: unknown) => ({ more, total: 100 });
    expect(nextOf(plan, { body: body(true), recordCount: 50, cursor: '100' })).toEqual(goOn('150'));
    expect(nextOf(plan, { body: body(false), recordCount: 50 })).toEqual(END);
    expect(nextOf(plan, { body: body(true), recordCount: 50, cursor: '150' })).toEqual(END);
    expect(nextOf(plan, { body: body('x'), recordCount: 50 })).toEqual(broken('at more'));
  });

  test('tells how many records there are to walk', () => {
    const total = (plan: Partial<OffsetPlan>, said: unknown) =>
      kindOf({ ...offset, totalPath: 'total', ...plan }).totalOf(
        pageFacts({ body: { total: said } }),
      );
    expect(total({}, 1000)).toBe(1000);
    expect(total({ start: 100 }, 1000)).toBe(900);
    expect(total({ start: 100 }, 10)).toBe(0);
    expect(total({ maximumOffset: 500 }, 1000)).toBeNull();
    expect(total({ maximumOffset: 500 }, 400)).toBe(400);
    expect(total({}, 'many')).toBeNull();
    expect(total({ totalPath: null }, 1000)).toBeNull();
  });

  test('counts each record of a page', () => {
    expect(kindOf(offset).ordinalOf?.('150', 3)).toBe(153);
    expect(kindOf({ ...offset, start: 10 }).ordinalOf?.(null, 0)).toBe(10);
  });

  test('tells the last record by the total, or the maximum', () => {
    const seen = pageFacts({ body: { total: 500 } });
    const last = (changes: Partial<OffsetPlan>) =>
      kindOf({ ...offset, ...changes }).lastOrdinalOf?.(seen);
    expect(last({ totalPath: 'total' })).toBe(499);
    expect(last({ totalPath: 'total', maximumOffset: 300 })).toBe(299);
    expect(last({ totalPath: null, maximumOffset: null })).toBeNull();
  });

  test('has the place behind the record before it', () => {
    const { placeOf, seek, order, cursorLifeMs } = kindOf(offset).paging;
    expect(placeOf('150')).toEqual({ ms: -149, id: LOWEST_ID });
    expect(seek?.({ ms: -149, id: LOWEST_ID }, 0)).toBe('150');
    expect(order).toBe('newestFirst');
    expect(cursorLifeMs).toBeGreaterThan(300 * 86_400_000);
  });
});

describe('a page number', () => {
  test('is sent from the first page on', () => {
    expect(kindOf(pages).request(null, 50)).toEqual({ query: { page: '1' } });
    expect(kindOf(pages).request('8', 50)).toEqual({ query: { page: '8' } });
    const inBody = kindOf({ ...pages, place: { in: 'body', path: 'page.number' } });
    expect(inBody.request('8', null)).toEqual({ body: [{ path: 'page.number', json: '8' }] });
  });

  test('ends with an empty page, if the file says so', () => {
    expect(nextOf(pages, { recordCount: 1 })).toEqual(goOn('2'));
    expect(nextOf(pages, { recordCount: 0, cursor: '8' })).toEqual(END);
    const patient = { ...pages, stopAfterEmptyPage: false, maximumPage: 10 };
    expect(nextOf(patient, { recordCount: 0, cursor: '8' })).toEqual(goOn('9'));
    expect(nextOf(patient, { recordCount: 0, cursor: '9' })).toEqual(END);
  });

  test.each([
    { base: 0, last: '4', before: '3' },
    { base: 1, last: '5', before: '4' },
  ])('ends at the total of pages, counted from $base', ({ base, last, before }) => {
    const plan = { ...pages, base, start: base, totalPath: 'pages' };
    const sample = { body: { pages: 5 }, recordCount: 10 };
    expect(nextOf(plan, { ...sample, cursor: before })).toEqual(goOn(last));
    expect(nextOf(plan, { ...sample, cursor: last })).toEqual(END);
    expect(nextOf(plan, { body: {}, recordCount: 10 })).toEqual(broken('at pages'));
  });

  test('ends before the maximum is asked for', () => {
    const plan = { ...pages, maximumPage: 3 };
    expect(nextOf(plan, { recordCount: 10, cursor: '1' })).toEqual(goOn('2'));
    expect(nextOf(plan, { recordCount: 10, cursor: '2' })).toEqual(END);
  });

  test('goes by whether there is more rather than by the total of pages', () => {
    const plan = { ...pages, hasMorePath: 'more', totalPath: 'pages' };
    const sample = (more: boolean) => ({ body: { more, pages: 1 }, recordCount: 10 });
    expect(nextOf(plan, sample(true))).toEqual(goOn('2'));
    expect(nextOf(plan, sample(false))).toEqual(END);
  });

  test('is the place of all its records', () => {
    const { paging, ordinalOf, totalOf } = kindOf({ ...pages, totalPath: 'pages' });
    expect([ordinalOf?.('7', 0), ordinalOf?.('7', 49), ordinalOf?.(null, 3)]).toEqual([7, 7, 1]);
    expect(paging.placeOf('8')).toEqual({ ms: -7, id: LOWEST_ID });
    expect(totalOf(pageFacts({ body: { pages: 5 } }))).toBeNull();
  });

  test('tells the last of them by the number of pages, from the first number on, or the maximum', () => {
    const seen = pageFacts({ body: { pages: 5 } });
    const last = (changes: Partial<PagePlan>) =>
      kindOf({ ...pages, ...changes }).lastOrdinalOf?.(seen);
    expect(last({ totalPath: 'pages', base: 1 })).toBe(5);
    expect(last({ totalPath: 'pages', base: 0 })).toBe(4);
    expect(last({ totalPath: 'pages', base: 1, maximumPage: 4 })).toBe(3);
    expect(last({ totalPath: null })).toBeNull();
  });
});

describe('places of ordinals', () => {
  const { placeOf, seek } = kindOf(offset).paging;
  const ordinal = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

  test('a cursor leads behind its place, and is made for it again', () => {
    fc.assert(
      fc.property(ordinal, (number) => {
        const place = placeOf(String(number));
        expect(place && seek?.(place, 0)).toBe(String(number));
        expect(Object.is(place?.ms, -0)).toBe(false);
      }),
    );
  });

  test('a cursor lies behind all records before it and none behind it', () => {
    fc.assert(
      fc.property(ordinal, ordinal, (cursor, record) => {
        const place = placeOf(String(cursor));
        const isBehind = place !== null && comparePositions(ordinalPlace(record), place) <= 0;
        expect(isBehind).toBe(record < cursor);
      }),
    );
  });

  test('the first record has no negative 0', () => {
    expect(Object.is(ordinalPlace(0).ms, 0)).toBe(true);
    expect(Object.is(placeOf('1')?.ms, 0)).toBe(true);
    expect(placeOf('0')).toEqual({ ms: 1, id: LOWEST_ID });
  });

  test.each(['', 'abc', '-1', '1.5', '007', '1e3', ' 1', '9007199254740992'])(
    'what is no cursor of this kind has no place: %s',
    (cursor) => {
      expect(placeOf(cursor)).toBeNull();
      expect(() => kindOf(offset).request(cursor, null)).toThrow('whole number');
    },
  );
});
