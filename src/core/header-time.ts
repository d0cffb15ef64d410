/**
 * Times in headers: how long from an answer's receipt until the instant or span that a header names.
 *
 * Vendors write a reset as seconds left, with or without a fraction, as epoch seconds, as epoch
 * milliseconds, as ISO 8601 or as an HTTP-date, often under the same header name. The magnitude
 * tells them apart: nobody announces a quota that returns in decades.
 */

const DAY_MS = 86_400_000;

/** A limit or a pause longer than this is more likely a misread unit than the truth. */
export const SPAN_MS_MAX = DAY_MS;

/**
 * Magnitudes are judged against the clock, but never against one before this (2001): a clock that
 * starts at zero would make every number an epoch.
 */
const REFERENCE_MS_MIN = 1e12;

const NUMBER = /^\d+(\.\d*)?$/;
const ISO_8601 =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?$/i;
const HTTP_DATE = /^(?:[A-Za-z]{3,9}, )?\d{1,2}[ -][A-Za-z]{3}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME = /^[A-Za-z]{3} [A-Za-z]{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * Span in ms from the answer until what `text` names.
 *
 * @param answerMs the answer's own time (its Date header where it has one): epoch ms
 * @returns 0 for an instant that has passed; null for what no rule reads, for negative numbers and
 *   for spans over `SPAN_MS_MAX`
 */
export function spanUntil(text: string, answerMs: number): number | null {
  const trimmed = text.trim();
  if (!NUMBER.test(trimmed)) {
    const instantMs = readDate(trimmed);
    return instantMs === null ? null : believable(instantMs - answerMs);
  }
  const value = Number(trimmed);
  const referenceMs = Math.max(answerMs, REFERENCE_MS_MIN);
  if (value >= referenceMs / 2) return believable(value - answerMs);
  if (value >= referenceMs / 2000) return believable(value * 1000 - answerMs);
  return believable(value * 1000);
}

/** Epoch ms of an ISO 8601 text (UTC when it names no zone) or an HTTP-date; null for others. */
export function readDate(text: string): number | null {
  const iso = ISO_8601.exec(text);
  const normal =
    iso !== null
      ? `${iso[1]}T${iso[2]}${iso[3] ?? 'Z'}`
      : ASCTIME.test(text)
        ? `${text} GMT`
        : HTTP_DATE.test(text)
          ? text
          : null;
  if (normal === null) return null;
  const instantMs = Date.parse(normal);
  return Number.isNaN(instantMs) ? null : instantMs;
}

function believable(spanMs: number): number | null {
  if (spanMs > SPAN_MS_MAX) return null;
  return Math.max(0, Math.round(spanMs));
}
