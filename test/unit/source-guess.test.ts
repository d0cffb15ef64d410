/** A source file that is made from one answer: what is guessed, and that the file can be used. */
import { describe, expect, test } from 'vitest';
import { guessAddress, sourceNameOf } from '../../src/source/guess/guess-address.js';
import { guessKey, guessTime } from '../../src/source/guess/guess-fields.js';
import { failureIn, guessSource, type SourceGuess } from '../../src/source/guess/guess-source.js';
import { sourceText } from '../../src/source/guess/source-text.js';
import { faultTexts, planOf, warningTexts } from '../support/source-files.js';

const query = (name: string) => ({ in: 'query', name });
const records = [
  { id: 1, name: 'one', made: { created_at: '2024-01-01T00:00:00Z' } },
  { id: 2, name: 'two', made: { created_at: '2024-01-02T00:00:00Z' } },
];

function guess(
  body: unknown,
  url = 'https://api.example.com/v1/items',
  headers: Readonly<Record<string, string>> = {},
): SourceGuess {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const header = (name: string) => headers[name] ?? null;
  const found = guessSource({ url: new URL(url), text, header });
  if (found === null) throw new Error('the sample is no JSON');
  return found;
}

const wish = { name: 'sample', hasToken: false, announcesLimit: true };

describe('the address', () => {
  test.each([
    ['https://api.github.com/', 'github'],
    ['https://www.example.co.uk/', 'example'],
    ['https://my-shop.myshopify.com/', 'myshopify'],
    ['http://localhost:3000/', 'localhost'],
    ['http://127.0.0.1:3000/', 'api'],
    ['http://[::1]:3000/', 'api'],
    ['https://3scale.net/', 'api_3scale'],
    ['https://datasync.io/', 'api_datasync'],
  ])('%s names the source %s', (url, name) =>
    expect(sourceNameOf(new URL(url), ['datasync'])).toBe(name),
  );

  test.each([
    ['https://a.io/repos/o/r/issues', 'https://a.io', 'repos/o/r/issues', 'issues'],
    ['https://a.io/api/v2/items/', 'https://a.io/api/v2', 'items/', 'items'],
    [
      'https://a.io/services/data/v62.0/query',
      'https://a.io/services/data/v62.0',
      'query',
      'query',
    ],
    ['https://a.io/api/items.json', 'https://a.io/api', 'items.json', 'items'],
    ['https://a.io/items/7', 'https://a.io', 'items/7', 'items'],
    ['https://a.io', 'https://a.io', '', 'records'],
  ])('%s is divided', (url, baseUrl, path, resource) => {
    expect(guessAddress(new URL(url))).toMatchObject({ baseUrl, path, resource });
  });

  test('keeps no secret of its query', () => {
    const { params, secretParams } = guessAddress(new URL('https://a.io/x?api_key=k&state=all'));
    expect(params).toEqual({ state: 'all' });
    expect(secretParams).toEqual(['api_key']);
  });
});

describe('the key', () => {
  test.each<[string, readonly object[], string | null]>([
    [
      'the likeliest name',
      [
        { key: 'a', id: 1 },
        { key: 'b', id: 2 },
      ],
      'id',
    ],
    [
      'the next, where one comes twice',
      [
        { id: 1, uuid: 'a' },
        { id: 1, uuid: 'b' },
      ],
      'uuid',
    ],
    ['the next, where one is missing', [{ id: 1, key: 'a' }, { key: 'b' }], 'key'],
    ['the id that is named after the resource', [{ itemId: 'a' }, { itemId: 'b' }], 'itemId'],
    ['none that another resource is named by', [{ user_id: 'a' }, { user_id: 'b' }], null],
    ['none that is no text and no whole number', [{ id: 1.5 }, { id: null }], null],
  ])('is %s', (_, sample, path) => {
    const found = guess({ items: sample }).key;
    expect(found?.path ?? null).toBe(path);
  });

  test('is told apart by digits that a double would lose', () => {
    const text = '[{"id":9007199254740993},{"id":9007199254740992}]';
    expect(guess(text).key?.path).toBe('id');
  });

  test('needs records', () => {
    expect(guess({ items: [] }).key).toBeNull();
    expect(guessKey(['a', 'b'], 'items')).toBeNull();
  });
});

describe('the time', () => {
  test.each<[string, object, string | null]>([
    [
      'of creation before that of a change',
      { updated_at: 1_700_000_000, createdAt: 1_700_000_000 },
      'createdAt',
    ],
    ['inside an object', { id: 1, fields: { created: '2024-01-01T00:00:00Z' } }, 'fields.created'],
    ['none that is no instant', { created: 'yesterday', date: '2024-01-01' }, null],
  ])('is %s', (_, record, path) => expect(guessTime([record])?.path ?? null).toBe(path));
});

describe('the paging', () => {
  const list = { items: records };

  test.each<[string, unknown, string, Record<string, string>, object]>([
    [
      'the header Link',
      records,
      'https://a.io/items?per_page=2',
      { link: '<https://a.io/items?page=2>; rel="next"' },
      { paginator: { type: 'header_link', rel: 'next' }, pageSize: { param: 'per_page', max: 2 } },
    ],
    [
      'a cursor',
      { data: records, paging: { next: { after: 'x' } } },
      'https://a.io/items?limit=2',
      {},
      { paginator: { type: 'cursor', cursorPath: 'paging.next.after', place: query('after') } },
    ],
    [
      'offset and limit',
      { ...list, total: 9 },
      'https://a.io/items?offset=4&limit=2',
      {},
      {
        paginator: { type: 'offset', start: 0, limit: 2, totalPath: 'total', hasMorePath: null },
        params: {},
      },
    ],
    [
      'a page number with a number of pages',
      { ...list, total_pages: 5 },
      'https://a.io/items?page=2&per_page=2',
      {},
      {
        paginator: { type: 'page_number', start: 1, base: 1, totalPath: 'total_pages' },
        pageSize: { param: 'per_page', max: 2 },
      },
    ],
    [
      'a page number that nothing is said of',
      list,
      'https://a.io/items?page=1&state=all',
      {},
      {
        paginator: {
          type: 'page_number',
          totalPath: null,
          hasMorePath: null,
          stopAfterEmptyPage: true,
        },
        params: { state: 'all' },
      },
    ],
    [
      'the id of the last record',
      { object: 'list', url: '/v1/items', has_more: true, data: [{ id: 'a' }] },
      'https://a.io/v1/items',
      {},
      {
        paginator: {
          type: 'keyset',
          keyPath: 'id',
          place: query('starting_after'),
          hasMorePath: 'has_more',
        },
      },
    ],
    [
      'found out by each run, where the answer is the only page',
      { ...list, total: 2 },
      'https://a.io/items',
      {},
      { paginator: { type: 'auto' } },
    ],
    [
      'left to be named, where nothing shows it',
      list,
      'https://a.io/items',
      {},
      { paginator: { type: 'auto' } },
    ],
  ])('%s', (_, body, url, headers, stream) => {
    const text = sourceText(guess(body, url, headers), wish);
    expect(faultTexts(text)).toEqual([]);
    expect(warningTexts(text)).toEqual([]);
    expect(planOf(text).streams[0]).toMatchObject({ ...stream, primaryKey: ['id'] });
  });
});

describe('the file', () => {
  test('says of each guess what it rests on, and what is to be set', () => {
    const text = sourceText(guess({ items: records }, 'https://a.io/items?token=abc123&x=1'), wish);
    expect(text).toMatch(/^# yaml-language-server: \$schema=schema.json\n# Made by/);
    expect(text).toContain('# Guessed: each of the 2 records of the page has one');
    expect(text).toContain('# Guessed: the records are the list items, which held 2.');
    expect(text).toMatch(
      /# Guessed: NOT FOUND OUT: the answer holds 2 records.*Name a paginator\.$/m,
    );
    expect(text).toContain('Set SAMPLE_API_KEY in');
    expect(text).not.toContain('abc123');
    const { auth, streams } = planOf(text);
    expect(auth).toMatchObject({ type: 'api_key', name: 'token', location: 'query' });
    expect(streams[0]).toMatchObject({ params: { x: '1' }, timePath: 'made.created_at' });
  });

  test('takes the token from a variable, and a second secret from another', () => {
    const url = 'https://a.io/items?secret=abc123';
    const text = sourceText(guess({ items: records }, url), { ...wish, hasToken: true });
    expect(text).toContain('Set SAMPLE_TOKEN, SAMPLE_SECRET in');
    const { auth, streams } = planOf(text);
    expect(auth).toMatchObject({ type: 'bearer' });
    expect(streams[0]?.params).toEqual({ secret: '$' + '{SAMPLE_SECRET}' });
  });

  test('shows how a limit is declared, where none is announced', () => {
    const silent = sourceText(guess({ items: records }), { ...wish, announcesLimit: false });
    expect(silent).toMatch(/#\s+limits: \[\{ quota: 10, window: 1s \}\]\n$/);
    expect(sourceText(guess({ items: records }), wish)).not.toContain('quota');
  });

  test('can be used whatever the answer is', () => {
    for (const body of ['null', '7', '[]', '[1,2]', '{}', '{"a b":[{"x.y":1}]}']) {
      expect(faultTexts(sourceText(guess(body), wish)), body).toEqual([]);
    }
  });
});

test('what is no JSON is no answer to guess from', () => {
  const url = new URL('https://a.io');
  expect(guessSource({ url, text: '<html>', header: () => null })).toBeNull();
});

test.each<[unknown, string | null]>([
  [{ ok: false, error: 'invalid_auth' }, 'invalid_auth'],
  [{ errors: [{ message: 'no' }] }, '[{"message":"no"}]'],
  [{ success: false }, '{"success":false}'],
  [{ ok: true, error: null, id: 1 }, null],
  [[], null],
])('of %j the failure is %s', (body, said) => expect(failureIn(body)).toBe(said));
