/** What the paging of a source file becomes: links, ends and detection, at the top and inside a window. */
import { describe, expect, test } from 'vitest';
import { compileSource } from '../../src/source/compile-source.js';
import { pageFacts, type SampleFacts } from '../support/page-facts.js';
import { planOf } from '../support/source-files.js';

const SECOND_PAGE = 'https://api.example.com/items?page=2';
const WINDOW = "type: time_window, start_param: from, end_param: to, start: '2024-01-01'";

/** @param paginator YAML of its fields @param isInWindow it pages inside each window of a stretch of time */
function kindOf(paginator: string, isInWindow: boolean) {
  const inner = isInWindow
    ? `{ ${WINDOW}, end: '2024-01-02', window: 1d, paginator: ${paginator} }`
    : paginator;
  const file = `
client:
  base_url: https://api.example.com
  auth: { type: api_key, location: query, name: key, api_key: '\${KEY}' }
resources: [{ name: items, endpoint: { paginator: ${inner} } }]`;
  return compileSource(planOf(file), 'items', { nowMs: 0, secrets: [] }).reading.kind;
}

function nextOf(paginator: string, isInWindow: boolean, sample: SampleFacts) {
  return kindOf(paginator, isInWindow).next(pageFacts(sample));
}

describe.each([
  ['at the top', false],
  ['inside a window', true],
])('%s', (_, isInWindow) => {
  test.each([
    ['json_link', { body: { next: `${SECOND_PAGE}&key=s3cret` } }],
    ['header_link', { headers: { link: `<${SECOND_PAGE}&key=s3cret>; rel=next` } }],
    ['auto', { headers: { link: `<${SECOND_PAGE}&key=s3cret>; rel=next` } }],
  ])('a link that repeats the key is kept without it: %s', (paginator, sample) => {
    const way = nextOf(paginator, isInWindow, sample);
    expect(way).toMatchObject({ type: 'next', cursor: expect.not.stringContaining('s3cret') });
    const cursor = way.type === 'next' ? way.cursor : null;
    expect(kindOf(paginator, isInWindow).request(cursor, null)).toEqual({ url: SECOND_PAGE });
  });

  test('an empty page ends a walk by cursors only if the file says so', () => {
    const cursor = 'type: cursor, cursor_path: next, cursor_param: after';
    const sample = { body: { next: 'b' }, records: [] };
    expect(nextOf(`{ ${cursor} }`, isInWindow, sample)).toMatchObject({ type: 'next' });
    const ending = `{ ${cursor}, stop_after_empty_page: true }`;
    expect(nextOf(ending, isInWindow, sample)).toEqual({ type: 'end' });
    const full = { ...sample, records: [{}] };
    expect(nextOf(ending, isInWindow, full)).toMatchObject({ type: 'next' });
  });

  test('auto fails where the answer shows no paging', () => {
    const sample = { body: { items: [] }, recordCount: 30 };
    expect(nextOf('auto', isInWindow, sample)).toEqual({
      type: 'broken',
      reason: expect.stringContaining('name a paginator'),
    });
  });
});
