/** JSONPaths of a source file: what a run walks is checked when the file is loaded. */
import { expect, test } from 'vitest';
import { compileSource } from '../../src/source/compile-source.js';
import { faultTexts, fileWith, planOf } from '../support/source-files.js';

const CURSOR = 'type: cursor, cursor_path: next';
const COST = 'request_path: a, available_path: b, maximum_path: c';

function endpoint(fields: string): string {
  return fileWith(`name: items, endpoint: { ${fields} }`);
}

function ingestion(fields: string): string {
  return fileWith('name: items', `x-ingestion: { ${fields} }`);
}

test.each([
  ['resources[0].endpoint.data_selector', endpoint("data_selector: '$..items'")],
  ['paginator.cursor_path', endpoint("paginator: { type: cursor, cursor_path: 'a..b' }")],
  ['paginator.has_more_path', endpoint(`paginator: { ${CURSOR}, has_more_path: 'a[?(@.b)]' }`)],
  ['paginator.next_url_path', endpoint("paginator: { type: json_link, next_url_path: 'a[1:]' }")],
  ['paginator.total_path', endpoint("paginator: { type: page_number, total_path: 'a.' }")],
  ['resources[0].primary_key', fileWith("name: items, primary_key: 'a..b'")],
  ['items.time.path', ingestion("resources: { items: { time: { path: 'a..b' } } }")],
  ['items.done_path', ingestion("resources: { items: { done_path: 'a..b' } }")],
  ['throttle[0].body_path', ingestion("throttle: [{ body_path: 'a..b' }]")],
  ['cost.request_path', ingestion(`limits: [{ cost: { ${COST.replace(': a', ": 'a..b'")} } }]`)],
])('a path that is none is a fault of its field: %s', (field, text) => {
  const [fault, ...others] = faultTexts(text);
  expect(fault).toMatch(/sample\.yaml:[23]: .*: the path (?:has|uses|ends)/);
  expect(fault).toContain(`${field}: `);
  expect(others).toEqual([]);
});

test.each([
  ['primary_key', fileWith("name: items, primary_key: 'tags[*]'")],
  ['time.path', ingestion("resources: { items: { time: { path: 'a.*' } } }")],
])('what becomes a column is one value: %s', (_, text) => {
  expect(faultTexts(text).join()).toContain('leads to several values of a record');
});

test.each(['a[*]', 'a[-1]'])('a value is put in one place of the body, not at %s', (path) => {
  const text = endpoint(`method: POST, paginator: { ${CURSOR}, cursor_body_path: '${path}' }`);
  expect(faultTexts(text).join()).toContain('cursor_body_path: takes the path of one place');
});

test.each([
  ['_id', ['_id']],
  ['[_id, id]', ['_id', 'id']],
  ["['meta.uid', \"['a b'].c\"]", ['meta_uid', 'a b_c']],
])('the columns of the key %s', (key, names) => {
  const plan = planOf(fileWith(`name: items, primary_key: ${key}`));
  expect(compileSource(plan, 'items', { nowMs: 0, secrets: [] }).target).toMatchObject({
    key: names.map((name) => ({ name })),
  });
});

test('a key that is marked among the columns is a field of that name, dots and all', () => {
  const columns = "{ 'meta.uid': { data_type: text, primary_key: true } }";
  const plan = planOf(fileWith(`name: items, columns: ${columns}`));
  expect(compileSource(plan, 'items', { nowMs: 0, secrets: [] }).target).toMatchObject({
    key: [{ name: 'meta.uid', path: ['meta.uid'], type: 'text' }],
  });
});
