/**
 * The two forms of timestamp that nearly every record has, read straight from bytes. Everything
 * else is left to `readTimestamp`, which these must agree with.
 */
import { civilToEpochMs, EPOCH_MS_END, EPOCH_MS_MIN } from '../../src/source/timestamp.js';

/** Length of `YYYY-MM-DDTHH:mm:ss.sssZ`. */
export const ISO_MS_BYTES = 24;
/** Length of an epoch in ms between 2001-09 and 2286-11. */
export const EPOCH_MS_BYTES = 13;

const ZERO = 0x30;
const DASH = 0x2d;
const COLON = 0x3a;
const DOT = 0x2e;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;

/** Epoch ms of the 24 bytes at `at`; NaN when they are not exactly of that form, or no such time. */
export function readIsoMsBytes(body: Uint8Array, at: number): number {
  const isPunctuated =
    body[at + 4] === DASH &&
    body[at + 7] === DASH &&
    body[at + 10] === LETTER_T &&
    body[at + 13] === COLON &&
    body[at + 16] === COLON &&
    body[at + 19] === DOT &&
    body[at + 23] === LETTER_Z;
  if (!isPunctuated) return Number.NaN;
  return civilToEpochMs({
    year: twoDigits(body, at) * 100 + twoDigits(body, at + 2),
    month: twoDigits(body, at + 5),
    day: twoDigits(body, at + 8),
    hour: twoDigits(body, at + 11),
    minute: twoDigits(body, at + 14),
    second: twoDigits(body, at + 17),
    ms: twoDigits(body, at + 20) * 10 + digit(body, at + 22),
  });
}

/** The 13 digits at `at` as epoch ms; NaN when they are not digits, or outside the years that count. */
export function readEpochMsBytes(body: Uint8Array, at: number): number {
  let value = 0;
  for (let index = 0; index < EPOCH_MS_BYTES; index++) value = value * 10 + digit(body, at + index);
  const isLeadingZero = body[at] === ZERO;
  return !isLeadingZero && value >= EPOCH_MS_MIN && value < EPOCH_MS_END ? value : Number.NaN;
}

function twoDigits(body: Uint8Array, at: number): number {
  return digit(body, at) * 10 + digit(body, at + 1);
}

function digit(body: Uint8Array, at: number): number {
  const value = (body[at] as number) - ZERO;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}
