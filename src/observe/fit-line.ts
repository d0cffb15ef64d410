/** Lines that a terminal of 80 columns shows whole: a longer one would wrap and not be redrawn. */

const COLUMNS_MAX = 79;

/** The first that fits, the fullest first; the last is cut. */
export function fitLine(candidates: readonly [string, ...string[]]): string {
  const fitting = candidates.find((line) => line.length <= COLUMNS_MAX);
  return fitting ?? (candidates.at(-1) ?? '').slice(0, COLUMNS_MAX);
}
