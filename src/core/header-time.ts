/**
 * Times in headers: how long from an answer's receipt until the instant or span that a header names.
 *
 * Vendors write a reset as seconds left, with or without a fraction, as a duration with units, as epoch
 * seconds, as epoch milliseconds, as ISO 8601 or as a date, often under the same header name. The
 * magnitude tells the numbers apart: nobody announces a quota that returns in decades.
 */

const DAY_MS = 86_400_000;

/** A limit or a pause longer than this is more likely a misread unit than the truth. */
export const SPAN_MS_MAX = 31 * DAY_MS;

/**
 * Magnitudes are judged against the clock, but never against one before this (2001): a clock that
 * starts at zero would make every number an epoch.
 */
const REFERENCE_MS_MIN = 1e12;

const MILLISECONDS = /-(?:ms|milliseconds)$/;
/** A larger number is an instant, in whatever unit. */
const NAMED_SPAN_MAX = 1e9;
const NUMBER = /^\d+(\.\d*)?$/;
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };
const ISO_8601 =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?$/i;
const HTTP_DATE = /^(?:[A-Za-z]{3,9}, )?\d{1,2}[ -][A-Za-z]{3}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;
/** What JavaScript makes of a Date: `Tue Jan 27 2026 19:20:12 GMT+0000 (Coordinated Universal Time)`. */
const DATE_TEXT =
  /^[A-Za-z]{3} [A-Za-z]{3} \d{2} \d{4} \d{2}:\d{2}:\d{2} GMT[+-]\d{4}(?: \([^)]*\))?$/;
const ASCTIME = /^[A-Za-z]{3} [A-Za-z]{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/** A time as a header names it. */
export interface TimeSaid {
  /** From the answer until then; 0 for what has passed. */
  readonly spanMs: number;
  /** Epoch ms by the server's clock, where an instant is named; null: a span is. */
  readonly atMs: number | null;
  /** What the form can resolve: 1000 for whole seconds. */
  readonly unitMs: number;
  /** A span as a number without a unit: read as seconds, but some servers mean milliseconds. */
  readonly isBare: boolean;
  /** A date's text, which cuts off what its unit cannot say; numbers are mostly rounded up. */
  readonly isCut: boolean;
}

/**
 * What `text` names, in whatever form.
 *
 * @param answerMs the answer's own time (its Date header where it has one): epoch ms
 * @returns null for what no rule reads, for negative numbers and for spans over `SPAN_MS_MAX`
 */
export function readTime(text: string, answerMs: number): TimeSaid | null {
  const trimmed = text.trim();
  if (!NUMBER.test(trimmed)) {
    const spanMs = readDuration(trimmed);
    if (spanMs !== null) return span(spanMs, 1, false);
    const atMs = readDate(trimmed);
    if (atMs === null) return null;
    const isExact = /\d\.\d/.test(trimmed);
    const said = instant(atMs, isExact ? 1 : 1000, answerMs);
    return said && { ...said, isCut: !isExact };
  }
  const value = Number(trimmed);
  const unitMs = trimmed.includes('.') ? 1 : 1000;
  const referenceMs = Math.max(answerMs, REFERENCE_MS_MIN);
  if (value >= referenceMs / 2) return instant(value, 1, answerMs);
  if (value >= referenceMs / 2000) return instant(value * 1000, unitMs, answerMs);
  return span(value * 1000, unitMs, true);
}

/** A number in a header whose name ends in the unit: as a duration in it. An instant stays one. */
export function withUnitOf(header: string, text: string): string {
  const isSpan = NUMBER.test(text.trim()) && Number(text) < NAMED_SPAN_MAX;
  return isSpan && MILLISECONDS.test(header) ? `${Number(text)}ms` : text;
}

/** The span of `readTime` alone. */
export function spanUntil(text: string, answerMs: number): number | null {
  return readTime(text, answerMs)?.spanMs ?? null;
}

function instant(atMs: number, unitMs: number, answerMs: number): TimeSaid | null {
  const said = span(Math.max(0, atMs - answerMs), unitMs, false);
  return said && { ...said, atMs };
}

function span(spanMs: number, unitMs: number, isBare: boolean): TimeSaid | null {
  if (spanMs > SPAN_MS_MAX) return null;
  return { spanMs: Math.round(spanMs), atMs: null, unitMs, isBare, isCut: false };
}

/** `6m0s`, `1.5s`, `20ms`. */
function readDuration(text: string): number | null {
  if (text === '' || !DURATION.test(text)) return null;
  let spanMs = 0;
  for (const [, value, unit] of text.matchAll(DURATION_PART)) {
    spanMs += Number(value) * (UNIT_MS[unit as keyof typeof UNIT_MS] ?? 0);
  }
  return spanMs;
}

/** Epoch ms of an ISO 8601 text (UTC when it names no zone), an HTTP-date or a Date's text; null for others. */
export function readDate(text: string): number | null {
  const iso = ISO_8601.exec(text);
  const normal =
    iso !== null
      ? `${iso[1]}T${iso[2]}${iso[3] ?? 'Z'}`
      : ASCTIME.test(text)
        ? `${text} GMT`
        : HTTP_DATE.test(text) || DATE_TEXT.test(text)
          ? text
          : null;
  if (normal === null) return null;
  const instantMs = Date.parse(normal);
  return Number.isNaN(instantMs) ? null : instantMs;
}
