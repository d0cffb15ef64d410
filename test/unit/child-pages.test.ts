/** Pages of children: whatever the paging inside, the parent's values go with each cursor. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childCursor, parentWords, readChildCursor } from '../../src/paging/child-cursor.js';
import { childPages } from '../../src/paging/child-pages.js';
import { pageKind } from '../../src/paging/page-kinds.js';
import type { PaginatorPlan } from '../../src/paging/paginator-plan.js';
import { compileSource } from '../../src/source/compile-source.js';
import { pageFacts } from '../support/page-facts.js';
import { planOf } from '../support/source-files.js';

const OPTIONS = { cursorTtlMs: null, knowsRows: true };

test('a cursor gives back what it was made of', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.option(fc.string({ unit: 'binary' })),
      (values, at) => {
        const of = JSON.stringify(values);
        expect(readChildCursor(childCursor({ of, at }))).toEqual({ of, at });
      },
    ),
  );
});

const query = (name: string) => ({ in: 'query', name }) as const;
const counted = { start: 0, totalPath: 'total', stopAfterEmptyPage: true, hasMorePath: null };
const window = { start: '2024-01-01T00:00:00Z', end: '2024-01-03T00:00:00Z', windowMs: 86_400_000 };
const windowPlaces = { startPlace: query('from'), endPlace: query('to'), stepMs: null };

const KINDS: readonly (readonly [string, PaginatorPlan, object])[] = [
  ['single_page', { type: 'single_page' }, {}],
  ['json_link', { type: 'json_link', nextUrlPath: 'next' }, { next: '/v1/items?p=2' }],
  [
    'cursor',
    { type: 'cursor', cursorPath: 'next', place: query('after'), hasMorePath: null },
    { next: 'abc,"at":' },
  ],
  [
    'offset',
    {
      ...{ type: 'offset', limit: 2, maximumOffset: null, ...counted },
      ...{ offsetPlace: query('offset'), limitPlace: query('limit') },
    },
    { total: 7 },
  ],
  [
    'page_number',
    { type: 'page_number', base: 0, place: query('page'), maximumPage: null, ...counted },
    { total: 3 },
  ],
  ['keyset', { type: 'keyset', keyPath: 'id', place: query('after'), hasMorePath: null }, {}],
  [
    'time_window',
    {
      ...{ type: 'time_window', splitOn: [422], inner: { type: 'single_page' } },
      ...{ ...window, ...windowPlaces },
    },
    {},
  ],
  ['auto', { type: 'auto' }, { next: 'https://api.example.com/v1/items?page=2' }],
];

describe('the pages of a child are those of the paging inside', () => {
  test.each(KINDS)('%s', (_, plan, body) => {
    const inner = pageKind(plan, OPTIONS);
    const kind = childPages(inner);
    const of = '{"id": 12345678901234567890}';
    const facts = { body, records: [{ id: 1 }, { id: 2 }], size: 2 };
    let at: string | null = null;
    for (let page = 0; page < 3; page++) {
      const cursor = childCursor({ of, at });
      const { parent, ...part } = kind.request(cursor, 2);
      expect(part).toEqual(inner.request(at, 2));
      expect(String(parent?.id)).toBe('12345678901234567890');
      const [way, expected] = [kind, inner].map((one, nth) =>
        one.next(pageFacts({ ...facts, cursor: nth === 0 ? cursor : at })),
      );
      expect(way?.type).toBe(expected?.type);
      if (way?.type !== 'next' || expected?.type !== 'next') return;
      expect(readChildCursor(way.cursor)).toEqual({ of, at: expected.cursor });
      at = expected.cursor;
    }
  });

  test('nothing is claimed of an order, of places or of a total', () => {
    for (const [, plan, body] of KINDS) {
      const kind = childPages(pageKind(plan, OPTIONS));
      expect(kind.paging).toMatchObject({ order: null, seek: null });
      expect(kind).toMatchObject({ ordinalOf: null });
      expect(kind.totalOf(pageFacts({ body }))).toBeNull();
    }
  });
});

describe('the request of a child', () => {
  const text = (endpoint: string) => `client: { base_url: 'https://api.example.com/v1' }
resources:
  - parents
  - { name: children, endpoint: { paginator: single_page, ${endpoint} } }
`;
  const requestOf = (endpoint: string, values: string) => {
    const source = compileSource(planOf(text(endpoint)), 'children', { nowMs: 0, secrets: [] });
    return source.request('https://api.example.com/v1', childCursor({ of: values, at: null }), 10);
  };

  test('has its values percent-encoded in path and parameters', () => {
    const endpoint =
      'path: "p/{resources.parents.id}/c", params: { q: "by:{resources.parents.a.name}" }';
    expect(requestOf(endpoint, '{"id": "a/b ü?", "a.name": "x&y"}').url).toBe(
      'https://api.example.com/v1/p/a%2Fb%20%C3%BC%3F/c?q=by%3Ax%26y',
    );
  });

  test('has them in a body as they are, numbers with all their digits', () => {
    const endpoint =
      'method: POST, json: { id: "{resources.parents.id}", q: "no {resources.parents.id}", l: ["{resources.parents.ok}"] }';
    const { body } = requestOf(endpoint, '{"id": 12345678901234567890, "ok": true}');
    expect(body).toBe('{"id":12345678901234567890,"q":"no 12345678901234567890","l":[true]}');
  });

  test('has them in headers, which hold no other characters', () => {
    const endpoint = 'headers: { X-One: "{resources.parents.a}", X-Two: "{resources.parents.b}" }';
    expect(requestOf(endpoint, '{"a": "plain text", "b": "ü\\r\\nX-Evil: 1"}').headers).toEqual({
      'X-One': 'plain text',
      'X-Two': '%C3%BC%0D%0AX-Evil%3A%201',
    });
  });

  test('a value that looks like a mark of another is not filled again', () => {
    const endpoint = 'path: c, params: { q: "{resources.parents.a}-{resources.parents.b}" }';
    const values = '{"a": "{resources.parents.b}", "b": "1"}';
    expect(requestOf(endpoint, values).url).toBe(
      'https://api.example.com/v1/c?q=%7Bresources.parents.b%7D-1',
    );
  });
});

test('words for messages name each value', () => {
  expect(parentWords('{"id": 12345678901234567890, "a.name": "main", "ok": true}')).toBe(
    'id=12345678901234567890, a.name=main, ok=true',
  );
});
