/** Parents and children, and seed lists, of a source file. */
import { describe, expect, test } from 'vitest';
import { faultTexts, fileWith, load, planOf, warningTexts } from '../support/source-files.js';

const HEAD = 'client: { base_url: "https://api.example.com/v1/" }\n';
const TO_ID = 'path: "issues/{resources.issues.id}/comments"';

/** Resources `issues` (line 3) and `comments` (line 4). */
const child = (endpoint: string, rest = '') =>
  `${HEAD}resources:\n  - issues\n  - { name: comments, endpoint: { ${endpoint} }${rest} }\n`;

const commentsOf = (text: string) => planOf(text).streams.find(({ name }) => name === 'comments');

/** A list of repositories, and what reads it. */
const listed = (values: string, endpoint = 'path: "repos/{resources.repos.name}/pulls"') =>
  `${HEAD}resources:\n  - repos\n  - { name: pulls, endpoint: { ${endpoint} } }\nx-ingestion:\n  resources:\n    repos:\n      values: ${values}\n`;

describe('a child reads its parent', () => {
  const mark = '{resources.issues.id}';

  test.each([
    ['in the path', TO_ID, true],
    ['in a parameter', 'params: { issue: "{resources.issues.id}" }', false],
    ['in the body', 'method: POST, json: { where: { issue: "n{resources.issues.id}" } }', false],
    ['in a header', 'headers: { X-Issue: "{ resources.issues.id }" }', false],
    [
      'by a parameter that is resolved',
      'path: "issues/{n}/comments", params: { n: { type: resolve, resource: issues, field: id } }',
      true,
    ],
    [
      'by a parameter of the path',
      'path: "issues/{n}/comments", params: { n: "{resources.issues.id}" }',
      true,
    ],
  ])('%s', (_, endpoint, isInPath) => {
    const stream = commentsOf(child(endpoint));
    const fields = [{ path: 'id', mark, isInPath }];
    expect(stream?.parent).toEqual({
      resource: 'issues',
      values: null,
      fields,
      include: [],
      later: 'all',
    });
    const { path, params, json, headers } = stream ?? {};
    expect(JSON.stringify({ path, params, json, headers })).toContain(mark);
    expect(planOf(child(endpoint)).streams[0]?.parent).toBeNull();
  });

  test('and has fields of it in its records, also in its key', () => {
    const rest = ', include_from_parent: [id, user.login], primary_key: [_issues_id, id]';
    const stream = commentsOf(child(TO_ID, rest));
    expect(stream?.parent?.include).toEqual([
      { path: 'id', name: '_issues_id' },
      { path: 'user.login', name: '_issues_user_login' },
    ]);
    expect(stream?.primaryKey).toEqual(['_issues_id', 'id']);
  });

  test('an endpoint that ends in its value is one of a single record', () => {
    const stream = commentsOf(child('path: "issues/{resources.issues.id}"'));
    expect(stream).toMatchObject({ dataSelector: '$', paginator: { type: 'single_page' } });
  });
});

describe('a seed list', () => {
  test('takes the place of an endpoint, and is no stream', () => {
    const { streams } = planOf(listed('[{ name: a }, { name: b }]'));
    expect(streams.map(({ name }) => name)).toEqual(['pulls']);
    expect(streams[0]?.parent).toMatchObject({
      resource: 'repos',
      values: [{ name: 'a' }, { name: 'b' }],
    });
  });

  test('may be that of the resource which reads it', () => {
    const own = 'path: "repos/{resources.items.name}", data_selector: list';
    const text = fileWith(
      `name: items, endpoint: { ${own} }`,
      'x-ingestion: { resources: { items: { values: [{ name: a }] } } }\n',
    );
    expect(planOf(text).streams[0]?.parent).toMatchObject({
      resource: 'items',
      values: [{ name: 'a' }],
    });
  });

  test.each([
    ['[{ name: a }, { id: 3 }]', 'values[1]: has no name, which pulls reads'],
    ['[{ name: "" }]', 'values[0]: has no name, which pulls reads'],
    ['[{ name: [a] }]', 'values[0]: has no name, which pulls reads'],
    ['[{ name: ".." }]', 'values[0]: has no name, which pulls reads'],
  ])('%s', (values, expected) => {
    expect(faultTexts(listed(values))).toEqual([
      `sample.yaml:8: x-ingestion.resources.repos.${expected}`,
    ]);
  });

  test('beside an endpoint that does not read it', () => {
    const text = fileWith(
      'name: items, endpoint: items',
      'x-ingestion: { resources: { items: { values: [{ name: a }] } } }\n',
    );
    expect(faultTexts(text)).toEqual([
      'sample.yaml:3: x-ingestion.resources.items.values: items has an endpoint that reads none of them; take one of the two out; in the endpoint {resources.items.FIELD} stands for a value',
    ]);
  });
});

describe('which resources are copied', () => {
  test('a child that is not selected is left out with a warning', () => {
    const text = child(TO_ID, ', selected: false');
    expect(planOf(text).streams.map(({ name }) => name)).toEqual(['issues']);
    expect(warningTexts(text)).toEqual([
      'sample.yaml:4: resources[1].selected: comments is left out: it is not selected',
    ]);
  });

  test('a parent that a child needs is copied all the same, with a warning', () => {
    const text = `${HEAD}resources:
  - { name: issues, selected: false }
  - { name: users, selected: false }
  - { name: comments, endpoint: { ${TO_ID} } }
`;
    expect(planOf(text).streams.map(({ name }) => name)).toEqual(['issues', 'comments']);
    expect(warningTexts(text)).toEqual([
      'sample.yaml:3: resources[0].selected: issues is copied though it is not selected: its rows say what to ask for of comments',
      'sample.yaml:4: resources[1].selected: users is left out: it is not selected',
    ]);
  });
});

describe('faults', () => {
  const at = 'sample.yaml:4: resources[1].endpoint';

  test.each([
    [
      'a parent that is no resource',
      child('path: "issues/{resources.isues.id}/comments"'),
      [`${at}.path: resource comments reads isues, which is no resource; did you mean issues?`],
    ],
    [
      'two parents',
      child(`${TO_ID}, params: { x: "{resources.comments.a}" }`),
      [
        `${at}.params.x: resource comments reads issues and comments: a resource has one parent; include_from_parent in issues hands values of its own parent on`,
      ],
    ],
    [
      'itself',
      child('path: "comments/{resources.comments.id}/comments"'),
      [`${at}.path: resource comments, which reads comments: a circle has no beginning`],
    ],
    [
      'a field that is no single value',
      child('path: "issues/{resources.issues.list.*}/comments"'),
      [`${at}.path: the path leads to several values of a record; name one`],
    ],
    [
      'a resolved parameter that is in no path',
      child('params: { n: { type: resolve, resource: issues, field: id } }'),
      [
        `${at}.params.n: {n} is not in the path; write {resources.issues.id} as its value to send it as a parameter`,
      ],
    ],
    [
      'include_from_parent without a parent',
      fileWith('name: a, include_from_parent: [id]'),
      ['sample.yaml:2: resources[0].include_from_parent: resource a reads no parent'],
    ],
  ])('%s', (_, text, expected) => {
    expect(faultTexts(text)).toEqual(expected);
  });

  test('a circle of several', () => {
    const reads = (name: string, parent: string) =>
      `  - { name: ${name}, endpoint: { path: "x/{resources.${parent}.id}/y" } }\n`;
    const text = `${HEAD}resources:\n${reads('a', 'b')}${reads('b', 'c')}${reads('c', 'a')}`;
    expect(faultTexts(text)[0]).toBe(
      'sample.yaml:3: resources[0].endpoint.path: resource a, which reads b, which reads c, which reads a: a circle has no beginning',
    );
    expect(load(text).type).toBe('faulty');
  });
});
