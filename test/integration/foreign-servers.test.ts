/** Servers that others wrote, drained by source files: their paging, and the limiters in front of APIs. */
import { describe, expect, test } from 'vitest';
import type { ApiContract, QuotaOption } from '../support/apis/contract.js';
import { offsetApi } from '../support/apis/offset-api.js';
import type { ApiServer } from '../support/apis/serve.js';
import { startJsonServer } from '../support/apis/third-party/json-server.js';
import {
  type ExpressHeaders,
  type FastifyHeaders,
  startBehindExpressRateLimit,
  startBehindFastifyRateLimit,
} from '../support/apis/third-party/limited.js';
import { startPouchDb } from '../support/apis/third-party/pouchdb.js';
import { type SourceParts, useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { apis } = runs;
const COUNT = 110;

describe('json-server', () => {
  const size = { page_size: { param: '_limit', max: 10 } };
  const cases: readonly (readonly [string, SourceParts])[] = [
    [
      'by page number',
      {
        paginator: { type: 'page_number', base_page: 1, page_param: '_page', total_path: null },
        stream: size,
      },
    ],
    [
      'by offset',
      {
        paginator: {
          type: 'offset',
          limit: 10,
          offset_param: '_start',
          limit_param: '_limit',
          total_path: null,
        },
      },
    ],
    [
      'by its Link header',
      { paginator: 'header_link', endpoint: { params: { _page: 1 } }, stream: size },
    ],
    ['as it shows itself', { endpoint: { params: { _page: 1 } }, stream: size }],
  ];

  test.each(cases)('is drained %s', async (_, parts) => {
    const server = apis.keep(await startJsonServer(COUNT));
    const source = runs.source({ auth: null, ...parts });
    const { result } = await runs.drain(source, server);
    await runs.expectStored(source, server, server.records('items'));
    expect(result?.warnings).toEqual([]);
    expect(server.requests.every(({ status }) => status === 200)).toBe(true);
  });
});

describe('the feed of changes of CouchDB', () => {
  test('is drained to its end, with what is added and removed before', async () => {
    const { server, add, remove } = await startPouchDb(COUNT);
    apis.keep(server);
    await add(20);
    const [first] = server.records('items');
    await remove(String(first?._id));
    const source = runs.source({
      auth: null,
      resource: { primary_key: 'id' },
      endpoint: {
        path: 'items/_changes',
        data_selector: 'results',
        params: { include_docs: true },
      },
      paginator: {
        ...{ type: 'cursor', cursor_path: 'last_seq', cursor_param: 'since' },
        stop_after_empty_page: true,
      },
      stream: { page_size: { param: 'limit', max: 25 } },
    });
    await runs.drain(source, server);
    await runs.expectProved(source, server);
    const { rows } = await runs.database.pool.query<{ id: string; gone: boolean }>(
      `SELECT id, coalesce((data ->> 'deleted')::boolean, false) AS gone FROM ${runs.table(source)}`,
    );
    const kept = rows.filter(({ gone }) => !gone).map(({ id }) => id);
    expect(kept.toSorted()).toEqual(
      server
        .records('items')
        .map(({ _id }) => _id)
        .toSorted(),
    );
    expect(rows.filter(({ gone }) => gone)).toEqual([{ id: first?._id, gone: true }]);
  });
});

describe('an API behind a limiter', () => {
  const QUOTA = { quota: 10, windowMs: 1_000 };
  const pages = { count: 500, pageSizeMax: 20, limit: null };
  type Start = (contract: ApiContract<'items'>, quota: QuotaOption) => Promise<ApiServer<'items'>>;
  const express =
    (headers: ExpressHeaders): Start =>
    (contract, quota) =>
      startBehindExpressRateLimit(contract, quota, headers);
  const fastify =
    (headers: FastifyHeaders): Start =>
    (contract, quota) =>
      startBehindFastifyRateLimit(contract, quota, headers);
  const starts: readonly (readonly [string, Start])[] = [
    ['express-rate-limit, legacy headers', express('legacy')],
    ['express-rate-limit, draft 6', express('draft-6')],
    ['express-rate-limit, draft 7', express('draft-7')],
    ['express-rate-limit, draft 8', express('draft-8')],
    ['@fastify/rate-limit, legacy headers', fastify('legacy')],
    ['@fastify/rate-limit, draft', fastify('draft')],
  ];
  const parts: SourceParts = {
    paginator: { type: 'offset', limit: 20 },
    endpoint: { data_selector: 'items' },
  };

  test.each(starts)('of %s is drained without a refusal', async (_, start) => {
    const server = apis.keep(await start(offsetApi(pages), QUOTA));
    const source = runs.source(parts);
    const { result } = await runs.drain(source, server);
    await runs.expectStored(source, server, server.records('items'));
    expect(server.refused).toBe(0);
    expect(result).toMatchObject({ refused: 0, retries: 0 });
  });
});
