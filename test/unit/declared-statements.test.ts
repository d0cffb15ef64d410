/** Limits in words of an API's own: headers whose names a file gives, and points in the body. */
import { describe, expect, test } from 'vitest';
import {
  type CountHeaders,
  type LimitHeaders,
  statementOfCost,
  statementsOfHeaders,
} from '../../src/core/declared-statements.js';

const NOW_MS = 1_769_541_612_369;
const NAMES: CountHeaders = {
  type: 'counts',
  ...{ limit: 'x-quota-max', remaining: 'x-quota-left' },
  ...{ reset: 'x-quota-reset', window: 'x-quota-interval', unit: 'ms' },
};

describe('headers of a file', () => {
  const read = (headers: Record<string, string>, names: Partial<CountHeaders> = {}) =>
    statementsOfHeaders([{ ...NAMES, ...names }], (name) => headers[name] ?? null, NOW_MS);

  test('tell quota, rest, window and reset, in their unit', () => {
    const headers = {
      ...{ 'x-quota-max': '100', 'x-quota-left': '7' },
      ...{ 'x-quota-interval': '10000', 'x-quota-reset': '2500' },
    };
    expect(read(headers)).toMatchObject([
      { quota: 100, remaining: 7, windowMs: 10_000, reset: { spanMs: 2_500 } },
    ]);
    expect(read(headers, { unit: 's' })).toMatchObject([
      { windowMs: 10_000_000, reset: { spanMs: 2_500_000 } },
    ]);
  });

  test('a reset may be an instant all the same', () => {
    const headers = { 'x-quota-left': '7', 'x-quota-reset': String(NOW_MS + 4_000) };
    expect(read(headers)).toMatchObject([{ quota: null, remaining: 7, reset: { spanMs: 4_000 } }]);
  });

  test.each([{}, { 'x-quota-max': 'many' }, { 'x-quota-interval': '10' }])(
    'that say no count say nothing: %j',
    (headers) => expect(read(headers)).toEqual([]),
  );
});

describe('points in headers', () => {
  const POINTS: LimitHeaders = {
    type: 'cost',
    request: 'x-cost',
    available: 'x-points-left',
    maximum: 'x-points',
  };
  const read = (cost: string, available: string, maximum: string) => {
    const headers = new Map([
      ['x-cost', cost],
      ['x-points-left', available],
      ['x-points', maximum],
    ]);
    return statementsOfHeaders([POINTS], (name) => headers.get(name) ?? null, NOW_MS);
  };

  test('are a bucket of requests that cost as many', () => {
    expect(read('12', '991', '1000')).toMatchObject([
      { name: 'x-points-left', quota: 83, remaining: 82, isLeaky: true },
    ]);
    expect(read('2.5', ' 9.9', '10')).toMatchObject([{ quota: 4, remaining: 3 }]);
  });

  test.each([
    ['0', '991', '1000'],
    ['', '991', '1000'],
    ['12', 'many', '1000'],
    ['12', '991', '-1'],
  ])('that do not tell enough say nothing: %s, %s, %s', (cost, available, maximum) => {
    expect(read(cost, available, maximum)).toEqual([]);
  });
});

describe('points in the body', () => {
  const name = (path: string) =>
    path.split('.').map((part) => ({ type: 'name', name: part }) as const);
  const PATHS = {
    request: name('cost.actual'),
    available: name('cost.status.available'),
    maximum: name('cost.status.maximum'),
  };
  const body = (actual: unknown, available: unknown, maximum: unknown) => ({
    cost: { actual, status: { available, maximum } },
  });

  test('are a bucket of requests that cost as many', () => {
    expect(statementOfCost(PATHS, body(12, 991, 1_000))).toMatchObject({
      ...{ quota: 83, remaining: 82, isLeaky: true },
    });
  });

  test('one request that costs more than there is takes all of it', () => {
    expect(statementOfCost(PATHS, body(1_200, 0, 1_000))).toMatchObject({ quota: 1, remaining: 0 });
  });

  test.each([
    [body(0, 991, 1_000)],
    [body('12', 991, 1_000)],
    [body(12, undefined, 1_000)],
    [{ errors: [] }],
    [null],
  ])('of which the body does not tell enough say nothing: %j', (json) => {
    expect(statementOfCost(PATHS, json)).toBeNull();
  });
});
