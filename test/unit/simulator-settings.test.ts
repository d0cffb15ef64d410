import { expect, test } from 'vitest';
import { simulateCommand } from '../../src/commands/simulate.js';
import { cursorCodec } from '../../src/simulator/cursor-codec.js';
import {
  ANSWER_FAULTS,
  type FaultKind,
  faultDraw,
  PAGE_FAULTS,
  SIDE_FAULTS,
} from '../../src/simulator/faults.js';
import { KNOBS, type PROFILES, settingsFor } from '../../src/simulator/settings.js';

const ALL_FAULTS: readonly FaultKind[] = [...ANSWER_FAULTS, ...PAGE_FAULTS, ...SIDE_FAULTS];
const CURSOR = {
  position: { ms: 1_769_541_612_369, id: '34032a95-8a13-43a0-ace4-c91315aa26f9' },
  expiresAtMs: 1_769_541_732_369,
};

test('the live profile is the contract', () => {
  expect(settingsFor('live')).toMatchObject({
    events: 3_000_000,
    eventsQuota: 10,
    eventsWindowMs: 60_000,
    bulkQuota: 20,
    sessionsQuota: 40,
    metricsQuota: 30,
    pageCap: 5_000,
    defaultLimit: 100,
    cursorTtlMs: 120_000,
    latencyMs: 3_500,
    latencyJitterMs: 700,
    windowKind: 'sliding',
    refusedCallsCount: true,
  });
});

test('the live profile has the rare faults that were seen, fast none, chaos what a run survives', () => {
  const injected = (profile: keyof typeof PROFILES) =>
    ALL_FAULTS.filter((kind) => settingsFor(profile)[kind] > 0);
  expect(injected('live')).toEqual([
    'htmlError',
    'truncatedBody',
    'nullBody',
    'nonJsonBody',
    'missingLimitHeaders',
  ]);
  expect(settingsFor('live').htmlError).toBeLessThan(0.01);
  expect(injected('fast')).toEqual([]);
  const endsRuns: readonly FaultKind[] = ['redirect', 'loopingCursor', 'missingCursor'];
  expect(injected('chaos')).toEqual(ALL_FAULTS.filter((kind) => !endsRuns.includes(kind)));
  expect(settingsFor('chaos').keyDiesAfterRequests).toBe(0);
});

test('every knob has a meaning and a flag', () => {
  const flags = simulateCommand().options.map((option) => option.long);
  for (const { name, meaning, preset } of KNOBS) {
    expect(meaning.length).toBeGreaterThan(5);
    const kebab = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    expect(flags).toContain(preset === true ? `--no-${kebab}` : `--${kebab}`);
  }
});

test('a knob out of its range is refused', () => {
  for (const change of [{ htmlError: 1.5 }, { events: -1 }, { port: 70_000 }, { pageCap: 0.5 }]) {
    expect(() => settingsFor('fast', change)).toThrow();
  }
  expect(() => settingsFor('fast', { hostileKinds: 'noId,nosuch' })).toThrow(/hostileKinds|list/);
  expect(settingsFor('fast', { hostileKinds: 'noId,badJson' }).hostileKinds).toBe('noId,badJson');
});

test('faults depend on the seed and the number of the request alone', () => {
  const settings = settingsFor('chaos', { seed: 5 });
  const draw = faultDraw(settings);
  const again = faultDraw(settings);
  const other = faultDraw({ ...settings, seed: 6 });
  const plans = Array.from({ length: 500 }, (_, request) => draw('events', request));
  for (let request = 499; request >= 0; request--) {
    expect(again('events', request)).toEqual(plans[request]);
  }
  expect(plans.some((plan, request) => plan.answer !== other('events', request).answer)).toBe(true);
});

test('every fault comes with its share, alone', () => {
  for (const kind of ALL_FAULTS) {
    const draw = faultDraw(settingsFor('fast', { [kind]: 0.1 }));
    let hits = 0;
    for (let request = 0; request < 5_000; request++) {
      const { answer, page, sides } = draw('events', request);
      const drawn = [answer, page, ...sides].filter((found) => found !== null);
      if (drawn.length > 0) hits++;
      expect(drawn.every((found) => found === kind)).toBe(true);
    }
    expect(hits / 5_000).toBeGreaterThan(0.07);
    expect(hits / 5_000).toBeLessThan(0.13);
  }
});

test('bursts are runs of requests with the same overall share', () => {
  const draw = faultDraw(settingsFor('fast', { reset: 0.1, faultBurst: 5 }));
  const isHit = Array.from({ length: 20_000 }, (_, n) => draw('events', n).answer === 'reset');
  const hits = isHit.filter(Boolean).length;
  const starts = isHit.filter((hit, n) => hit && n > 0 && !isHit[n - 1]).length;
  expect(hits / 20_000).toBeGreaterThan(0.07);
  expect(hits / 20_000).toBeLessThan(0.13);
  expect(hits / starts).toBeGreaterThan(4.5);
});

test('a share of one hits every request, whatever the burst', () => {
  const draw = faultDraw(settingsFor('fast', { htmlError: 1, htmlErrorBurst: 7 }));
  for (let request = 0; request < 100; request++) {
    expect(draw('events', request).answer).toBe('htmlError');
  }
});

test('an open cursor is base64 JSON of id, ts, version and expiry', () => {
  const codec = cursorCodec({ opaqueCursors: false, seed: 1 });
  const text = codec.encode(CURSOR);
  expect(JSON.parse(atob(text))).toEqual({
    id: CURSOR.position.id,
    ts: CURSOR.position.ms,
    v: 2,
    exp: CURSOR.expiresAtMs,
  });
  expect(codec.decode(text)).toEqual(CURSOR);
  expect(codec.decode(text.replace(/=+$/, ''))).toEqual(CURSOR);
});

test('text that is no cursor is not read as one', () => {
  const codec = cursorCodec({ opaqueCursors: false, seed: 1 });
  const encode = (content: unknown) => btoa(JSON.stringify(content));
  const { position, expiresAtMs } = CURSOR;
  const bad = ['', 'garbage', encode(null), encode({ id: 1500000 }), encode({ ...position, v: 2 })];
  for (const text of bad) expect(codec.decode(text)).toBeNull();
  const wrongVersion = encode({ id: position.id, ts: position.ms, v: 1, exp: expiresAtMs });
  expect(codec.decode(wrongVersion)).toBeNull();
});

test('an opaque cursor shows nothing, is sealed, and outlives a restart with the same seed', () => {
  const codec = cursorCodec({ opaqueCursors: true, seed: 1 });
  const text = codec.encode(CURSOR);
  expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain('ts');
  expect(cursorCodec({ opaqueCursors: true, seed: 1 }).decode(text)).toEqual(CURSOR);
  expect(cursorCodec({ opaqueCursors: true, seed: 2 }).decode(text)).toBeNull();
  const bytes = Buffer.from(text, 'base64url');
  bytes[20] = (bytes[20] as number) ^ 1;
  expect(codec.decode(bytes.toString('base64url'))).toBeNull();
  expect(codec.decode('short')).toBeNull();
});
