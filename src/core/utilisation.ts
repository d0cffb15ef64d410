/**
 * Utilisation: how much of what the limit permits was used.
 *
 * Request number quota × k + 1 cannot start before k windows have passed since the first. So for the
 * largest k of the run: utilisation = k × window / (start of that request − first start).
 */
import type { LimitPolicy } from './token-bucket.js';

export class Utilisation {
  readonly #startsMs: number[] = [];

  /** @param startMs when a request left, epoch ms */
  add(startMs: number): void {
    this.#startsMs.push(startMs);
  }

  get requests(): number {
    return this.#startsMs.length;
  }

  /** In [0, 1]; null while no whole window has passed, or where nothing limits. */
  value(policy: LimitPolicy | null): number | null {
    if (policy === null) return null;
    const starts = [...this.#startsMs].sort((a, b) => a - b);
    const windows = Math.floor((starts.length - 1) / policy.quota);
    const first = starts[0];
    const last = starts[windows * policy.quota];
    if (windows < 1 || first === undefined || last === undefined) return null;
    return Math.min(1, (windows * policy.windowMs) / (last - first));
  }

  /** What the limit permitted in a span; null where nothing limits. */
  permitted(policy: LimitPolicy | null, durationMs: number): number | null {
    if (policy === null) return null;
    return policy.quota * (1 + Math.floor(Math.max(0, durationMs) / policy.windowMs));
  }
}
