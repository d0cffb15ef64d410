/** Secrets that an API writes into its cursors: kept as numbers, and sent as they are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pageKind } from '../../src/paging/page-kinds.js';
import { compileSource } from '../../src/source/compile-source.js';
import { sealedKind } from '../../src/source/sealed-cursors.js';
import { pageFacts } from '../support/page-facts.js';
import { planOf } from '../support/source-files.js';

const SECRET = 's/cr+t =ü';
const OTHER = 's/cr+t =ü, longer';
const OPTIONS = { cursorTtlMs: null };
const byLink = pageKind({ type: 'json_link', nextUrlPath: 'next' }, OPTIONS);

function cursorOf(link: string, secrets: readonly string[] = [SECRET, OTHER]): string {
  const way = sealedKind(byLink, secrets).next(pageFacts({ body: { next: link } }));
  if (way.type !== 'next') throw new Error('the page leads on');
  return way.cursor;
}

function urlOf(cursor: string, secrets: readonly string[] = [SECRET, OTHER]) {
  return sealedKind(byLink, secrets).request(cursor, null).url;
}

describe('a link that repeats a secret', () => {
  test.each([
    ['percent-encoded', encodeURIComponent(SECRET)],
    ['as a form writes it', 's%2Fcr%2Bt+%3D%C3%BC'],
    ['that holds another', encodeURIComponent(OTHER)],
  ])('%s', (_, text) => {
    const link = `https://api.example.com/items?k=${text}&p=2`;
    const cursor = cursorOf(link);
    expect(cursor).toMatch(/^https:\/\/api\.example\.com\/items\?k=\{secret:\d:\d\}&p=2$/);
    expect(urlOf(cursor)).toBe(link);
  });

  test('is asked for with the secret as it is by then', () => {
    const cursor = cursorOf('https://api.example.com/items?k=old-secret&p=2', ['old-secret']);
    expect(urlOf(cursor, ['new secret'])).toBe('https://api.example.com/items?k=new secret&p=2');
  });
});

test('what looks like a seal is sent as the API wrote it', () => {
  const link = 'https://api.example.com/items?k={secret:0:0}{secret:-}';
  expect(urlOf(cursorOf(link))).toBe(link);
});

test('a cursor from before secrets were sealed is sent as it is', () => {
  const link = `https://api.example.com/items?k=${encodeURIComponent(SECRET)}`;
  expect(urlOf(link)).toBe(link);
});

test('any cursor comes back, and shows no secret', () => {
  const parts = fc.constantFrom(SECRET, OTHER, '{secret:', '{secret:0:1}', '-}', 'a', '"', '{');
  const plan = { type: 'header_cursor', header: 'x', place: { in: 'query', name: 'c' } } as const;
  const plain = pageKind(plan, OPTIONS);
  const kind = sealedKind(plain, ['short', SECRET, OTHER]);
  fc.assert(
    fc.property(fc.array(parts, { minLength: 1 }), (texts) => {
      const seen = pageFacts({ headers: { x: texts.join('') } });
      const [way, plainWay] = [kind.next(seen), plain.next(seen)];
      if (way.type !== 'next' || plainWay.type !== 'next') throw new Error('the page leads on');
      expect(way.cursor).not.toContain(SECRET);
      expect(kind.request(way.cursor, null)).toEqual(plain.request(plainWay.cursor, null));
    }),
  );
});

test('the kinds of a source file are sealed', () => {
  const file = `
client: { base_url: 'https://api.example.com' }
resources:
  - { name: items, endpoint: { paginator: { type: json_link, next_url_path: next } } }
`;
  const source = compileSource(planOf(file), 'items', { nowMs: 0, secrets: ['the-secret'] });
  const next = 'https://api.example.com/the-secret/items?page=2';
  const way = source.reading.kind.next(pageFacts({ body: { next } }));
  expect(way).toEqual({
    type: 'next',
    cursor: 'https://api.example.com/{secret:0:0}/items?page=2',
  });
});
