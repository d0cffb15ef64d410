// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets look like templates.
/** What is said of a file that is wrong: where, what, and what to do. */
import { describe, expect, test } from 'vitest';
import { fieldText } from '../../src/source/file/file-note.js';
import {
  faultTexts,
  fileWith,
  load,
  planOf,
  streamOf,
  warningTexts,
} from '../support/source-files.js';

const HEAD = 'client:\n  base_url: https://api.example.com\n';

test('all faults are told at once, each with its line and field', () => {
  const text = `${HEAD}  heders: {}
resources:
  - name: issues
    endpoint:
      path: issues
      paginatr: auto
      method: DELETE
  - name: 7
`;
  expect(faultTexts(text)).toEqual([
    'sample.yaml:3: client.heders: unknown field; did you mean headers?',
    'sample.yaml:8: resources[0].endpoint.paginatr: unknown field; did you mean paginator?',
    'sample.yaml:9: resources[0].endpoint.method: takes one of GET, POST, get, post, not this text',
    'sample.yaml:10: resources[1].name: takes a text, not a number',
  ]);
});

test('a field that resembles none is answered with the known ones', () => {
  expect(faultTexts(`${HEAD}  zzz: 1\nresources: [a]\n`)).toEqual([
    'sample.yaml:3: client.zzz: unknown field; known here: base_url, headers, auth, paginator',
  ]);
});

test.each([
  ['type: ofset, limit: 3', 'did you mean offset?'],
  ['type: jsonlink', 'did you mean json_link?'],
  ['type: keysets, key_path: id', 'did you mean keyset?'],
])('an unknown type is answered with the nearest: %s', (fields, suggestion) => {
  const [fault] = faultTexts(fileWith(`name: a, endpoint: { paginator: { ${fields} } }`));
  expect(fault).toContain('sample.yaml:2: resources[0].endpoint.paginator.type: takes one of');
  expect(fault).toContain(suggestion);
});

test.each([
  ['a missing field', 'resources: [a]\n', 'client: is missing; it takes a block of fields'],
  [
    'a list for a block',
    'client: []\nresources: [a]\n',
    'client: takes a block of fields, not a list',
  ],
  ['an empty file', '', 'takes a block of fields, not nothing'],
  ['no base_url', 'client: {}\nresources: [a]\n', 'client.base_url: is missing; it takes a text'],
  ['an ftp address', 'client: { base_url: "ftp://a.b" }\nresources: [a]\n', 'begins with https://'],
  [
    'a password in the address',
    'client: { base_url: "https://u:p@a.b" }\nresources: [a]\n',
    'use auth',
  ],
  [
    'a query in the address',
    'client: { base_url: "https://a.b?x=1" }\nresources: [a]\n',
    'use params',
  ],
  ['no resource', `${HEAD}resources: []\n`, 'no resource is selected'],
  ['a name twice', `${HEAD}resources: [a, { name: a }]\n`, 'a resource named a is there already'],
  [
    'a long number',
    fileWith('name: a, endpoint: { params: { id: 12345678901234567890 } }'),
    'in quotes',
  ],
])('%s is a fault', (_, text, expected) => {
  expect(faultTexts(text).join('\n')).toContain(expected);
});

describe('what is not YAML', () => {
  test.each([
    [
      'an open bracket',
      `${HEAD}resources: [a`,
      ':3: the indentation is wrong, or a bracket is open',
    ],
    ['a tab', 'client:\n\tbase_url: x\n', ':2: tabs cannot indent; use spaces'],
    ['a field twice', 'client: {}\nclient: {}\n', ':2: the field is there twice in one block'],
    ['two documents', 'a: 1\n---\nb: 2\n', 'several documents'],
    ['an object of Python', 'client: !!python/object:x.Y {}\n', 'tags (!…) name objects'],
    ['an alias without anchor', 'client: *nowhere\n', 'the alias leads to no anchor'],
    ['a merge of what is no block', 'x-a:\n  <<: 3\n', ':2: a merge key takes a block'],
    ['a list that contains itself', 'client: &a [*a]\n', 'nested too deeply'],
    ['a bomb of aliases', bomb(), 'nested too deeply'],
    ['lists in lists', `${'- '.repeat(20_000)}a`, 'nested too deeply'],
    ['brackets in brackets', '['.repeat(20_000), 'nested too deeply'],
    ['a text too long', `a: ${'x'.repeat(1_000_001)}`, 'longer than 1000000 characters'],
  ])('%s', (_, text, expected) => {
    expect(faultTexts(text).join('\n')).toContain(expected);
  });

  test('a secret near the fault is not repeated', () => {
    const text = 'client:\n  auth: { token: "sk_live_123" "sk_live_456" }\n';
    expect(faultTexts(text).length).toBeGreaterThan(0);
    expect(faultTexts(text).join('\n')).not.toContain('sk_live');
  });
});

test('JSON is read as YAML is', () => {
  const text =
    '{\n  "client": { "base_url": "https://a.b", "path": 1 },\n  "resources": ["a"]\n}\n';
  expect(faultTexts(text)).toEqual([
    'sample.yaml:2: client.path: unknown field; known here: base_url, headers, auth, paginator',
  ]);
});

test('fields that come by alias and merge key are found where they are written', () => {
  const text = `x-common: &common
  method: PUT
client: &client
  base_url: https://a.b
  heders: {}
resources:
  - name: a
    endpoint:
      <<: *common
      path: a
`;
  expect(faultTexts(text)).toEqual([
    'sample.yaml:2: resources[0].endpoint.method: takes one of GET, POST, get, post, not this text',
    'sample.yaml:5: client.heders: unknown field; did you mean headers?',
  ]);
});

describe('what is code of a Python program is refused by name', () => {
  test.each([
    ['processing_steps: [1]', 'shape them in SQL'],
    ['endpoint: { incremental: { cursor_path: a, convert: f } }', 'write initial_value as the API'],
    ['endpoint: { params: { a: { type: incremental, cursor_path: a, transform: f } } }', 'is code'],
    ['data_from: b', 'name the parent as {resources.PARENT.FIELD}'],
    ['endpoint: { paginator: { __class__: MyPaginator } }', 'is code of a Python program'],
    ['endpoint: { data: { a: 1 } }', 'use json if the API takes a JSON body'],
    ['endpoint: { auth: { type: bearer } }', 'use client.auth'],
  ])('%s', (fields, expected) => {
    expect(faultTexts(fileWith(`name: a, ${fields}`)).join('\n')).toContain(expected);
  });

  test('hooks of a response', () => {
    const text = fileWith(
      'name: a, endpoint: { response_actions: [{ status_code: 200, hooks: [f] }] }',
    );
    expect(faultTexts(text).join('\n')).toContain('use response_actions');
  });
});

describe('hints that change nothing here', () => {
  test.each([
    ['schema_contract: freeze', 'fields that no column is declared for stay in data'],
    ['max_table_nesting: 2', 'a record is one row'],
    ['parallelized: true', 'requests run at once as far as the limits permit'],
    ['merge_key: day', 'rows are merged by primary_key alone'],
    ['row_order: asc', 'the paginator alone says'],
    ['table_format: delta', 'tables are those of PostgreSQL'],
  ])('%s: one warning', (field, expected) => {
    const warnings = warningTexts(fileWith(`name: a, ${field}`));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(expected);
  });

  test('one in the defaults is told of once for all resources', () => {
    const text = `${HEAD}resource_defaults: { parallelized: true }\nresources: [a, b, c]\n`;
    expect(warningTexts(text)).toHaveLength(1);
  });

  test('names of dataset and pipeline', () => {
    const text = `${HEAD}resources: [a]\ndataset_name: raw\npipeline_name: p\n`;
    expect(warningTexts(text)).toHaveLength(2);
  });
});

test('blocks of other programs are not looked at', () => {
  const text = fileWith('name: a', 'x-other: { token: "dlt.secrets.x", y: "${broken" }\n');
  expect(load(text).type).toBe('loaded');
  expect(planOf(text).streams).toHaveLength(1);
});

test('names that are no words are shown in quotes, and long ones cut', () => {
  expect(fieldText(['a', 'b c', 3, 'd'])).toBe('a["b c"][3].d');
  expect(fieldText(['x'.repeat(100)])).toHaveLength(60);
});

function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, level) => {
    const item = level === 0 ? 'x' : `*l${level - 1}`;
    return `l${level}: &l${level} [${Array(9).fill(item).join(', ')}]\n`;
  });
  return levels.join('');
}

describe('columns', () => {
  test('of names that PostgreSQL keeps for itself are refused', () => {
    const kept = 'has a name that PostgreSQL keeps for a column of its own';
    expect(faultTexts(fileWith('name: items, primary_key: ctid'))).toEqual([
      `sample.yaml:2: resources[0].primary_key: the column of the key ${kept}`,
    ]);
    expect(faultTexts(fileWith('name: items, columns: { xmin: { data_type: text } }'))).toEqual([
      `sample.yaml:2: resources[0].columns.xmin: the column ${kept}`,
    ]);
    expect(faultTexts(fileWith('name: items, columns: { xmin: {} }'))).toEqual([]);
  });

  test('of keys are told apart as they stand in the table', () => {
    expect(streamOf('name: items, primary_key: [id, _id, _page]').primaryKey).toHaveLength(3);
    const twice = fileWith("name: items, primary_key: ['a.b', a_b]");
    expect(faultTexts(twice)).toEqual([expect.stringContaining('names one column twice')]);
  });

  test('that are marked as keys may have any name', () => {
    const fields = "name: items, columns: { 'a b': { data_type: text, primary_key: true } }";
    expect(streamOf(fields).primaryKey).toEqual(["['a b']"]);
  });
});
