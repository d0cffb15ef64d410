/** Round spans: people choose limits and lives, and they choose round ones. */

const SECOND_MS = 1000;
const ROUND_UNITS_MS: readonly number[] = [
  86_400, 43_200, 21_600, 3_600, 1_800, 900, 600, 300, 60, 30, 20, 15, 10, 5, 2, 1,
]
  .map((seconds) => seconds * SECOND_MS)
  .concat(500, 250, 200, 100, 50, 20, 10, 1);

/** The roundest span in [low, high]; `highMs` where nothing in it is round. */
export function roundest(lowMs: number, highMs: number): number {
  for (const unitMs of ROUND_UNITS_MS) {
    const multiple = Math.floor(highMs / unitMs) * unitMs;
    if (multiple >= lowMs && multiple > 0) return multiple;
  }
  return highMs;
}
