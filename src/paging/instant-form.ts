/**
 * The form in which a source file writes an instant, and in which the API is sent others:
 *
 *   2024-01-31                  a day, UTC
 *   2024-01-31T12:00:00Z        to the second
 *   2024-01-31T12:00:00.000Z    to the millisecond
 *   1706702400                  epoch seconds, as a number or as text
 *   1706702400000               epoch milliseconds, as a number or as text
 */

export interface InstantForm {
  /** The instant that was written, epoch ms. */
  readonly ms: number;
  /** Instants of this form are a multiple of this. */
  readonly unitMs: number;
  /** @param ms a multiple of `unitMs` */
  write(ms: number): string | number;
}

const DAY_MS = 86_400_000;
const DAY_CHARS = '2024-01-31'.length;
/** Seconds reach this in the year 5138; milliseconds have passed it since 1973. */
const EPOCH_SECONDS_END = 100_000_000_000;

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;
const DIGITS = /^-?\d{1,15}$/;

/** @returns null: of no such form. A time without a zone is a guess at a clock, so it is none. */
export function instantForm(written: string | number): InstantForm | null {
  if (typeof written === 'number') return epochForm(written, (epoch) => epoch);
  if (DIGITS.test(written)) return epochForm(Number(written), String);
  const match = ISO.exec(written);
  const isDay = DAY.test(written);
  const ms = Date.parse(written);
  if ((match === null && !isDay) || !Number.isFinite(ms)) return null;
  const iso = (instantMs: number) => new Date(instantMs).toISOString();
  // The parser takes February 30 for March 1.
  const day = written.slice(0, DAY_CHARS);
  if (iso(Date.parse(day)).slice(0, DAY_CHARS) !== day) return null;
  if (isDay) return { ms, unitMs: DAY_MS, write: (at) => iso(at).slice(0, DAY_CHARS) };
  if (match?.[1] !== undefined) return { ms, unitMs: 1, write: iso };
  return { ms, unitMs: 1000, write: (at) => iso(at).replace('.000Z', 'Z') };
}

function epochForm(epoch: number, inKind: (epoch: number) => string | number): InstantForm | null {
  if (!Number.isSafeInteger(epoch)) return null;
  const unitMs = Math.abs(epoch) < EPOCH_SECONDS_END ? 1000 : 1;
  return { ms: epoch * unitMs, unitMs, write: (ms) => inKind(ms / unitMs) };
}
