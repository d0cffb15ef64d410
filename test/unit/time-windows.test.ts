import { describe, expect, test } from 'vitest';
import { instantForm } from '../../src/paging/instant-form.js';
import { pageKind } from '../../src/paging/page-kinds.js';
import type { PaginatorPlan } from '../../src/paging/paginator-plan.js';
import { pageFacts } from '../support/page-facts.js';

type WindowPlan = Extract<PaginatorPlan, { type: 'time_window' }>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const END = { type: 'end' };
const INNER: PaginatorPlan = {
  ...{ type: 'cursor', cursorPath: 'next', hasMorePath: null },
  place: { in: 'query', name: 'cursor' },
};

const plan: WindowPlan = {
  ...{ type: 'time_window', start: '2024-01-01T00:00:00Z', end: '2024-01-02T12:00:00Z' },
  ...{ windowMs: DAY_MS, stepMs: null, splitOn: [422], inner: { type: 'single_page' } },
  startPlace: { in: 'query', name: 'from' },
  endPlace: { in: 'query', name: 'to' },
};

function kindOf(changes: Partial<WindowPlan> = {}, nowMs?: number) {
  const options = { cursorTtlMs: null, ...(nowMs === undefined ? {} : { nowMs }) };
  return pageKind({ ...plan, ...changes }, options);
}

/** The cursor that a page without records leads to; the way itself where there is none. */
function behind(kind: ReturnType<typeof kindOf>, cursor: string | null) {
  const way = kind.next(pageFacts({ cursor }));
  return way.type === 'next' ? way.cursor : way;
}

test('windows adjoin, and the last one ends with the stretch', () => {
  const kind = kindOf();
  expect(kind.request(null, 10)).toEqual({
    query: { from: '2024-01-01T00:00:00Z', to: '2024-01-02T00:00:00Z' },
  });
  const second = behind(kind, null);
  expect(kind.request(String(second), 10)).toEqual({
    query: { from: '2024-01-02T00:00:00Z', to: '2024-01-02T12:00:00Z' },
  });
  expect(behind(kind, String(second))).toEqual(END);
});

describe('with the step of an API that takes both ends as inside', () => {
  const stepped = { start: 1_000, end: 1_010, windowMs: 4_000, stepMs: 1_000 };
  const asked = (kind: ReturnType<typeof kindOf>, cursor: string | null) =>
    Object.values(kind.request(cursor, null).query ?? {});

  test('windows share no instant, and leave none out', () => {
    const kind = kindOf(stepped);
    const second = String(behind(kind, null));
    const third = String(behind(kind, second));
    expect([null, second, third].map((cursor) => asked(kind, cursor))).toEqual([
      ['1000', '1003'],
      ['1004', '1007'],
      ['1008', '1010'],
    ]);
    expect(behind(kind, third)).toEqual(END);
  });

  test('they are halved down to one instant', () => {
    const kind = kindOf(stepped);
    const half = kind.refused?.(422, null);
    const quarter = half?.type === 'next' ? kind.refused?.(422, half.cursor) : null;
    expect(half?.type === 'next' && asked(kind, half.cursor)).toEqual(['1000', '1001']);
    expect(quarter?.type === 'next' && asked(kind, quarter.cursor)).toEqual(['1000', '1000']);
    expect(kind.refused?.(422, quarter?.type === 'next' ? quarter.cursor : null)).toMatchObject({
      type: 'broken',
    });
  });

  test('days are asked for from the first to the last', () => {
    const days = { start: '2024-01-01', end: '2024-01-31', windowMs: 7 * DAY_MS, stepMs: DAY_MS };
    expect(asked(kindOf(days), null)).toEqual(['2024-01-01', '2024-01-07']);
  });
});

test.each([
  ['2024-01-01', '2024-01-03', ['2024-01-01', '2024-01-02']],
  ['2024-01-01T01:00:00+01:00', 1_704_200_000, ['2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z']],
  [
    '2024-01-01T00:00:00.5Z',
    '2024-01-09',
    ['2024-01-01T00:00:00.500Z', '2024-01-02T00:00:00.500Z'],
  ],
  [1_704_067_200, '2024-01-09', ['1704067200', '1704153600']],
  ['1704067200', '2024-01-09', ['1704067200', '1704153600']],
  [1_704_067_200_000, '2024-01-09', ['1704067200000', '1704153600000']],
])('the API is sent instants in the form of the start: %s', (start, end, [from, to]) => {
  expect(kindOf({ start, end }).request(null, null)).toEqual({ query: { from, to } });
});

test('a number is a number in a body, and text is text', () => {
  const places = {
    startPlace: { in: 'body', path: 'range.from' },
    endPlace: { in: 'body', path: 'range.to' },
  } as const;
  const json = (start: string | number) =>
    kindOf({ ...places, start })
      .request(null, null)
      .body?.map((value) => value.json);
  expect(json(1_704_067_200)).toEqual(['1704067200', '1704153600']);
  expect(json('1704067200')).toEqual(['"1704067200"', '"1704153600"']);
  expect(json('2024-01-01')).toEqual(['"2024-01-01"', '"2024-01-02"']);
});

test('the word now is what the caller says, and the unit that it lies in belongs to the stretch', () => {
  const nowMs = Date.parse('2024-01-01T05:00:00.200Z');
  const toOf = (start: string) =>
    kindOf({ start, end: 'now' }, nowMs).request(null, null).query?.to;
  expect(toOf('2024-01-01T00:00:00Z')).toBe('2024-01-01T05:00:01Z');
  expect(toOf('2024-01-01T00:00:00.000Z')).toBe('2024-01-01T05:00:00.200Z');
  expect(toOf('2024-01-01')).toBe('2024-01-02');
  expect(() => kindOf({ end: 'now' })).toThrow('now');
});

test('a stretch that ends before it starts is one empty window', () => {
  const kind = kindOf({ end: '2020-01-01' });
  const from = '2024-01-01T00:00:00Z';
  expect(kind.request(null, null)).toEqual({ query: { from, to: from } });
  expect(behind(kind, null)).toEqual(END);
});

describe('a window that is refused', () => {
  test('is halved, again and again, and the one behind it is twice as long', () => {
    const kind = kindOf();
    const half = kind.refused?.(422, null);
    expect(half).toMatchObject({ type: 'next' });
    const cursor = half?.type === 'next' ? half.cursor : '';
    expect(kind.request(cursor, null).query?.to).toBe('2024-01-01T12:00:00Z');
    const quarter = kind.refused?.(422, cursor);
    const quarterCursor = quarter?.type === 'next' ? quarter.cursor : '';
    expect(kind.request(quarterCursor, null).query?.to).toBe('2024-01-01T06:00:00Z');
    expect(kind.request(String(behind(kind, quarterCursor)), null).query).toEqual({
      from: '2024-01-01T06:00:00Z',
      to: '2024-01-01T18:00:00Z',
    });
  });

  test("with another status is not the window's matter", () => {
    expect(kindOf().refused?.(500, null)).toBeNull();
  });

  test('and cannot be halved is a fault', () => {
    const refused = (start: string) => kindOf({ start, windowMs: 1000 }).refused?.(422, null);
    expect(refused('2024-01-01T00:00:00Z')).toEqual({
      type: 'broken',
      reason: expect.stringMatching(/422.*2024-01-01T00:00:00Z.*halved/),
    });
    expect(refused('2024-01-01')).toMatchObject({ type: 'broken' });
    expect(refused('2024-01-01T00:00:00.000Z')).toMatchObject({ type: 'next' });
  });

  test('behind its first page begins again', () => {
    const kind = kindOf({ inner: INNER });
    const way = kind.next(pageFacts({ body: { next: 'c/1' } }));
    const refused = kind.refused?.(422, way.type === 'next' ? way.cursor : null);
    const cursor = refused?.type === 'next' ? refused.cursor : null;
    const half = kind.refused?.(422, null);
    const again = half?.type === 'next' ? half.cursor : null;
    expect(kind.request(cursor, 10)).toEqual(kind.request(again, 10));
    // A walk that comes to a place twice would go round.
    expect(cursor).not.toBe(again);
  });
});

describe('where records have a key', () => {
  const { paging } = pageKind({ ...plan, inner: INNER }, { cursorTtlMs: null, knowsRows: true });
  const place = (cursor: string) => paging.placeOf(cursor) ?? expect.fail('it has a place');
  const start = Date.parse('2024-01-01T00:00:00Z');
  const [first, second] = [
    `${start}/${start + DAY_MS}`,
    `${start + DAY_MS}/${start + 1.5 * DAY_MS}`,
  ];

  test('a place between windows leads to the window behind it', () => {
    expect(paging.seek?.(place(second), 0)).toBe(second);
    expect(place(first).ms).toBeGreaterThan(place(second).ms);
  });

  test('a place within a window begins it again, and is behind its start', () => {
    const within = place(`${first}/3.0/c/9`);
    expect(within.ms).toBeLessThan(place(first).ms);
    expect(within.ms).toBeGreaterThan(place(second).ms);
    expect(paging.seek?.(within, 0)).toBe(`${first}/4.1/`);
  });

  test('a window whose cursors die each time is given up', () => {
    expect(paging.seek?.(place(`${first}/99.50/c/9`), 0)).toBeNull();
  });

  test.each(['c/1', 'c/2'])(
    'other cursors inside, or other windows, are other places: %s',
    (cursor) => {
      const others = [
        `${first}/3.0/c/9`,
        `${start}/${start + 1}/3.0/${cursor}`,
        `${first}/2.0/${cursor}`,
      ];
      for (const other of others) expect(place(other)).not.toEqual(place(`${first}/3.0/${cursor}`));
    },
  );

  test('a stretch is cut where windows may end', () => {
    const about = { ms: -(start + 3_600_000), id: 'any' };
    expect(paging.cutAt?.(about)).toEqual(place(second));
  });

  test('without a key it is one chain', () => {
    expect(pageKind(plan, { cursorTtlMs: null }).paging).toMatchObject({ order: null, seek: null });
  });
});

describe('the paging inside a window', () => {
  test('has its own cursor, in the same window', () => {
    const kind = kindOf({ inner: INNER });
    const way = kind.next(pageFacts({ body: { next: 'a/b\nc' } }));
    expect(kind.request(way.type === 'next' ? way.cursor : null, null)).toEqual({
      query: { from: '2024-01-01T00:00:00Z', to: '2024-01-02T00:00:00Z', cursor: 'a/b\nc' },
    });
  });

  test('begins anew in the next window', () => {
    const kind = kindOf({ inner: INNER });
    const inside = kind.next(pageFacts({ body: { next: 'x' } }));
    const next = behind(kind, inside.type === 'next' ? inside.cursor : null);
    expect(kind.request(String(next), null).query).not.toHaveProperty('cursor');
  });

  test('may be links, which hold their window', () => {
    const kind = kindOf({ inner: { type: 'json_link', nextUrlPath: 'next' } });
    const way = kind.next(pageFacts({ body: { next: '?from=1&page=2' } }));
    expect(kind.request(way.type === 'next' ? way.cursor : null, null)).toEqual({
      url: 'https://api.example.com/v1/items?from=1&page=2',
    });
  });

  test('tells its faults', () => {
    const kind = kindOf({ inner: { type: 'json_link', nextUrlPath: 'next' } });
    expect(kind.next(pageFacts({ body: { next: 7 } }))).toMatchObject({ type: 'broken' });
  });
});

test.each([
  'yesterday',
  '2024-01-01T00:00:00',
  '2024-13-01',
  '2024-02-30',
  '2024-02-30T00:00:00Z',
  '',
  '2024-01-01 00:00:00Z',
  1.5,
])('what is no instant with a zone has no form: %s', (written) => {
  expect(instantForm(written)).toBeNull();
});
