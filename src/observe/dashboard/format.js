/** Numbers and spans as text. Grouping is the same in every locale, for the report says it so too. */

const NONE = '–';

/** @param {number | null | undefined} value */
export function count(value) {
  return isKnown(value) ? Math.round(value).toLocaleString('en-US') : NONE;
}

/** @param {number | null | undefined} value a share in [0, 1] */
export function percent(value, digits = 1) {
  return isKnown(value) ? `${(value * 100).toFixed(digits)} %` : NONE;
}

/** @param {number | null | undefined} value */
export function bytes(value) {
  if (!isKnown(value)) return NONE;
  if (value < 1e6) return `${(value / 1e3).toFixed(0)} kB`;
  return value < 1e9 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e9).toFixed(2)} GB`;
}

/** @param {number | null | undefined} ms */
export function milliseconds(ms) {
  if (!isKnown(ms)) return NONE;
  return ms < 100 ? ms.toFixed(1) : Math.round(ms).toLocaleString('en-US');
}

/** `1 h 02 min`, `3 min 20 s`, `45 s`. @param {number | null | undefined} ms */
export function duration(ms) {
  if (!isKnown(ms)) return NONE;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${pad(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${pad(minutes % 60)} min` : `${Math.floor(hours / 24)} days`;
}

/** A short number for an axis: `12k`, `3M`. @param {number} value */
export function short(value) {
  if (value >= 1e6) return `${trim(value / 1e6)}M`;
  return value >= 1e3 ? `${trim(value / 1e3)}k` : trim(value);
}

/** Date and time on this machine's clock, with its zone. @param {number | null | undefined} ms */
export function instant(ms) {
  if (!isKnown(ms)) return NONE;
  const at = new Date(ms);
  const date = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${date} ${timeOfDay(ms)} ${zone(ms)}`;
}

/** This machine's zone at an instant: `UTC`, `UTC+05:30`. @param {number} ms */
export function zone(ms) {
  const minutes = -new Date(ms).getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const off = Math.abs(minutes);
  return `UTC${minutes < 0 ? '−' : '+'}${pad(Math.floor(off / 60))}:${pad(off % 60)}`;
}

/** Time of day. @param {string | number} instant as ISO 8601 text, or epoch ms */
export function timeOfDay(instant) {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return NONE;
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(pad).join(':');
}

/** @param {number} value */
function trim(value) {
  return String(Math.round(value * 100) / 100);
}

/** @param {number} value */
function pad(value) {
  return String(value).padStart(2, '0');
}

/** @param {unknown} value @returns {value is number} */
function isKnown(value) {
  return typeof value === 'number' && Number.isFinite(value);
}
