/** The servers that others wrote start with their records and are paged as their documentation says. */
import { describe, expect, test } from 'vitest';
import { offsetApi } from '../support/apis/offset-api.js';
import {
  type FetchedPage,
  fetchPage,
  nextLink,
  readAll,
  recordsAt,
  valueAt,
} from '../support/apis/page-by-fetch.js';
import { postKeysetApi } from '../support/apis/post-keyset-api.js';
import type { ApiServer } from '../support/apis/serve.js';
import { startJsonServer } from '../support/apis/third-party/json-server.js';
import {
  startBehindExpressRateLimit,
  startBehindFastifyRateLimit,
} from '../support/apis/third-party/limited.js';
import { type PouchServer, startPouchDb } from '../support/apis/third-party/pouchdb.js';
import { useApis } from '../support/apis/use-apis.js';

const COUNT = 23;
const KEY = { headers: { 'X-Api-Key': 'fixture-key' } };
const apis = useApis();

describe('json-server', () => {
  test('is paged by its Link header', async () => {
    const server = apis.keep(await startJsonServer(COUNT));
    const first = { url: `${server.origin}/items?_page=1&_limit=7` };
    const all = await readAll(first, recordsAt(), (page) => {
      const url = nextLink(page);
      return url === null ? null : { url };
    });
    expect(all).toEqual(server.records('items'));
    expect(server.requests).toHaveLength(4);
  });

  test('is paged by offsets, with the total in a header', async () => {
    const server = apis.keep(await startJsonServer(COUNT));
    const url = (start: number) => `${server.origin}/items?_start=${start}&_limit=7`;
    let start = 0;
    const all = await readAll({ url: url(0) }, recordsAt(), (page) => {
      start += 7;
      return start < Number(page.headers.get('x-total-count')) ? { url: url(start) } : null;
    });
    expect(all).toEqual(server.records('items'));
  });
});

describe('PouchDB', () => {
  async function startPouch(): Promise<PouchServer> {
    const pouch = await startPouchDb(COUNT);
    apis.keep(pouch.server);
    return pouch;
  }

  /** Every change since the start, to the first empty page. */
  function readChanges({ origin }: ApiServer) {
    const request = (since: unknown) => ({
      url: `${origin}/items/_changes?include_docs=true&limit=7&since=${since}`,
    });
    const changes = recordsAt('results');
    return readAll(request(0), changes, (page) =>
      changes(page).length === 0 ? null : request(valueAt(page.body, 'last_seq')),
    );
  }

  test('feeds all documents in the order of their changes, and deletions last', async () => {
    const { server, add, remove } = await startPouch();
    const before = await readChanges(server);
    expect(before.map((change) => valueAt(change, 'doc'))).toMatchObject(server.records('items'));
    await add(2);
    const gone = String(server.records('items')[0]?._id);
    await remove(gone);
    const after = await readChanges(server);
    expect(after).toHaveLength(COUNT + 2);
    expect(after.at(-1)).toMatchObject({ id: gone, deleted: true, seq: COUNT + 3 });
    expect(server.records('items')).toHaveLength(COUNT + 1);
  });

  test('lists all documents from a key on', async () => {
    const { server } = await startPouch();
    const request = (key: string) => ({
      url: `${server.origin}/items/_all_docs?include_docs=true&limit=8&startkey=${encodeURIComponent(JSON.stringify(key))}`,
    });
    const rows = recordsAt('rows');
    // A page begins with the last document of the page before.
    let isFirst = true;
    const behindKey = (page: FetchedPage) => rows(page).slice(isFirst ? 0 : 1);
    const all = await readAll(request(''), behindKey, (page) => {
      isFirst = false;
      const last = valueAt(rows(page).at(-1), 'key');
      return rows(page).length < 8 ? null : request(String(last));
    });
    expect(all.map((row) => valueAt(row, 'doc'))).toMatchObject(server.records('items'));
  });

  test('two of them in one process share nothing', async () => {
    const [first, second] = [await startPouch(), await startPouch()];
    await first.add(1);
    expect(await readChanges(first.server)).toHaveLength(COUNT + 1);
    expect(await readChanges(second.server)).toHaveLength(COUNT);
  });
});

const QUOTA = { quota: 3, windowMs: 60_000 };

async function answersOf(server: ApiServer): Promise<FetchedPage[]> {
  const answers: FetchedPage[] = [];
  for (let asked = 0; asked <= QUOTA.quota; asked++) {
    answers.push(await fetchPage({ url: `${server.origin}/items?limit=7`, init: KEY }));
  }
  return answers;
}

function expectThreeThenRefusal(server: ApiServer<'items'>, answers: readonly FetchedPage[]) {
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(recordsAt('items')(answers[0] ?? expect.fail('no answer'))).toEqual(
    server.records('items').slice(0, 7),
  );
  expect(answers[3]?.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(server.refused).toBe(1);
}

describe('express-rate-limit', () => {
  test.each([
    ['legacy', { 'x-ratelimit-limit': '3', 'x-ratelimit-remaining': '2' }],
    ['draft-6', { 'ratelimit-policy': '3;w=60', 'ratelimit-limit': '3' }],
    ['draft-7', { ratelimit: expect.stringMatching(/^limit=3, remaining=2, reset=\d+$/) }],
    ['draft-8', { ratelimit: expect.stringMatching(/^"[^"]+"; r=2; t=\d+$/) }],
  ] as const)('with headers of %s', async (headers, announced) => {
    const contract = offsetApi({ count: COUNT });
    const server = apis.keep(await startBehindExpressRateLimit(contract, QUOTA, headers));
    const answers = await answersOf(server);
    expectThreeThenRefusal(server, answers);
    expect(Object.fromEntries(answers[0]?.headers ?? [])).toMatchObject(announced);
  });
});

describe('@fastify/rate-limit', () => {
  test.each([
    ['legacy', { 'x-ratelimit-limit': '3', 'x-ratelimit-remaining': '2' }],
    ['draft', { 'ratelimit-limit': '3', 'ratelimit-remaining': '2' }],
  ] as const)('with headers of %s', async (headers, announced) => {
    const contract = offsetApi({ count: COUNT });
    const server = apis.keep(await startBehindFastifyRateLimit(contract, QUOTA, headers));
    const answers = await answersOf(server);
    expectThreeThenRefusal(server, answers);
    expect(Object.fromEntries(answers[0]?.headers ?? [])).toMatchObject(announced);
  });

  test('lets bodies through, and the contract refuses a wrong key', async () => {
    const contract = postKeysetApi({ count: COUNT });
    const server = apis.keep(await startBehindFastifyRateLimit(contract, QUOTA, 'draft'));
    const search = (key: string) =>
      fetchPage({
        url: `${server.origin}/search`,
        init: {
          method: 'POST',
          headers: { 'X-Api-Key': key, 'Content-Type': 'application/json' },
          body: JSON.stringify({ page: { size: 2 } }),
        },
      });
    const { body } = await search('fixture-key');
    expect(valueAt(body, 'items')).toEqual(server.records('items').slice(0, 2));
    expect((await search('wrong')).status).toBe(401);
    expect(server.requests.map(({ isAuthorized }) => isAuthorized)).toEqual([true, false]);
  });
});
