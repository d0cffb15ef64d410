/**
 * Which instant a record's timestamp means.
 *
 * Numbers and digit strings carry no unit, so their magnitude decides, within the years 2001 to
 * 2100; the two ranges lie far apart, and a value in neither is not guessed:
 *
 *   seconds       978307200    ≤ value < 4133980800
 *   milliseconds  978307200000 ≤ value < 4133980800000
 *
 * Text is ISO 8601 with a zone. Without one it would be a guess at the sender's clock, so it is
 * refused. Fractions finer than a millisecond are cut off, never rounded up into the next instant.
 */

export const EPOCH_SECONDS_MIN = 978_307_200;
export const EPOCH_SECONDS_END = 4_133_980_800;
export const EPOCH_MS_MIN = EPOCH_SECONDS_MIN * 1000;
export const EPOCH_MS_END = EPOCH_SECONDS_END * 1000;

const DAY_MS = 86_400_000;
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS_FROM_YEAR_0_TO_1970 = 719_528;

const DIGITS = /^(\d+)(?:\.(\d+))?$/;
const ISO =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:[Zz]|([+-])(\d{2})(?::?(\d{2}))?)$/;

/**
 * Epoch ms, a whole number; null when no rule reads the value.
 *
 * @param value a timestamp as `JSON.parse` gives it
 */
export function readTimestamp(value: string | number): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? readDigits(String(value)) : null;
  return readDigits(value) ?? readIso(value);
}

/** The civil time of one instant in UTC; the parts are whole numbers. */
export interface CivilTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly ms: number;
}

/**
 * Epoch ms of a date and time in UTC; NaN when a part is out of its range (a 30th of February, hour
 * 24, a leap second). Years 1 to 9999, proleptic Gregorian.
 */
export function civilToEpochMs(time: CivilTime): number {
  const { year, month, day, hour, minute, second, ms } = time;
  if (hour > 23 || minute > 59 || second > 59) return Number.NaN;
  const timeOfDayMs = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
  return epochDay(year, month, day) * DAY_MS + timeOfDayMs;
}

/** Days since 1970-01-01; NaN when there is no such day. */
function epochDay(year: number, month: number, day: number): number {
  if (year < 1 || month < 1 || month > 12 || day < 1) return Number.NaN;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const monthDays = month === 2 && isLeap ? 29 : (DAYS_IN_MONTH[month - 1] as number);
  if (day > monthDays) return Number.NaN;
  const before = year - 1;
  // Year 0 was itself a leap year, hence the day that 366 adds.
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  const daysBeforeYear = 366 + before * 365 + leapDays;
  const leapDay = isLeap && month > 2 ? 1 : 0;
  const dayOfYear = (DAYS_BEFORE_MONTH[month - 1] as number) + leapDay + day - 1;
  return daysBeforeYear + dayOfYear - DAYS_FROM_YEAR_0_TO_1970;
}

/** Plain digits, with or without a fraction, of seconds or milliseconds. */
function readDigits(text: string): number | null {
  const parts = DIGITS.exec(text);
  if (parts === null) return null;
  const whole = Number(parts[1]);
  if (whole >= EPOCH_MS_MIN && whole < EPOCH_MS_END) return whole;
  if (whole >= EPOCH_SECONDS_MIN && whole < EPOCH_SECONDS_END) {
    return whole * 1000 + fractionMs(parts[2]);
  }
  return null;
}

function readIso(text: string): number | null {
  const parts = ISO.exec(text);
  if (parts === null) return null;
  const part = (group: number): number => Number(parts[group] ?? 0);
  const offsetMinutes = part(9) * 60 + part(10);
  if (part(9) > 23 || part(10) > 59) return null;
  const localMs = civilToEpochMs({
    year: part(1),
    month: part(2),
    day: part(3),
    hour: part(4),
    minute: part(5),
    second: part(6),
    ms: fractionMs(parts[7]),
  });
  const sign = parts[8] === '-' ? -1 : 1;
  const epochMs = localMs - sign * offsetMinutes * 60_000;
  return Number.isNaN(epochMs) ? null : epochMs;
}

/** The first three digits of a fraction of a second, as ms. */
function fractionMs(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits.slice(0, 3).padEnd(3, '0'));
}
