/** How figures are written: short enough for a table of 80 columns. Pure. */
import { formatCount } from '../../src/observe/eta.js';
import type { Summary } from '../statistics.js';

export function ratio(value: number | null): string {
  return value === null ? '–' : value.toFixed(2);
}

export function percent(share: number | null): string {
  return share === null ? '–' : `${(share * 100).toFixed(1)} %`;
}

export function megabytes(bytes: number | null): string {
  return bytes === null ? '–' : (bytes / 1e6).toFixed(0);
}

export function seconds(ms: number | null): string {
  return ms === null ? '–' : (ms / 1000).toFixed(ms < 100_000 ? 1 : 0);
}

export function tenth(value: number | null): string {
  return value === null ? '–' : value.toFixed(1);
}

/** CPU seconds. */
export function hundredths(ms: number | null): string {
  return ms === null ? '–' : (ms / 1000).toFixed(ms < 100_000 ? 2 : 0);
}

/** `500k`, `3M`; other numbers in full. */
export function compactCount(count: number): string {
  if (count >= 1e6 && count % 1e5 === 0) return `${count / 1e6}M`;
  return count >= 1000 && count % 1000 === 0 ? `${count / 1000}k` : formatCount(count);
}

/** `-2 +3 %`: the ends of the spread, from the median. */
export function relativeSpread({ median, min, max }: Summary): string {
  const offset = (end: number): string => Math.abs((end / median - 1) * 100).toFixed(0);
  return `-${offset(min)} +${offset(max)} %`;
}

/** `44,100-46,300`; with `ratio`, `0.91-0.97`. */
export function spread(
  summary: Summary | null,
  write: (value: number) => string = formatCount,
): string {
  return summary === null ? '–' : `${write(summary.min)}-${write(summary.max)}`;
}
