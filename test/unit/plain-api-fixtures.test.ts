/** The fixtures that follow a common way of paging, read as they say. */
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../support/apis/contract.js';
import { linkInBodyApi } from '../support/apis/link-in-body-api.js';
import { offsetApi } from '../support/apis/offset-api.js';
import {
  fetchPage,
  type PageRequest,
  readAll,
  recordsAt,
  valueAt,
} from '../support/apis/page-by-fetch.js';
import { pageNumberApi } from '../support/apis/page-number-api.js';
import { postKeysetApi } from '../support/apis/post-keyset-api.js';
import type { ApiServer } from '../support/apis/serve.js';
import { timeWindowApi } from '../support/apis/time-window-api.js';
import { useApis } from '../support/apis/use-apis.js';

const KEY = { headers: { 'X-Api-Key': 'fixture-key' } };
const COUNT = 23;
const apis = useApis();
const items = recordsAt('items');
const itemPage = (server: ApiServer<'items'>, query: string, init: RequestInit = KEY) => ({
  url: `${server.origin}/items?${query}`,
  init,
});

describe('offsets', () => {
  /** Goes on by what came, until nothing comes. */
  function readByOffset(server: ApiServer<'items'>): Promise<JsonValue[]> {
    let offset = 0;
    const request = () => itemPage(server, `offset=${offset}&limit=7`);
    return readAll(request(), items, (page) => {
      offset += items(page).length;
      return items(page).length === 0 ? null : request();
    });
  }

  test('lead through all records, whose ids are integers beyond 2^53', async () => {
    const server = await apis.start(offsetApi({ count: COUNT }));
    const all = await readByOffset(server);
    expect(all).toEqual(server.records('items'));
    expect(valueAt(all[1], 'id')).toBe(9_007_199_254_740_995n);
  });

  test('lead through short pages too', async () => {
    const server = await apis.start(offsetApi({ count: COUNT, faults: { shortPageEvery: 2 } }));
    expect(await readByOffset(server)).toEqual(server.records('items'));
    // 7 4 7 4 1, and the empty page.
    expect(server.requests).toHaveLength(6);
  });

  test.each([true, false])('tell the total: %s', async (hasTotal) => {
    const server = await apis.start(offsetApi({ count: COUNT, hasTotal }));
    const { body } = await fetchPage(itemPage(server, 'offset=20'));
    expect(valueAt(body, 'total')).toBe(hasTotal ? COUNT : undefined);
  });

  test('are refused beyond their maximum', async () => {
    const server = await apis.start(offsetApi({ count: COUNT, offsetMax: 14 }));
    expect((await fetchPage(itemPage(server, 'offset=14'))).status).toBe(200);
    expect((await fetchPage(itemPage(server, 'offset=15'))).status).toBe(400);
  });

  test('skip what a deletion has shifted', async () => {
    const changes = [{ afterPages: 1, stream: 'items', removeFirst: 2 }] as const;
    const server = await apis.start(offsetApi({ count: COUNT, faults: { changes } }));
    const before = server.records('items');
    const all = await readByOffset(server);
    expect(server.records('items')).toEqual(before.slice(2));
    expect(all).toEqual([...before.slice(0, 7), ...before.slice(9)]);
  });
});

describe('page numbers', () => {
  const NEXT = {
    nothing: () => true,
    total_pages: (body: JsonValue, read: number) => read < Number(valueAt(body, 'total_pages')),
    has_more: (body: JsonValue) => valueAt(body, 'has_more') === true,
  } as const;

  test.each([
    [0, 'nothing', 5],
    [1, 'nothing', 5],
    [0, 'total_pages', 4],
    [1, 'total_pages', 4],
    [0, 'has_more', 4],
    [1, 'has_more', 4],
  ] as const)('from %i on, telling %s', async (firstPage, tells, requests) => {
    const server = await apis.start(pageNumberApi({ count: COUNT, firstPage, tells }));
    let page = firstPage as number;
    const request = () => itemPage(server, `page=${page}&per_page=7`);
    const all = await readAll(request(), items, (answer) => {
      page++;
      const isOver = items(answer).length === 0 || !NEXT[tells](answer.body, page - firstPage);
      return isOver ? null : request();
    });
    expect(all).toEqual(server.records('items'));
    expect(server.requests).toHaveLength(requests);
  });

  test('are refused before the first page and, where so told, behind the last', async () => {
    const server = await apis.start(pageNumberApi({ count: 14, behindEnd: 404 }));
    const statusOf = async (page: number) =>
      (await fetchPage(itemPage(server, `page=${page}&per_page=7`))).status;
    expect([await statusOf(0), await statusOf(2), await statusOf(3)]).toEqual([400, 200, 404]);
  });
});

describe('spans of time', () => {
  const HOUR_MS = 3_600_000;
  const FIRST_MS = Date.UTC(2024, 0, 1);

  test.each([
    ['exclusive', 'iso', COUNT],
    ['exclusive', 'epoch-seconds', COUNT],
    // The two records at the beginning of the second and of the third hour are in two spans.
    ['inclusive', 'iso', COUNT + 4],
  ] as const)('with an end that is %s, in %s', async (end, form, seen) => {
    const server = await apis.start(timeWindowApi({ count: COUNT, end, form }));
    const written = (atMs: number) =>
      form === 'iso' ? new Date(atMs).toISOString() : String(atMs / 1000);
    let startMs = FIRST_MS;
    const request = (): PageRequest => ({
      url: `${server.origin}/events?start=${written(startMs)}&end=${written(startMs + HOUR_MS)}`,
      init: KEY,
    });
    const all = await readAll(request(), recordsAt('events'), () => {
      startMs += HOUR_MS;
      return startMs < FIRST_MS + 3 * HOUR_MS ? request() : null;
    });
    expect(all).toHaveLength(seen);
    expect(new Set(all.map((record) => valueAt(record, 'id')))).toEqual(
      new Set(server.records('events').map(({ id }) => id)),
    );
  });

  test.each([400, 422] as const)('that hold too much are refused with %i', async (status) => {
    const contract = timeWindowApi({ count: COUNT, recordsMax: 10, refusalStatus: status });
    const server = await apis.start(contract);
    const statusOf = async (hours: number) => {
      const end = new Date(FIRST_MS + hours * HOUR_MS).toISOString();
      const url = `${server.origin}/events?start=2024-01-01T00:00:00Z&end=${end}`;
      return (await fetchPage({ url, init: KEY })).status;
    };
    expect([await statusOf(1), await statusOf(2)]).toEqual([200, status]);
  });
});

test.each([true, false])('a key in the body leads on; has_more is told: %s', async (hasMore) => {
  const server = await apis.start(postKeysetApi({ count: COUNT, hasMore }));
  const request = (after: JsonValue): PageRequest => ({
    url: `${server.origin}/search`,
    init: { ...KEY, method: 'POST', body: JSON.stringify({ page: { size: 7, after } }) },
  });
  const all = await readAll(request(null), items, (page) => {
    const isOver = hasMore ? valueAt(page.body, 'has_more') !== true : items(page).length === 0;
    return isOver ? null : request(valueAt(items(page).at(-1), 'id') ?? null);
  });
  expect(all).toEqual(server.records('items'));
  expect(server.requests).toHaveLength(hasMore ? 4 : 5);
});

describe('links in the body', () => {
  const nextIn = (origin: string, init: RequestInit) => (page: { body: JsonValue }) => {
    const link = valueAt(page.body, 'links', 'next');
    return typeof link === 'string' ? { url: new URL(link, origin).href, init } : null;
  };

  test.each(['absolute', 'relative'] as const)('that are %s lead on', async (form) => {
    const server = await apis.start(linkInBodyApi({ count: COUNT, form }));
    const first = itemPage(server, 'limit=7');
    const { body } = await fetchPage(first);
    expect(String(valueAt(body, 'links', 'next')).startsWith('/')).toBe(form === 'relative');
    expect(await readAll(first, items, nextIn(server.origin, KEY))).toEqual(
      server.records('items'),
    );
  });

  test('can lead to another host, which then sees the rest', async () => {
    const other = await apis.start(linkInBodyApi({ count: COUNT }));
    const server = await apis.start(linkInBodyApi({ count: COUNT, linkOrigin: other.origin }));
    const all = await readAll(itemPage(server, 'limit=7'), items, nextIn(server.origin, KEY));
    expect(all).toEqual(server.records('items'));
    expect([server.requests.length, other.requests.length]).toEqual([1, 3]);
  });

  test('can carry the key back', async () => {
    const server = await apis.start(linkInBodyApi({ count: COUNT, linkCarriesKey: true }));
    const first = itemPage(server, 'limit=7&api_key=fixture-key', {});
    const { body } = await fetchPage(first);
    expect(valueAt(body, 'links', 'next')).toContain('api_key=fixture-key');
    expect(await readAll(first, items, nextIn(server.origin, {}))).toEqual(server.records('items'));
  });
});
