/** What an exploration knows of a source before it asks: which probes are of use, and how pages are read. */
import { describe, expect, test } from 'vitest';
import { emptyCensus } from '../../src/explore/census.js';
import { emptyNotebook } from '../../src/explore/explore.js';
import { Extent } from '../../src/explore/extent.js';
import { findingsOf, type KnownSource } from '../../src/explore/findings/findings.js';
import type { PageSeen } from '../../src/explore/observations.js';
import { defaultBudget, makePlan } from '../../src/explore/plan.js';
import { planText } from '../../src/explore/render.js';
import {
  cursorAtOrdinal,
  lastOrdinalOf,
  ordinalIn,
  streamPages,
} from '../../src/explore/stream-pages.js';
import { subjectOf } from '../../src/explore/subject.js';
import { compileSource } from '../../src/source/compile-source.js';
import { datasync } from '../support/datasync.js';
import { receivedJson, seenPage } from '../support/seen-pages.js';
import { fileWith, planOf } from '../support/source-files.js';

const BASE_URL = 'https://api.example.com';

function sourceWith(endpoint: string, stream = '{}') {
  const resource = `name: items, primary_key: id, endpoint: { path: items, ${endpoint} }`;
  const rest = `x-ingestion: { resources: { items: ${stream} } }\n`;
  return compileSource(planOf(fileWith(resource, rest)), 'items', { nowMs: 0, secrets: [] });
}

const SIZED = '{ page_size: { param: limit, max: 20 }, time: { path: at } }';
const OFFSET = sourceWith(
  'data_selector: items, paginator: { type: offset, limit: 20, total_path: total }',
  SIZED,
);
const NUMBERED = sourceWith(
  'data_selector: items, paginator: { type: page_number, base_page: 1, total_path: pages }',
  SIZED,
);
const CHAINED = sourceWith('paginator: { type: json_link, next_url_path: next }');
const EXPIRING = sourceWith(
  'paginator: { type: cursor, cursor_path: next, cursor_param: after }',
  '{ page_size: { param: limit, max: 20 }, cursor_ttl: 60s }',
);

describe('what a stream has', () => {
  test.each([
    ['DataSync', datasync, { places: 'time', sizes: 'free', cursorsExpire: true }],
    ['offsets', OFFSET, { places: 'records', sizes: 'free', cursorsExpire: false }],
    ['page numbers', NUMBERED, { places: 'pages', sizes: 'fixed', cursorsExpire: false }],
    ['links', CHAINED, { places: 'none', sizes: 'unsaid', cursorsExpire: false }],
    ['cursors that die', EXPIRING, { places: 'none', sizes: 'free', cursorsExpire: true }],
  ])('%s', (_, source, expected) => {
    expect(subjectOf(source)).toMatchObject(expected);
  });

  test.each([
    ['DataSync', datasync, []],
    ['offsets', OFFSET, ['cursor life']],
    ['page numbers', NUMBERED, ['cursor life', 'largest page', 'seek', 'small page']],
    ['links', CHAINED, ['cursor life', 'far end', 'largest page', 'seek', 'small page']],
    ['cursors that die', EXPIRING, ['far end', 'seek']],
  ])('%s: what is of no use is left out with a reason', (_, source, expected) => {
    const scope = {
      ...{ subject: subjectOf(source), isThorough: true, doesProvoke: false },
      expected: { latencyMs: 100, policy: null },
    };
    const whole = { ...scope, budget: defaultBudget(scope) };
    const plan = makePlan(whole);
    expect(plan.unfit.map(({ name }) => name).toSorted()).toEqual(expected);
    const names = plan.probes.map(({ name }) => name);
    for (const { name } of plan.unfit) expect(names).not.toContain(name);
    expect(names.includes('manifest')).toBe(source === datasync);
    // One of the two shows whether the next request leads on.
    expect(names.includes('second page')).toBe(!names.includes('largest page'));
    const text = planText(plan, whole);
    for (const { name, reason } of plan.unfit) {
      expect(text.replaceAll(/\s+/g, ' ')).toContain(`Not asked: ${name} (${reason}).`);
    }
    if (source !== datasync) expect(text).not.toMatch(/events|DataSync|permitted/i);
  });
});

describe('a page', () => {
  const pages = streamPages(OFFSET, BASE_URL);

  test('is asked for with the size that is wanted', () => {
    expect(pages.request({ cursor: '40', limit: 7 }).url).toBe(
      'https://api.example.com/items?limit=7&offset=40',
    );
  });

  test('tells its records apart by keys that a double cannot hold, and orders them', () => {
    const text = `{"items":[{"id":9007199254740993,"at":"2024-01-01T00:00:00Z"},{"id":9007199254740992,"at":"no"},{"at":1}],"total":3}`;
    const received = { ...receivedJson(null) };
    const bytes = new TextEncoder().encode(text);
    const read = pages.read(
      { ...received, type: 'page', body: Buffer.from(bytes.buffer), buffer: bytes.buffer } as never,
      { cursor: null, limit: 20 },
    );
    if (read.type === 'fault') throw new Error(read.fault.message);
    const [first = '', second = ''] = read.seen.marks;
    expect(first > second).toBe(true);
    expect(new Set(read.seen.marks).size).toBe(3);
    expect(read.seen.positions).toEqual([{ ms: Date.UTC(2024, 0, 1), id: first }, null, null]);
    expect(read.seen.shape.name).toBe('records at $.items');
    expect(read.seen.envelope).toMatchObject({ hasMore: false, total: 3 });
  });

  test('shows where its list of records is, where the file does not say', () => {
    const seen = seenPage(streamPages(CHAINED, BASE_URL), {
      data: { rows: [{ id: 1 }] },
      next: null,
    });
    expect(seen?.shape).toEqual({ name: 'records at $.data.rows', detail: 'each page shows it' });
  });

  test('that is none is a fault, which names the source', () => {
    const read = pages.read(receivedJson({ error: 'x' }), { cursor: null, limit: 20 });
    expect(read).toMatchObject({ type: 'fault', fault: { code: 'NOT_A_PAGE' } });
    expect(JSON.stringify(read)).toContain('sample.items');
  });
});

describe('places that are counted', () => {
  test('a cursor for an ordinal asks for that record or page', () => {
    const [offset, numbered] = [streamPages(OFFSET, BASE_URL), streamPages(NUMBERED, BASE_URL)];
    expect([0, 1, 57].map((ordinal) => cursorAtOrdinal(offset, ordinal))).toEqual(['0', '1', '57']);
    expect(cursorAtOrdinal(numbered, 22)).toBe('22');
    expect(ordinalIn(offset, { askedCursor: '40' }, 3)).toBe(43);
    expect(ordinalIn(numbered, { askedCursor: '4' }, 3)).toBe(4);
    expect(ordinalIn(streamPages(CHAINED, BASE_URL), { askedCursor: 'x' }, 3)).toBeNull();
  });

  test('the last one is told by the total of records or of pages', () => {
    const items = [{ id: 1 }];
    const last = (source: typeof OFFSET, page: object) => {
      const seen = seenPage(streamPages(source, BASE_URL), { items, ...page }, { limit: 20 });
      return seen === null ? null : lastOrdinalOf(seen);
    };
    expect(last(OFFSET, { total: 430 })).toBe(429);
    expect(last(NUMBERED, { pages: 22 })).toBe(22);
    expect(last(OFFSET, {})).toBeNull();
  });
});

describe('findings', () => {
  const pages = streamPages(CHAINED, BASE_URL);
  const census = emptyCensus();
  const known: KnownSource = {
    ...{ fields: pages.fields, paging: 'json_link', declaredLimits: null, hasCredentials: false },
  };
  const page = (ids: readonly number[], next: string | null, cursor: string | null = null) => {
    const items = ids.map((id) => ({ id }));
    const seen = seenPage(pages, { items, next }, { cursor }, census);
    if (seen === null) throw new Error('the sample is a page');
    return seen;
  };
  const findings = (seen: readonly PageSeen[]) => {
    const extent = new Extent();
    for (const one of seen) extent.observe({ ...one, positions: [] });
    const notebook = { ...emptyNotebook(pages.subject), census, pages: [...seen] };
    const found = findingsOf(notebook, extent, known);
    return (name: string) => found.find((finding) => finding.name === name)?.value;
  };
  const first = page([1, 2, 3], `${BASE_URL}/items?page=2`);
  const second = first.envelope.nextCursor;

  test('a second page that begins in the first does not lead on', () => {
    expect(findings([first, page([4, 5], null, second)])('paging.leads-on')).toBe(true);
    expect(findings([first, page([3, 4], null, second)])('paging.leads-on')).toBe(false);
    expect(findings([page([1], null)])('paging.leads-on')).toBeNull();
  });

  test('a walk that came to the end has counted all there is', () => {
    expect(findings([first, page([4, 5], null, second)])('total')).toBe(5);
    expect(
      findings([first, page([4, 5], 'https://api.example.com/3', second)])('total'),
    ).toBeNull();
  });

  test('without a key and without a time that is said, and no API is called DataSync', () => {
    const of = findings([first]);
    expect(of('record.key')).toBe('id in every record');
    expect(of('record.timestamp-forms')).toBeNull();
    expect(of('auth.key-accepted')).toBeNull();
    expect(of('api.name')).toBeUndefined();
    expect(of('page.size')).toBe(3);
  });
});
