/** Source files whose pages are asked for by offset or by number, drained in several chains at once. */
import { describe, expect, test } from 'vitest';
import { type ApiContract, type ApiOptions, json } from '../support/apis/contract.js';
import { type OffsetApiOptions, offsetApi } from '../support/apis/offset-api.js';
import { pageNumberApi } from '../support/apis/page-number-api.js';
import { plainApi } from '../support/apis/plain-api.js';
import { untilDisconnected } from '../support/ingest-check.js';
import { breaking } from '../support/ingest-process.js';
import { type SourceParts, useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { apis, database } = runs;

const pages = { count: 230, pageSizeMax: 20, limit: null };
/** So long that one chain alone would take four seconds. */
const long = { ...pages, count: 2_000, latencyMs: 40 };
const endpoint = { data_selector: 'items' };
/** One request after the other: then their number is known. */
const ingestion = { limits: [{ concurrency: 1 }] };
const byOffset = { type: 'offset', limit: 20 };
const byNumber = { type: 'page_number', base_page: 1, total_path: null };
const size = { page_size: { param: 'per_page', max: 20 } };

describe('by offset', () => {
  async function drained(options: OffsetApiOptions, paginator: object = byOffset) {
    const api = await apis.start(offsetApi({ ...pages, ...options }));
    const source = runs.source({ paginator, endpoint, ingestion });
    const { result } = await runs.drain(source, api);
    return { api, source, result };
  }

  test.each([
    ['the total', true, 12],
    ['an empty page', false, 13],
  ] as const)('to the end that %s tells', async (_, hasTotal, requests) => {
    const paginator = { ...byOffset, total_path: hasTotal ? 'total' : null };
    const { api, source, result } = await drained({ hasTotal }, paginator);
    await runs.expectStored(source, api, api.records('items'));
    expect(result).toMatchObject({ requests, pages: requests, warnings: [] });
  });

  test('on by the records that came, where pages are short', async () => {
    const { api, source } = await drained({ faults: { shortPageEvery: 3 } });
    await runs.expectStored(source, api, api.records('items'));
  });

  test('to a maximum, and from a start', async () => {
    const paginator = { ...byOffset, offset: 40, maximum_offset: 100, total_path: null };
    const { api, source } = await drained({ hasTotal: false }, paginator);
    await runs.expectStored(source, api, api.records('items').slice(40, 100));
  });

  test('with new records behind the last, which come too', async () => {
    const changes = [{ afterPages: 3, stream: 'items', add: 45 }] as const;
    const { api, source, result } = await drained({ faults: { changes } });
    await runs.expectStored(source, api, api.records('items'));
    expect(result?.warnings).toEqual([]);
  });

  test('with new records before the first: each is stored once, and a warning tells', async () => {
    const changes = [{ afterPages: 3, stream: 'items', add: 45 }] as const;
    const { api, source, result } = await drained({ newest: 'first', faults: { changes } });
    await runs.expectStored(source, api, api.records('items').slice(45));
    expect(result).toMatchObject({
      duplicate: 45,
      warnings: [expect.stringContaining('45 records came more than once')],
    });
  });

  test('with records that vanish: what has moved past the walk is told of', async () => {
    const changes = [{ afterPages: 3, stream: 'items', removeFirst: 5 }] as const;
    const { api, source, result } = await drained({ faults: { changes } });
    const { inserted } = await runs.facts(source);
    expect(inserted).toBe(225);
    expect(result?.warnings).toEqual([expect.stringContaining('announced 230 records, then 225')]);
    await runs.expectProved(source, api);
    const env = runs.env(source, api);
    const args = ['status', '--source', source.path, '--json'];
    const status = await runs.folder.run(args, env);
    expect(status.stdout).toContain('announced 230 records, then 225');
  });
});

test.each([
  ['offset', byOffset, offsetApi({ ...pages, hasTotal: false })],
  [
    'page number',
    { type: 'page_number', base_page: 1 },
    pageNumberApi({ ...pages, tells: 'nothing' }),
  ],
])(
  'by %s, a file that names no total of an API that tells none is told what to write',
  async (_, paginator, contract) => {
    const api = await apis.start(contract);
    const source = runs.source({ paginator, endpoint, stream: size });
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(1);
    expect(result?.message).toContain('has no whole number at total');
    expect(result?.message).toContain('set total_path: null in the paginator');
    expect(api.requests).toHaveLength(1);
  },
);

describe('by offset, to a total that may be as far as the API counts, or count a page', () => {
  const round = { ...pages, count: 1_000, pageSizeMax: 100 };
  const paginator = { ...byOffset, limit: 100 };
  const keyless = { primary_key: [] };

  async function drained(contract: ApiContract<'items'>, resource: object = {}) {
    const api = await apis.start(contract);
    const source = runs.source({ paginator, endpoint, ingestion, resource });
    const { result } = await runs.drain(source, api);
    await runs.expectStored(source, api, api.records('items'));
    return result;
  }

  /** Whatever is asked for, the same page. */
  function same(options: ApiOptions<'items'>): ApiContract<'items'> {
    const api = offsetApi(options);
    return {
      ...api,
      answer(request) {
        const url = new URL(request.url);
        url.searchParams.set('offset', '0');
        return api.answer({ ...request, url });
      },
    };
  }

  test('an empty page behind it is the end', async () => {
    expect(await drained(offsetApi(round))).toMatchObject({ requests: 11, warnings: [] });
  });

  test('a refusal behind it is the end', async () => {
    const result = await drained(offsetApi({ ...round, offsetMax: 999 }));
    expect(result).toMatchObject({ requests: 11, retries: 0, warnings: [] });
  });

  test.each([
    ['with a key', {}],
    ['without a key', keyless],
  ])('the page before it once more is the end, %s', async (_, resource) => {
    const result = await drained(same({ ...round, count: 100 }), resource);
    expect(result).toMatchObject({ requests: 2, duplicate: 0, warnings: [] });
  });

  test.each([
    ['a cap', 1_000, 15],
    ['the number of records of a page', 100, 15],
  ])('records behind it show that it is %s, and are told of', async (_, totalMax, requests) => {
    const result = await drained(offsetApi({ ...round, count: 1_400, totalMax }));
    expect(result).toMatchObject({
      requests,
      warnings: [expect.stringContaining('records came behind the total that the API tells')],
    });
  });
});

describe('by page number', () => {
  test.each([
    [0, 'total_pages', 12],
    [1, 'total_pages', 12],
    [0, 'has_more', 12],
    [1, 'has_more', 12],
    [0, 'nothing', 13],
    [1, 'nothing', 13],
  ] as const)('from %i on, where the API tells %s', async (base_page, tells, requests) => {
    const api = await apis.start(pageNumberApi({ ...pages, firstPage: base_page, tells }));
    const total_path = tells === 'total_pages' ? tells : null;
    const has_more_path = tells === 'has_more' ? tells : null;
    const paginator = { type: 'page_number', base_page, total_path, has_more_path };
    const source = runs.source({ paginator, endpoint, ingestion, stream: size });
    const { result } = await runs.drain(source, api);
    await runs.expectStored(source, api, api.records('items'));
    expect(result).toMatchObject({ requests, warnings: [] });
  });

  test('to a page behind the last that is refused, which response_actions takes for the end', async () => {
    const api = await apis.start(pageNumberApi({ ...pages, behindEnd: 404 }));
    const actions = { response_actions: [{ status_code: 404, action: 'ignore' }] };
    const source = runs.source({
      paginator: byNumber,
      endpoint: { ...endpoint, ...actions },
      stream: size,
    });
    await runs.drain(source, api);
    await runs.expectStored(source, api, api.records('items'));
  });
});

type Contract = (options: ApiOptions<'items'>) => ApiContract<'items'>;

const LONG: readonly (readonly [string, SourceParts, Contract])[] = [
  ['offset', { paginator: byOffset, endpoint }, offsetApi],
  [
    'offset, with 400 behind the end',
    { paginator: { ...byOffset, total_path: null }, endpoint },
    (options) => offsetApi({ ...options, hasTotal: false, offsetMax: long.count }),
  ],
  ['page number', { paginator: byNumber, endpoint, stream: size }, pageNumberApi],
  [
    'page number, with 404 behind the end',
    {
      paginator: { ...byNumber, total_path: 'total_pages' },
      endpoint,
      stream: size,
    },
    (options) => pageNumberApi({ ...options, tells: 'total_pages', behindEnd: 404 }),
  ],
];

describe.each(LONG)('in parallel, by %s', (_, parts, contract) => {
  test('where the answers take long, within the limit', async () => {
    const api = await apis.start(contract({ ...long, limit: { quota: 60, windowMs: 1_000 } }));
    const source = runs.source(parts);
    await runs.drain(source, api);
    const facts = await runs.facts(source);
    await runs.expectStored(source, api, api.records('items'));
    expect(facts.segments).toBeGreaterThan(2);
    expect(api.refused).toBe(0);
  });

  test('goes on behind a kill with what is missing', async () => {
    const api = await apis.start(contract(long));
    const source = runs.source(parts);
    for (const commits of [10, 15]) {
      const killed = await runs.ingest(source, api, breaking(`kill=in:committed:${commits}`));
      expect(killed.signal).toBe('SIGKILL');
      await untilDisconnected(database.pool);
    }
    const { pages: before } = await runs.facts(source);
    const { result } = await runs.drain(source, api);
    const facts = await runs.facts(source);
    expect(facts.segments).toBeGreaterThan(2);
    expect(result).toMatchObject({ resumedFrom: before, duplicate: 0, warnings: [] });
    await runs.expectStored(source, api, api.records('items'));
  });
});

describe('an API that sends the same page whatever is asked for', () => {
  const same = plainApi<never>({
    ...{ options: { limit: null }, streams: {}, method: 'GET', path: '/items' },
    answer: () => json(200, { items: [{ id: 1 }, { id: 2 }] }),
  });

  test.each([
    ['offset', { ...byOffset, total_path: null }, 'id'],
    ['number', byNumber, 'id'],
    ['offset, without a key', { ...byOffset, total_path: null }, []],
    ['number, without a key', byNumber, []],
  ] as const)('by %s is found out', async (_, paginator, key) => {
    const api = await apis.start(same);
    const source = runs.source({ paginator, endpoint, resource: { primary_key: key } });
    const { code, result, stderr } = await runs.ingest(source, api);
    expect(code, stderr.slice(-2_000)).toBe(1);
    expect(result?.message).toMatch(/1\d{3} pages in a row hold no new record/);
    expect(api.requests.length).toBeLessThan(3_000);
  });
});
