// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets look like templates.
/** Resources of a source file: defaults, templates, first values of incremental, parents. */
import { describe, expect, test } from 'vitest';
import { FULL_PASS, type Pass } from '../../src/source/pass.js';
import { passValues, withValues } from '../../src/source/request-values.js';
import { faultTexts, fileWith, planOf, streamOf, warningTexts } from '../support/source-files.js';

const HEAD = 'client: { base_url: "https://api.example.com/v1/" }\n';

test('short forms: a resource as a text, an endpoint as a text, an endpoint left out', () => {
  const { baseUrl, streams } = planOf(
    `${HEAD}resources: [users, { name: b, endpoint: things/b }, { name: c }]\n`,
  );
  expect(baseUrl).toBe('https://api.example.com/v1');
  expect(streams.map(({ name, path }) => [name, path])).toEqual([
    ['users', 'users'],
    ['b', 'things/b'],
    ['c', 'c'],
  ]);
  expect(streams[0]).toMatchObject({
    method: 'GET',
    params: {},
    json: null,
    dataSelector: null,
    paginator: { type: 'auto' },
    primaryKey: [],
    writeDisposition: 'append',
    target: { schema: 'sample', table: 'users' },
  });
});

test('defaults: params and json merge by name, a paginator is taken whole', () => {
  const [a, b] = planOf(`${HEAD}resource_defaults:
  primary_key: id
  write_disposition: merge
  endpoint:
    path: shared
    params: { per_page: 50, state: open }
    json: { x: { y: 1 }, z: 1 }
    paginator: { type: cursor, cursor_path: next }
resources:
  - name: a
    primary_key: uid
    endpoint:
      params: { state: all }
      json: { x: { w: 2 } }
      paginator: { type: cursor, cursor_param: after }
  - b
`).streams;
  expect(a).toMatchObject({
    path: 'a',
    primaryKey: ['uid'],
    writeDisposition: 'merge',
    params: { per_page: 50, state: 'all' },
    json: { x: { w: 2 }, z: 1 },
    paginator: { cursorPath: 'cursors.next', place: { in: 'query', name: 'after' } },
  });
  expect(b).toMatchObject({
    path: 'b',
    primaryKey: ['id'],
    params: { per_page: 50, state: 'open' },
    paginator: { cursorPath: 'next', place: { in: 'query', name: 'cursor' } },
  });
});

test('a fault in the defaults is told there, and once', () => {
  const text = `${HEAD}resource_defaults: { endpoint: { paginator: { type: keyset, key_path: id } } }
resources: [a, b]
`;
  const at = 'sample.yaml:2: resource_defaults.endpoint.paginator.key_param';
  expect(faultTexts(text)).toEqual([`${at}: is missing; set one of key_param and key_body_path`]);
});

test('columns merge column by column', () => {
  const [stream] = planOf(`${HEAD}resource_defaults:
  columns: { at: { data_type: timestamp }, n: { data_type: bigint } }
resources:
  - name: a
    columns: [{ name: n, nullable: false }, { name: s, data_type: text }]
`).streams;
  expect(stream?.columns).toEqual([
    { name: 'at', type: 'timestamp', isNullable: true },
    { name: 'n', type: 'bigint', isNullable: false },
    { name: 's', type: 'text', isNullable: true },
  ]);
});

describe('templates', () => {
  test('a name in the path is a parameter, which is then sent nowhere else', () => {
    const stream = streamOf('name: a, endpoint: { path: "org/{org}/x", params: { org: 7, q: 1 } }');
    expect(stream).toMatchObject({ path: 'org/7/x', params: { q: 1 } });
  });

  test('a path that ends in a name is that of one record', () => {
    const stream = streamOf('name: a, endpoint: { path: "user/{id}", params: { id: me } }');
    expect(stream).toMatchObject({ dataSelector: '$', paginator: { type: 'single_page' } });
  });

  test('a reference to a secret is no name', () => {
    const stream = streamOf('name: a, endpoint: "repos/${REPO}"');
    expect(stream).toMatchObject({ path: 'repos/${REPO}', paginator: { type: 'auto' } });
  });

  test.each([
    ['a {{b}} c', 'a {b} c'],
    ['query { a { b } }', 'query { a { b } }'],
    ['{"a": {"b": 1}}', '{"a": {"b": 1}}'],
    ['{a{b}}', '{a{b}}'],
    ['price in $', 'price in $'],
  ])('%s is sent as %s', (written, sent) => {
    const json = JSON.stringify({ q: written });
    expect(streamOf(`name: a, endpoint: { json: ${json} }`).json).toEqual({ q: sent });
  });

  test.each([
    ['path: "x/{id}/y"', '{id} has no value; set it as endpoint.params.id'],
    ['path: "x/{constructor}/y"', '{constructor} has no value'],
    ['params: { a: "{resource.b.c}" }', '{resource.b.c} is no template'],
    ['params: { a: "{incremental.start_value}" }', 'it needs endpoint.incremental'],
    [
      'params: { a: "{incremental.start}" }, incremental: { cursor_path: at }',
      'it needs endpoint.incremental',
    ],
    [
      'params: { a: "x{incremental.start_value}" }, incremental: { cursor_path: at }',
      'set incremental.initial_value',
    ],
  ])('%s is a fault', (fields, expected) => {
    expect(faultTexts(fileWith(`name: a, endpoint: { ${fields} }`)).join('\n')).toContain(expected);
  });
});

describe('incremental', () => {
  const requestOf = (fields: string, pass: Pass = FULL_PASS) => {
    const stream = streamOf(`name: a, primary_key: n, endpoint: { ${fields} }`);
    return withValues(stream, passValues(stream, pass));
  };
  const from = (start: string | number, end: string | number | null = null): Pass => ({
    ...{ type: 'incremental', start, end },
  });

  test.each([
    [
      'params: { since: { type: incremental, cursor_path: at, initial_value: 2024 } }',
      { since: 2024 },
      { since: 7 },
    ],
    ['params: { since: { type: incremental, cursor_path: at } }', { since: null }, { since: 7 }],
    ['incremental: { cursor_path: at, start_param: since }', { since: null }, { since: 7 }],
    [
      'incremental: { cursor_path: at, start_param: a, initial_value: 1, end_param: b, end_value: 2 }',
      { a: 1, b: 2 },
      { a: 7, b: 2 },
    ],
    [
      'params: { q: "at>{incremental.start_value}" }, incremental: { cursor_path: at, initial_value: x }',
      { q: 'at>x' },
      { q: 'at>7' },
    ],
    [
      'params: { q: "{incremental.initial_value}" }, incremental: { cursor_path: at, initial_value: x, row_order: desc }',
      { q: 'x' },
      { q: 'x' },
    ],
  ])('%s', (fields, ofFirst, ofNext) => {
    expect(requestOf(fields).params).toEqual(ofFirst);
    expect(requestOf(fields, from(7)).params).toEqual(ofNext);
    expect(warningTexts(fileWith(`name: a, primary_key: n, endpoint: { ${fields} }`))).toEqual([]);
  });

  test('a template that is a whole text of a body keeps the kind of its value', () => {
    const fields =
      'incremental: { cursor_path: n, initial_value: 5 }, json: { n: ["{incremental.last_value}"], m: "{incremental.end_value}" }';
    expect(requestOf(fields).json).toEqual({ n: [5], m: null });
    expect(requestOf(fields, from(6, 9)).json).toEqual({ n: [6], m: 9 });
  });

  test('stands in paths and headers too, beside literal text', () => {
    const fields =
      'path: "a/{incremental.start_value}/b", headers: { X-Since: "v{incremental.start_value}" }, incremental: { cursor_path: n, initial_value: 5 }';
    const { path, headers, slots } = requestOf(fields, from(8));
    expect({ path, headers, slots }).toEqual({
      path: 'a/8/b',
      headers: { 'X-Since': 'v8' },
      slots: [],
    });
  });

  test.each([
    ['cursor_type: integer, lag: 1h', /lag: takes a number where cursor_type is integer/],
    ['cursor_type: objectid, lag: 3', /lag: of an objectid nothing can be taken away/],
    ['cursor_type: integer, datetime_format: "%Y"', /datetime_format: is for instants/],
    ['datetime_format: "%G-%V"', /datetime_format: has %G, %V, which is not supported/],
    ['lag: -1', /lag: takes 0 or more/],
    [
      'cursor_type: integer, initial_value: abc',
      /initial_value: takes a number where cursor_type is/,
    ],
    ['lag: soon', /lag: takes a duration/],
    ['row_order: newest', /row_order: takes one of asc, desc/],
    ['last_value_func: min', /last_value_func: takes one of max/],
  ])('{ %s } is a fault', (fields, message) => {
    const incremental = `incremental: { cursor_path: n, start_param: s, ${fields} }`;
    const faults = faultTexts(fileWith(`name: a, primary_key: n, endpoint: { ${incremental} }`));
    expect(faults).toEqual([expect.stringMatching(message)]);
  });

  test('replace, a second field, and nothing to ask by are told', () => {
    const replaced =
      'name: a, primary_key: n, write_disposition: replace, endpoint: { incremental: { cursor_path: n, start_param: s } }';
    expect(faultTexts(fileWith(replaced))).toEqual([
      expect.stringMatching(/replace would put what is new/),
    ]);
    const twice =
      'name: a, primary_key: n, endpoint: { params: { s: { type: incremental, cursor_path: n } }, incremental: { cursor_path: m, start_param: t } }';
    expect(faultTexts(fileWith(twice))).toEqual([expect.stringMatching(/a second incremental/)]);
    const unasked = 'name: a, endpoint: { incremental: { cursor_path: n } }';
    expect(warningTexts(fileWith(unasked))).toEqual([
      expect.stringMatching(/asks the API for nothing/),
      expect.stringMatching(/without a primary_key/),
    ]);
  });

  test('what PostHog says of the cursor is read', () => {
    const fields =
      'incremental: { cursor_path: n, cursor_type: datetime, datetime_format: "%d.%m.%Y %z", lag: 3d, start_param: s }';
    expect(streamOf(`name: a, endpoint: { ${fields} }`).incremental).toMatchObject({
      ...{ type: 'datetime', format: '%d.%m.%Y %Z', lag: { ms: 259_200_000 } },
    });
  });
});

test('response actions', () => {
  const actions =
    '[{ status_code: 404, action: ignore }, { status_code: "500", content: busy, action: retry }]';
  expect(streamOf(`name: a, endpoint: { response_actions: ${actions} }`).responseActions).toEqual([
    { status: 404, content: null, action: 'ignore' },
    { status: 500, content: 'busy', action: 'retry' },
  ]);
  const nothing = fileWith('name: a, endpoint: { response_actions: [{ action: raise }] }');
  expect(faultTexts(nothing)[0]).toContain('needs status_code or content');
});
