import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTimestamp } from '../../src/source/timestamp.js';
import { readEpochMsBytes, readIsoMsBytes } from '../../workers/json/timestamp-bytes.js';

const NEWEST_MS = 1_769_541_612_369;

describe('forms that tell an instant', () => {
  test.each([
    ['epoch ms', NEWEST_MS, NEWEST_MS],
    ['epoch seconds', 1_769_541_612, 1_769_541_612_000],
    ['epoch seconds with a fraction', 1_769_541_612.369, NEWEST_MS],
    ['a digit string of ms', '1769541612369', NEWEST_MS],
    ['a digit string of seconds', '1769541612', 1_769_541_612_000],
    ['a digit string with a fraction', '1769541612.3699', NEWEST_MS],
    ['ISO with ms', '2026-01-27T19:20:12.369Z', NEWEST_MS],
    ['ISO without a fraction', '2026-01-27T19:20:12Z', 1_769_541_612_000],
    ['ISO with ns', '2026-01-27T19:20:12.369999999Z', NEWEST_MS],
    ['ISO with an offset east', '2026-01-28T03:20:12.369+08:00', NEWEST_MS],
    ['ISO with an offset west', '2026-01-27T14:50:12.369-0430', NEWEST_MS],
    ['ISO with hours of offset only', '2026-01-27T20:20:12.369+01', NEWEST_MS],
    ['ISO with a blank', '2026-01-27 19:20:12.369Z', NEWEST_MS],
    ['ISO to the minute', '2026-01-27T19:20Z', 1_769_541_600_000],
    ['a leap day', '2024-02-29T00:00:00Z', 1_709_164_800_000],
    ['the epoch', '1970-01-01T00:00:00Z', 0],
    ['year 1', '0001-01-01T00:00:00Z', -62_135_596_800_000],
    ['the first second of the range', 978_307_200, 978_307_200_000],
    ['the last ms of the range', 4_133_980_799_999, 4_133_980_799_999],
  ])('%s is read', (_form, value, expected) => {
    expect(readTimestamp(value)).toBe(expected);
  });
});

describe('forms that would be a guess', () => {
  test.each([
    ['local time', '2026-01-27T19:20:12'],
    ['local time with ms', '2026-01-27T19:20:12.369'],
    ['a date', '2026-01-27'],
    ['a name of a zone', '2026-01-27T19:20:12 CET'],
    ['microseconds', 1_769_541_612_369_000],
    ['a small number', 12_345],
    ['zero', 0],
    ['a negative number', -1_769_541_612],
    ['not a number', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['just before the range', 978_307_199],
    ['just after the range', 4_133_980_800_000],
    ['an empty string', ''],
    ['words', 'yesterday'],
    ['February 30', '2026-02-30T00:00:00Z'],
    ['February 29 of a common year', '2025-02-29T00:00:00Z'],
    ['February 29 of 2100', '2100-02-29T00:00:00Z'],
    ['month 13', '2026-13-01T00:00:00Z'],
    ['month 0', '2026-00-01T00:00:00Z'],
    ['day 0', '2026-01-00T00:00:00Z'],
    ['hour 24', '2026-01-27T24:00:00Z'],
    ['minute 60', '2026-01-27T19:60:00Z'],
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['an offset of a day', '2026-01-27T19:20:12+24:00'],
    ['ten digits of fraction', '2026-01-27T19:20:12.3691234567Z'],
    ['blanks around', ' 1769541612369 '],
    ['an exponent in text', '1.769541612369e12'],
    ['American order', '01/27/2026 19:20:12Z'],
  ])('%s is refused', (_form, value) => {
    expect(readTimestamp(value)).toBeNull();
  });
});

const twoDigits = fc.integer({ min: 0, max: 99 }).map((value) => String(value).padStart(2, '0'));
const isoMsText = fc
  .tuple(
    fc.integer({ min: 0, max: 9999 }).map((year) => String(year).padStart(4, '0')),
    fc.oneof(
      fc.integer({ min: 1, max: 12 }).map((m) => String(m).padStart(2, '0')),
      twoDigits,
    ),
    fc.oneof(
      fc.integer({ min: 1, max: 31 }).map((d) => String(d).padStart(2, '0')),
      twoDigits,
    ),
    fc.tuple(twoDigits, twoDigits, twoDigits),
    fc.integer({ min: 0, max: 999 }).map((ms) => String(ms).padStart(3, '0')),
  )
  .map(([year, month, day, time, ms]) => `${year}-${month}-${day}T${time.join(':')}.${ms}Z`);

/** By the language's own calendar: the text is a time exactly if it comes back as itself. */
function calendarMs(text: string): number {
  const ms = Date.parse(text);
  const isItself = !Number.isNaN(ms) && new Date(ms).toISOString() === text;
  return isItself && !text.startsWith('0000') ? ms : Number.NaN;
}

describe('the paths over bytes', () => {
  test('the ISO path agrees with readTimestamp and with the calendar', () => {
    fc.assert(
      fc.property(isoMsText, (text) => {
        const fast = readIsoMsBytes(Buffer.from(text), 0);
        expect(fast).toBe(readTimestamp(text) ?? Number.NaN);
        expect(fast).toBe(calendarMs(text));
      }),
      { numRuns: 3000 },
    );
  });

  test('the ISO path reads every day of two centuries', () => {
    for (let ms = Date.UTC(1950, 0, 1); ms < Date.UTC(2150, 0, 1); ms += 86_400_000) {
      const text = new Date(ms).toISOString();
      if (readIsoMsBytes(Buffer.from(text), 0) !== ms) throw new Error(text);
    }
  });

  test('the ISO path refuses a text with one byte changed, or agrees with readTimestamp', () => {
    const change = fc.tuple(fc.nat({ max: 23 }), fc.constantFrom(...'0159:.-TZtz +x"'));
    fc.assert(
      fc.property(change, ([at, character]) => {
        const text = '2026-01-27T19:20:12.369Z';
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        const fast = readIsoMsBytes(Buffer.from(changed), 0);
        if (!Number.isNaN(fast)) expect(fast).toBe(readTimestamp(changed));
      }),
      { numRuns: 2000 },
    );
  });

  test('the 13-digit path agrees with readTimestamp', () => {
    const digits = fc.oneof(
      fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 }).map(String),
      fc.string({ unit: fc.constantFrom(...'0123456789.-'), minLength: 13, maxLength: 13 }),
    );
    fc.assert(
      fc.property(digits, (text) => {
        const fast = readEpochMsBytes(Buffer.from(text), 0);
        if (Number.isNaN(fast)) return;
        expect(fast).toBe(readTimestamp(Number(text)));
        expect(fast).toBe(readTimestamp(text));
      }),
    );
    expect(readEpochMsBytes(Buffer.from('1769541612369'), 0)).toBe(NEWEST_MS);
  });
});
