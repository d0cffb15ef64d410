/** Which paging a first answer shows, where a source file does not say it. */
import { describe, expect, test } from 'vitest';
import { detectPaging } from '../../src/paging/detect-paging.js';
import { pageFacts, type SampleFacts } from '../support/page-facts.js';

function detect(sample: SampleFacts, params: Readonly<Record<string, unknown>> = {}) {
  return detectPaging(pageFacts({ recordCount: 20, ...sample }), { params });
}

function plan(sample: SampleFacts, params: Readonly<Record<string, unknown>> = {}) {
  const found = detect(sample, params);
  return found.type === 'detected' ? found.plan : found;
}

const query = (name: string) => ({ in: 'query', name });

describe('links', () => {
  test('in the header are the surest sign', () => {
    const headers = { link: '<?page=2>; rel="next"' };
    expect(plan({ headers, body: { next_cursor: 'x', total: 20 } })).toEqual({
      ...{ type: 'header_link', rel: 'next' },
    });
  });

  test.each([
    [{ next: 'https://api.example.com/2' }, 'next'],
    [{ info: { next: '/v1/items?page=2' } }, 'info.next'],
    [{ links: { self: '/1', next: '?page=2' } }, 'links.next'],
    [{ _links: { next: { href: '/2' } } }, '_links.next.href'],
    [
      { paging: { next: { after: 'x', link: 'https://api.example.com/?after=x' } } },
      'paging.next.link',
    ],
    [{ '@odata.nextLink': 'https://api.example.com/?$skip=2' }, "['@odata.nextLink']"],
    [{ nextRecordsUrl: '/services/data/query/01g-2000' }, 'nextRecordsUrl'],
    [{ meta: { next_page_url: 'https://api.example.com/2' } }, 'meta.next_page_url'],
    [{ next_page: 'https://api.example.com/2' }, 'next_page'],
    [{ after_url: 'https://api.example.com/2', after_cursor: 'x' }, 'after_url'],
  ])('in the body are found: %j', (body, nextUrlPath) => {
    expect(plan({ body })).toEqual({ type: 'json_link', nextUrlPath });
  });

  test('in records are not', () => {
    expect(detect({ body: { items: [{ next: 'https://api.example.com/2' }] } }).type).toBe(
      'unsure',
    );
  });

  test('that cannot be read make unsure', () => {
    expect(detect({ headers: { link: '<broken' } })).toEqual({
      type: 'unsure',
      reasons: [expect.stringContaining('Link header')],
    });
  });

  test('by number in a header', () => {
    const headers = { 'x-next-page': '2' };
    const type = 'header_cursor';
    expect(plan({ headers })).toEqual({ type, header: 'x-next-page', place: query('page') });
    expect(plan({ headers }, { pageNumber: 1 })).toMatchObject({ place: query('pageNumber') });
  });
});

describe('cursors', () => {
  test.each([
    [{ next_cursor: 'x' }, 'next_cursor', 'cursor'],
    [{ nextCursor: 'x' }, 'nextCursor', 'cursor'],
    [{ meta: { next_cursor: 'x' } }, 'meta.next_cursor', 'cursor'],
    [{ pagination: { next_cursor: 12 } }, 'pagination.next_cursor', 'cursor'],
    [
      { ok: true, response_metadata: { next_cursor: 'x' } },
      'response_metadata.next_cursor',
      'cursor',
    ],
    [{ object: 'list', next_cursor: 'x' }, 'next_cursor', 'start_cursor'],
    [{ paging: { next: { after: 'x' } } }, 'paging.next.after', 'after'],
    [{ paging: { cursors: { before: 'w', after: 'x' } } }, 'paging.cursors.after', 'after'],
    [{ cursors: { next: 'x' } }, 'cursors.next', 'cursor'],
    [{ meta: { after_cursor: 'x' } }, 'meta.after_cursor', 'page[after]'],
    [{ nextPageToken: 'x' }, 'nextPageToken', 'pageToken'],
    [{ next_page_token: 'x' }, 'next_page_token', 'page_token'],
    [{ NextMarker: 'x' }, 'NextMarker', 'Marker'],
    [{ NextToken: 'x' }, 'NextToken', 'NextToken'],
    [{ meta: { next_token: 'x' } }, 'meta.next_token', 'pagination_token'],
    [{ continuationToken: 'x' }, 'continuationToken', 'continuationToken'],
    [{ cursor: 'x' }, 'cursor', 'cursor'],
    [{ offset: 'itr1/rec2' }, 'offset', 'offset'],
    [{ next_page: 2 }, 'next_page', 'page'],
    [{ next_offset: 20 }, 'next_offset', 'offset'],
    [{ continue: { rvcontinue: '1|2', continue: '||' } }, 'continue', 'continue'],
  ])('are sent back as is usual: %j', (body, cursorPath, name) => {
    expect(plan({ body })).toEqual({
      ...{ type: 'cursor', cursorPath, place: query(name), hasMorePath: null },
    });
  });

  test('of GraphQL are sent in the body, others of that form are not', () => {
    const connection = { pageInfo: { endCursor: 'x', hasNextPage: true }, nodes: [] };
    expect(plan({ body: { data: { shop: { orders: connection } } } })).toEqual({
      ...{ type: 'cursor', cursorPath: 'data.shop.orders.pageInfo.endCursor' },
      place: { in: 'body', path: 'variables.after' },
      hasMorePath: 'data.shop.orders.pageInfo.hasNextPage',
    });
    expect(plan({ body: connection })).toMatchObject({ place: query('after') });
    expect(plan({ body: { LastEvaluatedKey: { id: { S: 'x' } } } })).toMatchObject({
      place: { in: 'body', path: 'ExclusiveStartKey' },
    });
  });

  test('go with what says that there is more, nearest by', () => {
    const body = { has_more: false, meta: { has_more: true, next_cursor: 'x' } };
    expect(plan({ body })).toMatchObject({ hasMorePath: 'meta.has_more' });
    expect(plan({ body: { has_more: true, next_cursor: 'x' } })).toMatchObject({
      hasMorePath: 'has_more',
    });
    expect(plan({ body: { has_more: false, next_cursor: 'x' } })).toEqual({ type: 'single_page' });
  });

  test('of unknown form need their parameter in the request', () => {
    const body = { page_cursor: 'x' };
    expect(detect({ body })).toEqual({
      type: 'unsure',
      reasons: [expect.stringMatching(/page_cursor.*parameter/)],
    });
    expect(plan({ body }, { page_cursor: '' })).toMatchObject({ place: query('page_cursor') });
    expect(plan({ body }, { cursor: '', limit: 10 })).toMatchObject({ place: query('cursor') });
    expect(detect({ body }, { cursor: '', page_token: '' }).type).toBe('unsure');
    expect(detect({ body: { nextThing: true } }).type).toBe('unsure');
  });

  test('are the id of the last record where a list says that there is more', () => {
    const body = { object: 'list', url: '/v1/charges', has_more: true, data: [] };
    expect(plan({ body, records: [{ id: 'ch_1' }] })).toEqual({
      ...{ type: 'keyset', keyPath: 'id', place: query('starting_after'), hasMorePath: 'has_more' },
    });
    expect(detect({ body, records: [{ id: 1 }] }).type).toBe('unsure');
    expect(detect({ body, lastRecordText: '{' }).type).toBe('unsure');
  });
});

describe('page numbers', () => {
  const ends = { maximumPage: null, stopAfterEmptyPage: true, hasMorePath: null };
  const numbered = { type: 'page_number', ...ends };

  test.each([
    [{ page: 1, total_pages: 9 }, 1, 'page', 'total_pages'],
    [{ meta: { currentPage: 0, pageCount: 9 } }, 0, 'page', 'meta.pageCount'],
    [{ number: 0, size: 20, totalPages: 9, totalElements: 170 }, 0, 'page', 'totalPages'],
    [{ pageNumber: 1, totalPages: 9 }, 1, 'pageNumber', 'totalPages'],
    [{ current_page: 1, last_page: 9 }, 1, 'page', 'last_page'],
    [{ pageIndex: 0, lastPage: 8, pageSize: 20 }, 0, 'pageIndex', null],
    [{ page: 1, per_page: 20, total: 170 }, 1, 'page', null],
  ])('begin with the first answer: %j', (body, base, name, totalPath) => {
    const expected = { ...numbered, start: base, base, place: query(name), totalPath };
    expect(plan({ body })).toEqual(expected);
  });

  test('are sent as the request already does', () => {
    const body = { total_pages: 9 };
    expect(plan({ body }, { p: 3 })).toMatchObject({ start: 3, base: 1, place: query('p') });
    expect(plan({ body }, { pageNo: '0' })).toMatchObject({
      start: 0,
      base: 0,
      place: query('pageNo'),
    });
    expect(detect({ body })).toEqual({
      type: 'unsure',
      reasons: [expect.stringContaining('total_pages')],
    });
  });

  test('are none where there is one page, or a page is something else', () => {
    const single = { type: 'single_page' };
    expect(plan({ body: { page: 1, total_pages: 1 } })).toEqual(single);
    expect(plan({ body: { current_page: 1, last_page: 1 } })).toEqual(single);
    expect(plan({ body: { current_page: 0, last_page: 1 } })).toMatchObject({ start: 0 });
    expect(detect({ body: { book: { page: 7 } } }).type).toBe('unsure');
  });
});

describe('offsets', () => {
  const ends = { maximumOffset: null, stopAfterEmptyPage: true, hasMorePath: null };

  test.each([
    [{ offset: 0, limit: 20, total: 99 }, 'offset', 'limit', 20, 'total'],
    [{ startAt: 0, maxResults: 50, total: 99 }, 'startAt', 'maxResults', 50, 'total'],
    [{ total: 99, skip: 0, limit: 30 }, 'skip', 'limit', 30, 'total'],
    [{ page: { offset: 0, size: 20, totalCount: 99 } }, 'offset', 'size', 20, 'page.totalCount'],
    [{ response: { numFound: 99, start: 0 } }, 'start', null, 20, 'response.numFound'],
    [{ count: 99, offset: 0, limit: 20 }, 'offset', 'limit', 20, 'count'],
  ])('are sent by the names of the answer: %j', (body, name, limitName, limit, totalPath) => {
    expect(plan({ body })).toEqual({
      ...{ type: 'offset', ...ends, start: 0, limit, totalPath, offsetPlace: query(name) },
      limitPlace: limitName === null ? null : query(limitName),
    });
  });

  test('that count from 1 do not end by the total', () => {
    const body = { startIndex: 1, itemsPerPage: 20, totalResults: 99 };
    expect(plan({ body })).toMatchObject({ type: 'offset', start: 1, totalPath: null });
    expect(plan({ body: { offset: 40, limit: 20, total: 99 } }, { offset: 40 })).toMatchObject({
      ...{ start: 40, totalPath: 'total' },
    });
  });
});

describe('one page is all there is', () => {
  test.each<[string, SampleFacts]>([
    ['its total came', { body: { total: 20 } }],
    ['its total came, by a header', { headers: { 'x-total-count': '20' }, body: [] }],
    ['it says that there is no more', { body: { has_more: false } }],
    ['its next URL is null', { body: { count: 20, next: null, previous: null } }],
    ['its cursor is empty', { body: { response_metadata: { next_cursor: '' } } }],
    ['its next page is null', { body: { next_page: null } }],
    ['its header of the next page is empty', { headers: { 'x-next-page': '' } }],
    ['its Link header has no next page', { headers: { link: '</>; rel=first, </>; rel=last' } }],
    ['its links have no next page', { body: { links: { self: '/', last: '/', prev: null } } }],
    ['an offset reaches its total', { body: { offset: 0, limit: 50, total: 20 } }],
    ['it has no record', { body: { items: [] }, recordCount: 0 }],
    ['it is one record', { body: { id: 1, owner: { name: 'x' } }, recordCount: 1 }],
  ])('where %s', (_, sample) => {
    const found = detect(sample);
    expect(found).toEqual({
      type: 'detected',
      plan: { type: 'single_page' },
      because: expect.stringMatching(/^its? /),
    });
  });

  test.each<[string, SampleFacts, string]>([
    ['nothing is said', { body: [] }, '20 records'],
    ['a list is all there is', { body: { items: [] } }, 'whether there are more'],
    ['there are more', { body: { total: 21 } }, '21 records'],
    ['there are more, by the header', { headers: { 'x-total-count': '21' } }, '21 records'],
    ['there are more, by the count', { body: { count: 21 } }, '21 records'],
    ['the count may be of the page', { body: { count: 20, items: [] } }, 'whether there are more'],
    ['there is more, and nothing leads there', { body: { has_more: true } }, 'has_more'],
    [
      'a next URL is null, and the total says more',
      { body: { next: null, total: 99 } },
      '99 records',
    ],
  ])('is not sure where %s', (_, sample, reason) => {
    expect(detect(sample)).toEqual({
      type: 'unsure',
      reasons: [expect.stringContaining(reason)],
    });
  });
});

describe('parameters of the request', () => {
  const more = { items: [], has_more: true };

  test('say how to ask for the next page where the answer says that there is one', () => {
    expect(plan({ body: { items: [], total: 43 } }, { offset: '0', limit: '20' })).toEqual({
      ...{ type: 'offset', start: 0, limit: 20, totalPath: 'total', hasMorePath: null },
      ...{ offsetPlace: query('offset'), limitPlace: query('limit') },
      ...{ maximumOffset: null, stopAfterEmptyPage: true },
    });
    expect(plan({ body: more }, { page: 1 })).toEqual({
      ...{ type: 'page_number', start: 1, base: 1, place: query('page'), hasMorePath: 'has_more' },
      ...{ totalPath: null, maximumPage: null, stopAfterEmptyPage: true },
    });
    expect(plan({ body: more }, { skip: 40 })).toMatchObject({
      ...{ type: 'offset', start: 40, limit: 20, limitPlace: null, hasMorePath: 'has_more' },
    });
  });

  test.each<[string, object, Record<string, unknown>]>([
    ['an answer that says nothing of the end', { items: [] }, { page: 1 }],
    ['an offset that is at the end of the total', { items: [], total: 43 }, { offset: 23 }],
    ['a parameter that is no number', more, { page: 'first' }],
    ['an instant that is called a start', more, { from: 1_700_000_000 }],
  ])('but are no sign with %s', (_, body, params) => {
    expect(detect({ body }, params).type).toBe('unsure');
  });
});
