import { describe, expect, test } from 'vitest';
import { readLimitHeaders } from '../../src/core/limit-headers.js';
import { readDialect, readSkew, windowEnd } from '../../src/explore/findings/dialect.js';
import { inferLimits } from '../../src/explore/findings/infer-limits.js';
import type { StartSeen } from '../../src/explore/observations.js';
import { LIMIT_DIALECTS, limitHeaders } from '../../src/simulator/limit-headers.js';
import { RequestLog, type WindowKind } from '../../src/simulator/limiter.js';
import { drawInteger, type Random, seededRandom } from '../support/random.js';

const START_MS = 1_769_541_612_369;

interface Server {
  readonly dialect: (typeof LIMIT_DIALECTS)[number];
  readonly kind: WindowKind;
  readonly quota: number;
  readonly windowMs: number;
  readonly skewMs: number;
  readonly latencyMs: number;
}

/** The headers that the server's own log gives to requests at these times, after `earlier` ones. */
function play(server: Server, offsetsMs: readonly number[], earlier: readonly number[] = []) {
  const { dialect, kind, quota, windowMs, skewMs, latencyMs } = server;
  const log = new RequestLog({ quota, windowMs, windowKind: kind, refusedCallsCount: true });
  for (const offsetMs of earlier) log.take(START_MS + offsetMs);
  return offsetsMs.map((offsetMs): StartSeen => {
    const sentAtMs = START_MS + offsetMs;
    const headAtMs = sentAtMs + latencyMs;
    const verdict = log.take(sentAtMs + 0.4);
    const said = limitHeaders(dialect, verdict, sentAtMs + skewMs);
    const headers: Record<string, string> = { date: new Date(headAtMs + skewMs).toUTCString() };
    for (const [name, value] of Object.entries(said)) headers[name.toLowerCase()] = value;
    const limits = readLimitHeaders(headers, headAtMs);
    return { sentAtMs, headAtMs, status: verdict.isAllowed ? 200 : 429, headers, limits };
  });
}

/** Of the limit that binds; where none is told, nothing is known. */
function inferLimit(starts: readonly StartSeen[], earlierStartsMs: readonly number[] = []) {
  return inferLimits(starts, earlierStartsMs)[0] ?? { said: null, shown: null, kind: null };
}

/** As the probes ask: some one after the other, one late in the window, one when the first have left. */
function probeTimes(windowMs: number, latencyMs: number): number[] {
  const early = Array.from({ length: 6 }, (_, index) => index * (latencyMs + 2));
  const lastEarly = early.at(-1) ?? 0;
  const late = Math.max(lastEarly + latencyMs, windowMs * 0.8);
  return [...early, late, lastEarly + windowMs + Math.max(60, windowMs * 0.03)];
}

function drawServer(random: Random): Server {
  const pick = <T>(values: readonly T[]) => values[drawInteger(random, 0, values.length - 1)] as T;
  return {
    dialect: pick(LIMIT_DIALECTS),
    kind: pick(['sliding', 'fixed']),
    quota: drawInteger(random, 9, 200),
    windowMs: pick([2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 90_000, 3_600_000]),
    skewMs: pick([0, 0, 0, 37_000, -120_000]),
    latencyMs: drawInteger(random, 1, 300),
  };
}

describe('over randomly drawn servers', () => {
  const random = seededRandom(7);
  const runs = Array.from({ length: 2_000 }, () => {
    const server = drawServer(random);
    return {
      server,
      found: inferLimit(play(server, probeTimes(server.windowMs, server.latencyMs)), []),
    };
  });
  const tells = ({ server }: (typeof runs)[number]) =>
    server.dialect !== 'none' && server.dialect !== 'shopify';

  test('the kind of the window is found, and never taken for the other', () => {
    const telling = runs.filter(tells);
    const wrong = telling.filter(
      ({ server, found }) => found.kind !== null && found.kind !== server.kind,
    );
    const right = telling.filter(({ server, found }) => found.kind === server.kind);
    expect(wrong.map(({ server }) => server)).toEqual([]);
    expect(right.length / telling.length).toBeGreaterThan(0.95);
  });

  test('its length lies within what is stated, and that is narrow', () => {
    for (const { server, found } of runs.filter(tells)) {
      expect(found.said, JSON.stringify(server)).not.toBeNull();
      const { lowMs = 0, highMs = 0 } = found.said ?? {};
      expect(lowMs, JSON.stringify(server)).toBeLessThanOrEqual(server.windowMs);
      expect(highMs, JSON.stringify(server)).toBeGreaterThanOrEqual(server.windowMs);
      expect(highMs - lowMs).toBeLessThanOrEqual(3_000 + server.latencyMs);
    }
  });

  test('what counts show of the length holds the truth, whatever headers say', () => {
    const showing = runs.filter(({ found }) => found.shown !== null);
    expect(showing.length).toBeGreaterThan(runs.length / 2);
    for (const { server, found } of showing) {
      const { lowMs = 0, highMs = 0 } = found.shown ?? {};
      expect(lowMs, JSON.stringify(server)).toBeLessThanOrEqual(server.windowMs);
      expect(highMs, JSON.stringify(server)).toBeGreaterThanOrEqual(server.windowMs);
    }
  });

  test('what a dialect does not say is unknown, unless counts tell', () => {
    for (const { server, found } of runs.filter((run) => !tells(run))) {
      expect(found.said, JSON.stringify(server)).toBeNull();
      const known = server.dialect === 'none' ? [null] : [null, server.kind];
      expect(known, JSON.stringify(server)).toContain(found.kind);
    }
  });
});

/** A bucket of a size that leaks steadily; `used/size` rounds its level up. */
function playBucket(size: number, perSecond: number, offsetsMs: readonly number[]): StartSeen[] {
  let level = 0;
  let lastMs = 0;
  return offsetsMs.map((offsetMs) => {
    level = Math.max(0, level - ((offsetMs - lastMs) * perSecond) / 1_000) + 1;
    lastMs = offsetMs;
    const sentAtMs = START_MS + offsetMs;
    const headers = { 'x-shopify-shop-api-call-limit': `${Math.ceil(level)}/${size}` };
    const limits = readLimitHeaders(headers, sentAtMs + 5);
    return { sentAtMs, headAtMs: sentAtMs + 5, status: 200, headers, limits };
  });
}

test.each([
  [40, 2],
  [80, 4],
  [20, 1],
])('a bucket of %i that leaks %i a second is told by its steady fall', (size, perSecond) => {
  const early = Array.from({ length: 12 }, (_, index) => index * 30);
  const [found] = inferLimits(playBucket(size, perSecond, [...early, 1_400, 4_400]), []);
  expect(found).toMatchObject({ quota: size, kind: 'leaky bucket', said: null });
  const { lowMs = 0, highMs = 0 } = found?.shown ?? {};
  expect(lowMs).toBeLessThanOrEqual((size / perSecond) * 1_000);
  expect(highMs).toBeGreaterThanOrEqual((size / perSecond) * 1_000);
});

test('a bucket that was not seen to leak is not called one', () => {
  const early = Array.from({ length: 12 }, (_, index) => index * 3);
  expect(inferLimits(playBucket(40, 2, early), [])[0]).toMatchObject({ kind: null, shown: null });
});

test('every limit is judged by its own counts, the one that binds first', () => {
  const short = new RequestLog({
    ...{ quota: 10, windowMs: 2_000 },
    windowKind: 'sliding',
    refusedCallsCount: true,
  });
  const long = new RequestLog({
    ...{ quota: 30, windowMs: 12_000 },
    windowKind: 'fixed',
    refusedCallsCount: true,
  });
  const seen = [0, 30, 60, 90, 120, 1_600, 2_190, 12_100].map((offsetMs): StartSeen => {
    const sentAtMs = START_MS + offsetMs;
    const [a, b] = [short.take(sentAtMs), long.take(sentAtMs)];
    const headers = {
      'ratelimit-policy': '"short";q=10;w=2, "long";q=30;w=12',
      ratelimit: `"short";r=${a.remaining};t=2, "long";r=${b.remaining};t=12`,
    };
    const limits = readLimitHeaders(headers, sentAtMs + 5);
    return { sentAtMs, headAtMs: sentAtMs + 5, status: 200, headers, limits };
  });
  expect(inferLimits(seen, [])).toMatchObject([
    { name: 'ratelimit "short"', quota: 10, kind: 'sliding', said: { highMs: 2_000 } },
    { name: 'ratelimit "long"', quota: 30, kind: 'fixed', said: { highMs: 12_000 } },
  ]);
});

const LIVE: Server = {
  dialect: 'datasync',
  kind: 'sliding',
  quota: 10,
  windowMs: 60_000,
  skewMs: 0,
  latencyMs: 3_800,
};
const LIVE_TIMES = [0, 4_000, 8_000, 12_000, 16_000, 16_001, 20_000, 24_000, 62_000];

test.each(['sliding', 'fixed'] as const)('a %s minute with slow answers is told', (kind) => {
  const found = inferLimit(play({ ...LIVE, kind }, LIVE_TIMES), []);
  expect(found.kind).toBe(kind);
  expect(found.said?.highMs).toBeGreaterThanOrEqual(60_000);
  expect(found.said?.lowMs).toBeLessThanOrEqual(60_000);
});

test('requests of an earlier process are counted in', () => {
  const earlier = [-30_000, -20_000];
  const seen = play(LIVE, [0, 4_000, 8_000, 35_000, 45_000], earlier);
  const found = inferLimit(
    seen,
    earlier.map((offsetMs) => START_MS + offsetMs),
  );
  expect(found.kind).toBe('sliding');
  expect(found.said?.lowMs).toBeLessThanOrEqual(60_000);
  expect(found.said?.highMs).toBeGreaterThanOrEqual(60_000);
});

test('requests of somebody else make the window unknown', () => {
  const seen = play(LIVE, LIVE_TIMES, [-30_000, -20_000]);
  expect(inferLimit(seen, [])).toMatchObject({ said: null, kind: null });
});

test('without a request after the first have left, the kind is unknown', () => {
  expect(inferLimit(play(LIVE, LIVE_TIMES.slice(0, -1)), []).kind).toBeNull();
});

test.each([
  ['30', 'seconds left'],
  ['1769541642', 'epoch seconds'],
  ['1769541642369', 'epoch milliseconds'],
  ['2026-01-27T19:20:42.369Z', 'ISO 8601'],
  ['Tue, 27 Jan 2026 19:20:42 GMT', 'HTTP-date'],
  ['soon', null],
])('the reset %s is told as %s', (reset, form) => {
  const headers = { 'x-ratelimit-limit': '10', 'x-ratelimit-reset': reset };
  expect(readDialect(headers)?.resetForm).toBe(form);
  const [sentAtMs, headAtMs] = [START_MS, START_MS + 50];
  const said = readLimitHeaders(headers, headAtMs)?.limits[0]?.reset ?? null;
  const end = windowEnd({ sentAtMs, headAtMs, reset: said }, { lowMs: 0, highMs: 0 });
  if (form === null) expect(end).toBeNull();
  else {
    expect(end?.lowMs).toBeLessThanOrEqual(START_MS + 30_000);
    expect(end?.highMs).toBeGreaterThanOrEqual(START_MS + 30_000);
  }
});

test('a clock that is ahead shows in the Date of the answers; whole seconds alone do not', () => {
  const seen = (skewMs: number) =>
    [0, 400, 800].map((offsetMs) => ({
      sentAtMs: START_MS + offsetMs,
      headAtMs: START_MS + offsetMs + 20,
      date: new Date(START_MS + offsetMs + 20 + skewMs).toUTCString(),
    }));
  expect(readSkew(seen(0))).toEqual({ lowMs: 0, highMs: 0 });
  const { lowMs, highMs } = readSkew(seen(37_000));
  expect(lowMs).toBeLessThanOrEqual(37_000);
  expect(highMs).toBeGreaterThanOrEqual(37_000);
  expect(highMs - lowMs).toBeLessThan(1_000);
});
