/** What the dashboard keeps of a run: bounded, and true. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WaitTimes } from '../../src/core/wait-times.js';
import { History, type Sample } from '../../src/observe/history.js';
import { LatencyWindow } from '../../src/observe/latency-window.js';
import { RecentLog } from '../../src/observe/recent-log.js';
import { SegmentMap } from '../../src/observe/segment-map.js';
import { WaitShares } from '../../src/observe/wait-shares.js';
import type { Position } from '../../src/paging/position.js';

const T0 = 1_800_000_000_000;

describe('history', () => {
  const sample = (second: number): Sample => ({
    atMs: T0 + second * 1000,
    rows: second * 10,
    rowsPerSecond: 10,
    requests: second,
    permitted: null,
    fetching: 1,
    scanning: 0,
    writing: 0,
    heldBytes: 0,
  });

  test('a day costs what ten minutes do, and still spans the day', () => {
    const history = new History();
    const seconds = 86_400;
    for (let second = 0; second < seconds; second++) history.add(sample(second));
    history.finish(sample(seconds));
    const { atMs, rows } = history.columns();
    expect(atMs.length).toBeLessThanOrEqual(601);
    expect(atMs.length).toBeGreaterThan(250);
    expect(atMs[0]).toBeLessThan(T0 + 1000 * 1000);
    expect(atMs.at(-1)).toBe(T0 + seconds * 1000);
    expect(rows.at(-1)).toBe(seconds * 10);
    const spans = atMs.slice(1, -1).map((at, index) => (at ?? 0) - (atMs[index] ?? 0));
    expect(new Set(spans).size).toBe(1);
  });

  test('whoever holds a copy learns when it no longer fits', () => {
    const history = new History();
    const copy: (number | null)[] = [];
    let { version } = history;
    for (let second = 0; second < 5_000; second++) {
      if (history.add(sample(second))) copy.push(T0 + second * 1000);
      if (history.version !== version) copy.splice(0, copy.length, ...history.columns().atMs);
      version = history.version;
      expect(copy).toEqual(history.columns().atMs);
    }
  });
});

test('property: percentiles are those of the last 512, by nearest rank', () => {
  const durations = fc.array(fc.integer({ min: 0, max: 10_000 }), {
    minLength: 1,
    maxLength: 1_200,
  });
  fc.assert(
    fc.property(durations, (all) => {
      const window = new LatencyWindow();
      for (const each of all) window.add(each);
      const sorted = all.slice(-512).sort((a, b) => a - b);
      const rank = (share: number) => sorted[Math.ceil(share * sorted.length) - 1];
      expect(window.percentiles()).toEqual({
        p50Ms: rank(0.5),
        p95Ms: rank(0.95),
        p99Ms: rank(0.99),
        count: all.length,
      });
    }),
  );
  expect(new LatencyWindow().percentiles()).toBeNull();
});

test('the shares of the last while say what requests waited for', () => {
  const waits = new WaitTimes();
  const shares = new WaitShares(waits);
  waits.waitFor('credit', T0);
  for (let second = 0; second <= 60; second++) {
    const atMs = T0 + second * 1000;
    if (second === 30) waits.waitFor('permit', atMs);
    if (second === 58) waits.waitFor('answer', atMs);
    shares.mark(atMs, null);
  }
  expect(shares.shares).toMatchObject({ permit: 0.8, answer: 0.2, credit: 0 });
});

describe('recent log', () => {
  test('keeps the last sixty lines, each cut to a length', () => {
    const log = new RecentLog();
    for (let line = 1; line <= 100; line++) {
      log.write(
        `${JSON.stringify({ level: 'info', time: 'T', message: 'x'.repeat(line * 10) })}\n`,
      );
    }
    const entries = log.entries();
    expect(entries).toHaveLength(60);
    expect(entries[0]?.id).toBe(41);
    expect(entries.at(-1)).toMatchObject({ id: 100, level: 'info', event: null });
    expect(entries.at(-1)?.message).toHaveLength(400);
  });

  test('a line that is no JSON is left out', () => {
    const log = new RecentLog();
    log.write('half a {line');
    expect(log.entries()).toEqual([]);
  });
});

describe('segment map', () => {
  const at = (ms: number): Position => ({ ms, id: '00000000-0000-4000-8000-000000000000' });

  test('a first segment fills up to an end that is guessed from the rows left', () => {
    const map = new SegmentMap(null);
    map.seen(at(1_000), at(900));
    map.committed({ segment: 0, after: null, through: at(900) }, 100);
    const view = map.view([{ segment: 0, after: at(900), bound: null }], 300);
    expect(view).toMatchObject({ newestMs: 1_000, oldestMs: 600, isGuessed: true });
    expect(view.segments).toEqual([
      { segment: 0, from: 0, done: 0.25, to: 1, isOpen: true, pages: 1, rows: 100 },
    ]);
  });

  test('a cut segment ends where the new one begins', () => {
    const map = new SegmentMap(null);
    map.seen(at(1_000), at(900));
    map.committed({ segment: 0, after: null, through: at(900) }, 100);
    map.opened({ segment: 1, after: at(500), bound: null });
    map.committed({ segment: 1, after: at(500), through: at(400) }, 100);
    const open = [
      { segment: 0, after: at(900), bound: at(500) },
      { segment: 1, after: at(400), bound: null },
    ];
    const { segments, oldestMs } = map.view(open, 800);
    expect(oldestMs).toBe(0);
    expect(segments.map(({ from, done, to }) => [from, done, to])).toEqual([
      [0, 0.1, 0.5],
      [0.5, 0.6, 1],
    ]);
  });

  test('a segment begins where its first page does, whichever of them is committed first', () => {
    const map = new SegmentMap(null);
    map.seen(at(1000), at(800));
    map.committed({ segment: 0, after: at(900), through: at(800) }, 100);
    map.committed({ segment: 0, after: null, through: at(900) }, 100);
    map.committed({ segment: 1, after: at(400), through: at(300) }, 100);
    map.committed({ segment: 1, after: at(500), through: at(400) }, 100);
    const { segments, oldestMs } = map.view([], 0);
    expect(oldestMs).toBe(400);
    const [first, second] = segments;
    expect(first).toMatchObject({ segment: 0, from: 0, pages: 2 });
    expect(second?.from).toBeCloseTo((1000 - 500) / (1000 - 400));
  });

  test('what is done is whole, and its end is known', () => {
    const map = new SegmentMap(null);
    map.seen(at(1_000), at(0));
    map.committed({ segment: 0, after: null, through: at(500) }, 50);
    map.committed({ segment: 0, after: at(500), through: null }, 50);
    const view = map.view([], 0);
    expect(view.isGuessed).toBe(false);
    expect(view.segments).toMatchObject([{ from: 0, done: 1, to: 1, isOpen: false, rows: 100 }]);
  });

  test('after a resume the map leaves room for what earlier processes have done', () => {
    const map = new SegmentMap({ newestMs: 1_000, oldestMs: 600 });
    map.opened({ segment: 3, after: at(600), bound: at(200) });
    const { segments } = map.view([{ segment: 3, after: at(600), bound: at(200) }], null);
    expect(segments).toMatchObject([{ from: 0.5, done: 0.5, to: 1 }]);
  });

  test('no page, no map; opaque places, no wrong shares', () => {
    expect(new SegmentMap(null).view([], null).segments).toEqual([]);
    const map = new SegmentMap(null);
    map.committed({ segment: 0, after: null, through: null }, 10);
    expect(map.view([{ segment: 0, after: null, bound: null }], 10).segments).toEqual([]);
  });

  test('property: shares are ordered and within the whole, however many segments there are', () => {
    const places = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), {
      minLength: 2,
      maxLength: 200,
    });
    fc.assert(
      fc.property(places, fc.nat(500), (all, doneMs) => {
        const map = new SegmentMap(null);
        const cuts = [...all].sort((a, b) => b - a);
        map.seen(at(10_001), at(0));
        const open = cuts.slice(1).map((ms, segment) => {
          const from = cuts[segment] ?? 0;
          const through = at(Math.max(ms, from - doneMs));
          map.committed({ segment, after: at(from), through }, 1);
          return { segment, after: through, bound: at(ms) };
        });
        const half = open.filter(({ segment }) => segment % 2 === 0);
        const { segments } = map.view(half, 10);
        expect(segments.length).toBeLessThanOrEqual(64);
        for (const { from, done, to } of segments) {
          expect(from).toBeGreaterThanOrEqual(0);
          expect(done).toBeGreaterThanOrEqual(from);
          expect(to).toBeGreaterThanOrEqual(done);
          expect(to).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
