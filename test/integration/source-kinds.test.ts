/** Source files whose pages lead on by cursors, links, keys and windows, and those that are found out. */
import { describe, expect, test } from 'vitest';
import type { ApiContract, ApiOptions } from '../support/apis/contract.js';
import { type CursorApiOptions, cursorApi } from '../support/apis/cursor-api.js';
import { linkInBodyApi } from '../support/apis/link-in-body-api.js';
import { offsetApi } from '../support/apis/offset-api.js';
import { pageNumberApi } from '../support/apis/page-number-api.js';
import { postKeysetApi } from '../support/apis/post-keyset-api.js';
import { timeWindowApi } from '../support/apis/time-window-api.js';
import { type SourceParts, useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { apis } = runs;

const pages = { count: 110, pageSizeMax: 20, limit: null };
const emptyOnes = { ...pages, faults: { emptyPageEvery: 3 } };
const items = { data_selector: 'items' };
const size = { page_size: { param: 'limit', max: 20 } };

/** Drains it, and compares what is stored with what the API holds. */
async function drained(contract: ApiContract<'items'>, parts: SourceParts) {
  const api = await apis.start(contract);
  const source = runs.source(parts);
  const { result, stderr } = await runs.drain(source, api);
  await runs.expectStored(source, api, api.records('items'));
  return { api, source, result, stderr };
}

describe('a cursor', () => {
  const inQuery = { type: 'cursor', cursor_path: 'paging.next', cursor_param: 'cursor' };
  const cases: readonly (readonly [string, CursorApiOptions, SourceParts])[] = [
    ['of the body in the query', {}, { paginator: inQuery, stream: size }],
    [
      'beside a flag that tells of more',
      { hasMore: true },
      { paginator: { ...inQuery, has_more_path: 'paging.has_more' }, stream: size },
    ],
    [
      'of the body in the body',
      { takes: 'body' },
      {
        paginator: {
          type: 'cursor',
          cursor_path: 'paging.next',
          cursor_body_path: 'paging.cursor',
        },
        endpoint: { method: 'POST', json: { paging: { limit: 20 } } },
      },
    ],
    [
      'of a header',
      { tells: 'header' },
      {
        paginator: {
          ...{ type: 'header_cursor', cursor_key: 'X-Next-Cursor', cursor_param: 'cursor' },
        },
        stream: size,
      },
    ],
    ['in a Link header', { tells: 'link' }, { paginator: 'header_link', stream: size }],
  ];

  test.each(cases)(
    '%s leads to the end, through pages that are empty',
    async (_, options, parts) => {
      const { result } = await drained(cursorApi({ ...emptyOnes, ...options }), {
        ...parts,
        endpoint: { ...items, ...parts.endpoint },
      });
      expect(result).toMatchObject({ warnings: [], retries: 0 });
      // Every third page is empty.
      expect(result?.pages).toBeGreaterThan(6);
    },
  );
});

describe('a link in the body', () => {
  const paginator = { type: 'json_link', next_url_path: 'links.next' };
  const parts = { paginator, endpoint: items, stream: size };

  test.each(['absolute', 'relative'] as const)('that is %s', async (form) => {
    await drained(linkInBodyApi({ ...emptyOnes, form }), parts);
  });

  test('to another host is followed where the file lists it', async () => {
    const other = await apis.start(linkInBodyApi(pages));
    const ingestion = { hosts: [other.origin] };
    await drained(linkInBodyApi({ ...pages, linkOrigin: other.origin }), { ...parts, ingestion });
    expect(other.requests.every(({ isAuthorized }) => isAuthorized)).toBe(true);
    expect(other.requests).toHaveLength(5);
  });

  test('to another host is refused where it does not, and nothing is sent there', async () => {
    const other = await apis.start(linkInBodyApi(pages));
    const api = await apis.start(linkInBodyApi({ ...pages, linkOrigin: other.origin }));
    const source = runs.source(parts);
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(1);
    expect(result?.message).toContain(other.origin);
    expect(result?.message).toContain('hosts in x-ingestion');
    expect(other.requests).toEqual([]);
  });

  const byAuth = { auth: { type: 'api_key', name: 'api_key', location: 'query' } };
  const { endpoint } = parts;
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of a source file.
  const byParam = { endpoint: { ...endpoint, params: { api_key: '${THE_API_KEY}' } } };

  test.each([
    ['of auth', byAuth],
    ['of a parameter', byParam],
  ])('that carries the key %s back is kept without it', async (_, way) => {
    const secret = 'k3y-that-comes-back';
    const api = await apis.start(
      linkInBodyApi({ ...pages, linkCarriesKey: true, credential: secret }),
    );
    const source = runs.source({ ...parts, ...way });
    const env = { [`${source.prefix}_API_KEY`]: secret, THE_API_KEY: secret };
    const address = { ...api, env };
    const exit = await runs.drain(source, address);
    await runs.expectStored(source, address, api.records('items'));
    expect(exit.stdout + exit.stderr).not.toContain(secret);
    expect(runs.writtenFiles()).not.toContain(secret);
    expect(await runs.ledgerText()).not.toContain(secret);
    expect(await runs.ledgerText()).toContain('/items?');
  });
});

describe('a key in the body of a search', () => {
  test.each([true, false])('whether the API tells of more: %s', async (hasMore) => {
    await drained(postKeysetApi({ ...pages, hasMore }), {
      paginator: {
        ...{ type: 'keyset', key_path: 'id', key_body_path: 'page.after' },
        ...(hasMore ? { has_more_path: 'has_more' } : {}),
      },
      endpoint: { ...items, path: 'search', method: 'POST', json: { page: { size: 20 } } },
    });
  });
});

describe('windows of time', () => {
  const HOUR = '1h';
  const iso = { start: '2024-01-01T00:00:00Z', end: '2024-01-01T11:00:00Z' };
  const epoch = { start: 1_704_067_200, end: 1_704_106_800 };

  test.each([
    ['ISO 8601, 400 for too much', { form: 'iso', refusalStatus: 400 }, iso],
    ['ISO 8601, 422 for too much', { form: 'iso', refusalStatus: 422 }, iso],
    ['ISO 8601, both ends inside', { form: 'iso', end: 'inclusive' }, iso],
    ['epoch seconds', { form: 'epoch-seconds' }, epoch],
  ] as const)('in %s', async (_, options, ends) => {
    const api = await apis.start(timeWindowApi({ ...pages, recordsMax: 25, ...options }));
    const source = runs.source({
      paginator: {
        ...{ type: 'time_window', start_param: 'start', end_param: 'end', ...ends },
        ...{ window: '8h', split_on: [400, 422], paginator: 'single_page' },
      },
      endpoint: { path: 'events', data_selector: 'events' },
      stream: { time: { path: 'occurred_at' } },
    });
    const { result } = await runs.drain(source, api);
    await runs.expectStored(source, api, api.records('events'));
    expect(result?.warnings).toEqual([]);
    expect(api.requests.filter(({ status }) => status !== 200).length).toBeGreaterThan(0);
  });

  test('whose ends are both inside hold no record twice, though it has no key, by their step', async () => {
    const api = await apis.start(
      timeWindowApi({ ...pages, form: 'epoch-seconds', end: 'inclusive', recordsMax: 25 }),
    );
    const source = runs.source({
      paginator: {
        ...{ type: 'time_window', start_param: 'start', end_param: 'end', ...epoch },
        ...{ window: '8h', step: '1s', split_on: [400], paginator: 'single_page' },
      },
      endpoint: { path: 'events', data_selector: 'events' },
      resource: { primary_key: [] },
    });
    const { result, stderr } = await runs.drain(source, api);
    await runs.expectStored(source, api, api.records('events'));
    expect(result).toMatchObject({ eventsIngested: 110, warnings: [] });
    expect(stderr).not.toContain('without a primary_key');
  });

  test('a window that is too small to be halved ends the run and says so', async () => {
    const api = await apis.start(timeWindowApi({ ...pages, recordsMax: 1 }));
    const source = runs.source({
      paginator: {
        ...{ type: 'time_window', start_param: 'start', end_param: 'end', ...iso },
        ...{ window: HOUR, split_on: [400], paginator: 'single_page' },
      },
      endpoint: { path: 'events', data_selector: 'events' },
    });
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(1);
    expect(result?.message).toContain('too short to be halved');
    expect(result?.message).toContain(`${source.name}.items`);
  });
});

test('a single page is all', async () => {
  await drained(offsetApi({ ...pages, count: 15 }), { paginator: 'single_page', endpoint: items });
});

type Contract = (options: ApiOptions<'items'>) => ApiContract<'items'>;

describe('paging that the file leaves open is found out', () => {
  const kinds: readonly (readonly [string, Contract, SourceParts])[] = [
    ['links in the body', linkInBodyApi, {}],
    ['a Link header', (options) => cursorApi({ ...options, tells: 'link' }), {}],
    ['a single page', (options) => offsetApi({ ...options, count: 15 }), {}],
    [
      'page numbers',
      (options) => pageNumberApi({ ...options, tells: 'total_pages' }),
      { endpoint: { params: { page: 1 } } },
    ],
  ];

  test.each(kinds)('%s', async (_, contract, parts) => {
    await drained(contract(pages), { ...parts, stream: size });
  });

  test('or it is not, and the run says what to write', async () => {
    const api = await apis.start(cursorApi({ ...pages, hasMore: true }));
    const source = runs.source({ stream: size });
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(1);
    expect(result?.message).toContain('name a paginator');
    expect(result?.message).toContain(`${source.name}.items`);
  });
});
