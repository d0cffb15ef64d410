// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets look like templates.
/** The block `x-ingestion` of a source file, tables and their columns. */
import { describe, expect, test } from 'vitest';
import { readDuration } from '../../src/source/file/duration.js';
import { sourceFileSchema } from '../../src/source/file/source-shape.js';
import { faultTexts, fileWith, planOf, streamOf, warningTexts } from '../support/source-files.js';

const withBlock = (block: string) => fileWith('name: items', `x-ingestion: ${block}\n`);
const withStream = (fields: string) => withBlock(`{ resources: { items: { ${fields} } } }`);

test.each([
  ['500ms', 500],
  ['120s', 120_000],
  ['1.5s', 1500],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['2d', 172_800_000],
  ['0s', null],
  ['5', null],
  ['5 minutes', null],
  ['-1s', null],
  ['9999d', null],
])('the duration %s has %s ms', (text, ms) => {
  expect(readDuration(text)).toBe(ms);
});

test('limits, signs and hosts', () => {
  const plan = planOf(
    withBlock(`
  limits:
    - { quota: 6, window: 1s }
    - { path: /search, method: GET, quota: 30, window: 60s }
    - { concurrency: 4 }
    - { headers: { limit: X-Max, remaining: X-Left, reset: X-Reset, window: X-Span }, unit: ms }
    - { headers: { remaining: X-Other } }
  throttle: [{ status: 200, body_path: ok, equals: false }, { status: 403, header: X-Throttled }]
  expired: [{ status: 410 }, { body_path: error }, { content: gone }]
  hosts: [files.example.com, "http://127.0.0.1:8080"]
`),
  );
  expect(plan.limits).toEqual([
    { path: null, method: null, quota: 6, windowMs: 1000, concurrency: null },
    { path: '/search', method: 'GET', quota: 30, windowMs: 60_000, concurrency: null },
    { path: null, method: null, quota: null, windowMs: null, concurrency: 4 },
  ]);
  expect(plan.limitHeaders).toEqual([
    {
      type: 'counts',
      limit: 'x-max',
      remaining: 'x-left',
      reset: 'x-reset',
      window: 'x-span',
      unit: 'ms',
    },
    { type: 'counts', limit: null, remaining: 'x-other', reset: null, window: null, unit: 's' },
  ]);
  const none = { status: null, header: null, bodyPath: null, equals: undefined, content: null };
  expect(plan.throttle).toEqual([
    { ...none, status: 200, bodyPath: 'ok', equals: false },
    { ...none, status: 403, header: 'x-throttled' },
  ]);
  expect(plan.expired).toEqual([
    { ...none, status: 410 },
    { ...none, bodyPath: 'error' },
    { ...none, content: 'gone' },
  ]);
  expect(plan.hosts).toEqual(['https://files.example.com', 'http://127.0.0.1:8080']);
});

test('what it says of a stream', () => {
  const stream = streamOf(
    'name: items',
    `x-ingestion:
  resources:
    items:
      page_size: { param: limit, max: 100 }
      cursor_ttl: 120s
      time: { path: created_at }
      target: { schema: sales, table: orders }
      done_path: done
`,
  );
  expect(stream).toMatchObject({
    pageSize: { param: 'limit', max: 100 },
    cursorTtlMs: 120_000,
    timePath: 'created_at',
    target: { schema: 'sales', table: 'orders' },
    donePath: 'done',
  });
});

test('what is not acted on yet is told', () => {
  const ordered = 'x-ingestion: { resources: { a: { order: { by: [created_at, id] } } } }\n';
  expect(warningTexts(fileWith('name: a', ordered)).join()).toContain(
    'x-ingestion.resources.a.order: changes nothing yet',
  );
});

test('a page size in params is smaller on purpose, and is sent once', () => {
  const block = 'x-ingestion: { resources: { a: { page_size: { param: limit, max: 100 } } } }\n';
  expect(streamOf('name: a, endpoint: { params: { limit: 20, q: 1 } }', block)).toMatchObject({
    pageSize: { param: 'limit', max: 20 },
    params: { q: 1 },
  });
  expect(streamOf('name: a, endpoint: { params: { limit: 500 } }', block).pageSize?.max).toBe(100);
});

describe('faults', () => {
  test.each([
    [withBlock('{ limits: [{ quota: 5 }] }'), 'window is missing'],
    [withBlock('{ limits: [{ window: 5s }] }'), 'quota is missing'],
    [withBlock('{ limits: [{ path: /a }] }'), 'limits nothing'],
    [withBlock('{ limits: [{ path: a, concurrency: 1 }] }'), 'with a slash in front'],
    [withBlock('{ limits: [{ quota: 5, window: 5 }] }'), 'a duration such as 500ms'],
    [withBlock('{ limits: [{ headers: { reset: X } }] }'), 'neither the limit nor what remains'],
    [withBlock('{ limits: [{ qouta: 5, window: 5s }] }'), 'did you mean quota?'],
    [withBlock('{ throttle: [{ equals: 3 }] }'), 'is a sign of nothing'],
    [withBlock('{ expired: [{ status: 400, equals: 3 }] }'), 'needs body_path'],
    [withBlock('{ expired: [{ status: 4 }] }'), 'from 100 to 599'],
    [withBlock('{ hosts: ["a.b/path"] }'), 'x-ingestion.hosts[0]: takes a host'],
    [withBlock('{ resources: { item: { cursor_ttl: 1s } } }'), 'did you mean items?'],
    [withStream('values: []'), 'names no record'],
    [withStream('page_size: { param: n }'), 'page_size.max: is missing'],
  ])('%#', (text, expected) => {
    expect(faultTexts(text).join('\n')).toContain(expected);
  });
});

test('a limit by cost says where the body tells of it', () => {
  const cost = 'request_path: a.b, available_path: c, maximum_path: d';
  const costsOf = (given: string) =>
    planOf(withBlock(`{ limits: [{ cost: { ${given} } }] }`)).costs;
  const paths = { requestPath: 'a.b', availablePath: 'c', maximumPath: 'd' };
  expect(costsOf(cost)).toEqual([{ ...paths, restorePath: null }]);
  expect(costsOf(`${cost}, restore_per_second_path: e`)).toEqual([{ ...paths, restorePath: 'e' }]);
});

describe('a limit by cost in headers', () => {
  const withCost = (cost: string) => withBlock(`{ limits: [{ cost: { ${cost} } }] }`);

  test('is read with the other headers that tell of limits', () => {
    const cost = 'request_header: X-Cost, available_header: X-Left, maximum_header: X-Max';
    const plan = planOf(withCost(cost));
    expect(plan.costs).toEqual([]);
    expect(plan.limitHeaders).toEqual([
      { type: 'cost', request: 'x-cost', available: 'x-left', maximum: 'x-max', restore: null },
    ]);
    const restore = `${cost}, restore_per_second_header: X-Rate`;
    expect(planOf(withCost(restore)).limitHeaders).toMatchObject([{ restore: 'x-rate' }]);
  });

  test.each([
    ['request_header: A, available_header: B', 'needs maximum_path or maximum_header'],
    ['available_path: b, maximum_path: c', 'needs request_path or request_header'],
    [
      'request_path: a, request_header: A, available_header: B, maximum_header: C',
      'cost.request_header: says again what request_path says',
    ],
    ['request_header: A, available_path: b, maximum_path: c', 'name paths, or headers'],
  ])('%s is a fault', (cost, expected) => {
    expect(faultTexts(withCost(cost)).join()).toContain(expected);
  });
});

describe('tables', () => {
  const long = 'x'.repeat(64);

  test('the schema is the source, the table is table_name or the resource', () => {
    const { streams } = planOf(fileWith('name: a, table_name: b'), 'my-api');
    expect(streams[0]?.target).toEqual({ schema: 'my-api', table: 'b' });
  });

  test.each([
    [fileWith(`name: ${long}`), 'has 64 bytes; names in PostgreSQL have at most 63'],
    [fileWith(`name: ${'ä'.repeat(32)}`), 'has 64 bytes'],
    [
      fileWith(`name: a, table_name: ${long}`),
      'resources[0].table_name: the table of a has 64 bytes',
    ],
    [fileWith(`name: a, columns: { ${long}: { data_type: text } }`), 'the column has 64 bytes'],
    [fileWith(`name: a, primary_key: ${long}`), 'the column of the key has 64 bytes'],
    [withStream('target: { schema: pg_x }'), 'in a schema that PostgreSQL keeps for itself'],
    [
      withStream('target: { schema: public, table: ingested_events }'),
      'is a table of this program',
    ],
    [fileWith('name: a, primary_key: [m.id, m_id]'), 'names one column twice'],
    [fileWith('name: a, primary_key: data'), 'no key can have that name'],
    [fileWith('name: a, write_disposition: scd2'), 'takes one of append, merge, replace'],
    [fileWith('name: a, write_disposition: { disposition: merge, strategy: scd2 }'), 'strategy'],
    [
      fileWith('name: a, write_disposition: merge, merge_key: day'),
      'primary_key, which is missing',
    ],
    [
      fileWith('name: a, columns: { n: { data_type: wei } }'),
      'data_type: takes one of text, bigint',
    ],
  ])('%#', (text, expected) => {
    expect(faultTexts(text).join('\n')).toContain(expected);
  });

  test('the name of the file is the name of a schema', () => {
    expect(faultTexts(fileWith('name: a'), long).join('\n')).toContain('the name of the file');
  });

  test('two resources in one table', () => {
    const text = `client: { base_url: "https://a.b" }
resources: [a, { name: b, table_name: a }]
`;
    expect(faultTexts(text)).toEqual([
      'sample.yaml:2: resources[1]: b and a would be stored in one table; set table_name',
    ]);
  });

  test('columns that mark the key are the key', () => {
    const stream = streamOf('name: a, columns: { id: { data_type: bigint, primary_key: true } }');
    expect(stream.primaryKey).toEqual(['id']);
  });

  test.each([
    ['columns: { n: { nullable: false } }', 'gets no column without a data_type'],
    [
      'columns: { n: { data_type: text, precision: 3, unique: true } }',
      'precision, unique: of a column',
    ],
    ['columns: { page: { data_type: bigint } }', 'every table has one named page'],
    ['write_disposition: merge', 'merge without primary_key: rows are appended'],
  ])('%s gets a warning', (fields, expected) => {
    expect(warningTexts(fileWith(`name: a, ${fields}`)).join('\n')).toContain(expected);
  });

  test('merge as a block', () => {
    const fields = 'primary_key: id, write_disposition: { disposition: merge, strategy: upsert }';
    expect(streamOf(`name: a, ${fields}`).writeDisposition).toBe('merge');
  });
});

test('the JSON Schema knows the fields and refuses others', () => {
  const schema = JSON.parse(JSON.stringify(sourceFileSchema()));
  expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  expect(schema.required).toEqual(['client', 'resources']);
  expect(Object.keys(schema.properties)).toEqual(
    expect.arrayContaining(['client', 'resources', 'resource_defaults', 'x-ingestion', '$schema']),
  );
  expect(schema.additionalProperties).toBe(false);
  expect(Object.keys(schema.properties.client.properties)).toEqual([
    'base_url',
    'headers',
    'auth',
    'paginator',
  ]);
});
