/** Kinds of paging where the page before gives what asks for the next one. */
import { describe, expect, test } from 'vitest';
import { pageKind } from '../../src/paging/page-kinds.js';
import type { PaginatorPlan } from '../../src/paging/paginator-plan.js';
import { pageFacts, type SampleFacts } from '../support/page-facts.js';

const END = { type: 'end' };
const after = { in: 'query', name: 'after' } as const;
const inBody = { in: 'body', path: 'page.after' } as const;

function kindOf(plan: PaginatorPlan) {
  return pageKind(plan, { cursorTtlMs: null });
}

function nextOf(plan: PaginatorPlan, sample: SampleFacts) {
  return kindOf(plan).next(pageFacts(sample));
}

function broken(reason: string) {
  return expect.objectContaining({ type: 'broken', reason: expect.stringContaining(reason) });
}

test('a single page asks for nothing and leads nowhere', () => {
  const kind = kindOf({ type: 'single_page' });
  expect(kind.request(null, 100)).toEqual({});
  expect(kind.next(pageFacts({ body: { next: '/2' }, records: [1] }))).toEqual(END);
});

test('a chain has no places, and its cursors live as long as the file says', () => {
  const { paging, ordinalOf, totalOf } = pageKind({ type: 'single_page' }, { cursorTtlMs: 5000 });
  expect(paging).toMatchObject({ cursorLifeMs: 5000, order: null, seek: null });
  expect(paging.placeOf('abc')).toBeNull();
  expect(paging.next({ nextCursor: 'abc', hasMore: true })).toEqual({
    type: 'next',
    cursor: 'abc',
  });
  expect([ordinalOf, totalOf(pageFacts())]).toEqual([null, null]);
  expect(kindOf({ type: 'single_page' }).paging.cursorLifeMs).toBeGreaterThan(300 * 86_400_000);
});

test('auto is the kind that the first answer shows, and its cursors say which', () => {
  const headers = { link: '</v1/items?page=2>; rel=next' };
  const way = nextOf({ type: 'auto' }, { headers });
  const cursor = way.type === 'next' ? way.cursor : '';
  expect(kindOf({ type: 'auto' }).request(cursor, null)).toEqual({
    url: 'https://api.example.com/v1/items?page=2',
  });
});

describe('a link in the body', () => {
  const plan = { type: 'json_link', nextUrlPath: 'links.next' } as const;

  test('is asked for as a whole URL', () => {
    const url = 'https://api.example.com/v1/items?page=2';
    expect(nextOf(plan, { body: { links: { next: url } } })).toEqual({ type: 'next', cursor: url });
    expect(kindOf(plan).request(url, 100)).toEqual({ url });
    expect(kindOf(plan).request(null, 100)).toEqual({});
  });

  test.each([
    ['?page=3', 'https://api.example.com/v1/items?page=3'],
    ['/v2/items?after=x', 'https://api.example.com/v2/items?after=x'],
    ['items?page=3', 'https://api.example.com/v1/items?page=3'],
    ['//files.example.com/x', 'https://files.example.com/x'],
    [
      ' https://api.example.com/v1/items?q=a%20b&c=[1] ',
      'https://api.example.com/v1/items?q=a%20b&c=[1]',
    ],
    ['?page=3#top', 'https://api.example.com/v1/items?page=3'],
  ])('is relative to its page: %s', (next, cursor) => {
    const url = 'https://api.example.com/v1/items?page=2&token=x';
    expect(nextOf(plan, { body: { links: { next } }, url })).toEqual({ type: 'next', cursor });
  });

  test.each([
    { links: { next: null } },
    { links: { next: '' } },
    { links: { next: false } },
    {},
    [],
  ])('that is absent or empty is the end: %j', (body) => {
    expect(nextOf(plan, { body })).toEqual(END);
  });

  test.each([
    [{ links: { next: 7 } }, 'no text at links.next'],
    [{ links: { next: { href: '/2' } } }, 'no text at links.next'],
    [{ links: { next: 'ftp://example.com/2' } }, 'no HTTP URL'],
    [{ links: { next: 'https://' } }, 'no HTTP URL'],
  ])('that is no URL is a fault: %j', (body, reason) => {
    expect(nextOf(plan, { body })).toEqual(broken(reason));
  });
});

describe('a link in the header', () => {
  const plan = { type: 'header_link', rel: 'next' } as const;
  const next = (link: string) => nextOf(plan, { headers: { link } });

  test('of the relation is asked for', () => {
    const cursor = 'https://api.example.com/v1/items?page=2';
    expect(next(`</first>; rel=first, <${cursor}>; rel="next last"`)).toEqual({
      type: 'next',
      cursor,
    });
    expect(next('<?page=2>; rel=Next')).toEqual({ type: 'next', cursor });
    expect(kindOf(plan).request(cursor, null)).toEqual({ url: cursor });
  });

  test('may have a relation of the file', () => {
    const sample = { headers: { link: '<?page=2>; rel="older"' } };
    expect(nextOf({ type: 'header_link', rel: 'Older' }, sample)).toMatchObject({ type: 'next' });
    expect(nextOf(plan, sample)).toEqual(END);
  });

  test('that is not there is the end', () => {
    expect(nextOf(plan, {})).toEqual(END);
    expect(next('</first>; rel=first')).toEqual(END);
    expect(next('')).toEqual(END);
  });

  test('that cannot be read, or leads to two places, is a fault', () => {
    expect(next('<?page=2; rel=next')).toEqual(broken('cannot be read'));
    expect(next('<?page=2>; rel=next, <?page=3>; rel=next')).toEqual(broken('several pages'));
    expect(next('<?page=2>; rel=next, <?page=2>; rel=next')).toMatchObject({ type: 'next' });
  });
});

describe('a cursor in a header', () => {
  const plan = { type: 'header_cursor', header: 'X-Next-Token', place: after } as const;

  test('goes back as the parameter', () => {
    const way = nextOf(plan, { headers: { 'x-next-token': ' abc ' } });
    expect(way).toEqual({ type: 'next', cursor: 'abc' });
    expect(kindOf(plan).request('abc', 10)).toEqual({ query: { after: 'abc' } });
    expect(kindOf(plan).request(null, 10)).toEqual({});
  });

  test('goes back as text in a body, though it looks like a number', () => {
    const bodyPlan = { ...plan, place: inBody };
    expect(nextOf(bodyPlan, { headers: { 'x-next-token': '12' } })).toEqual({
      type: 'next',
      cursor: '"12"',
    });
    expect(kindOf(bodyPlan).request('"12"', null)).toEqual({
      body: [{ path: 'page.after', json: '"12"' }],
    });
  });

  test('that is absent or empty is the end', () => {
    expect(nextOf(plan, {})).toEqual(END);
    expect(nextOf(plan, { headers: { 'x-next-token': ' ' } })).toEqual(END);
  });
});

describe('a cursor in the body', () => {
  const plan = {
    type: 'cursor',
    cursorPath: 'meta.next',
    place: after,
    hasMorePath: null,
  } as const;
  const withMore = { ...plan, hasMorePath: 'more' };
  const next = (value: unknown) => nextOf(plan, { body: { meta: { next: value } } });

  test.each([
    ['abc', 'abc'],
    [17, '17'],
    ['0', '0'],
    [-1, '-1'],
  ])('goes back as the parameter: %j', (value, sent) => {
    const cursor = next(value);
    expect(cursor).toEqual({ type: 'next', cursor: sent });
    expect(kindOf(plan).request(sent, 10)).toEqual({ query: { after: sent } });
  });

  test('keeps all digits of a number', () => {
    const bodyText = '{"meta":{"next":9007199254740993}}';
    const way = { type: 'next', cursor: '9007199254740993' };
    expect(nextOf(plan, { bodyText })).toEqual(way);
    expect(nextOf({ ...plan, place: inBody }, { bodyText })).toEqual(way);
  });

  test('that is an object goes back as its members', () => {
    const cursor = '{"rvcontinue":"1|2","continue":"||"}';
    expect(next({ rvcontinue: '1|2', continue: '||' })).toEqual({ type: 'next', cursor });
    expect(kindOf(plan).request(cursor, null)).toEqual({
      query: { rvcontinue: '1|2', continue: '||' },
    });
  });

  test('that is a list goes back in a body only', () => {
    expect(next([1, 'a'])).toEqual(broken('cannot be sent'));
    const way = nextOf({ ...plan, place: inBody }, { body: { meta: { next: [1, 'a'] } } });
    expect(way).toEqual({ type: 'next', cursor: '[1,"a"]' });
  });

  test.each([null, '', 0, false, {}, []])('that is empty is the end: %j', (value) => {
    expect(next(value)).toEqual(END);
  });

  test('that is absent is the end', () => {
    expect(nextOf(plan, { body: {} })).toEqual(END);
    expect(nextOf(plan, { body: [] })).toEqual(END);
  });

  test('that is true leads nowhere', () => {
    expect(next(true)).toEqual(broken('meta.next'));
  });

  test.each([false, 0, 'false', 'No'])(
    'ends where there is no more, whatever it is: %j',
    (more) => {
      expect(nextOf(withMore, { body: { more, meta: { next: 'abc' } } })).toEqual(END);
    },
  );

  test.each([true, 1, 'TRUE', 'yes'])('goes on where there is more: %j', (more) => {
    const body = { more, meta: { next: 'abc' } };
    expect(nextOf(withMore, { body })).toEqual({ type: 'next', cursor: 'abc' });
    expect(nextOf(withMore, { body: { more, meta: { next: '' } } })).toEqual(
      broken('more but gives no cursor at meta.next'),
    );
  });

  test.each([undefined, null, 'maybe', 2, {}])(
    'needs the answer that the file names: %j',
    (more) => {
      expect(nextOf(withMore, { body: { more, meta: { next: 'abc' } } })).toEqual(
        broken('neither yes nor no at more'),
      );
    },
  );
});

describe('the key of the last record', () => {
  const plan = { type: 'keyset', keyPath: 'id', place: after, hasMorePath: null } as const;
  const withMore = { ...plan, hasMorePath: 'has_more' };

  test.each([
    [{ id: 'x2' }, 'x2'],
    [{ id: 12 }, '12'],
    [{ id: 0 }, '0'],
  ])('asks for what is behind it: %j', (record, cursor) => {
    expect(nextOf(plan, { records: [{ id: 'x1' }, record] })).toEqual({ type: 'next', cursor });
    expect(kindOf(plan).request(cursor, 10)).toEqual({ query: { after: cursor } });
    expect(kindOf(plan).request(null, 10)).toEqual({});
  });

  test('keeps all digits, and its type in a body', () => {
    const lastRecordText = '{"id": 12345678901234567890}';
    const cursor = '12345678901234567890';
    expect(nextOf(plan, { lastRecordText, recordCount: 1 })).toEqual({ type: 'next', cursor });
    const bodyPlan = { ...plan, place: inBody };
    expect(nextOf(bodyPlan, { lastRecordText, recordCount: 1 })).toEqual({ type: 'next', cursor });
    expect(nextOf(bodyPlan, { records: [{ id: '7' }] })).toEqual({ type: 'next', cursor: '"7"' });
  });

  test('ends with an empty page, or where there is no more', () => {
    expect(nextOf(plan, { cursor: 'x1' })).toEqual(END);
    expect(nextOf(withMore, { body: { has_more: false }, records: [{ id: 'x1' }] })).toEqual(END);
    expect(nextOf(withMore, { body: { has_more: true }, records: [{ id: 'x1' }] })).toMatchObject({
      type: 'next',
    });
  });

  test('is missed behind an empty page that says that there is more', () => {
    expect(nextOf(withMore, { body: { has_more: true } })).toEqual(broken('without records'));
    expect(nextOf(withMore, { records: [{ id: 'x1' }] })).toEqual(broken('has_more'));
  });

  test('has to move on', () => {
    expect(nextOf(plan, { cursor: 'x2', records: [{ id: 'x2' }] })).toEqual(broken('same record'));
  });

  test.each([{}, { id: null }, { id: '' }, { id: true }, { id: { n: 1 } }, 'text', 7])(
    'is missed in a record that has none: %j',
    (record) => {
      expect(nextOf(plan, { records: [record] })).toEqual(broken('no text or number at id'));
    },
  );
});
