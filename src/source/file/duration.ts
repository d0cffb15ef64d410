/** Durations as a source file has them: a number and its unit, such as `500ms`, `120s`, `5m`, `1h`. */

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
export const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;
/** Ten years: longer is a slip of the unit. */
const DURATION_MS_MAX = 3650 * 86_400_000;

/** Whole ms above 0; null when the text is no duration. */
export function readDuration(text: string): number | null {
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (count === undefined || unit === undefined) return null;
  const ms = Math.round(Number(count) * (UNIT_MS[unit] ?? Number.NaN));
  return ms > 0 && ms <= DURATION_MS_MAX ? ms : null;
}
