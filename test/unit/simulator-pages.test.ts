import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Dataset } from '../../src/simulator/dataset.js';
import { deflateEnvelope } from '../../src/simulator/gzip-page.js';
import { HOSTILE_KINDS, type HostileKind } from '../../src/simulator/hostile.js';
import { PageCache } from '../../src/simulator/page-cache.js';
import { Renderer } from '../../src/simulator/render.js';
import type { View } from '../../src/simulator/views.js';
import { Views } from '../../src/simulator/views.js';

const EVENT_KEYS = [
  'id',
  'sessionId',
  'userId',
  'type',
  'name',
  'properties',
  'timestamp',
  'session',
];

interface EventRecord {
  readonly id: string;
  readonly sessionId: string;
  readonly userId: string;
  readonly name: string;
  readonly timestamp: string | number;
  readonly session: { readonly id: string; readonly deviceType: string; readonly browser: string };
}

function setUp(settings: { events: number; hostileRows?: number; hostileKinds?: string }) {
  const dataset = new Dataset({ seed: 1, hostileRows: 0, hostileKinds: 'all', ...settings });
  const view = new Views(dataset).events({ sessionId: null, type: null });
  return { dataset, view, renderer: new Renderer(dataset) };
}

function recordsOf(page: Buffer): EventRecord[] {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(page);
  return (JSON.parse(`${text}}`) as { data: EventRecord[] }).data;
}

test('an event has exactly the eight keys of the contract', () => {
  const { view, renderer, dataset } = setUp({ events: 1_000 });
  for (const [place, record] of recordsOf(renderer.renderPage(view, 0, 1_000)).entries()) {
    expect(Object.keys(record)).toEqual(EVENT_KEYS);
    expect(record.id).toBe(dataset.events.idAt(place));
    expect(record.name).toMatch(/^event_[a-z0-9]{6}$/);
    expect(record.session.id).toBe(record.sessionId);
    expect(Object.keys(record.session)).toEqual(['id', 'deviceType', 'browser']);
  }
});

test('a timestamp is a number where its row in the page is divisible by three, else ISO text', () => {
  const { view, renderer, dataset } = setUp({ events: 1_000 });
  for (const start of [0, 1, 100]) {
    for (const [row, record] of recordsOf(renderer.renderPage(view, start, 1_000)).entries()) {
      const ms = dataset.events.msAt(start + row);
      expect(record.timestamp).toBe(row % 3 === 0 ? ms : new Date(ms).toISOString());
    }
  }
});

test('a page of 5,000 events is about as large as on the live API', () => {
  const { view, renderer } = setUp({ events: 10_000 });
  const bytes = renderer.renderPage(view, 5_000, 10_000).length;
  expect(bytes).toBeGreaterThan(1_650_000);
  expect(bytes).toBeLessThan(1_900_000);
});

test('an empty page is an empty array', () => {
  const { view, renderer } = setUp({ events: 10 });
  expect(renderer.renderPage(view, 10, 10).toString()).toBe('{"data":[]');
});

/** The text of the first event of a kind, and its place. */
function firstOfKind(kind: HostileKind): { text: string; bytes: Buffer; ms: number; id: string } {
  const { dataset, renderer } = setUp({ events: 100, hostileRows: 1, hostileKinds: kind });
  const bytes = renderer.event(7, 1);
  return {
    bytes,
    text: bytes.toString('latin1'),
    ms: dataset.events.msAt(7),
    id: dataset.events.idAt(7),
  };
}

test('every kind of hostile row is broken in its own way and in no other', () => {
  const parse = (kind: HostileKind) =>
    JSON.parse(firstOfKind(kind).bytes.toString('utf8')) as Record<string, unknown>;
  expect(parse('noId')).not.toHaveProperty('id');
  expect(parse('noId')).toHaveProperty('session.id');
  expect(String(parse('malformedId').id)).not.toBe(firstOfKind('malformedId').id);
  expect(parse('nulInString').name).toContain('\u0000');
  expect(() => JSON.parse(firstOfKind('badJson').text)).toThrow(SyntaxError);
  const strict = new TextDecoder('utf-8', { fatal: true });
  expect(() => strict.decode(firstOfKind('invalidUtf8').bytes)).toThrow(TypeError);
  const lone = JSON.parse(firstOfKind('nonObject').text) as unknown;
  expect(lone === null || typeof lone !== 'object' || Array.isArray(lone)).toBe(true);
  const unreadable = parse('unreadableTimestamp').timestamp;
  expect(Number.isNaN(new Date(unreadable as string).getTime()) || unreadable === true).toBe(true);
  expect(parse('missingTimestamp')).not.toHaveProperty('timestamp');
  const seconds = firstOfKind('secondsTimestamp');
  expect(Math.round(Number(parse('secondsTimestamp').timestamp) * 1000)).toBe(seconds.ms);
  const digits = firstOfKind('digitStringTimestamp');
  expect(parse('digitStringTimestamp').timestamp).toBe(String(digits.ms));
});

test('a hostile row is the same whichever page it is fetched in, but for its timestamp form', () => {
  const { view, renderer, dataset } = setUp({ events: 600, hostileRows: 0.5 });
  const kinds = new Set<HostileKind>();
  for (let place = 0; place < 597; place++) {
    const kind = dataset.hostile.kindOf(dataset.events.entityAt(place));
    if (kind !== null) kinds.add(kind);
  }
  expect([...kinds].sort()).toEqual([...HOSTILE_KINDS].sort());
  // Shifted by three, every row keeps its form, so the pages must agree byte for byte.
  const whole = renderer.renderPage(view, 0, 600).toString('latin1');
  const shifted = renderer.renderPage(view, 3, 600).toString('latin1');
  expect(whole.endsWith(shifted.slice('{"data":['.length))).toBe(true);
});

test('the cache gives a page again, stays within its bytes, and drops the least used first', () => {
  const { view, renderer } = setUp({ events: 1_000 });
  const pageBytes = renderer.renderPage(view, 0, 100).length;
  const cache = new PageCache(renderer, pageBytes * 2.5);
  const first = cache.page(view, 0, 100);
  expect(first.isCached).toBe(false);
  expect(cache.page(view, 100, 200).isCached).toBe(false);
  expect(cache.page(view, 0, 100)).toEqual({ page: first.page, isCached: true });
  expect(cache.page(view, 200, 300).isCached).toBe(false);
  expect(cache.page(view, 0, 100).isCached).toBe(true);
  expect(cache.page(view, 100, 200).isCached).toBe(false);
});

test('a compressed page is one gzip member with the bytes of the plain one', () => {
  const { view, renderer } = setUp({ events: 1_000, hostileRows: 0.1 });
  const cache = new PageCache(renderer, 10_000_000);
  const { page } = cache.page(view, 0, 1_000);
  for (const envelope of [Buffer.from(',"a":1}'), Buffer.from(',"another":"tail"}')]) {
    const rows = cache.deflated(page);
    const member = Buffer.concat([rows.bytes, deflateEnvelope(rows, envelope)]);
    expect(gunzipSync(member).equals(Buffer.concat([page.rows, envelope]))).toBe(true);
    expect(member.length).toBeLessThan(page.rows.length / 2);
  }
});

test('compressed pages count towards the bytes of the cache', () => {
  const { view, renderer } = setUp({ events: 1_000 });
  const pageBytes = renderer.renderPage(view, 0, 100).length;
  const cache = new PageCache(renderer, pageBytes * 2.2);
  cache.deflated(cache.page(view, 0, 100).page);
  cache.deflated(cache.page(view, 100, 200).page);
  cache.page(view, 200, 210);
  expect(cache.page(view, 0, 100).isCached).toBe(false);
});

test('metrics are a view of nothing', () => {
  const { dataset, renderer } = setUp({ events: 10 });
  const metrics: View = new Views(dataset).metrics;
  expect(metrics.count).toBe(0);
  expect(renderer.renderPage(metrics, 0, 0).toString()).toBe('{"data":[]');
});
