/** Each paginator of a source file with its defaults, which are those of dlt. */
import { describe, expect, test } from 'vitest';
import type { PaginatorPlan } from '../../src/source/plan.js';
import { faultTexts, fileWith, planOf, streamOf, warningTexts } from '../support/source-files.js';

const query = (name: string) => ({ in: 'query', name }) as const;
const body = (path: string) => ({ in: 'body', path }) as const;
const cursor = {
  type: 'cursor',
  cursorPath: 'cursors.next',
  place: query('cursor'),
  hasMorePath: null,
  stopAfterEmptyPage: false,
} as const;
const offset = {
  type: 'offset',
  limit: 50,
  start: 0,
  offsetPlace: query('offset'),
  limitPlace: query('limit'),
  totalPath: 'total',
  maximumOffset: null,
  stopAfterEmptyPage: true,
  hasMorePath: null,
} as const;
const pageNumber = {
  type: 'page_number',
  start: 0,
  place: query('page'),
  base: 0,
  totalPath: 'total',
  maximumPage: null,
  stopAfterEmptyPage: true,
  hasMorePath: null,
} as const;

const planned: readonly (readonly [string, PaginatorPlan])[] = [
  ['auto', { type: 'auto' }],
  ['{}', { type: 'auto' }],
  ['single_page', { type: 'single_page' }],
  ['json_link', { type: 'json_link', nextUrlPath: 'next' }],
  ['{ type: json_response, next_url_path: a.b }', { type: 'json_link', nextUrlPath: 'a.b' }],
  ['header_link', { type: 'header_link', rel: 'next' }],
  ['{ type: header_link, links_next_key: more }', { type: 'header_link', rel: 'more' }],
  ['header_cursor', { type: 'header_cursor', header: 'next', place: query('cursor') }],
  [
    '{ type: header_cursor, cursor_key: NextPageToken, cursor_param: t }',
    { type: 'header_cursor', header: 'nextpagetoken', place: query('t') },
  ],
  ['cursor', cursor],
  ['{ type: cursor, cursor_param: null }', cursor],
  [
    '{ type: cursor, cursor_path: a, cursor_body_path: variables.after, has_more_path: more }',
    { ...cursor, cursorPath: 'a', place: body('variables.after'), hasMorePath: 'more' },
  ],
  ['{ type: cursor, stop_after_empty_page: true }', { ...cursor, stopAfterEmptyPage: true }],
  ['{ type: offset, limit: 50 }', offset],
  [
    '{ type: offset, limit: 50, offset: 10, offset_param: skip, limit_param: take, total_path: null, maximum_offset: 99 }',
    {
      ...offset,
      start: 10,
      offsetPlace: query('skip'),
      limitPlace: query('take'),
      totalPath: null,
      maximumOffset: 99,
    },
  ],
  [
    '{ type: offset, limit: 50, offset_body_path: a.o, limit_body_path: a.l, has_more_path: more }',
    {
      ...offset,
      offsetPlace: body('a.o'),
      limitPlace: body('a.l'),
      totalPath: null,
      hasMorePath: 'more',
    },
  ],
  ['page_number', pageNumber],
  ['{ type: page_number, base_page: 1 }', { ...pageNumber, start: 1, base: 1 }],
  [
    '{ type: page_number, base_page: 1, page: 3, page_body_path: p, total_path: pages, maximum_page: 9 }',
    { ...pageNumber, start: 3, base: 1, place: body('p'), totalPath: 'pages', maximumPage: 9 },
  ],
  [
    '{ type: keyset, key_path: id, key_param: after }',
    { type: 'keyset', keyPath: 'id', place: query('after'), hasMorePath: null },
  ],
  [
    '{ type: time_window, start_param: a, end_param: b, start: "2024-01-01", window: 1h, split_on: [413], paginator: cursor }',
    {
      type: 'time_window',
      startPlace: query('a'),
      endPlace: query('b'),
      start: '2024-01-01',
      end: 'now',
      windowMs: 3_600_000,
      stepMs: null,
      splitOn: [413],
      inner: cursor,
    },
  ],
  [
    '{ type: time_window, start_body_path: r.a, end_body_path: r.b, start: 1700000000, end: 1800000000, window: 7d }',
    {
      type: 'time_window',
      startPlace: body('r.a'),
      endPlace: body('r.b'),
      start: 1_700_000_000,
      end: 1_800_000_000,
      windowMs: 604_800_000,
      stepMs: null,
      splitOn: [],
      inner: { type: 'auto' },
    },
  ],
];

test.each(planned)('%s', (written, plan) => {
  expect(streamOf(`name: a, endpoint: { paginator: ${written} }`).paginator).toEqual(plan);
});

test('that of the client is the default of every endpoint that names none', () => {
  const { streams } = planOf(`client: { base_url: "https://a.b", paginator: header_link }
resources: [a, { name: b, endpoint: { paginator: single_page } }]
`);
  expect(streams.map(({ paginator }) => paginator.type)).toEqual(['header_link', 'single_page']);
});

describe('faults', () => {
  test.each([
    ['offset', 'others need a block with type and fields'],
    ['{ type: offset }', 'limit: is missing; it takes a whole number of 1 or more'],
    ['{ type: offset, limit: 0 }', 'limit: takes a whole number of 1 or more'],
    ['{ type: cursor, cursor_param: a, cursor_body_path: b }', 'takes the place of cursor_param'],
    ['{ type: cursor, limit: 3 }', 'paginator.limit: unknown field'],
    [
      '{ type: page_number, total_path: null, stop_after_empty_page: false }',
      'nothing says where the pages end',
    ],
    ['{ type: keyset, key_param: a }', 'key_path: is missing'],
    ['{ type: time_window, start_param: a, end_param: b, start: noon, window: 1h }', 'ISO 8601'],
    [
      '{ type: time_window, start_param: a, end_param: b, start: 5, window: 1h, step: 1ms }',
      'takes a multiple of 1000 ms',
    ],
    [
      '{ type: time_window, start_param: a, end_param: b, start: 5, window: 90 }',
      'a duration such as',
    ],
    ['{ type: time_window, start_param: a, end_param: b, start: 5, window: 0s }', 'above 0'],
    ['{ type: time_window, start_param: a, end_param: b, start: now, window: 1h }', 'takes a day'],
    [
      "{ type: time_window, start_param: a, end_param: b, start: '2024-01-01T00:00:00', window: 1h }",
      'takes a day, a time with its zone',
    ],
    [
      "{ type: time_window, start_param: a, end_param: b, start: '2024-01-01', end: '2024-02-30', window: 1h }",
      'or the word now',
    ],
    [
      '{ type: time_window, start_param: a, end_param: b, start: 5, end: 4, window: 1h }',
      'takes an instant after start',
    ],
    [
      '{ type: time_window, end_param: b, start: 5, window: 1h }',
      'set one of start_param and start_body_path',
    ],
    [
      '{ type: time_window, start_param: a, end_param: b, start: 5, window: 1h, paginator: { type: time_window } }',
      'paginator.paginator.type: takes one of',
    ],
  ])('%s', (written, expected) => {
    const text = fileWith(`name: a, endpoint: { paginator: ${written} }`);
    expect(faultTexts(text).join('\n')).toContain(expected);
  });
});

test('windows of records without a key get a warning: both may include the instant between them', () => {
  const window = '{ type: time_window, start_param: a, end_param: b, start: 5, window: 1h }';
  const endpoint = `endpoint: { paginator: ${window} }`;
  expect(warningTexts(fileWith(`name: a, ${endpoint}`)).join()).toContain('without a primary_key');
  expect(warningTexts(fileWith(`name: a, primary_key: id, ${endpoint}`))).toEqual([]);
  const stepped = endpoint.replace('window: 1h', 'window: 1h, step: 1s');
  expect(warningTexts(fileWith(`name: a, ${stepped}`))).toEqual([]);
});
