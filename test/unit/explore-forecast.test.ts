import { describe, expect, test } from 'vitest';
import { type ForecastSettings, forecast } from '../../src/explore/forecast.js';

/** The live API, and a machine that is never in the way. */
const LIVE: ForecastSettings = {
  records: 3_000_000,
  pageRecords: 5_000,
  latenciesMs: [3_500, 3_850, 4_200],
  policy: { quota: 10, windowMs: 60_000 },
  assumedPolicy: { quota: 10, windowMs: 60_000 },
  canSeek: true,
  cursorLifeMs: 120_000,
  bytesPerRecord: 355,
  recordsPerSecond: 1e9,
  concurrency: 10,
  creditBytes: 16_000_000,
  reserve: 0,
  cursorThresholdMs: 60_000,
};
const MINUTE_MS = 60_000;

describe('under a limit', () => {
  test('600 pages at 10 a minute take 59 minutes and the last answers', () => {
    const { durationMs, pages, boundBy } = forecast(LIVE);
    expect(pages).toBeGreaterThanOrEqual(600);
    expect(durationMs).toBeGreaterThanOrEqual(59 * MINUTE_MS);
    expect(durationMs).toBeLessThan(60.5 * MINUTE_MS);
    expect(boundBy).toBe('limit');
  });

  test('what is kept back costs its share', () => {
    const { durationMs } = forecast({ ...LIVE, reserve: 5 });
    expect(durationMs / forecast(LIVE).durationMs).toBeGreaterThan(1.95);
  });

  test('a smaller page takes as many more requests', () => {
    const { durationMs, requests } = forecast({ ...LIVE, records: 300_000, pageRecords: 1_000 });
    expect(requests).toBeGreaterThanOrEqual(300);
    expect(durationMs).toBeGreaterThanOrEqual(29 * MINUTE_MS);
    expect(durationMs).toBeLessThan(31 * MINUTE_MS);
  });
});

describe('by latency', () => {
  const slow = { ...LIVE, policy: { quota: 1_000, windowMs: 1_000 }, latenciesMs: [500] };

  test('a chain of opaque cursors takes one latency a page', () => {
    const { durationMs, boundBy, segmentsMax, inFlightMax } = forecast({
      ...slow,
      records: 500_000,
      canSeek: false,
    });
    expect(durationMs / (100 * 500)).toBeGreaterThan(0.98);
    expect(durationMs / (100 * 500)).toBeLessThan(1.08);
    expect({ boundBy, segmentsMax, inFlightMax }).toEqual({
      boundBy: 'latency',
      segmentsMax: 1,
      inFlightMax: 1,
    });
  });

  test('several chains share it where one can seek', () => {
    const wide = { ...slow, records: 1_000_000, creditBytes: 1e9 };
    const { durationMs, segmentsMax } = forecast(wide);
    expect(segmentsMax).toBeGreaterThan(5);
    expect(durationMs).toBeLessThan(200 * 500 * 0.25);
  });
});

test('a slow machine bounds what nothing else does', () => {
  const { durationMs, boundBy } = forecast({
    ...LIVE,
    policy: null,
    latenciesMs: [5],
    recordsPerSecond: 50_000,
    records: 500_000,
  });
  expect(boundBy).toBe('machine');
  expect(durationMs).toBeGreaterThan(10_000);
  expect(durationMs).toBeLessThan(11_500);
});

test('a run too long to rehearse in full goes on at its pace', () => {
  const long = { ...LIVE, pageRecords: 100, latenciesMs: [200] };
  const whole = forecast({ ...long, records: 490_000 });
  const extended = forecast({ ...long, records: 980_000 });
  expect(extended.durationMs / whole.durationMs).toBeGreaterThan(1.97);
  expect(extended.durationMs / whole.durationMs).toBeLessThan(2.03);
  expect(extended.pages).toBe(9_800);
});
