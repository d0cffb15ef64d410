/** What the bench expects of limiters: the earliest times, the share that was used, the promise. */
import { describe, expect, test } from 'vitest';
import { LIMITERS, type LimiterSpec, limiterNamed } from '../../bench/limiters/catalogue.js';
import {
  earliestMs,
  type Permit,
  permitsText,
  requestsFor,
  shareUsed,
} from '../../bench/limiters/permits.js';
import { broken, type LimiterOutcome } from '../../bench/limiters/promise.js';

const WINDOW = { kind: 'window', quota: 2, windowMs: 1_000 } as const;
const WIDE = { kind: 'window', quota: 4, windowMs: 6_000 } as const;
const BUCKET = { kind: 'bucket', capacity: 3, perSecond: 2 } as const;

type Modelled = LimiterSpec & { readonly serving: { readonly with: 'model' } };

const modelled = LIMITERS.filter((spec): spec is Modelled => spec.serving.with === 'model');

function earliest(permits: readonly Permit[], count: number): number[] {
  return Array.from({ length: count }, (_, index) => earliestMs(permits, index));
}

describe('what is permitted at best', () => {
  test.each<[string, readonly Permit[], number[]]>([
    ['a window', [WINDOW], [0, 0, 1_000, 1_000, 2_000]],
    ['a window begun before', [{ ...WINDOW, beganBeforeMs: 700 }], [0, 0, 300, 300, 1_300]],
    ['a bucket', [BUCKET], [0, 0, 0, 500, 1_000]],
    ['a bucket without burst', [{ ...BUCKET, capacity: 1 }], [0, 500, 1_000, 1_500]],
    ['a number in flight', [{ kind: 'inFlight', inFlightMax: 2, answerMs: 100 }], [0, 0, 100, 100]],
    ['two windows', [WINDOW, WIDE], [0, 0, 1_000, 1_000, 6_000, 6_000, 6_000, 6_000, 12_000]],
    ['nothing', [], [0, 0]],
  ])('%s', (_, permits, expected) => {
    expect(earliest(permits, expected.length)).toEqual(expected);
  });

  test('the share is that of the last request that had to wait for more', () => {
    // The two after it could have come with it, and their time says nothing about the limit.
    expect(shareUsed([WINDOW], [50, 60, 1_060, 1_070, 2_550, 3_000])).toBe(0.8);
    expect(shareUsed([WINDOW], [50, 9_000])).toBeNull();
    expect(shareUsed([WINDOW], [])).toBeNull();
    expect(shareUsed([BUCKET], [0, 0, 0, 1_000, 2_000])).toBe(0.5);
  });

  test('the later share leaves out what was learned first', () => {
    const times = [0, 0, 3_000, 3_000, 4_000, 4_000, 5_250];
    expect(shareUsed([WINDOW], times)).toBeCloseTo(3_000 / 5_250);
    expect(shareUsed([WINDOW], times, 'middle')).toBe(0.8);
    expect(shareUsed([WINDOW], times.slice(0, 4), 'middle')).toBeNull();
  });

  test('a run is long enough for the time and for two of its windows, its last request included', () => {
    expect(requestsFor([WINDOW], 3_000)).toBe(8);
    expect(requestsFor([WINDOW, WIDE], 3_000)).toBe(10);
    expect(requestsFor([BUCKET], 3_000)).toBe(10);
  });
});

describe('the promise', () => {
  const told = { limits: [WINDOW], isTold: true };
  const good: LimiterOutcome = {
    ending: 'complete',
    hasAllRows: true,
    accepted: 100,
    refused: 0,
    share: 0.98,
    saidShare: 0.97,
  };

  test.each<[Partial<LimiterOutcome>, string[], string[]]>([
    [{}, [], []],
    [{ share: 0.94, saidShare: 0.94 }, [], []],
    [{ share: 0.9, saidShare: 0.9 }, ['share'], []],
    [{ share: 0.8, saidShare: 0.8 }, ['share'], ['share']],
    [{ share: null, saidShare: null }, ['share', 'said'], ['share', 'said']],
    [{ refused: 3 }, ['refused'], []],
    [{ refused: 4 }, ['refused'], ['refused']],
    [{ saidShare: 0.95 }, ['said'], ['said']],
    [{ saidShare: null }, ['said'], ['said']],
    [{ hasAllRows: false }, ['rows'], ['rows']],
    [{ ending: 'no end', hasAllRows: false, saidShare: null }, ['no end'], ['no end']],
  ])('%o', (changes, toldBroken, untoldBroken) => {
    const outcome = { ...good, ...changes };
    expect(broken(told, outcome)).toEqual(toldBroken);
    expect(broken({ ...told, isTold: false }, outcome)).toEqual(untoldBroken);
  });

  test('asks for more where the windows are long', () => {
    const outcome = { ...good, share: 0.95, saidShare: 0.95 };
    expect(broken({ ...told, limits: [WINDOW, WIDE] }, outcome)).toEqual(['share']);
  });

  test('asks for no figure where nothing but a number in flight limits', () => {
    const limits = [{ kind: 'inFlight', inFlightMax: 2, answerMs: 100 }] as const;
    expect(broken({ limits, isTold: false }, { ...good, saidShare: null })).toEqual([]);
  });
});

describe('the catalogue', () => {
  test('has each name once, without what the command line splits at', () => {
    const names = LIMITERS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]+$/);
    expect(limiterNamed('express-silent').limits.map((limit) => permitsText([limit]))).toEqual([
      '10/2 s',
    ]);
    expect(() => limiterNamed('none')).toThrow(RangeError);
  });

  test.each(modelled)('$name lets in at the earliest times, and not before', (spec) => {
    // Between two windows the bound of several limits is not reached; at the first of the longest it is.
    const count = spec.limits.length === 1 ? 70 : 31;
    const times = earliest(spec.limits, count);
    expect(lettingIn(spec, times)).toEqual(Array(count).fill(true));
    const waiting = times.flatMap((ms, index) => (ms > (times[index - 1] ?? 0) ? [index] : []));
    expect(waiting.length).toBeGreaterThan(0);
    for (const index of waiting) {
      const early = [...times.slice(0, index), (times[index] as number) - EARLY_MS];
      expect(lettingIn(spec, early).at(-1)).toBe(false);
    }
  });
});

/** Less than the closest two times are apart. */
const EARLY_MS = 50;

/** @param timesMs when requests come; each is answered after the time that the server takes */
function lettingIn({ serving }: Modelled, timesMs: readonly number[]): boolean[] {
  const limiter = serving.limiter();
  const startMs = 1_700_000_000_000;
  const answered: number[] = [];
  return timesMs.map((ms) => {
    while ((answered[0] ?? Number.POSITIVE_INFINITY) <= ms) {
      limiter.release(startMs + (answered.shift() as number));
    }
    const { accepted } = limiter.accept(startMs + ms);
    if (accepted) answered.push(ms + serving.answerMs);
    return accepted;
  });
}
