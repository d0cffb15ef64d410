/**
 * Values by which an incremental stream goes on: how they compare, and how one is sent. Pure.
 *
 * A value is known by its JSON text, so that a number keeps its digits. What it is compared as follows
 * from the declared type, and without one from the value itself:
 *
 *   number    a JSON number, or text of digits
 *   instant   ISO 8601: a day, or a time; without a zone it is UTC
 *   text      anything else, by its code units
 */
import { utcFormat } from 'd3-time-format';
import { instantForm } from '../paging/instant-form.js';
import type { CursorType } from '../protocol/record-target.js';
import { civilToEpochMs } from './timestamp.js';

/** As JSON has it. */
export type CursorScalar = string | number;

export type CursorValue =
  | { readonly kind: 'number'; readonly text: string; readonly number: number }
  /** `finer`: digits of the second behind the milliseconds. */
  | { readonly kind: 'instant'; readonly text: string; readonly ms: number; readonly finer: string }
  | { readonly kind: 'text'; readonly text: string };

/** How the values of a stream are read, and how one is sent. */
export interface CursorForm {
  /** Null: as each value shows. */
  readonly type: CursorType | null;
  /** Of an instant that is sent, as strftime has it; null: in the form in which it came. */
  readonly format: string | null;
}

/** A span of time, or a number in units of the value: seconds of an instant, days of the type `date`. */
export type Lag = { readonly ms: number } | { readonly units: number };

const RANK = { number: 0, instant: 1, text: 2 } as const;
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const PLAIN_NUMBER = /^(-?)(\d+)(?:\.(\d+))?$/;
const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?\s*(?:[Zz]|UTC|([+-])(\d{2}):?(\d{2})?)?$/;
/** Seconds since 1970 reach this in the year 5138; milliseconds have passed it since 1973. */
const EPOCH_SECONDS_END = 1e11;
const DAY_MS = 86_400_000;

/** @returns null: it is none, or none of its type */
export function readCursorValue(value: unknown, type: CursorType | null): CursorValue | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const text = String(value).trim();
  if (text === '') return null;
  if (type === 'objectid') return { kind: 'text', text: text.toLowerCase() };
  const number = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(number)) return { kind: 'number', text, number };
  if (type === 'integer' || type === 'numeric') return null;
  const instant = readInstant(text);
  return instant ?? (type === null ? { kind: 'text', text } : null);
}

/** Of the JSON text of a value, whose digits JSON.parse would round. */
export function readCursorJson(json: string, type: CursorType | null): CursorValue | null {
  if (NUMBER.test(json)) return readCursorValue(json, type);
  try {
    return readCursorValue(JSON.parse(json), type);
  } catch {
    return null;
  }
}

/** The value of JSON text: a number whose digits a JavaScript number does not keep is text. */
export function cursorScalar(json: string): CursorScalar {
  const value = JSON.parse(json) as CursorScalar;
  return typeof value === 'number' && String(value) !== json ? json : value;
}

/** Negative: `a` comes first. Values of different kinds have an order too, so that a highest one is the same always. */
export function compareCursorValues(a: CursorValue, b: CursorValue): number {
  if (a.kind === 'number' && b.kind === 'number') return compareNumbers(a, b);
  if (a.kind === 'instant' && b.kind === 'instant') {
    return a.ms === b.ms ? compareTexts(a.finer, b.finer) : a.ms - b.ms;
  }
  return a.kind === b.kind ? compareTexts(a.text, b.text) : RANK[a.kind] - RANK[b.kind];
}

/** What lies before a value: the same in the form in which it came. */
export function valueBefore(value: CursorScalar, lag: Lag, type: CursorType | null): CursorScalar {
  const isNone = ('ms' in lag ? lag.ms : lag.units) === 0;
  const read = isNone ? null : readCursorValue(value, type);
  if (read === null || read.kind === 'text') return value;
  if (read.kind === 'instant') {
    const lagMs = 'ms' in lag ? lag.ms : lag.units * (type === 'date' ? DAY_MS : 1000);
    return instantLike(value, read.ms - lagMs);
  }
  // A span of time before a number is before an instant since 1970.
  const units = 'units' in lag ? lag.units : isEpochSeconds(read) ? lag.ms / 1000 : lag.ms;
  const isExact = Number.isSafeInteger(units) && /^-?\d+$/.test(read.text);
  const shifted = isExact ? String(BigInt(read.text) - BigInt(units)) : String(read.number - units);
  return typeof value === 'number' ? Number(shifted) : shifted;
}

/** What the API is sent for a value. */
export function sentValue(value: CursorScalar, { type, format }: CursorForm): CursorScalar {
  const read = readCursorValue(value, type);
  if (read === null || read.kind === 'text') return value;
  if (format !== null) return utcFormat(format)(new Date(epochMsOf(read)));
  if (read.kind !== 'instant') return value;
  if (type === 'timestamp') return Math.floor(read.ms / 1000);
  return type === 'date' ? dayOf(read.ms) : value;
}

/** An instant that a value means, epoch ms; null: it means none. */
export function instantOf(value: CursorScalar, type: CursorType | null): number | null {
  const read = readCursorValue(value, type);
  return read === null || read.kind === 'text' ? null : epochMsOf(read);
}

function epochMsOf(read: Extract<CursorValue, { readonly kind: 'number' | 'instant' }>): number {
  if (read.kind === 'instant') return read.ms;
  return Math.floor(isEpochSeconds(read) ? read.number * 1000 : read.number);
}

/** Else milliseconds. */
function isEpochSeconds({ number }: NumberValue): boolean {
  return Math.abs(number) < EPOCH_SECONDS_END;
}

/** Never later: what is read again is known by its key, what is passed over is lost. */
function instantLike(value: CursorScalar, ms: number): CursorScalar {
  const form = instantForm(value);
  if (form === null) return new Date(Math.floor(ms)).toISOString();
  return form.write(Math.floor(ms / form.unitMs) * form.unitMs);
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, '2026-01-31'.length);
}

function readInstant(text: string): CursorValue | null {
  const parts = ISO.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second, fraction = '', sign, hours, minutes] = parts;
  const localMs = civilToEpochMs({
    ...{ year: Number(year), month: Number(month), day: Number(day) },
    ...{ hour: Number(hour ?? 0), minute: Number(minute ?? 0), second: Number(second ?? 0) },
    ms: Number(fraction.slice(0, 3).padEnd(3, '0')),
  });
  const offsetMinutes = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  const ms = localMs - (sign === '-' ? -1 : 1) * offsetMinutes * 60_000;
  if (Number.isNaN(ms)) return null;
  return { kind: 'instant', text, ms, finer: fraction.slice(3).replace(/0+$/, '') };
}

type NumberValue = Extract<CursorValue, { readonly kind: 'number' }>;

function compareNumbers(a: NumberValue, b: NumberValue): number {
  if (a.number !== b.number) return a.number < b.number ? -1 : 1;
  const [one, other] = [PLAIN_NUMBER.exec(a.text), PLAIN_NUMBER.exec(b.text)];
  if (one === null || other === null) return 0;
  const digits = Math.max(one[3]?.length ?? 0, other[3]?.length ?? 0);
  const [first, second] = [scaled(one, digits), scaled(other, digits)];
  return first === second ? 0 : first < second ? -1 : 1;
}

function scaled([, sign, whole, fraction = '']: RegExpExecArray, digits: number): bigint {
  return BigInt(`${sign}${whole}${fraction.padEnd(digits, '0')}`);
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
