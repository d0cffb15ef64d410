import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Gate } from '../../src/simulator/gate.js';
import {
  LIMIT_DIALECTS,
  limitHeaders,
  nonsenseLimitHeaders,
  wholeSeconds,
} from '../../src/simulator/limit-headers.js';
import { RequestLog } from '../../src/simulator/limiter.js';
import { settingsFor } from '../../src/simulator/settings.js';

const LIVE = {
  quota: 10,
  windowMs: 60_000,
  windowKind: 'sliding',
  refusedCallsCount: true,
} as const;

const arrivals = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 200 });

/** Instants from gaps. */
function instants(gapsMs: readonly number[]): number[] {
  let nowMs = 1_000;
  return gapsMs.map((gapMs) => {
    nowMs += gapMs;
    return nowMs;
  });
}

test('no sliding window ever holds more allowed requests than the quota', () => {
  fc.assert(
    fc.property(
      arrivals,
      fc.integer({ min: 1, max: 12 }),
      fc.boolean(),
      (gapsMs, quota, refusedCallsCount) => {
        const log = new RequestLog({ ...LIVE, quota, windowMs: 10_000, refusedCallsCount });
        const allowed = instants(gapsMs).filter((nowMs) => log.take(nowMs).isAllowed);
        return allowed.every((endMs) => {
          const inWindow = allowed.filter((ms) => ms <= endMs && ms > endMs - 10_000);
          return inWindow.length <= quota;
        });
      },
    ),
  );
});

test('a request is refused exactly when the log of the last window is full', () => {
  fc.assert(
    fc.property(
      arrivals,
      fc.integer({ min: 1, max: 12 }),
      fc.boolean(),
      (gapsMs, quota, refusedCallsCount) => {
        const log = new RequestLog({ ...LIVE, quota, windowMs: 10_000, refusedCallsCount });
        const logged: number[] = [];
        return instants(gapsMs).every((nowMs) => {
          const full = logged.filter((ms) => ms > nowMs - 10_000).length >= quota;
          if (!full || refusedCallsCount) logged.push(nowMs);
          const left = quota - logged.filter((ms) => ms > nowMs - 10_000).length;
          const verdict = log.take(nowMs);
          return verdict.isAllowed === !full && verdict.remaining === Math.max(0, left);
        });
      },
    ),
  );
});

test('who asks again at every refusal stays locked out, and who is silent for a window is not', () => {
  const log = new RequestLog(LIVE);
  for (let request = 0; request < 10; request++) expect(log.take(0).isAllowed).toBe(true);
  let refusedCount = 0;
  for (let nowMs = 5_000; nowMs <= 600_000; nowMs += 5_000) {
    if (!log.take(nowMs).isAllowed) refusedCount++;
  }
  expect(refusedCount).toBe(120);
  expect(log.take(660_001).isAllowed).toBe(true);
});

test('with refused calls left out, obeying the reset is enough', () => {
  const log = new RequestLog({ ...LIVE, refusedCallsCount: false });
  for (let request = 0; request < 10; request++) log.take(request * 100);
  const refusal = log.take(2_000);
  expect(refusal).toMatchObject({ isAllowed: false, remaining: 0, resetMs: 58_000 });
  expect(log.take(2_000 + refusal.resetMs).isAllowed).toBe(true);
});

test('a fixed window counts from its first request and then starts again', () => {
  const log = new RequestLog({ ...LIVE, windowKind: 'fixed', quota: 2, windowMs: 1_000 });
  const allowed = [100, 1_050, 1_099, 1_100, 1_150, 1_200].map((ms) => log.take(ms).isAllowed);
  expect(allowed).toEqual([true, true, false, true, true, false]);
});

const VERDICT = {
  isAllowed: true,
  quota: 10,
  windowMs: 60_000,
  remaining: 7,
  resetMs: 41_200,
};

test('the datasync dialect gives whole seconds remaining, rounded up', () => {
  expect(limitHeaders('datasync', VERDICT, 5_000_000)).toEqual({
    'X-RateLimit-Limit': '10',
    'X-RateLimit-Remaining': '7',
    'X-RateLimit-Reset': '42',
  });
  expect([0, 1, 999, 1_000, 1_001, -5].map(wholeSeconds)).toEqual([0, 1, 1, 1, 2, 0]);
});

test('every dialect says the same in its own way', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const said = Object.fromEntries(
    LIMIT_DIALECTS.map((dialect) => [dialect, limitHeaders(dialect, VERDICT, nowMs)]),
  );
  expect(said.ietf).toEqual({
    'RateLimit-Policy': '"default";q=10;w=60',
    RateLimit: '"default";r=7;t=42',
  });
  expect(said['ietf-plain']).toMatchObject({ 'RateLimit-Reset': '42', 'RateLimit-Limit': '10' });
  expect(said.github).toMatchObject({
    'X-RateLimit-Reset': String(nowMs / 1000 + 42),
    'X-RateLimit-Used': '3',
  });
  expect(said.iso).toMatchObject({ 'X-RateLimit-Reset': '2026-01-01T00:00:41.200Z' });
  expect(said['http-date']).toMatchObject({
    'X-RateLimit-Reset': 'Thu, 01 Jan 2026 00:00:42 GMT',
  });
  expect(said.shopify).toEqual({ 'X-Shopify-Shop-Api-Call-Limit': '3/10' });
  expect(said.hubspot).toMatchObject({ 'X-HubSpot-RateLimit-Interval-Milliseconds': '60000' });
  expect(said.zendesk).toEqual({
    'Zendesk-RateLimit-Events': 'total=10; remaining=7; resets=42',
  });
  expect(said.none).toEqual({});
});

test('nonsense limit headers cannot be read as a limit', () => {
  for (const draw of [0, 0.3, 0.6, 0.99]) {
    const headers = nonsenseLimitHeaders(draw);
    const [limit, remaining, reset] = [
      Number(headers['X-RateLimit-Limit']),
      Number(headers['X-RateLimit-Remaining']),
      Number(headers['X-RateLimit-Reset']),
    ];
    const isSane = limit > 0 && remaining >= 0 && remaining <= limit && reset >= 0;
    expect(isSane).toBe(false);
  }
});

const GATE = settingsFor('live', { eventsQuota: 4 });
const ask = { headerKey: GATE.apiKey, query: new URLSearchParams(), bucket: 'events' } as const;

test('a bad key is turned away without touching the log', () => {
  const gate = new Gate(GATE);
  for (let request = 0; request < 20; request++) {
    const admission = gate.admit({ ...ask, headerKey: 'wrong', nowMs: 0 });
    expect(admission).toEqual({ type: 'unauthorised', code: 'INVALID_API_KEY' });
  }
  expect(gate.admit({ ...ask, headerKey: undefined, nowMs: 0 })).toEqual({
    type: 'unauthorised',
    code: 'MISSING_API_KEY',
  });
  expect(gate.admit({ ...ask, nowMs: 0 })).toMatchObject({ type: 'admitted', request: 0 });
});

test('a key in the query halves the limit', () => {
  const gate = new Gate(GATE);
  const query = new URLSearchParams({ api_key: GATE.apiKey });
  const types = [0, 1, 2].map(
    (nowMs) => gate.admit({ ...ask, headerKey: undefined, query, nowMs }).type,
  );
  expect(types).toEqual(['admitted', 'admitted', 'refused']);
});

test('buckets do not share their logs, and refused requests get no number', () => {
  const gate = new Gate(GATE);
  for (let request = 0; request < 4; request++) gate.admit({ ...ask, nowMs: request });
  expect(gate.admit({ ...ask, nowMs: 10 }).type).toBe('refused');
  expect(gate.admit({ ...ask, bucket: 'sessions', nowMs: 10 }).type).toBe('admitted');
  expect(gate.admit({ ...ask, nowMs: 70_000 })).toMatchObject({ type: 'admitted', request: 4 });
});

test('a key dies after the requests it was given', () => {
  const gate = new Gate({ ...GATE, keyDiesAfterRequests: 3, eventsQuota: 0 });
  const types = [1, 2, 3, 4, 5].map((nowMs) => gate.admit({ ...ask, nowMs }).type);
  expect(types).toEqual(['admitted', 'admitted', 'admitted', 'unauthorised', 'unauthorised']);
});
