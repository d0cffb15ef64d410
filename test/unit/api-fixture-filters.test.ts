/** What the APIs that can be asked for what has changed answer: those from an instant on, in its order. */
import { expect, test } from 'vitest';
import type { ApiContract, JsonRecord } from '../support/apis/contract.js';
import { type Draw, epochSeconds, isoMilliseconds, isoSeconds } from '../support/apis/draw.js';
import { github } from '../support/apis/github.js';
import { gitlab } from '../support/apis/gitlab.js';
import { minuteOf, NOTION_DATABASE, notion } from '../support/apis/notion.js';
import { fetchPage, recordsAt, valueAt } from '../support/apis/page-by-fetch.js';
import { salesforce } from '../support/apis/salesforce.js';
import { shopify } from '../support/apis/shopify.js';
import { useApis } from '../support/apis/use-apis.js';
import { ZENDESK_USER, zendesk } from '../support/apis/zendesk.js';

interface Filtered {
  readonly contract: ApiContract<string>;
  readonly stream: string;
  /** Behind the server's address. */
  readonly url: (since: string) => string;
  readonly body?: (since: string) => object;
  readonly records: readonly string[];
  /** The field that a change moves. */
  readonly by: string;
  readonly changed: (draw: Draw) => JsonRecord;
}

const apis = useApis();
const options = { count: 40 };
const HEADERS = {
  Authorization: 'Bearer fixture-key',
  'X-Shopify-Access-Token': 'fixture-key',
  'Notion-Version': '2022-06-28',
};
const SOQL = 'SELECT Id FROM Account WHERE SystemModstamp >= SINCE ORDER BY SystemModstamp, Id';

const FILTERED: Readonly<Record<string, Filtered>> = {
  github: {
    ...{ contract: github(options), stream: 'issues', records: [], by: 'updated_at' },
    url: (since) =>
      `/repos/o/r/issues?per_page=100&state=all&sort=updated&direction=asc&since=${since}`,
    changed: ({ updatedMs }) => ({ updated_at: isoSeconds(updatedMs) }),
  },
  gitlab: {
    ...{ contract: gitlab({ ...options, projects: 1 }), stream: 'issues', records: [] },
    url: (since) =>
      `/api/v4/projects/278964/issues?pagination=keyset&per_page=100&order_by=updated_at&sort=asc&updated_after=${since}`,
    ...{
      by: 'updated_at',
      changed: ({ updatedMs }) => ({ updated_at: isoMilliseconds(updatedMs) }),
    },
  },
  notion: {
    ...{ contract: notion(options), stream: 'pages', records: ['results'] },
    url: () => `/v1/databases/${NOTION_DATABASE}/query`,
    body: (since) => ({
      sorts: [{ timestamp: 'last_edited_time', direction: 'ascending' }],
      filter: { timestamp: 'last_edited_time', last_edited_time: { on_or_after: since } },
    }),
    by: 'last_edited_time',
    changed: ({ updatedMs }) => ({ last_edited_time: minuteOf(updatedMs) }),
  },
  salesforce: {
    ...{ contract: salesforce(options), stream: 'accounts', records: ['records'] },
    url: (since) =>
      `/services/data/v62.0/query?q=${encodeURIComponent(SOQL.replace('SINCE', since))}`,
    by: 'SystemModstamp',
    changed: ({ updatedMs }) => ({
      SystemModstamp: isoMilliseconds(updatedMs).replace('Z', '+0000'),
    }),
  },
  shopify: {
    ...{ contract: shopify(options), stream: 'orders', records: ['data', 'orders', 'nodes'] },
    url: () => '/admin/api/2026-01/graphql.json',
    body: (since) => ({
      query:
        'query ($query: String) { orders(first: 100, query: $query, sortKey: UPDATED_AT) { nodes { id } } }',
      variables: { query: `updated_at:>='${since}'` },
    }),
    ...{ by: 'updatedAt', changed: ({ updatedMs }) => ({ updatedAt: isoSeconds(updatedMs) }) },
  },
  zendesk: {
    ...{ contract: zendesk(options), stream: 'tickets', records: ['tickets'] },
    url: (since) => `/api/v2/incremental/tickets/cursor?start_time=${Date.parse(since) / 1000}`,
    by: 'generated_timestamp',
    changed: ({ updatedMs }) => ({ generated_timestamp: epochSeconds(updatedMs) }),
  },
};

test.each(Object.entries(FILTERED))('%s', async (name, one) => {
  const { contract, stream, by } = one;
  const server = await apis.start(contract);
  contract.streams[stream]?.change(3, one.changed);
  const held = server.records(stream);
  const at = (record: JsonRecord | undefined): number => {
    const value = record?.[by];
    return typeof value === 'number' ? value * 1000 : Date.parse(String(value));
  };
  const since = isoSeconds(at(held[20]));
  const body = one.body?.(since);
  const page = await fetchPage({
    url: server.origin + one.url(since),
    init: {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...HEADERS,
        ...(name === 'zendesk' && {
          Authorization: `Basic ${btoa(`${ZENDESK_USER}:fixture-key`)}`,
        }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    },
  });
  const changedLater = held.filter((record) => at(record) >= Date.parse(since));
  const inOrder = changedLater.toSorted((a, b) => at(a) - at(b));
  expect(inOrder.length).toBeGreaterThan(3);
  expect(inOrder.length).toBeLessThan(held.length);
  expect(recordsAt(...one.records)(page)).toEqual(inOrder);
});

test('GitHub lists the commits of a stretch of time', async () => {
  const server = await apis.start(github(options));
  const held = server.records('commits');
  const when = (record: JsonRecord | undefined) =>
    String(valueAt(record, 'commit', 'committer', 'date'));
  const query = `per_page=100&since=${when(held[30])}&until=${when(held[10])}`;
  const page = await fetchPage({
    url: `${server.origin}/repos/o/r/commits?${query}`,
    init: { headers: HEADERS },
  });
  expect(recordsAt()(page)).toEqual(held.slice(10, 31));
});
