import { describe, expect, test } from 'vitest';
import { Limiter } from '../../src/core/limiter.js';
import { WaitTimes } from '../../src/core/wait-times.js';
import { clip, field, wrap } from '../../src/observe/columns.js';
import { CountProgress } from '../../src/observe/count-progress.js';
import { LatencyHistogram } from '../../src/observe/latency-histogram.js';
import { NO_PAINT, painterFor } from '../../src/observe/paint.js';
import { RunFigures } from '../../src/observe/run-figures.js';
import { RunTimeline } from '../../src/observe/run-report-timeline.js';
import { RunStats } from '../../src/observe/run-stats.js';

describe('latency', () => {
  test('percentiles are within a hundredth of the true ones, over all durations', () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 10_000; ms++) histogram.add(ms);
    const summary = histogram.summary();
    expect(summary?.count).toBe(10_000);
    const near = (value: number | undefined, truth: number) =>
      expect(Math.abs((value ?? 0) / truth - 1)).toBeLessThan(0.011);
    near(summary?.p50Ms, 5_000);
    near(summary?.p95Ms, 9_500);
    near(summary?.p99Ms, 9_900);
    near(summary?.maxMs, 10_000);
    expect(summary?.meanMs).toBe(5_000.5);
    expect(histogram.totalMs).toBe(50_005_000);
  });

  test('nothing measured is nothing said, and odd clocks do no harm', () => {
    const histogram = new LatencyHistogram();
    expect(histogram.summary()).toBeNull();
    histogram.add(-3);
    histogram.add(1e12);
    expect(histogram.summary()?.count).toBe(2);
  });
});

describe('the timeline', () => {
  const nothingDone = {
    ...{ pages: 0, rows: 0, returned: 0, inserted: 0, updated: 0, duplicate: 0, quarantined: 0 },
  };

  function timelineOver(seconds: number) {
    let nowMs = 1_000_000;
    const stats = new RunStats({ earlier: nothingDone, walksAgain: false });
    stats.asked(nowMs);
    const scheduler = {
      credits: { heldBytes: 5, bytesMax: 10 },
      outstandingByPhase: () => ({ inFlight: 1, scanning: 2, held: 3, writing: 4 }),
      waits: new WaitTimes(),
    };
    const limiter = new Limiter({ assumed: { quota: 10, windowMs: 60_000 }, nowMs });
    const figures = new RunFigures({ stats, limiter, scheduler });
    const timeline = new RunTimeline({ stats, figures, scheduler, nowMs: () => nowMs });
    for (let second = 0; second < seconds; second++) {
      timeline.tick();
      nowMs += 1_000;
    }
    return timeline.columns();
  }

  test('of an hour has at most 600 points, still spread over the whole of it', () => {
    const { atMs } = timelineOver(3_600);
    expect(atMs.length).toBeLessThanOrEqual(600);
    expect(atMs.length).toBeGreaterThan(200);
    expect((atMs.at(-1) ?? 0) - (atMs[0] ?? 0)).toBeGreaterThan(3_500_000);
  });

  test('of a minute has a point a second, each with what went on', () => {
    const columns = timelineOver(60);
    expect(columns.atMs).toHaveLength(60);
    expect(columns.permitted[59]).toBe(10);
    expect([columns.fetching[0], columns.scanning[0], columns.writing[0]]).toEqual([1, 5, 4]);
  });
});

describe('progress of a long command', () => {
  test('says how far, how fast and how long still, within a line', () => {
    const count = new CountProgress({ what: 'asking', unit: 'rows', nowMs: 0 });
    expect(count.render(10)).toBe('asking');
    count.seen(1_000_000, 3_000_000);
    expect(count.render(2_000)).toBe('1,000,000 of 3,000,000 rows (33.3 %), 500,000/s, 4 s left');
    expect(count.render(2_000).length).toBeLessThan(80);
  });

  test('guesses no rest where the total is not known, or was overtaken', () => {
    const count = new CountProgress({ what: 'asking', unit: 'rows', nowMs: 0 });
    count.seen(500, null);
    expect(count.render(1_000)).toBe('500 rows, 500/s');
    count.seen(500, 400);
    expect(count.render(1_000)).toBe('500 rows, 500/s');
  });
});

describe('text', () => {
  test('breaks between words and never between a number and its unit', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('the share 24.6 % of it', 14)).toEqual(['the share', '24.6 % of it']);
    expect(wrap('extraordinarily', 4)).toEqual(['extraordinarily']);
  });

  test('has its further lines under its first', () => {
    const lines = field('name', 'word '.repeat(30).trim());
    expect(lines.length).toBeGreaterThan(1);
    expect(lines[1]?.startsWith(' '.repeat(13))).toBe(true);
    expect(clip('12345', 4)).toBe('123…');
  });

  test('has colour on a terminal alone, and not where NO_COLOR forbids it', () => {
    expect(painterFor({})).toBe(NO_PAINT);
    expect(painterFor({ isTTY: true, hasColors: () => false })).toBe(NO_PAINT);
    expect(painterFor({ isTTY: true, hasColors: () => true })('red', 'x')).toBe(
      '\u001b[31mx\u001b[0m',
    );
  });
});
