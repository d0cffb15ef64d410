/** Walks over model APIs: whatever the size of a page, each record comes once, and the walk ends. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PageFacts, PageKind, RequestPart } from '../../src/paging/page-kind.js';
import { pageKind } from '../../src/paging/page-kinds.js';
import type { PaginatorPlan } from '../../src/paging/paginator-plan.js';
import type { Way } from '../../src/paging/paging.js';
import { pageFacts, type SampleFacts } from '../support/page-facts.js';

const URL_OF_STREAM = 'https://api.example.com/items';

interface Shape {
  readonly records: number;
  /** What a page holds at most, whatever is asked for. */
  readonly most: number;
  readonly size: number;
}

interface Model {
  readonly plan: PaginatorPlan;
  /** A page from that record on. @param asked the parameters, of the URL or beside it */
  serve(asked: URLSearchParams, shape: Shape): SampleFacts | { readonly refusedWith: number };
}

const after = { in: 'query', name: 'after' } as const;
const counted = {
  ...{ totalPath: null, stopAfterEmptyPage: true, hasMorePath: null },
};

function recordsFrom(from: number, { records, most }: Shape) {
  const count = Math.max(0, Math.min(most, records - from));
  return Array.from({ length: count }, (_, index) => ({ id: from + index }));
}

/** A page whose answer says by `say` where the next one begins; null: there is none. */
function chained(plan: PaginatorPlan, say: (next: number | null) => SampleFacts): Model {
  return {
    plan,
    serve(asked, shape) {
      const from = Number(asked.get('after') ?? 0);
      const records = recordsFrom(from, shape);
      const end = from + records.length;
      return { ...say(end < shape.records ? end : null), records };
    },
  };
}

const offset: Extract<PaginatorPlan, { type: 'offset' }> = {
  ...{ ...counted, type: 'offset', limit: 10, start: 0, maximumOffset: null },
  offsetPlace: { in: 'query', name: 'offset' },
  limitPlace: { in: 'query', name: 'limit' },
};

function byOffset(plan: PaginatorPlan): Model {
  return {
    plan,
    serve(asked, shape) {
      const from = Number(asked.get('offset'));
      const most = Math.min(shape.most, Number(asked.get('limit')));
      const records = recordsFrom(from, { ...shape, most });
      const more = from + records.length < shape.records;
      return { body: { total: shape.records, more }, records };
    },
  };
}

function byPage(plan: PaginatorPlan, base: number): Model {
  return {
    plan,
    serve(asked, shape) {
      const records = recordsFrom((Number(asked.get('page')) - base) * shape.most, shape);
      return { body: { pages: Math.ceil(shape.records / shape.most) }, records };
    },
  };
}

function page(base: number, totalPath: string | null): Model {
  const place = { in: 'query', name: 'page' } as const;
  const ends = { ...counted, base, start: base, maximumPage: null, totalPath };
  return byPage({ type: 'page_number', place, ...ends }, base);
}

const cursorPlan = {
  type: 'cursor',
  cursorPath: 'meta.next',
  place: after,
  hasMorePath: null,
} as const;

const MODELS: Readonly<Record<string, Model>> = {
  cursor: chained(cursorPlan, (next) => ({ body: { meta: { next } } })),
  'cursor beside has_more': chained({ ...cursorPlan, hasMorePath: 'more' }, (next) => ({
    body: { more: next !== null, meta: { next: next ?? 'stale' } },
  })),
  'cursor in an object': chained(cursorPlan, (next) => ({
    body: { meta: next === null ? {} : { next: { after: next, continue: '||' } } },
  })),
  'cursor in a header': chained(
    { type: 'header_cursor', header: 'x-next', place: after },
    (next) => ({
      headers: next === null ? {} : { 'x-next': String(next) },
    }),
  ),
  'link in the body': chained({ type: 'json_link', nextUrlPath: 'next' }, (next) => ({
    body: { next: next === null ? null : `?after=${next}` },
  })),
  'link in the header': chained({ type: 'header_link', rel: 'next' }, (next) => ({
    headers: { link: `</items>; rel=first${next === null ? '' : `, <?after=${next}>; rel=next`}` },
  })),
  keyset: {
    plan: { type: 'keyset', keyPath: 'id', place: after, hasMorePath: null },
    serve: (asked, shape) => ({
      records: recordsFrom(Number(asked.get('after') ?? -1) + 1, shape),
    }),
  },
  offset: byOffset(offset),
  'offset with a total': byOffset({ ...offset, totalPath: 'total' }),
  'offset beside has_more': byOffset({ ...offset, hasMorePath: 'more' }),
  'page number from 0': page(0, null),
  'page number from 1': page(1, null),
  'page number from 0 with a total': page(0, 'pages'),
  'page number from 1 with a total': page(1, 'pages'),
  'time windows that are refused above a page': {
    plan: {
      ...{ type: 'time_window', start: 1_000_000_000, end: 1_000_000_050, windowMs: 20_000 },
      ...{ stepMs: null, splitOn: [422], inner: { type: 'single_page' } },
      startPlace: { in: 'query', name: 'from' },
      endPlace: { in: 'query', name: 'to' },
    },
    serve(asked, shape) {
      const [from, to] = ['from', 'to'].map((name) => Number(asked.get(name)) - 1_000_000_000);
      const all = recordsFrom(0, { ...shape, records: Math.min(50, shape.records), most: 50 });
      const records = all.filter(({ id }) => id >= (from ?? 0) && id < (to ?? 0));
      return records.length > shape.most ? { refusedWith: 422 } : { records };
    },
  },
};

/** The ids of all records that a walk is given. */
function walk({ plan, serve }: Model, shape: Shape): unknown[] {
  const kind = pageKind(plan, { cursorTtlMs: null });
  const ids: unknown[] = [];
  let cursor: string | null = null;
  // Each page holds a record or ends the walk, but for windows: 50 of a second, and as many halvings.
  for (let pages = 0; pages < shape.records + 200; pages += 1) {
    const url: string = urlOf(kind, cursor, shape.size);
    const answer = serve(new URL(url).searchParams, shape);
    const seen: PageFacts | null =
      'refusedWith' in answer ? null : pageFacts({ ...answer, url, cursor, size: shape.size });
    ids.push(...('records' in answer ? (answer.records ?? []).map((record) => idOf(record)) : []));
    const way: Way | null | undefined =
      seen === null ? kind.refused?.(422, cursor) : kind.next(seen);
    if (way?.type === 'end') return ids;
    if (way?.type !== 'next') throw new Error(`the walk breaks: ${JSON.stringify(way)}`);
    cursor = way.cursor;
  }
  throw new Error('the walk does not end');
}

function idOf(record: unknown): unknown {
  return typeof record === 'object' && record !== null && 'id' in record ? record.id : undefined;
}

function urlOf(kind: PageKind, cursor: string | null, size: number): string {
  const { url = URL_OF_STREAM, query = {} }: RequestPart = kind.request(cursor, size);
  const whole = new URL(url);
  for (const [name, value] of Object.entries(query)) whole.searchParams.set(name, value);
  return whole.href;
}

test.each(Object.entries(MODELS))('each record comes once: %s', (name, model) => {
  const shape = fc.record({
    records: fc.nat({ max: name.startsWith('time') ? 50 : 120 }),
    most: fc.integer({ min: 1, max: 40 }),
    size: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(shape, (drawn) => {
      expect(walk(model, drawn)).toEqual(Array.from({ length: drawn.records }, (_, id) => id));
    }),
  );
});

test('a place that was sought leads on to the records behind it, by offsets', () => {
  const shape = fc.record({ records: fc.nat({ max: 200 }), most: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(shape, fc.nat({ max: 200 }), (drawn, ordinal) => {
      const kind = pageKind({ ...offset, totalPath: null }, { cursorTtlMs: null });
      const cursor = kind.paging.seek?.({ ms: -ordinal, id: '' }, 0) ?? '';
      const url = urlOf(kind, cursor, 40);
      const answer = byOffset(offset).serve(new URL(url).searchParams, { ...drawn, size: 40 });
      const first = 'records' in answer ? answer.records?.[0] : undefined;
      const isThere = ordinal + 1 < drawn.records;
      expect(first).toEqual(isThere ? { id: ordinal + 1 } : undefined);
      if (isThere) expect(kind.ordinalOf?.(cursor, 0)).toBe(ordinal + 1);
    }),
  );
});
