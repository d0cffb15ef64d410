/** What records may be: keys, types and forms of every kind, and what becomes of those that do not fit. */
import { describe, expect, test } from 'vitest';
import { type JsonRecord, type JsonValue, json } from '../support/apis/contract.js';
import { cursorApi } from '../support/apis/cursor-api.js';
import { page, type WrittenPage, writtenPages } from '../support/apis/written-pages.js';
import { untilDisconnected } from '../support/ingest-check.js';
import { breaking } from '../support/ingest-process.js';
import { type SourceParts, useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { apis, database } = runs;

const paginator = { type: 'cursor', cursor_path: 'next_page', cursor_param: 'page' };
/** Whatever is refused, the run goes on. */
const TOLERANT = { QUARANTINE_LIMIT: '1' };

async function drained(pages: readonly WrittenPage[], parts: SourceParts = {}) {
  const server = await apis.start(writtenPages(pages));
  const api = { origin: server.origin, env: TOLERANT };
  const source = runs.source({
    paginator,
    ...parts,
    endpoint: { data_selector: 'items', ...parts.endpoint },
  });
  await runs.drain(source, api);
  return { api, source };
}

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  return (await database.pool.query<Record<string, unknown>>(sql)).rows;
}

describe('a key', () => {
  const BIG = 9_223_372_036_854_775_807n;
  const UUID = '0f8fad5b-d9cb-469f-a165-70867728950e';
  const cases: readonly (readonly [string, JsonValue[], string])[] = [
    ['of small integers', [1, 2, -3], 'bigint'],
    [
      'of integers beyond 2^53',
      [9_007_199_254_740_993n, 9_007_199_254_740_995n, BIG - 10_000n],
      'bigint',
    ],
    ['of integers beyond 2^63', [BIG + 1n, 1, 3], 'text'],
    ['of text', ['a', 'ä/?#', ' 1 '], 'text'],
    ['of uuids', [UUID, UUID.replace('0', '1'), UUID.toUpperCase().replace('0', '2')], 'uuid'],
    ['of text and integers', ['b', 1, 3], 'text'],
  ];

  test.each(cases)('%s', async (_, keys, type) => {
    const records = keys.map((id) => ({ id, name: 'x' }));
    const [first, ...rest] = records;
    const { api, source } = await drained([page([first ?? null], 2), page(rest)]);
    await runs.expectStored(source, api, records);
    expect(await runs.columns(source)).toMatchObject({ id: type });
  });

  test('of several fields, one of them nested, has a column each', async () => {
    const records = [1, 2].flatMap((n) =>
      ['a', 'b'].map((uid) => ({ meta: { uid, x: n }, n, name: `${n}${uid}` })),
    );
    const resource = { primary_key: ['n', 'meta.uid'] };
    const { api, source } = await drained([page(records.slice(0, 2), 2), page(records.slice(2))], {
      resource,
    });
    await runs.expectStored(source, api, records);
    expect(await runs.columns(source)).toMatchObject({ n: 'bigint', meta_uid: 'text' });
    expect(await rows(`SELECT n::text, meta_uid FROM ${runs.table(source)} ORDER BY 1, 2`)).toEqual(
      [
        { n: '1', meta_uid: 'a' },
        { n: '1', meta_uid: 'b' },
        { n: '2', meta_uid: 'a' },
        { n: '2', meta_uid: 'b' },
      ],
    );
  });

  test('that comes twice in a page is stored as it came first', async () => {
    const old = { id: 1, name: 'first' };
    const { api, source } = await drained([page([old, { id: 1, name: 'again' }, { id: 2 }])]);
    await runs.expectStored(source, api, [old, { id: 2 }]);
    expect(await runs.facts(source)).toMatchObject({ inserted: 2, duplicate: 1 });
  });

  test('that is missing, null or of another type sends the record to quarantine', async () => {
    const good = [{ id: 1 }, { id: 2 }, { id: 5 }];
    const bad = [{ name: 'none' }, { id: null }, { id: 'three' }, { id: [4] }];
    const { api, source } = await drained([page(good.slice(0, 2), 2), page([...bad, { id: 5 }])]);
    await runs.expectStored(source, api, good);
    const refused = await runs.quarantine(source);
    expect(refused.map(({ raw_text }) => JSON.parse(raw_text) as unknown)).toEqual(bad);
    // Without the row, so that records that are refused for one reason have one reason.
    const noKey =
      'PostgreSQL refused it: null value in column "id" of relation "items" violates not-null constraint (23502)';
    expect(refused.map(({ reason }) => reason)).toEqual([
      noKey,
      noKey,
      'PostgreSQL refused it: invalid input syntax for type bigint: "three" (22P02)',
      'PostgreSQL refused it: invalid input syntax for type bigint: "[4]" (22P02)',
    ]);
  });
});

describe('a key that the file names wrongly', () => {
  const endpoint = { data_selector: 'items' };

  test('ends the run with the fields that there are, and no table is made', async () => {
    const records = [{ id: 1, name: 'a' }, { id: 2 }];
    const api = await apis.start(writtenPages([page(records)]));
    const source = runs.source({ paginator, endpoint, resource: { primary_key: 'uuid' } });
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(1);
    expect(result?.message).toContain('no record of the first page has the primary key uuid');
    expect(result?.message).toContain('the first records have id, name');
    expect(await runs.columns(source)).toEqual({});
    const verified = await runs.folder.run(
      ['verify', '--source', source.path],
      runs.env(source, api),
    );
    expect(verified).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('has committed no page'),
    });
    runs.rewrite(source, { paginator, endpoint });
    await runs.drain(source, api);
    await runs.expectStored(source, api, records);
  });

  test('and rightly later is not mixed with what is stored', async () => {
    const { api, source } = await drained([page([{ id: 1, name: 'a' }])]);
    runs.rewrite(source, { paginator, endpoint, resource: { primary_key: 'name' } });
    const { code, stderr } = await runs.ingest(source, api);
    expect(code).toBe(2);
    expect(stderr).toContain('with the key id, and its source now names the table');
    expect(stderr).toContain('--restart begins a new run');
  });
});

describe('without a key', () => {
  test('a run that begins anew stores all again, and says so', async () => {
    const records = [{ id: 1 }, { id: 2 }];
    const { api, source } = await drained([page(records)], {
      resource: { primary_key: null },
    });
    const { code, result } = await runs.folder.run(
      ['ingest', '--source', source.path, '--restart', '--json'],
      runs.env(source, api),
    );
    expect(code).toBe(0);
    expect(result?.warnings).toEqual([
      expect.stringContaining('without a primary_key no record can be recognised'),
    ]);
    await runs.expectStored(source, api, [...records, ...records]);
  });

  const resource = { primary_key: null };
  const records = Array.from({ length: 40 }, (_, nth) => ({ n: nth % 5, twin: nth % 2 }));

  test('rows are appended, those that are alike too', async () => {
    const { api, source } = await drained(
      [page(records.slice(0, 20), 2), page(records.slice(20))],
      {
        resource,
      },
    );
    await runs.expectStored(source, api, records);
  });

  test('a run that is killed goes on without doubling rows', async () => {
    const pages = Array.from({ length: 10 }, (_, nth) =>
      page(records.slice(nth * 4, nth * 4 + 4), nth === 9 ? null : nth + 2),
    );
    const api = await apis.start(writtenPages(pages));
    const source = runs.source({ paginator, resource, endpoint: { data_selector: 'items' } });
    const { signal } = await runs.ingest(source, api, breaking('kill=in:committed:4'));
    expect(signal).toBe('SIGKILL');
    await untilDisconnected(database.pool);
    await runs.drain(source, api);
    await runs.expectStored(source, api, records);
  });

  test('a run that is killed where cursors are new each time does so too', async () => {
    const api = await apis.start(cursorApi({ count: 200, pageSizeMax: 10, limit: null }));
    const source = runs.source({
      ...{ resource, endpoint: { data_selector: 'items' } },
      paginator: { type: 'cursor', cursor_path: 'paging.next', cursor_param: 'cursor' },
    });
    const { signal } = await runs.ingest(source, api, breaking('kill=in:committed:7'));
    expect(signal).toBe('SIGKILL');
    await untilDisconnected(database.pool);
    await runs.drain(source, api);
    await runs.expectStored(source, api, api.records('items'));
  });

  test('a walk whose cursor has expired ends, and the next start removes what it stored', async () => {
    const pages = [
      page(records.slice(0, 20), 2),
      [json(410, {}), page(records.slice(20))],
    ] as const;
    const api = await apis.start(writtenPages(pages));
    const source = runs.source({
      ...{ paginator, resource, endpoint: { data_selector: 'items' } },
      ingestion: { expired: [{ status: 410 }] },
    });
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(3);
    expect(result?.reason).toContain('rows without a key would be stored twice');
    await runs.drain(source, api);
    await runs.expectStored(source, api, records);
  });

  test('records that are no objects are stored as they are', async () => {
    const values: JsonValue[] = ['text', 7, null, true, [1, [2]], 'text', 9_007_199_254_740_993n];
    const { api, source } = await drained([page(values)], { resource });
    await runs.expectStored(source, api, values as JsonRecord[]);
  });

  test('with one they go to quarantine', async () => {
    const { api, source } = await drained([page(['text', { id: 1 }, 7, [{ id: 2 }]])]);
    await runs.expectStored(source, api, [{ id: 1 }]);
    expect(await runs.quarantine(source)).toEqual(
      ['"text"', '7', '[{"id":2}]'].map((raw_text) => ({
        reason: 'the record is not an object, and has no key',
        raw_text,
      })),
    );
  });
});

describe('records are found', () => {
  const records = [
    { id: 1, name: 'ä' },
    { id: 2, name: 'b' },
  ];
  const [one, two] = records;
  const cases: readonly (readonly [string, JsonValue, string | null])[] = [
    ['in an object of objects', { data: { '7': one ?? null, x: two ?? null } }, 'data.*'],
    ['in a list that is the whole', records, '$'],
    ['in a list that is the whole, unsaid', records, null],
    [
      'through a wildcard',
      { edges: records.map((node) => ({ node, cursor: 'c' })) },
      'edges[*].node',
    ],
    [
      'in lists of lists',
      { groups: records.map((item) => ({ items: [item] })) },
      'groups[*].items[*]',
    ],
    ['behind a quoted name', { 'a.b': { 'c d': records } }, "$['a.b']['c d']"],
    ['by an index', [{ page: 1 }, records], '$[1]'],
    ['by a usual name, unsaid', { meta: { tags: ['x'] }, data: { results: records } }, null],
  ];

  test.each(cases)('%s', async (_, body, data_selector) => {
    const api = await apis.start(writtenPages([json(200, body)]));
    const source = runs.source({
      paginator: 'single_page',
      endpoint: data_selector === null ? {} : { data_selector },
    });
    await runs.drain(source, api);
    await runs.expectStored(source, api, records);
  });
});
