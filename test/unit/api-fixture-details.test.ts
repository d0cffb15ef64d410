/** What is peculiar to single APIs: second limits, required headers, cursors that fail, data that grows. */
import { expect, test } from 'vitest';
import { github } from '../support/apis/github.js';
import { gitlab } from '../support/apis/gitlab.js';
import { NOTION_DATABASE, notion } from '../support/apis/notion.js';
import {
  type FetchedPage,
  fetchPage,
  nextLink,
  readAll,
  recordsAt,
  textAt,
  valueAt,
} from '../support/apis/page-by-fetch.js';
import { salesforce } from '../support/apis/salesforce.js';
import { shopify } from '../support/apis/shopify.js';
import { stripe } from '../support/apis/stripe.js';
import { useApis } from '../support/apis/use-apis.js';
import { zendesk } from '../support/apis/zendesk.js';

const apis = useApis();
const BEARER = { headers: { Authorization: 'Bearer fixture-key' } };
const get = (url: string) => fetchPage({ url, init: BEARER });

test("GitHub's secondary limit refuses one endpoint with a wait, and announces nothing before", async () => {
  const { origin } = await apis.start(github({ count: 3, secondaryQuota: 2 }));
  const issues = () => get(`${origin}/repos/o/r/issues`);
  const [first, , third] = [await issues(), await issues(), await issues()];
  expect(first.headers.get('x-ratelimit-limit')).toBe('5000');
  expect(first.headers.get('retry-after')).toBeNull();
  expect(third.status).toBe(403);
  expect(third.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(third.headers.get('x-ratelimit-remaining')).toBe('4997');
  expect(valueAt(third.body, 'message')).toContain('secondary rate limit');
  expect((await get(`${origin}/repos/o/r/commits`)).status).toBe(200);
});

test('GitHub lists open issues unless asked for all, and those changed since an instant', async () => {
  const server = await apis.start(github({ count: 60 }));
  const list = async (query: string) =>
    recordsAt()(await get(`${server.origin}/repos/o/r/issues?per_page=100&${query}`));
  const all = server.records('issues');
  expect(await list('')).toEqual(all.filter(({ state }) => state === 'open'));
  const since = String(all[20]?.updated_at);
  const changed = all.filter(({ updated_at: at }) => String(at) >= since);
  expect(await list(`state=all&since=${since}`)).toEqual(changed);
});

test('GitHub links to the pages before and behind commits', async () => {
  const { origin } = await apis.start(github({ count: 9 }));
  const { headers } = await get(`${origin}/repos/o/r/commits?per_page=4&page=2`);
  const rels = [...(headers.get('link') ?? '').matchAll(/rel="(\w+)"/g)].map(([, rel]) => rel);
  expect(rels).toEqual(['next', 'last', 'prev', 'first']);
});

test("Stripe's limit of one endpoint leaves the other one alone", async () => {
  const { origin } = await apis.start(stripe({ count: 3, endpointQuota: 1 }));
  expect((await get(`${origin}/v1/events`)).status).toBe(200);
  const refused = await get(`${origin}/v1/events`);
  expect(refused.status).toBe(429);
  expect(refused.headers.get('stripe-rate-limited-reason')).toBe('endpoint-rate');
  expect((await get(`${origin}/v1/charges`)).status).toBe(200);
});

test('Stripe refuses an id that it does not know and a page over the maximum', async () => {
  const { origin } = await apis.start(stripe({ count: 3 }));
  const unknown = await get(`${origin}/v1/events?starting_after=evt_none`);
  expect(unknown).toMatchObject({ status: 400, body: { error: { code: 'resource_missing' } } });
  expect((await get(`${origin}/v1/events?limit=101`)).status).toBe(400);
});

test('Shopify gives back what a query did not use', async () => {
  const { origin } = await apis.start(
    shopify({ count: 3, capacity: 100, restorePerSecond: 0.001 }),
  );
  const { body } = await fetchPage({
    url: `${origin}/admin/api/2025-01/graphql.json`,
    init: {
      method: 'POST',
      headers: { 'X-Shopify-Access-Token': 'fixture-key' },
      body: JSON.stringify({ query: '{ orders(first: 50) { nodes { id } } }' }),
    },
  });
  expect(valueAt(body, 'extensions', 'cost')).toEqual({
    requestedQueryCost: 52,
    actualQueryCost: 5,
    throttleStatus: { maximumAvailable: 100, currentlyAvailable: 95, restoreRate: 0.001 },
  });
});

test('Notion wants its version, and is overloaded with 529 and a wait', async () => {
  const { origin } = await apis.start(notion({ count: 3, faults: { failEvery: 2 } }));
  const query = (headers: Readonly<Record<string, string>>) =>
    fetchPage({
      url: `${origin}/v1/databases/${NOTION_DATABASE}/query`,
      init: { method: 'POST', headers: { ...BEARER.headers, ...headers } },
    });
  const without = await query({});
  expect(without).toMatchObject({ status: 400, body: { code: 'missing_version' } });
  const overloaded = await query({ 'Notion-Version': '2022-06-28' });
  expect(overloaded).toMatchObject({ status: 529, body: { code: 'service_overload' } });
  expect(overloaded.headers.get('retry-after')).toBe('1');
  expect((await query({ 'Notion-Version': '2022-06-28' })).status).toBe(200);
});

test('Notion leads on from an empty page', async () => {
  const server = await apis.start(notion({ count: 9, faults: { emptyPageEvery: 2 } }));
  const request = (cursor: string | null) => ({
    url: `${server.origin}/v1/databases/${NOTION_DATABASE}/query`,
    init: {
      method: 'POST',
      headers: { ...BEARER.headers, 'Notion-Version': '2022-06-28' },
      body: JSON.stringify({ page_size: 4, ...(cursor === null ? {} : { start_cursor: cursor }) }),
    },
  });
  const all = await readAll(request(null), recordsAt('results'), (page) => {
    const cursor = textAt(page, 'next_cursor');
    return cursor === null ? null : request(cursor);
  });
  expect(all).toEqual(server.records('pages'));
  expect(server.requests).toHaveLength(5);
});

test('Salesforce refuses an old locator and a query that is none', async () => {
  const { origin } = await apis.start(
    salesforce({ count: 9, pageSizeMax: 4, faults: { cursorTtlMs: -1 } }),
  );
  const first = await get(`${origin}/services/data/v62.0/query?q=SELECT+Id+FROM+Account`);
  expect(first.headers.get('sforce-limit-info')).toBe('api-usage=1/15000');
  const old = await get(origin + textAt(first, 'nextRecordsUrl'));
  expect(old).toMatchObject({ status: 400, body: [{ errorCode: 'INVALID_QUERY_LOCATOR' }] });
  const malformed = await get(`${origin}/services/data/v62.0/query?q=nothing`);
  expect(malformed).toMatchObject({ status: 400, body: [{ errorCode: 'MALFORMED_QUERY' }] });
});

test("Zendesk's last cursor leads to the tickets that come later", async () => {
  const changes = [{ afterPages: 1, stream: 'tickets', add: 2 }] as const;
  const server = await apis.start(zendesk({ count: 5, faults: { changes } }));
  const url = `${server.origin}/api/v2/incremental/tickets/cursor.json`;
  const first = await get(`${url}?start_time=0`);
  expect(first.body).toMatchObject({ end_of_stream: true });
  const later = await get(`${url}?cursor=${textAt(first, 'after_cursor')}`);
  expect(recordsAt('tickets')(later)).toEqual(server.records('tickets').slice(5));
  expect((await get(url)).status).toBe(400);
});

test("GitLab's issues belong to one project each, and one project has none", async () => {
  const server = await apis.start(gitlab({ count: 40 }));
  const ids = server.records('projects').map(({ id }) => id);
  const readIssues = (id: unknown) => {
    const path = `/api/v4/projects/${id}/issues?pagination=keyset&per_page=7`;
    return readAll(
      { url: server.origin + path, init: BEARER },
      recordsAt(),
      (page: FetchedPage) => {
        const url = nextLink(page);
        return url === null ? null : { url, init: BEARER };
      },
    );
  };
  const [first = [], second = [], last] = [
    await readIssues(ids[0]),
    await readIssues(ids[1]),
    await readIssues(ids[2]),
  ];
  expect(last).toEqual([]);
  const all = server.records('issues');
  expect(first).toEqual(all.filter(({ project_id: of }) => of === ids[0]));
  expect(first.length + second.length).toBe(all.length);
  expect((await get(`${server.origin}/api/v4/projects/1/issues?pagination=keyset`)).status).toBe(
    404,
  );
});
