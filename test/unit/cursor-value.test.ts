/** Values by which an incremental stream goes on: how they compare, and how one is sent. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CursorType } from '../../src/protocol/record-target.js';
import {
  type CursorScalar,
  compareCursorValues,
  cursorScalar,
  instantOf,
  type Lag,
  readCursorJson,
  readCursorValue,
  sentValue,
  valueBefore,
} from '../../src/source/cursor-value.js';

function compared(a: CursorScalar, b: CursorScalar, type: CursorType | null = null): number {
  const [first, second] = [readCursorValue(a, type), readCursorValue(b, type)];
  if (first === null || second === null) throw new Error('both can be read');
  return Math.sign(compareCursorValues(first, second));
}

describe('a value is higher', () => {
  test.each<[CursorScalar, CursorScalar, CursorType | null]>([
    [10, 9, null],
    ['10', '9', null],
    ['9007199254740993', '9007199254740992', 'integer'],
    ['-1.50', '-1.51', 'numeric'],
    ['12345678901234567890.1', '12345678901234567890.09', 'numeric'],
    [1e21, 5, null],
    ['2026-01-02', '2026-01-01T23:59:59Z', 'datetime'],
    ['2026-01-01T12:00:00.000001Z', '2026-01-01T12:00:00Z', null],
    ['2026-01-01T01:00:00+00:00', '2026-01-01T01:59:00+01:00', null],
    ['2026-01-01 00:00:01', '2026-01-01T00:00:00', null],
    ['b', 'a', null],
    ['507F1F77BCF86CD799439012', '507f1f77bcf86cd799439011', 'objectid'],
  ])('%s than %s (%s)', (higher, lower, type) => {
    expect(compared(higher, lower, type)).toBe(1);
    expect(compared(lower, higher, type)).toBe(-1);
    expect(compared(higher, higher, type)).toBe(0);
  });

  test('or the same, however it is written', () => {
    expect(compared('2026-01-01T01:00:00.1200Z', '2026-01-01T02:00:00.12+01:00')).toBe(0);
    expect(compared('1.0', 1)).toBe(0);
  });

  test('in an order that is total, whatever the values are', () => {
    const scalars = fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ minLength: 1 }),
      fc
        .date({ noInvalidDate: true, min: new Date(0), max: new Date('2099-12-31') })
        .map((date) => date.toISOString()),
    );
    const read = fc.property(scalars, scalars, scalars, (...values) => {
      const known = values.flatMap((value) => readCursorValue(value, null) ?? []);
      const sorted = known.toSorted(compareCursorValues);
      for (const [index, value] of sorted.entries()) {
        for (const later of sorted.slice(index)) {
          expect(compareCursorValues(value, later)).toBeLessThanOrEqual(0);
        }
      }
    });
    fc.assert(read, { numRuns: 500 });
  });
});

test.each<[unknown, CursorType | null]>([
  [null, null],
  [true, null],
  ['', null],
  [{}, null],
  ['soon', 'datetime'],
  ['2026-02-30', 'date'],
  ['2026-01-01', 'integer'],
])('%j of the type %s is no value', (value, type) => {
  expect(readCursorValue(value, type)).toBeNull();
});

test('JSON keeps the digits of a number', () => {
  expect(readCursorJson('9007199254740993', 'integer')).toMatchObject({ text: '9007199254740993' });
  expect(readCursorJson('"2026-01-01"', null)).toMatchObject({ kind: 'instant' });
  expect(readCursorJson('"broken', null)).toBeNull();
  expect([cursorScalar('17'), cursorScalar('9007199254740993'), cursorScalar('"a"')]).toEqual([
    ...[17, '9007199254740993', 'a'],
  ]);
});

describe('what lies before a value', () => {
  test.each<[CursorScalar, Lag, CursorType | null, CursorScalar]>([
    [1_767_323_045, { ms: 600_000 }, 'timestamp', 1_767_322_445],
    [1_767_323_045_678, { ms: 600_000 }, null, 1_767_322_445_678],
    ['1767323045.25', { ms: 1_000 }, 'timestamp', '1767323044.25'],
    ['2026-01-10', { ms: 90_000_000 }, 'date', '2026-01-08'],
    [100, { units: 0 }, null, 100],
    [100, { units: 30 }, null, 70],
    ['9007199254740993', { units: 2 }, 'integer', '9007199254740991'],
    ['1.5', { units: 1 }, 'numeric', '0.5'],
    ['2026-01-01T00:00:10.5Z', { units: 5 }, null, '2026-01-01T00:00:05.500Z'],
    ['2026-01-01T00:00:10Z', { units: 5 }, 'datetime', '2026-01-01T00:00:05Z'],
    ['2026-01-01T00:00:10.000009Z', { units: 1 }, null, '2026-01-01T00:00:09.000Z'],
    ['2026-01-10', { units: 3 }, 'date', '2026-01-07'],
    ['a', { units: 3 }, null, 'a'],
  ])('%s less %j (%s) is %s', (value, lag, type, before) => {
    expect(valueBefore(value, lag, type)).toBe(before);
  });

  test('is never later than it', () => {
    const instants = fc.date({
      ...{ noInvalidDate: true, min: new Date('1990-01-01'), max: new Date('2090-01-01') },
    });
    const lags = fc.integer({ min: 1, max: 1e6 });
    const property = fc.property(instants, lags, fc.boolean(), (date, lag, isDay) => {
      const value = isDay ? date.toISOString().slice(0, 10) : date.toISOString();
      const before = instantOf(valueBefore(value, { units: lag }, null), null) ?? Number.NaN;
      expect(before).toBeLessThanOrEqual((instantOf(value, null) ?? 0) - (isDay ? 0 : lag * 1000));
    });
    fc.assert(property, { numRuns: 300 });
  });
});

test.each<[CursorScalar, CursorType | null, string | null, CursorScalar]>([
  ['2026-01-02T03:04:05.678Z', null, null, '2026-01-02T03:04:05.678Z'],
  ['2026-01-02T03:04:05.678Z', 'datetime', '%Y-%m-%dT%H:%M:%SZ', '2026-01-02T03:04:05Z'],
  ['2026-01-02T03:04:05+02:00', 'datetime', '%d.%m.%Y %H:%M', '02.01.2026 01:04'],
  [1_767_323_045, 'timestamp', '%Y-%m-%d', '2026-01-02'],
  [1_767_323_045_678, 'timestamp', '%s', '1767323045'],
  ['2026-01-02T03:04:05Z', 'timestamp', null, 1_767_323_045],
  ['2026-01-02T03:04:05Z', 'date', null, '2026-01-02'],
  ['abc', null, '%Y', 'abc'],
])('%s of the type %s in the form %s is sent as %s', (value, type, format, sent) => {
  expect(sentValue(value, { type, format })).toBe(sent);
});
