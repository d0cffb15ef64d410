/** The clock of the process: epoch ms with fractions, monotonic, one origin for all threads. */
import { performance } from 'node:perf_hooks';

const { timeOrigin } = performance;

export function nowMs(): number {
  return timeOrigin + performance.now();
}
