/** The hardships that every fixture can be given, and what all of them share. */
import { expect, test } from 'vitest';
import type { ApiOptions } from '../support/apis/contract.js';
import { linkInBodyApi } from '../support/apis/link-in-body-api.js';
import { offsetApi } from '../support/apis/offset-api.js';
import {
  fetchPage,
  type PageRequest,
  readAll,
  recordsAt,
  textAt,
} from '../support/apis/page-by-fetch.js';
import type { ApiServer } from '../support/apis/serve.js';
import { SLACK_CHANNEL, slack } from '../support/apis/slack.js';
import { useApis } from '../support/apis/use-apis.js';

const apis = useApis();
const KEY = { headers: { 'X-Api-Key': 'fixture-key' } };
const BEARER = { headers: { Authorization: 'Bearer fixture-key' } };
const COUNT = 23;
const itemPage = (server: ApiServer<'items'>, query: string, init: RequestInit = KEY) => ({
  url: `${server.origin}/items?${query}`,
  init,
});
const slackPage = (server: ApiServer, cursor: string | null): PageRequest => ({
  url: `${server.origin}/api/conversations.history?channel=${SLACK_CHANNEL}&limit=7&cursor=${cursor ?? ''}`,
  init: BEARER,
});
const readSlack = (server: ApiServer) =>
  readAll(slackPage(server, null), recordsAt('messages'), (page) => {
    const cursor = textAt(page, 'response_metadata', 'next_cursor');
    return cursor === null ? null : slackPage(server, cursor);
  });

test('requests fail and answers are cut at the turns that were asked for', async () => {
  const server = await apis.start(offsetApi({ count: 5, faults: { failEvery: 3 } }));
  const statuses: number[] = [];
  for (let asked = 0; asked < 6; asked++) {
    statuses.push((await fetchPage(itemPage(server, ''))).status);
  }
  expect(statuses).toEqual([200, 200, 500, 200, 200, 500]);
  const cutting = await apis.start(offsetApi({ count: 5, faults: { cutEvery: 2 } }));
  expect((await fetchPage(itemPage(cutting, ''))).status).toBe(200);
  await expect(fetchPage(itemPage(cutting, ''))).rejects.toThrow('terminated');
});

test('empty pages in the middle lead on', async () => {
  const server = await apis.start(slack({ count: COUNT, faults: { emptyPageEvery: 2 } }));
  expect(await readSlack(server)).toEqual(server.records('messages'));
  expect(server.requests).toHaveLength(7);
});

test('an old cursor is refused', async () => {
  const server = await apis.start(slack({ count: COUNT, faults: { cursorTtlMs: -1 } }));
  const first = await fetchPage(slackPage(server, null));
  const second = await fetchPage(
    slackPage(server, textAt(first, 'response_metadata', 'next_cursor')),
  );
  expect(second.body).toEqual({ ok: false, error: 'invalid_cursor' });
});

test('a cursor keeps its place while records come and go at the start of the order', async () => {
  const changes = [{ afterPages: 2, stream: 'messages', add: 3, removeFirst: 1 }] as const;
  const server = await apis.start(slack({ count: COUNT, faults: { changes } }));
  const before = server.records('messages');
  expect(await readSlack(server)).toEqual(before);
  expect(server.records('messages')).toHaveLength(COUNT + 2);
});

test('requests at once are limited', async () => {
  const options: ApiOptions<'items'> = { count: 5, inFlightMax: 2, latencyMs: 50 };
  const server = await apis.start(offsetApi(options));
  const pages = await Promise.all([1, 2, 3].map(() => fetchPage(itemPage(server, ''))));
  expect(pages.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
  expect(server.requests.filter(({ refusedBy }) => refusedBy === 'concurrent')).toHaveLength(1);
  expect((await fetchPage(itemPage(server, ''))).status).toBe(200);
});

test('the key may be a header, a parameter, a cookie or a bearer token', async () => {
  const server = await apis.start(offsetApi({ count: 1 }));
  const statusOf = async (query: string, init: RequestInit) =>
    (await fetchPage(itemPage(server, query, init))).status;
  expect(await statusOf('', KEY)).toBe(200);
  expect(await statusOf('api_key=fixture-key', {})).toBe(200);
  expect(await statusOf('', { headers: { Cookie: 'a=b; api_key=fixture-key' } })).toBe(200);
  expect(await statusOf('', BEARER)).toBe(200);
  expect(await statusOf('api_key=wrong', {})).toBe(401);
});

test('the same seed gives the same records, another seed others', async () => {
  const ids = (seed: number) =>
    linkInBodyApi({ count: 5, seed }).streams.items.records.map(({ id }) => id);
  expect(ids(1)).toEqual(ids(1));
  expect(ids(2)).not.toEqual(ids(1));
});
